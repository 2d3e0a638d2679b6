//! Browsers that have signed in.
//!
//! A session is a secret in a cookie that scripts of a page cannot read and
//! that other sites cannot send. It lives in memory: after a restart people
//! sign in again. **It is worth only as long as the credential it was opened
//! with is known**, so that a token that was taken back ends its sessions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use crate::credentials::{Credentials, Digest, Identity, sha256};

/// Name of the cookie.
pub const COOKIE: &str = "tracewell_session";

/// A working day.
pub const SESSION_AGE: Duration = Duration::from_secs(12 * 3600);

/// The oldest goes for one more.
const MAX_SESSIONS: usize = 10_000;

/// How somebody has shown who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    Token(Digest),
    /// A user, and what stood for the password then.
    Password(String, Digest),
}

impl Proof {
    /// Who it is, if it still counts.
    pub(crate) fn identity<'a>(&self, known: &'a Credentials) -> Option<&'a Identity> {
        match self {
            Self::Token(token) => known.of_token(token),
            Self::Password(name, mark) => {
                let (now, identity) = known.mark_of_user(name)?;
                (now == *mark).then_some(identity)
            }
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Digest, (Proof, Instant)>>);

impl Sessions {
    /// Opens one; the secret for the cookie. `None` when the system has no
    /// chance left.
    pub(crate) fn open(&self, proof: Proof) -> Option<String> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut open = self.lock();
        open.retain(|_, (_, since)| since.elapsed() < SESSION_AGE);
        if open.len() >= MAX_SESSIONS {
            let oldest = open.iter().min_by_key(|(_, (_, since))| *since);
            let oldest = oldest.map(|(secret, _)| *secret);
            oldest.and_then(|secret| open.remove(&secret));
        }
        open.insert(sha256(secret.as_bytes()), (proof, Instant::now()));
        Some(secret)
    }

    pub(crate) fn proof(&self, secret: &str) -> Option<Proof> {
        let open = self.lock();
        let (proof, since) = open.get(&sha256(secret.as_bytes()))?;
        (since.elapsed() < SESSION_AGE).then(|| proof.clone())
    }

    pub(crate) fn close(&self, secret: &str) {
        self.lock().remove(&sha256(secret.as_bytes()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, (Proof, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value of one of the cookies of a request.
pub(crate) fn of_cookies<'h>(headers: &'h http::HeaderMap, cookie: &str) -> Option<&'h str> {
    let cookies = headers.get_all(http::header::COOKIE).into_iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == cookie).then_some(value)
    })
}
