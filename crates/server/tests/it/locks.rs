//! Locks as clients meet them: every port that a server opens, each asked by
//! curl with and without what it wants.

mod authority;
mod command_line;
mod curl;
mod ports;
mod rotation;
mod sessions;
mod tls;

use crate::lifecycle::refused_on_free_ports;
use crate::running::Running;
use curl::curl;
use ports::{Needs, PORTS, Port};
use std::path::Path;

const WRITER: &str = "0123456789abcdef-writer";
const READER: &str = "0123456789abcdef-reader";
const ADMIN: &str = "0123456789abcdef-admin";
/// `htpasswd -nbBC 4 ada secret`.
const ADA: &str = "ada:$2y$04$MDAwMDAwMDAwMDAwMDAwMOd1C.R.tlp12Axz/RiJ6i8oIXXw64cd6:read";

fn write_tokens(dir: &Path) -> String {
    let path = dir.join("tokens");
    let text = format!("write {WRITER} sdk\nread {READER} grafana\nadmin {ADMIN}\n");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

/// Asks a port as a client with these arguments of curl would.
fn ask(server: &Running, port: &Port, scheme: &str, more: &[&str]) -> curl::Answer {
    let url = format!("{scheme}://{}{}", server.address(port.name), port.path);
    curl(&url, port, more)
}

#[test]
fn every_port_asks_who_it_is_and_gives_each_role_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = write_tokens(dir.path());
    let server = Running::start(
        &dir.path().join("store"),
        &["--access-tokens-file", &tokens],
    );
    for port in PORTS {
        let with = |header: &str| ask(&server, port, "http", &["-H", header]);
        let nobody = ask(&server, port, "http", &[]);
        assert_eq!(nobody.verdict(), "unknown", "{port:?}: {nobody:?}");
        assert!(
            nobody.text().contains("authorization: Bearer"),
            "{nobody:?}"
        );
        if !port.is_grpc() {
            let challenge = nobody.header("www-authenticate");
            assert_eq!(challenge, Some("Bearer realm=\"tracewell\""), "{port:?}");
        }
        let guess = with(&bearer("not-a-token-at-all"));
        assert_eq!(guess.verdict(), "unknown", "{port:?}: {guess:?}");
        let (may, may_not) = match port.needs {
            Needs::Write => (WRITER, READER),
            Needs::Read => (READER, WRITER),
        };
        let forbidden = with(&bearer(may_not));
        assert_eq!(forbidden.verdict(), "forbidden", "{port:?}: {forbidden:?}");
        assert!(!forbidden.text().contains(may_not), "{forbidden:?}");
        for token in [may, ADMIN] {
            let answer = with(&bearer(token));
            assert_eq!(answer.verdict(), "ok", "{port:?}: {answer:?}");
        }
    }
    let metrics = ask(&server, &ports::METRICS, "http", &["-H", &bearer(READER)]);
    let ports = PORTS.len();
    for line in [
        format!("tracewell_denied_total{{reason=\"unknown\"}} {ports}"),
        format!("tracewell_denied_total{{reason=\"wrong\"}} {ports}"),
        format!("tracewell_denied_total{{reason=\"forbidden\"}} {ports}"),
        "outcome=\"denied\"} 3".to_owned(),
    ] {
        assert!(metrics.text().contains(&line), "{line}: {}", metrics.text());
    }
}

