use http::HeaderMap;

use super::*;
use crate::written::section;

fn read(kind: &str, text: &str) -> Result<AuthenticatorConfig, Vec<String>> {
    let read = section::read("extensions.it", text, |fields| {
        AuthenticatorConfig::read(kind, fields)
    });
    read.map(Option::unwrap)
}

fn config(kind: &str, text: &str) -> AuthenticatorConfig {
    read(kind, text).unwrap()
}

async fn signed(kind: &str, text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("there", HeaderValue::from_static("before"));
    let authenticator = Authenticator::load(&config(kind, text)).unwrap();
    authenticator.sign(&mut headers).await;
    headers
}

#[tokio::test]
async fn each_kind_says_who_we_are() {
    for (kind, text, header, value) in [
        ("bearertokenauth", "token: a", "authorization", "Bearer a"),
        (
            "bearertokenauth",
            "{token: a, scheme: Token}",
            "authorization",
            "Token a",
        ),
        (
            "bearertokenauth",
            "{tokens: [a, b], scheme: '', header: x-key}",
            "x-key",
            "a",
        ),
        (
            "basicauth",
            "client_auth: {username: u, password: p}",
            "authorization",
            "Basic dTpw",
        ),
        (
            "headers_setter",
            "headers: [{key: tenant, value: acme}]",
            "tenant",
            "acme",
        ),
        (
            "headers_setter",
            "headers: [{key: there, value: x, action: insert}]",
            "there",
            "before",
        ),
        (
            "headers_setter",
            "headers: [{key: there, value: x, action: update}]",
            "there",
            "x",
        ),
    ] {
        let headers = signed(kind, text).await;
        assert_eq!(headers[header], value, "{kind} {text}");
    }
    let without = "headers: [{key: there, action: delete}, {key: new, value: x, action: update}]";
    assert!(signed("headers_setter", without).await.is_empty());
}

#[test]
fn a_token_is_read_again_when_its_file_changes_and_a_lost_file_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, "first\n").unwrap();
    let text = format!("filename: {}", path.display());
    let authenticator = Authenticator::load(&config("bearertokenauth", &text)).unwrap();
    std::fs::write(&path, "second\n").unwrap();
    assert_eq!(authenticator.look()[0].value, "Bearer second");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(authenticator.look()[0].value, "Bearer second");
    let told = Authenticator::load(&config("bearertokenauth", &text)).unwrap_err();
    assert!(
        told.starts_with("file.yaml:1:11: extensions.it.filename: "),
        "{told}"
    );
    assert!(!format!("{authenticator:?}").contains("second"));
}

#[test]
fn what_is_missing_or_not_served_is_a_mistake() {
    for (kind, text, message) in [
        ("bearertokenauth", "{}", "extensions.it.token is missing"),
        (
            "basicauth",
            "htpasswd: {inline: x}",
            "extensions.it.client_auth is missing",
        ),
        (
            "basicauth",
            "client_auth: {username: u}",
            "needs username and password",
        ),
        (
            "headers_setter",
            "headers: [{key: t, from_context: t}]",
            "headers[0].from_context is not served",
        ),
        (
            "headers_setter",
            "headers: [{key: t}]",
            "headers[0].value is missing",
        ),
    ] {
        let mistakes = read(kind, text).unwrap_err();
        assert!(
            mistakes.iter().any(|mistake| mistake.contains(message)),
            "{mistakes:?}"
        );
    }
}
