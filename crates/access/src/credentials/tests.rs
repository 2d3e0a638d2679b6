//! Files of tokens and passwords, right and wrong.

use super::*;
use crate::role::Role;

/// `htpasswd -nbBC 4 ada secret` and `htpasswd -nbs bob secret`.
const ADA: &str = "ada:$2y$04$";

fn loaded(tokens: &str, passwords: &str) -> Result<Credentials, AccessError> {
    let dir = tempfile::tempdir().unwrap();
    let [t, p] = ["tokens", "passwords"].map(|name| dir.path().join(name));
    fs::write(&t, tokens).unwrap();
    fs::write(&p, passwords).unwrap();
    let files = LockFiles {
        tokens: (!tokens.is_empty()).then_some(t),
        passwords: (!passwords.is_empty()).then_some(p),
        ..LockFiles::default()
    };
    Credentials::load(&files, true)
}

#[test]
fn tokens_are_known_as_they_are_and_by_their_sum() {
    let secret = "0123456789abcdef0123";
    let sum: String = sha256(b"another long secret")
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let known = loaded(
        &format!("# ours\n\nwrite {secret}\nread,write sha256:{sum} grafana\n"),
        "",
    );
    let known = known.unwrap();
    let first = known.of_token(&sha256(secret.as_bytes())).unwrap();
    assert_eq!(first.name, "token 3");
    assert!(first.roles.have(Role::Write) && !first.roles.have(Role::Read));
    let second = known.of_token(&sha256(b"another long secret")).unwrap();
    assert_eq!((second.name.as_str(), &second.tenant), ("grafana", &None));
    assert!(known.of_token(&sha256(b"nobody's")).is_none());
}

#[test]
fn tokens_of_the_environment_count_beside_those_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    fs::write(&tokens, "write 0123456789abcdef").unwrap();
    let with = |given: &str| {
        let files = LockFiles {
            tokens: Some(tokens.clone()),
            given_tokens: Some(given.to_owned().into()),
            ..LockFiles::default()
        };
        assert!(!format!("{files:?}").contains("fedcba"), "{files:?}");
        Credentials::load(&files, false)
    };
    let known = with("read fedcba9876543210").unwrap();
    for token in ["0123456789abcdef", "fedcba9876543210"] {
        assert!(known.of_token(&sha256(token.as_bytes())).is_some());
    }
    let wrong = with("read short").err().unwrap().to_string();
    assert!(
        wrong.starts_with("tokens of the environment, line 1"),
        "{wrong}"
    );
}

#[test]
fn the_hash_of_nobody_takes_as_long_as_another() {
    assert_eq!(bcrypt::verify("x", NOBODYS_HASH).ok(), Some(false));
}

#[test]
fn passwords_are_checked_against_what_htpasswd_writes() {
    let bcrypt = bcrypt::hash("secret", 4).unwrap();
    let sha = BASE64.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, b"secret"));
    let known = loaded("", &format!("ada:{bcrypt}\nbob:{{SHA}}{sha}:read\n")).unwrap();
    for (name, write) in [("ada", true), ("bob", false)] {
        let identity = known.of_password(name, "secret").unwrap();
        assert_eq!(identity.roles.have(Role::Write), write, "{name}");
        assert!(known.of_password(name, "Secret").is_none());
    }
    assert!(known.of_password("eve", "secret").is_none());
}

#[test]
fn either_may_belong_to_a_tenant() {
    let hash = bcrypt::hash("secret", 4).unwrap();
    let tokens = "read 0123456789abcdef tenant=acme\nwrite 0123456789abcdeg ci tenant=b";
    let known = loaded(tokens, &format!("ada:{hash}:read:acme")).unwrap();
    let tenant = |identity: Option<&Identity>| {
        let identity = identity.unwrap();
        (
            identity.name.clone(),
            identity.tenant.as_ref().unwrap().to_string(),
        )
    };
    let of_token = |token: &[u8]| tenant(known.of_token(&sha256(token)));
    let pair = |name: &str, tenant: &str| (name.to_owned(), tenant.to_owned());
    assert_eq!(of_token(b"0123456789abcdef"), pair("token 1", "acme"));
    assert_eq!(of_token(b"0123456789abcdeg"), pair("ci", "b"));
    assert_eq!(
        tenant(known.of_password("ada", "secret")),
        pair("ada", "acme")
    );
}

#[test]
fn where_there_are_no_tenants_nobody_belongs_to_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tokens");
    fs::write(&path, "read 0123456789abcdef tenant=acme").unwrap();
    let files = LockFiles {
        tokens: Some(path),
        ..LockFiles::default()
    };
    let error = Credentials::load(&files, false).err().unwrap().to_string();
    assert!(error.contains("tenants.enabled"), "{error}");
    assert!(Credentials::load(&files, true).is_ok());
}

#[test]
fn a_wrong_line_is_named_and_never_shown() {
    let secret = "s3cr3t-s3cr3t-s3cr3t";
    for (tokens, passwords, reason) in [
        (
            format!("write {secret} a b"),
            "",
            "line 1: there is a word too many",
        ),
        (
            "\nwrite short".to_owned(),
            "",
            "line 2: the token is shorter than 16",
        ),
        ("write".to_owned(), "", "the token is missing"),
        (format!("owner {secret}"), "", "\"owner\" is no role"),
        ("read sha256:12".to_owned(), "", "64 hexadecimal"),
        (format!("read {secret}\nread {secret}"), "", "twice"),
        ("# none".to_owned(), "", "nobody is in it"),
        (format!("{secret} write"), "", "the roles are missing"),
        (format!("write {secret} a tenant=b/c"), "", "because of '/'"),
        (String::new(), "ada:$apr1$x$y", "htpasswd -nB"),
        (String::new(), ADA, "cut short"),
        (String::new(), "ada", "write USER:HASH"),
    ] {
        let error = loaded(&tokens, passwords).err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains(secret), "{error}");
    }
}
