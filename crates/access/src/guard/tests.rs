//! Who is let in, by what, and for how long.

use super::*;
use std::fs;
use std::path::Path;

const WRITER: &str = "a-token-of-a-writer";
const READER: &str = "a-token-of-a-reader";

fn guard(dir: &Path) -> Guard {
    let [tokens, passwords] = ["tokens", "passwords"].map(|name| dir.join(name));
    fs::write(
        &tokens,
        format!("write {WRITER} sdk\nread {READER} grafana"),
    )
    .unwrap();
    let hash = bcrypt::hash("secret", 4).unwrap();
    fs::write(&passwords, format!("ada:{hash}:admin")).unwrap();
    let files = LockFiles {
        tokens: Some(tokens),
        passwords: Some(passwords),
        ..LockFiles::default()
    };
    Guard::load(&files, false).unwrap().unwrap()
}

fn head(method: &str, headers: &HeaderMap) -> Parts {
    let mut request = http::Request::builder().method(method).uri("/api/x");
    request.headers_mut().unwrap().extend(headers.clone());
    request.body(()).unwrap().into_parts().0
}

/// Asks as a browser with these headers.
async fn browse(guard: &Guard, method: &str, headers: &HeaderMap) -> Result<(), Denial> {
    guard
        .admit_browser(&head(method, headers), Role::Read)
        .await
        .map(drop)
}

async fn sign_in(guard: &Guard, user: Option<&str>, secret: &str) -> Result<String, Denial> {
    let head = head("POST", &HeaderMap::new());
    guard.sign_in(&head, user, secret).await
}

fn with(name: http::HeaderName, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, value.parse().unwrap());
    headers
}

#[tokio::test]
async fn everybody_may_do_what_their_roles_say() {
    let dir = tempfile::tempdir().unwrap();
    let guard = guard(dir.path());
    let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair));
    for (value, write, read) in [
        (
            format!("Bearer {WRITER}"),
            Ok(()),
            Err("sdk may not do this"),
        ),
        (format!("bearer  {READER}"), Err("grafana may not"), Ok(())),
        (basic("ada:secret"), Ok(()), Ok(())),
        (basic("ada:secret"), Ok(()), Ok(())),
        (
            basic("ada:guess"),
            Err("not known here"),
            Err("not known here"),
        ),
        (basic("ada"), Err("not known here"), Err("not known here")),
        ("Bearer x".to_owned(), Err("not known"), Err("not known")),
        ("Digest x".to_owned(), Err("not known"), Err("not known")),
    ] {
        let headers = with(AUTHORIZATION, &value);
        for (role, expected) in [(Role::Write, write), (Role::Read, read)] {
            let got = guard
                .admit(&headers, role)
                .await
                .map_err(|denial| denial.to_string());
            match expected {
                Ok(()) => assert_eq!(got, Ok(None), "{value}"),
                Err(text) => assert!(got.unwrap_err().contains(text), "{value}"),
            }
        }
    }
    let nothing = guard
        .admit(&HeaderMap::new(), Role::Read)
        .await
        .unwrap_err();
    assert!(
        nothing.asks_who() && nothing.to_string().contains("password"),
        "{nothing}"
    );
}

#[tokio::test]
async fn a_session_ends_with_the_credential_and_when_one_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let guard = guard(dir.path());
    for user in [None, Some("ada"), Some("eve")] {
        assert_eq!(sign_in(&guard, user, "guess").await, Err(Denial::Wrong));
    }
    let writer = sign_in(&guard, None, WRITER).await.unwrap_err();
    assert!(
        writer.to_string().contains("needs the role read"),
        "{writer}"
    );
    let mut sessions = Vec::new();
    for (user, secret) in [(None, READER), (Some("ada"), "secret"), (None, READER)] {
        let session = sign_in(&guard, user, secret).await.unwrap();
        let cookies = format!("other=1; {}={session}", COOKIE);
        sessions.push(with(http::header::COOKIE, &cookies));
    }
    let names = ["grafana", "ada", "grafana"];
    for (headers, name) in sessions.iter().zip(names) {
        assert_eq!(browse(&guard, "GET", headers).await, Ok(()));
        let known = guard.signed_in(headers).map(|(known, _)| known);
        assert_eq!(known.as_deref(), Some(name));
        // A cookie is nothing to a port that takes spans.
        let denied = guard.admit(headers, Role::Read).await.unwrap_err();
        assert!(denied.asks_who());
    }
    let mut leaving = sessions[2].clone();
    assert_eq!(
        guard.sign_out(&head("DELETE", &leaving)),
        Err(Denial::Foreign)
    );
    leaving.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
    assert_eq!(guard.sign_out(&head("DELETE", &leaving)), Ok(()));
    assert_eq!(
        browse(&guard, "GET", &sessions[2]).await,
        Err(Denial::Wrong)
    );

    fs::write(dir.path().join("tokens"), format!("write {WRITER}")).unwrap();
    let hash = bcrypt::hash("changed", 4).unwrap();
    fs::write(dir.path().join("passwords"), format!("ada:{hash}")).unwrap();
    guard.known.look_now();
    for headers in &sessions {
        assert_eq!(browse(&guard, "GET", headers).await, Err(Denial::Wrong));
        assert_eq!(guard.signed_in(headers), None);
    }
    let old = with(
        AUTHORIZATION,
        &format!("Basic {}", BASE64.encode("ada:secret")),
    );
    assert_eq!(guard.admit(&old, Role::Read).await, Err(Denial::Wrong));
}

#[tokio::test]
async fn a_session_changes_something_for_our_own_pages_alone() {
    let dir = tempfile::tempdir().unwrap();
    let guard = guard(dir.path());
    let session = sign_in(&guard, None, READER).await.unwrap();
    let cookie = format!("{}={session}", COOKIE);
    for (more, expected) in [
        (&[][..], Err(Denial::Foreign)),
        (&[("sec-fetch-site", "same-origin")], Ok(())),
        (&[("sec-fetch-site", "same-site")], Err(Denial::Foreign)),
        (&[("origin", "http://h:1"), ("host", "h:1")], Ok(())),
        (
            &[("origin", "http://h:2"), ("host", "h:1")],
            Err(Denial::Foreign),
        ),
        // A header of its own needs no browser to be honest.
        (&[("authorization", "Bearer a-token-of-a-reader")], Ok(())),
    ] {
        let mut headers = with(http::header::COOKIE, &cookie);
        for (name, value) in more {
            headers.insert(*name, value.parse().unwrap());
        }
        assert_eq!(browse(&guard, "POST", &headers).await, expected, "{more:?}");
        assert_eq!(browse(&guard, "GET", &headers).await, Ok(()));
    }
}
