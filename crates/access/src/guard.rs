//! Asks for credentials: `Authorization: Bearer TOKEN`, `Authorization: Basic …`
//! (RFC 6750, RFC 7617), or the cookie of a browser that has signed in.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use crate::AccessError;
use crate::credentials::{Credentials, Digest, sha256};
use crate::role::Role;
use crate::sessions::{Proof, Sessions, of_cookies};
use crate::watched::Watched;

/// A right password is not worked out again for so long.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Passwords that are remembered.
const MAX_REMEMBERED: usize = 10_000;
/// Passwords that are worked out at once: each keeps a processor busy.
const WORKED_OUT_AT_ONCE: usize = 2;

/// Why a request may not do what it asks for. The texts go to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// It says nothing of who it is.
    #[error("who are you? send the header `authorization: Bearer TOKEN`{}", if *.passwords {
        ", or a user name and a password (`Basic`)"
    } else {
        ""
    })]
    Unknown {
        /// Users with passwords are known here.
        passwords: bool,
    },
    /// What it says is not known here.
    #[error("this token, password or session is not known here, or not any more")]
    Wrong,
    /// It is known, and may not.
    #[error("{name} may not do this: it needs the role {role}")]
    Forbidden {
        /// Who it is.
        name: String,
        /// What is missing.
        role: Role,
    },
}

impl Denial {
    /// Would other credentials help? Then the answer is 401, else 403.
    #[must_use]
    pub fn asks_who(&self) -> bool {
        !matches!(self, Self::Forbidden { .. })
    }

    /// What a 401 says of the credentials that are wanted (RFC 9110, 11.6.1).
    #[must_use]
    pub fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static("Bearer realm=\"tracewell\"")
    }
}

/// See the module's text.
#[derive(Debug)]
pub struct Guard {
    known: Watched<Credentials>,
    has_passwords: bool,
    sessions: Sessions,
    /// Right passwords, by the sum of user and password, with what stood for
    /// the password then.
    remembered: Mutex<HashMap<Digest, (Proof, Instant)>>,
    room: Semaphore,
}

impl Guard {
    /// None where there are no files.
    pub(crate) fn load(
        tokens: Option<&Path>,
        passwords: Option<&Path>,
    ) -> Result<Option<Self>, AccessError> {
        let files: Vec<_> = [tokens, passwords].into_iter().flatten().collect();
        if files.is_empty() {
            return Ok(None);
        }
        let files = files.into_iter().map(Path::to_path_buf).collect();
        let [of_tokens, of_passwords] = [tokens, passwords].map(|path| path.map(Path::to_path_buf));
        let load = move || Credentials::load(of_tokens.as_deref(), of_passwords.as_deref());
        Ok(Some(Self {
            known: Watched::new(files, load)?,
            has_passwords: passwords.is_some(),
            sessions: Sessions::default(),
            remembered: Mutex::default(),
            room: Semaphore::new(WORKED_OUT_AT_ONCE),
        }))
    }

    /// May a request with these headers do what needs this role?
    ///
    /// # Errors
    /// What is missing.
    pub async fn admit(&self, headers: &HeaderMap, role: Role) -> Result<(), Denial> {
        let proof = self.proof(headers).await?;
        let known = self.known.current();
        let identity = proof.identity(&known).ok_or(Denial::Wrong)?;
        match identity.roles.have(role) {
            true => Ok(()),
            false => Err(Denial::Forbidden {
                name: identity.name.clone(),
                role,
            }),
        }
    }

    /// Opens a session for somebody who shows a token, or a user name and a
    /// password; the secret for the cookie.
    ///
    /// # Errors
    /// They are not known.
    pub async fn sign_in(&self, user: Option<&str>, secret: &str) -> Result<String, Denial> {
        let proof = match user {
            None => Proof::Token(sha256(secret.as_bytes())),
            Some(user) => self.password(user, secret).await?,
        };
        let known = self.known.current();
        proof.identity(&known).ok_or(Denial::Wrong)?;
        self.sessions.open(proof).ok_or(Denial::Wrong)
    }

