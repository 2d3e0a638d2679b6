//! Browsers sign in once and are known from then on, as curl sees it.

use super::curl::Answer;
use super::ports::Port;
use super::{ADA, READER, WRITER, ask, write_tokens};
use crate::running::Running;

const SERVICES: Port = Port::get("query-http", "/traces/api/services");
const SESSION: Port = Port::get("query-http", "/traces/api/session");
const OURS: [&str; 2] = ["-H", "sec-fetch-site: same-origin"];

fn sign_in(server: &Running, json: &'static str, more: &[&str]) -> Answer {
    let port = Port {
        content_type: "application/json",
        body: json,
        ..SESSION
    };
    ask(server, &port, "http", more)
}

#[test]
fn a_session_is_a_cookie_that_counts_until_it_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = write_tokens(dir.path());
    let passwords = dir.path().join("passwords");
    std::fs::write(&passwords, ADA).unwrap();
    let server = Running::start(
        &dir.path().join("store"),
        &[
            "--access-tokens-file",
            &tokens,
            "--access-passwords-file",
            passwords.to_str().unwrap(),
            "--query-base-path",
            "/traces",
        ],
    );
    let before = ask(&server, &SESSION, "http", &[]);
    let before: serde_json::Value = serde_json::from_str(&before.text()).unwrap();
    assert_eq!(
        before,
        serde_json::json!({"asks": true, "passwords": true, "name": null,
            "tenants": false, "tenant": null, "isBound": false})
    );

    for (shown, status, part) in [
        (r#"{"token":"not-a-token-at-all"}"#, 401, "unauthenticated"),
        (
            r#"{"user":"ada","password":"guess"}"#,
            401,
            "unauthenticated",
        ),
        (
            r#"{"token":"0123456789abcdef-writer"}"#,
            403,
            "needs the role read",
        ),
        (r#"{"user":"ada"}"#, 400, "this is no sign-in"),
        ("token", 400, "this is no sign-in"),
    ] {
        let answer = sign_in(&server, shown, &[]);
        assert_eq!(answer.status, status, "{shown}: {answer:?}");
        assert!(answer.text().contains(part), "{shown}: {answer:?}");
        assert_eq!(answer.header("set-cookie"), None, "{answer:?}");
    }
    let foreign = ["-H", "origin: http://elsewhere"];
    let answer = sign_in(&server, r#"{"token":"0123456789abcdef-reader"}"#, &foreign);
    assert_eq!(answer.status, 403, "{answer:?}");

    for (shown, name) in [
        (r#"{"token":"0123456789abcdef-reader"}"#, "grafana"),
        (r#"{"user":"ada","password":"secret"}"#, "ada"),
    ] {
        let opened = sign_in(&server, shown, &[]);
        assert_eq!(opened.status, 200, "{opened:?}");
        assert!(
            opened.text().contains(&format!("\"name\":\"{name}\"")),
            "{opened:?}"
        );
        let cookie = opened.header("set-cookie").unwrap();
        for part in ["; Path=/traces/;", "; HttpOnly", "; SameSite=Strict"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains(READER) && !cookie.contains(WRITER));
        assert!(!cookie.contains("Secure"), "{cookie}");
        let shown = format!("cookie: {}", cookie.split(';').next().unwrap());
        let with = ["-H", shown.as_str()];
        assert_eq!(ask(&server, &SERVICES, "http", &with).status, 200);

        // It asks no other port, and changes nothing for another page.
        let zipkin = Port::get("zipkin", "/api/v2/services");
        assert_eq!(ask(&server, &zipkin, "http", &with).status, 401);
        let leaving = |more: &[&str]| {
            let with = [&with[..], &["-X", "DELETE"], more].concat();
            ask(&server, &SESSION, "http", &with)
        };
        assert_eq!(leaving(&[]).status, 403);
        assert_eq!(leaving(&["-H", "sec-fetch-site: cross-site"]).status, 403);
        assert_eq!(ask(&server, &SERVICES, "http", &with).status, 200);
        let left = leaving(&OURS);
        assert_eq!(left.status, 200, "{left:?}");
        assert!(left.header("set-cookie").unwrap().contains("Max-Age=0"));
        assert_eq!(ask(&server, &SERVICES, "http", &with).status, 401);
    }
}

#[test]
fn where_nobody_is_asked_there_is_nothing_to_sign_in_to() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(&dir.path().join("store"), &["--query-base-path", "/traces"]);
    let open = ask(&server, &SESSION, "http", &[]);
    assert!(open.text().contains("\"asks\":false"), "{open:?}");
    let answer = sign_in(&server, r#"{"token":"x"}"#, &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("set-cookie"), None, "{answer:?}");
}
