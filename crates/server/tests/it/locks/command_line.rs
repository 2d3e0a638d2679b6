//! The command line against a locked server.

use super::authority::Authority;
use super::{READER, WRITER, write_tokens};
use crate::process::{Finished, run_in};
use crate::running::Running;
use std::path::Path;

/// Runs to the end, with variables of the environment.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    run_in(Path::new("."), arguments, environment)
}

#[test]
fn a_locked_server_is_spoken_to_with_a_token_and_an_authority() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let others = Authority::new(dir.path(), "others");
    let (mine, me) = (ours.certify("server"), ours.certify("me"));
    let (tokens, clients) = (write_tokens(dir.path()), ours.file());
    let server = Running::start(
        &dir.path().join("store"),
        &[
            "--tls-cert-file",
            &mine.certificate,
            "--tls-key-file",
            &mine.key,
            "--tls-client-ca-file",
            &clients,
            "--access-tokens-file",
            &tokens,
        ],
    );
    let at = |port: &str| format!("https://{}", server.address(port));
    let own = [
        ("TRACEWELL_CLIENT_CERT_FILE", me.certificate.as_str()),
        ("TRACEWELL_CLIENT_KEY_FILE", me.key.as_str()),
        ("TRACEWELL_CA_FILE", clients.as_str()),
    ];
    let as_somebody = |arguments: &[&str], token: &str| {
        let token = [("TRACEWELL_TOKEN", token)];
        run(arguments, &[&own[..], &token].concat())
    };

    for (protocol, port) in [("grpc", "otlp-grpc"), ("http", "otlp-http")] {
        let endpoint = at(port);
        let load = [
            "load",
            "--rate",
            "0",
            "--spans",
            "100",
            "--connections",
            "1",
        ];
        let to = ["--protocol", protocol, "--endpoint", &endpoint];
        let load = [&load[..], &to].concat();
        let sent = as_somebody(&load, WRITER);
        assert_eq!(
            sent.code,
            Some(0),
            "{protocol}: {} {}",
            sent.stdout,
            sent.stderr
        );
        let refused = as_somebody(&load, READER);
        assert_eq!(refused.code, Some(1), "{protocol}: {}", refused.stderr);
        assert!(
            refused.stdout.contains("needs the role write"),
            "{}",
            refused.stdout
        );
    }

    let query = at("query-http");
    let status = ["status", "--server", query.as_str()];
    let known = as_somebody(&status, READER);
    assert_eq!(known.code, Some(0), "{}", known.stderr);
    assert!(known.stdout.contains("200 spans"), "{}", known.stdout);
    let file = dir.path().join("token");
    std::fs::write(&file, format!("{READER}\n")).unwrap();
    let named = ["--token-file", file.to_str().unwrap()];
    let known = run(&[&status[..], &named].concat(), &own);
    assert_eq!(known.code, Some(0), "{}", known.stderr);
    let export = dir.path().join("all.otlp");
    let search = ["search", "{}", "--server", query.as_str(), "--limit", "1"];
    let found = as_somebody(&search, READER);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let wanted = ["export", "--server", query.as_str(), "-o"];
    let wanted = [&wanted[..], &[export.to_str().unwrap()]].concat();
    let exported = as_somebody(&wanted, READER);
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let endpoint = at("otlp-http");
    let import = ["import", export.to_str().unwrap(), "--endpoint", &endpoint];
    let imported = as_somebody(&import, WRITER);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);

    let nobody = run(&status, &own);
    assert_eq!(nobody.code, Some(1));
    assert!(
        nobody.stderr.contains("TRACEWELL_TOKEN"),
        "{}",
        nobody.stderr
    );
    let guess = as_somebody(&status, "not-a-token-at-all");
    assert!(guess.stderr.contains("not known here"), "{}", guess.stderr);
    let other = others.file();
    let distrusts = [&own[..2], &[("TRACEWELL_CA_FILE", other.as_str())]].concat();
    let distrusts = run(&status, &distrusts);
    assert_eq!(distrusts.code, Some(1));
    assert!(
        distrusts.stderr.contains("certificate"),
        "{}",
        distrusts.stderr
    );
    let without = run(&status, &own[2..]);
    assert_eq!(without.code, Some(1), "{}", without.stdout);
}

#[test]
fn what_cannot_be_used_is_named_and_not_shown() {
    let missing = ["status", "--token-file", "there-is-none"];
    let missing = run(&missing, &[]);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("--token-file there-is-none"),
        "{}",
        missing.stderr
    );
    let wrong = run(
        &["status"],
        &[("TRACEWELL_TOKEN", "a secret\nof two lines")],
    );
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("of two lines"), "{}", wrong.stderr);
    let no_file = [
        "status",
        "--server",
        "https://h",
        "--ca-file",
        "there-is-none",
    ];
    let no_file = run(&no_file, &[]);
    assert_eq!(no_file.code, Some(2), "{}", no_file.stderr);
    assert!(
        no_file.stderr.contains("there-is-none"),
        "{}",
        no_file.stderr
    );
    let half = ["status", "--client-cert-file", "c.pem"];
    assert_eq!(run(&half, &[]).code, Some(2));
}
