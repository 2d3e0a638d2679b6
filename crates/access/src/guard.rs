//! Asks for credentials: `Authorization: Bearer TOKEN`, `Authorization: Basic …`
//! (RFC 6750, RFC 7617), or the cookie of a browser that has signed in.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use crate::credentials::{Credentials, Digest, Identity, sha256};
use crate::role::Role;
use crate::sessions::{COOKIE, Proof, Sessions, of_cookies};
use crate::tenant::Tenant;
use crate::watched::Watched;
use crate::{AccessError, LockFiles};

/// A right password is not worked out again for so long.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Passwords that are remembered.
const MAX_REMEMBERED: usize = 10_000;
/// Passwords that are worked out at once: each keeps a processor busy.
const WORKED_OUT_AT_ONCE: usize = 2;
/// Those and the ones that wait for it. More are guesses, not people.
const MAX_AT_THE_DOOR: usize = 64;

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
    /// It belongs to another tenant than the one it asks for.
    #[error("who asks does not belong to the tenant {tenant}")]
    OtherTenant {
        /// The tenant that was asked for.
        tenant: Tenant,
    },
    /// A header names no tenant that there could be.
    #[error("{0}")]
    NoTenantName(String),
    /// Tenants share this process, and nobody is named.
    #[error("whose? name the tenant in the header X-Scope-OrgID (or x-tenant)")]
    NoTenant,
    /// It belongs to a tenant, and asks how the whole process is.
    #[error("this says how the whole process is, and who asks belongs to one tenant")]
    NotOperator,
    /// It is known, and may not.
    #[error("{name} may not do this: it needs the role {role}")]
    Forbidden {
        /// Who it is.
        name: String,
        /// What is missing.
        role: Role,
    },
    /// A browser sends it for a page that is not ours.
    #[error("a page of another origin may not use this browser's session")]
    Foreign,
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked; try again, or use a token")]
    Busy,
}

impl Denial {
    /// The reasons, for counters.
    pub const REASONS: [&'static str; 6] =
        ["unknown", "wrong", "forbidden", "foreign", "busy", "tenant"];

    /// Which of [`Denial::REASONS`] it is.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        let [unknown, wrong, forbidden, foreign, busy, tenant] = Self::REASONS;
        match self {
            Self::Unknown { .. } => unknown,
            Self::Wrong => wrong,
            Self::Forbidden { .. } => forbidden,
            Self::Foreign => foreign,
            Self::Busy => busy,
            Self::NoTenant
            | Self::NoTenantName(_)
            | Self::OtherTenant { .. }
            | Self::NotOperator => tenant,
        }
    }

    /// Would other credentials help? Then the answer is 401, else 403 (503 when
    /// [`Denial::Busy`]).
    #[must_use]
    pub fn asks_who(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Wrong | Self::NoTenant)
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
    door: Semaphore,
    room: Semaphore,
}

impl Guard {
    /// None where there are no files.
    pub(crate) fn load(files: &LockFiles, has_tenants: bool) -> Result<Option<Self>, AccessError> {
        let watched = [&files.tokens, &files.passwords];
        let watched: Vec<_> = watched.into_iter().flatten().cloned().collect();
        if watched.is_empty() && files.given_tokens.is_none() {
            return Ok(None);
        }
        let of = files.clone();
        Ok(Some(Self {
            known: Watched::new(watched, move || Credentials::load(&of, has_tenants))?,
            has_passwords: files.passwords.is_some(),
            sessions: Sessions::default(),
            remembered: Mutex::default(),
            door: Semaphore::new(MAX_AT_THE_DOOR),
            room: Semaphore::new(WORKED_OUT_AT_ONCE),
        }))
    }