#[test]
fn what_says_nothing_of_spans_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = write_tokens(dir.path());
    let server = Running::start(
        &dir.path().join("store"),
        &["--access-tokens-file", &tokens],
    );
    for (name, path) in [
        ("query-http", "/health"),
        ("query-http", "/"),
        ("query-http", "/search"),
        ("query-http", "/api/session"),
        ("zipkin", "/health"),
        ("tempo", "/health"),
        ("tempo", "/ready"),
        ("query-http", "/tempo/ready"),
    ] {
        let port = Port::get(name, path);
        let answer = ask(&server, &port, "http", &[]);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    for name in ["otlp-grpc", "jaeger-grpc", "sampling-grpc", "query-grpc"] {
        let health = Port::grpc(name, "/grpc.health.v1.Health/Check", Needs::Read);
        let answer = ask(&server, &health, "http", &[]);
        // Who serves several services may not know the nameless one.
        assert!(["ok", "other"].contains(&answer.verdict()), "{answer:?}");
    }
    // Nothing that has a path of its own is open by mistake.
    for path in [
        "/api/ui/config",
        "/api/ui/search",
        "/api/status",
        "/api/export",
        "/metrics",
        "/api/v3/services",
        "/api/traces/1",
        "/zipkin/api/v2/services",
        "/config.json",
    ] {
        let answer = ask(&server, &Port::get("query-http", path), "http", &[]);
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
}

#[test]
fn users_with_passwords_come_in_at_every_port() {
    let dir = tempfile::tempdir().unwrap();
    let passwords = dir.path().join("passwords");
    let bob = ADA.replace("ada:", "bob:").replace(":read", ":write");
    std::fs::write(&passwords, format!("{ADA}\n{bob}\n")).unwrap();
    let server = Running::start(
        &dir.path().join("store"),
        &["--access-passwords-file", passwords.to_str().unwrap()],
    );
    for port in PORTS {
        let with = |user: &str| ask(&server, port, "http", &["-u", user]);
        let (may, may_not) = match port.needs {
            Needs::Write => ("bob", "ada"),
            Needs::Read => ("ada", "bob"),
        };
        let verdict = |user: &str, password: &str| with(&format!("{user}:{password}")).verdict();
        assert_eq!(verdict(may, "secret"), "ok", "{port:?}");
        assert_eq!(verdict(may_not, "secret"), "forbidden", "{port:?}");
        assert_eq!(verdict(may, "Secret"), "unknown", "{port:?}");
    }
}

#[test]
fn tokens_of_the_environment_lock_and_are_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let given = format!("write {WRITER};read {READER}");
    let server = Running::start_with(
        &dir.path().join("store"),
        &["--log-level", "trace"],
        &[("TRACEWELL_ACCESS_TOKENS", &given)],
    );
    let port = &PORTS[0];
    assert_eq!(ask(&server, port, "http", &[]).verdict(), "unknown");
    let answer = ask(&server, port, "http", &["-H", &bearer(WRITER)]);
    assert_eq!(answer.verdict(), "ok");
    let status = Port::get("query-http", "/api/status");
    let status = ask(&server, &status, "http", &["-H", &bearer(READER)]);
    assert_eq!(status.status, 200);
    for said in [server.log(), status.text()] {
        assert!(!said.contains(WRITER) && !said.contains(READER), "{said}");
    }
}

#[test]
fn ports_that_others_reach_are_told_of_unless_they_are_locked() {
    let dir = tempfile::tempdir().unwrap();
    let open = Running::start(&dir.path().join("open"), &["--listen", "0.0.0.0"]);
    let said = "is not asked who they are: OTLP gRPC on 0.0.0.0:";
    let status = open.get("/api/status").json();
    let warnings = status["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].as_str().unwrap().contains(&said[7..]),
        "{warnings:?}"
    );
    crate::running::until("the warning", || {
        open.log().contains(&said[7..]).then_some(())
    });

    let tokens = write_tokens(dir.path());
    let locked = Running::start(
        &dir.path().join("locked"),
        &["--listen", "0.0.0.0", "--access-tokens-file", &tokens],
    );
    // Datagrams cannot say who sent them, so others do not reach them any more.
    for name in ["jaeger-compact", "jaeger-binary", "jaeger-zipkin"] {
        assert!(locked.address(name).ip().is_loopback(), "{name}");
    }
    let status = Port::get("query-http", "/api/status");
    let status = ask(&locked, &status, "http", &["-H", &bearer(READER)]);
    let status: serde_json::Value = serde_json::from_str(&status.text()).unwrap();
    let warnings = status["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].as_str().unwrap().contains("in the clear"));
}

#[test]
fn a_file_that_locks_nothing_keeps_from_starting_and_is_named_without_its_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    let option = ["--access-tokens-file", tokens.to_str().unwrap()];
    let missing = refused_on_free_ports(dir.path(), &option);
    assert!(
        missing.contains("cannot read") && missing.contains("tokens"),
        "{missing}"
    );
    std::fs::write(&tokens, format!("write {WRITER} a b c")).unwrap();
    let wrong = refused_on_free_ports(dir.path(), &option);
    assert!(
        wrong.contains("line 1") && !wrong.contains(WRITER),
        "{wrong}"
    );
}
