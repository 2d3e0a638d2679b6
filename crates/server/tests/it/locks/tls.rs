//! TLS, with and without certificates of clients, at every port.

use super::authority::{Authority, Certified};
use super::ports::PORTS;
use super::{Needs, WRITER, ask, bearer, write_tokens};
use crate::running::{Running, until};
use std::path::Path;

/// What curl says when it does not trust a server.
const NOT_TRUSTED: i32 = 60;

fn start(dir: &Path, server: &Certified, more: &[&str]) -> Running {
    let mut options = vec!["--tls-cert-file", &server.certificate];
    options.extend(["--tls-key-file", &server.key]);
    options.extend(more);
    Running::start(&dir.join("store"), &options)
}

#[test]
fn every_port_speaks_tls_and_who_does_not_trust_it_sends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let others = Authority::new(dir.path(), "others");
    let server = start(dir.path(), &ours.certify("server"), &[]);
    for port in PORTS {
        let answer = ask(&server, port, "https", &["--cacert", &ours.file()]);
        assert_eq!(answer.verdict(), "ok", "{port:?}: {answer:?}");
        let answer = ask(&server, port, "https", &["--cacert", &others.file()]);
        assert_eq!(answer.exit_code, NOT_TRUSTED, "{port:?}: {answer:?}");
        let answer = ask(&server, port, "http", &[]);
        assert_eq!(answer.status, 0, "{port:?}: {answer:?}");
    }
    until("a word about those who did not come through", || {
        server
            .log()
            .contains("did not come through TLS")
            .then_some(())
    });
}

#[test]
fn where_clients_need_certificates_every_port_wants_one_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let others = Authority::new(dir.path(), "others");
    let clients = ours.file();
    let more = ["--tls-client-ca-file", clients.as_str()];
    let server = start(dir.path(), &ours.certify("server"), &more);
    let [good, bad] = [&ours, &others].map(|authority| authority.certify("client"));
    for port in PORTS {
        let ca = ["--cacert", clients.as_str()];
        let with = |client: &Certified| {
            let own = ["--cert", &client.certificate, "--key", &client.key];
            ask(&server, port, "https", &[&ca[..], &own].concat())
        };
        let answer = with(&good);
        assert_eq!(answer.verdict(), "ok", "{port:?}: {answer:?}");
        for refused in [with(&bad), ask(&server, port, "https", &ca)] {
            assert_ne!(refused.exit_code, 0, "{port:?}: {refused:?}");
            assert_eq!(refused.status, 0, "{port:?}: {refused:?}");
        }
    }
}

#[test]
fn tls_and_tokens_go_together() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let tokens = write_tokens(dir.path());
    let more = ["--access-tokens-file", tokens.as_str()];
    let server = start(dir.path(), &ours.certify("server"), &more);
    let file = ours.file();
    for port in PORTS.iter().filter(|it| matches!(it.needs, Needs::Write)) {
        let answer = ask(&server, port, "https", &["--cacert", &file]);
        assert_eq!(answer.verdict(), "unknown", "{port:?}: {answer:?}");
        let token = bearer(WRITER);
        let more = ["--cacert", file.as_str(), "-H", &token];
        let answer = ask(&server, port, "https", &more);
        assert_eq!(answer.verdict(), "ok", "{port:?}: {answer:?}");
    }
}