    /// May a program with these headers do what needs this role? If so, the only
    /// tenant for whom; `None` for any. The cookie of
    /// a browser counts for nothing here: a browser sends it to every port of a
    /// host, for the pages of all of them.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        role: Role,
    ) -> Result<Option<Tenant>, Denial> {
        let shown = headers.get(AUTHORIZATION).ok_or(self.unknown())?;
        self.known_with(&self.proof(shown).await?, role)
    }

    /// The same where browsers ask, too. What a session may change is asked for
    /// by our own pages alone.
    pub(crate) async fn admit_browser(
        &self,
        head: &Parts,
        role: Role,
    ) -> Result<Option<Tenant>, Denial> {
        let Some(secret) = of_cookies(&head.headers, COOKIE) else {
            return self.admit(&head.headers, role).await;
        };
        if head.headers.contains_key(AUTHORIZATION) {
            return self.admit(&head.headers, role).await;
        }
        if !head.method.is_safe() && is_same_origin(head) != Some(true) {
            return Err(Denial::Foreign);
        }
        let proof = self.sessions.proof(secret).ok_or(Denial::Wrong)?;
        self.known_with(&proof, role)
    }

    /// Whose session the cookies of a request are of, if it still counts, and the
    /// only tenant for whom.
    #[must_use]
    pub fn signed_in(&self, headers: &HeaderMap) -> Option<(String, Option<Tenant>)> {
        let proof = self.sessions.proof(of_cookies(headers, COOKIE)?)?;
        let known = self.known.current();
        let identity = proof.identity(&known)?;
        Some((identity.name.clone(), identity.tenant.clone()))
    }

    fn known_with(&self, proof: &Proof, role: Role) -> Result<Option<Tenant>, Denial> {
        let known = self.known.current();
        let Identity {
            name,
            roles,
            tenant,
        } = proof.identity(&known).ok_or(Denial::Wrong)?;
        match roles.have(role) {
            true => Ok(tenant.clone()),
            false => Err(Denial::Forbidden {
                name: name.clone(),
                role,
            }),
        }
    }

    fn unknown(&self) -> Denial {
        Denial::Unknown {
            passwords: self.has_passwords,
        }
    }

    /// Opens a session for somebody who shows a token, or a user name and a
    /// password; the secret for the cookie.
    pub(crate) async fn sign_in(
        &self,
        head: &Parts,
        user: Option<&str>,
        secret: &str,
    ) -> Result<String, Denial> {
        if is_same_origin(head) == Some(false) {
            return Err(Denial::Foreign);
        }
        let proof = match user {
            None => Proof::Token(sha256(secret.as_bytes())),
            Some(user) => self.password(user, secret).await?,
        };
        // Whoever may only send has nothing to look for.
        self.known_with(&proof, Role::Read)?;
        self.sessions.open(proof).ok_or(Denial::Wrong)
    }

    /// Ends the session of a request's cookies.
    ///
    /// # Errors
    /// A page of another origin asks for it.
    pub fn sign_out(&self, head: &Parts) -> Result<(), Denial> {
        if is_same_origin(head) != Some(true) {
            return Err(Denial::Foreign);
        }
        if let Some(secret) = of_cookies(&head.headers, COOKIE) {
            self.sessions.close(secret);
        }
        Ok(())
    }

    /// Are users with passwords known here?
    #[must_use]
    pub fn has_passwords(&self) -> bool {
        self.has_passwords
    }

    async fn proof(&self, value: &HeaderValue) -> Result<Proof, Denial> {
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
        let _at_the_door = self.door.try_acquire().map_err(|_| Denial::Busy)?;
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

/// Does a browser ask for one of our own pages? `None`: it does not say, as
/// programs do. Proxies may change the host, and browsers say `sec-fetch-site`
/// to servers they trust alone, so either will do.
fn is_same_origin(head: &Parts) -> Option<bool> {
    if let Some(site) = head.headers.get("sec-fetch-site") {
        return Some(site == "same-origin");
    }
    let origin = head.headers.get(ORIGIN)?.to_str().ok();
    let host = head.headers.get(HOST).and_then(|it| it.to_str().ok());
    let host = host.or(head.uri.authority().map(|it| it.as_str()));
    let of_origin = origin.and_then(|origin| origin.split_once("://"));
    Some(host.is_some() && of_origin.map(|(_, host)| host) == host)
}