    /// Ends the session of these cookies.
    pub fn sign_out(&self, headers: &HeaderMap) {
        if let Some(secret) = of_cookies(headers) {
            self.sessions.close(secret);
        }
    }

    /// Are users with passwords known here?
    #[must_use]
    pub fn has_passwords(&self) -> bool {
        self.has_passwords
    }

    async fn proof(&self, headers: &HeaderMap) -> Result<Proof, Denial> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            let unknown = Denial::Unknown {
                passwords: self.has_passwords,
            };
            let secret = of_cookies(headers).ok_or(unknown)?;
            return self.sessions.proof(secret).ok_or(Denial::Wrong);
        };
        let value = value.to_str().map_err(|_| Denial::Wrong)?;
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Proof::Token(sha256(rest.as_bytes())));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Denial::Wrong);
        }
        let decoded = BASE64.decode(rest).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = decoded.as_deref().and_then(|pair| pair.split_once(':'));
        let (user, password) = pair.ok_or(Denial::Wrong)?;
        self.password(user, password).await
    }

    /// A right password, worked out on a thread that may be kept busy.
    async fn password(&self, user: &str, password: &str) -> Result<Proof, Denial> {
        let key = sha256(format!("{user}:{password}").as_bytes());
        let known = self.known.current();
        if let Some(proof) = self.remembered(&key, &known) {
            return Ok(proof);
        }
        let _room = self.room.acquire().await.map_err(|_| Denial::Wrong)?;
        let (of, name, password) = (Arc::clone(&known), user.to_owned(), password.to_owned());
        let work = move || of.of_password(&name, &password).is_some();
        let is_right = tokio::task::spawn_blocking(work).await.unwrap_or(false);
        if !is_right {
            return Err(Denial::Wrong);
        }
        let (mark, _) = known.mark_of_user(user).ok_or(Denial::Wrong)?;
        let proof = Proof::Password(user.to_owned(), mark);
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        remembered.retain(|_, (_, since)| since.elapsed() < REMEMBERED);
        if remembered.len() < MAX_REMEMBERED {
            remembered.insert(key, (proof.clone(), Instant::now()));
        }
        Ok(proof)
    }

    fn remembered(&self, key: &Digest, known: &Credentials) -> Option<Proof> {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (proof, since) = remembered.get(key)?;
        let is_good = since.elapsed() < REMEMBERED && proof.identity(known).is_some();
        is_good.then(|| proof.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
        Guard::load(Some(&tokens), Some(&passwords))
            .unwrap()
            .unwrap()
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
                    Ok(()) => assert_eq!(got, Ok(()), "{value}"),
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
        assert_eq!(guard.sign_in(None, "guess").await, Err(Denial::Wrong));
        assert_eq!(
            guard.sign_in(Some("ada"), "guess").await,
            Err(Denial::Wrong)
        );
        let mut sessions = Vec::new();
        for (user, secret) in [(None, READER), (Some("ada"), "secret"), (None, READER)] {
            let session = guard.sign_in(user, secret).await.unwrap();
            let cookies = format!("other=1; {}={session}", crate::COOKIE);
            sessions.push(with(http::header::COOKIE, &cookies));
        }
        for headers in &sessions {
            assert_eq!(guard.admit(headers, Role::Read).await, Ok(()));
        }
        guard.sign_out(&sessions[2]);
        assert_eq!(
            guard.admit(&sessions[2], Role::Read).await,
            Err(Denial::Wrong)
        );

        fs::write(dir.path().join("tokens"), format!("write {WRITER}")).unwrap();
        let hash = bcrypt::hash("changed", 4).unwrap();
        fs::write(dir.path().join("passwords"), format!("ada:{hash}")).unwrap();
        guard.known.look_now();
        for headers in &sessions {
            assert_eq!(guard.admit(headers, Role::Read).await, Err(Denial::Wrong));
        }
        let old = with(
            AUTHORIZATION,
            &format!("Basic {}", BASE64.encode("ada:secret")),
        );
        assert_eq!(guard.admit(&old, Role::Read).await, Err(Denial::Wrong));
    }
}
