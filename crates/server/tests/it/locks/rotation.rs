//! Secrets that change while the server runs.

use super::authority::Authority;
use super::ports::PORTS;
use super::{ADMIN, ask, bearer, write_tokens};
use crate::running::{Running, until};

#[test]
fn a_token_that_was_taken_back_is_known_nowhere_and_a_new_one_everywhere() {
    const NEW: &str = "fedcba9876543210-new";
    let dir = tempfile::tempdir().unwrap();
    let tokens = write_tokens(dir.path());
    let server = Running::start(
        &dir.path().join("store"),
        &["--access-tokens-file", &tokens],
    );
    let verdict = |port, token: &str| ask(&server, port, "http", &["-H", &bearer(token)]).verdict();
    for port in PORTS {
        assert_eq!(verdict(port, ADMIN), "ok", "{port:?}");
    }
    // As secrets are replaced: beside it, and then by its name.
    let beside = dir.path().join("tokens.new");
    std::fs::write(&beside, format!("admin {NEW}\n")).unwrap();
    std::fs::rename(&beside, &tokens).unwrap();
    until("the new token counts", || {
        (verdict(&PORTS[0], NEW) == "ok").then_some(())
    });
    for port in PORTS {
        assert_eq!(verdict(port, ADMIN), "unknown", "{port:?}");
        assert_eq!(verdict(port, NEW), "ok", "{port:?}");
    }
    // What cannot be read leaves the last that could.
    std::fs::write(&tokens, "owner of nothing").unwrap();
    until("the mistake is told", || {
        assert_eq!(verdict(&PORTS[0], NEW), "ok");
        server.log().contains("cannot be used").then_some(())
    });
    assert!(server.log().contains("line 1"), "{}", server.log());
}

#[test]
fn a_new_certificate_is_shown_to_new_connections() {
    let dir = tempfile::tempdir().unwrap();
    let old = Authority::new(dir.path(), "old");
    let new = Authority::new(dir.path(), "new");
    let [mine, next] = [&old, &new].map(|authority| authority.certify("server"));
    let options = [
        "--tls-cert-file",
        &mine.certificate,
        "--tls-key-file",
        &mine.key,
    ];
    let server = Running::start(&dir.path().join("store"), &options);
    let trusts = |port, authority: &Authority| {
        let file = authority.file();
        ask(&server, port, "https", &["--cacert", &file]).verdict() == "ok"
    };
    assert!(trusts(&PORTS[0], &old) && !trusts(&PORTS[0], &new));
    for (from, to) in [
        (&next.certificate, &mine.certificate),
        (&next.key, &mine.key),
    ] {
        std::fs::copy(from, to).unwrap();
    }
    until("the new certificate is shown", || {
        trusts(&PORTS[0], &new).then_some(())
    });
    for port in PORTS {
        assert!(trusts(port, &new) && !trusts(port, &old), "{port:?}");
    }
}
