//! Who may connect, and what they may do: TLS of listeners and the credentials
//! of requests, the same for every port.
//!
//! ```text
//! TcpStream ─► Lock::wrap ─► Transport (plain, or TLS once the client spoke)
//! headers   ─► Lock::admit(role) ─► allowed, or a Denial that says what to send
//! ```
//!
//! Files are read again when they change, so that certificates and tokens are
//! rotated without a restart; one that cannot be read leaves the old one in
//! force and is said. **No secret is ever printed**, neither in errors nor in
//! logs, and this crate knows no protocol: what a denial looks like is for the
//! listener to say.

mod counts;
mod credentials;
mod guard;
mod observed;
mod role;
mod sessions;
mod tenant;
mod tls;
mod transport;
mod unread;
mod watched;

use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;
use tokio::net::TcpStream;

pub use credentials::Secret;
pub use guard::{Denial, Guard};
pub use observed::{Observed, Observer};
pub use role::{Role, Roles};
pub use sessions::{COOKIE, SESSION_AGE};
pub use tenant::{Tenancy, Tenant};
pub use transport::Transport;
pub use unread::discard;

use counts::Counts;
use tls::Tls;

/// Where the secrets are. None of them: everybody may do everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFiles {
    /// Certificate chain (PEM) of all listeners, the server's own first.
    pub certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub key: Option<PathBuf>,
    /// Authorities (PEM) of which one must have signed a client's certificate.
    pub client_authorities: Option<PathBuf>,
    /// Bearer tokens, one a line: `ROLES TOKEN [NAME]`.
    pub tokens: Option<PathBuf>,
    /// More of them, as text. They cannot be rotated while the process runs.
    pub given_tokens: Option<Secret>,
    /// Users and password hashes, as `htpasswd -B` writes them.
    pub passwords: Option<PathBuf>,
}

/// Why the locks cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of a file is not what it should be. The line itself is a secret.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what is right.
        reason: String,
    },
    /// A certificate, key or authority cannot be used.
    #[error("{}: {reason}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is right.
        reason: String,
    },
    /// Settings that need one another.
    #[error("{0}")]
    Incomplete(&'static str),
}

/// The lock of all doors of a process.
#[derive(Debug, Default)]
pub struct Lock {
    tls: Option<Tls>,
    guard: Option<Guard>,
    counts: Arc<Counts>,
    tenancy: Tenancy,
}

impl LockFiles {
    /// Will clients have to show who they are?
    #[must_use]
    pub fn ask_who(&self) -> bool {
        self.tokens.is_some()
            || self.given_tokens.is_some()
            || self.passwords.is_some()
            || self.client_authorities.is_some()
    }
}

/// What is known of who was let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admitted {
    /// Whose spans the request is about; `None` where nobody is named, or
    /// tenants are off.
    pub tenant: Option<Tenant>,
    /// They may act for this tenant alone.
    pub is_bound: bool,
}

impl Lock {
    /// Reads all files.
    ///
    /// # Errors
    /// A file is missing or is not what it should be.
    pub fn load(files: &LockFiles, tenancy: Tenancy) -> Result<Arc<Self>, AccessError> {
        let tls = match (&files.certificate, &files.key) {
            (Some(certificate), Some(key)) => Some(Tls::load(
                certificate,
                key,
                files.client_authorities.as_deref(),
            )?),
            (None, None) if files.client_authorities.is_none() => None,
            _ => {
                return Err(AccessError::Incomplete(
                    "tls.cert_file and tls.key_file belong together, and tls.client_ca_file needs \
                     both",
                ));
            }
        };
        Ok(Arc::new(Self {
            tls,
            guard: Guard::load(files, tenancy.is_on())?,
            counts: Arc::default(),
            tenancy,
        }))
    }

    /// Is TLS spoken on the listeners?
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Must clients show who they are, by a credential or a certificate?
    #[must_use]
    pub fn asks_who(&self) -> bool {
        self.guard.is_some() || self.tls.as_ref().is_some_and(Tls::asks_for_certificates)
    }

    /// Who asks for credentials, if anybody does.
    #[must_use]
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    /// Makes a connection of a socket. The handshake happens when it is read.
    #[must_use]
    pub fn wrap(&self, stream: TcpStream) -> Transport {
        match &self.tls {
            None => Transport::plain(stream),
            Some(tls) => tls.wrap(stream, Arc::clone(&self.counts)),
        }
    }

    /// May a program with these headers do what needs this role?
    ///
    /// # Errors
    /// What is missing.
    pub async fn admit(&self, headers: &HeaderMap, role: Role) -> Result<Admitted, Denial> {
        let bound = match &self.guard {
            None => Ok(None),
            Some(guard) => guard.admit(headers, role).await,
        };
        self.admitted(bound, |bound| self.tenancy.of(headers, bound))
    }

    /// What is known of who cannot say who they are: a datagram's sender.
    #[must_use]
    pub fn unnamed(&self) -> Admitted {
        let tenant = match &self.tenancy {
            Tenancy::On { default } => default.clone(),
            Tenancy::Off => None,
        };
        Admitted {
            tenant,
            is_bound: false,
        }
    }

    /// Whose spans a browser is shown, by its headers and whom it is bound to.
    #[must_use]
    pub fn tenant_of_browser(&self, headers: &HeaderMap, bound: Option<&Tenant>) -> Option<String> {
        let tenant = self.tenancy.of_browser(headers, bound).ok()?;
        tenant.map(|tenant| tenant.to_string())
    }

    /// Do several tenants share the process?
    #[must_use]
    pub fn tenancy(&self) -> &Tenancy {
        &self.tenancy
    }

    /// The same where browsers ask, too, which may have signed in.
    ///
    /// # Errors
    /// What is missing.
    pub async fn admit_browser(&self, head: &Parts, role: Role) -> Result<Admitted, Denial> {
        let bound = match &self.guard {
            None => Ok(None),
            Some(guard) => guard.admit_browser(head, role).await,
        };
        self.admitted(bound, |bound| self.tenancy.of_browser(&head.headers, bound))
    }

    /// Opens a session of a browser: the secret for its cookie. `None` where
    /// nobody is asked who they are.
    ///
    /// # Errors
    /// Token or password are not known, or may not read.
    pub async fn sign_in(
        &self,
        head: &Parts,
        user: Option<&str>,
        secret: &str,
    ) -> Result<Option<String>, Denial> {
        match &self.guard {
            None => Ok(None),
            Some(guard) => self
                .counted(guard.sign_in(head, user, secret).await)
                .map(Some),
        }
    }

    /// Requests that were turned away since the start, by reason.
    #[must_use]
    pub fn denied(&self) -> Vec<(&'static str, u64)> {
        self.counts.of_denied()
    }

    /// Connections that ended before TLS was agreed upon.
    #[must_use]
    pub fn failed_handshakes(&self) -> u64 {
        self.counts.of_failed_handshakes()
    }

    fn admitted(
        &self,
        bound: Result<Option<Tenant>, Denial>,
        tenant: impl FnOnce(Option<&Tenant>) -> Result<Option<Tenant>, Denial>,
    ) -> Result<Admitted, Denial> {
        let admitted = bound.and_then(|bound| {
            Ok(Admitted {
                tenant: tenant(bound.as_ref())?,
                is_bound: bound.is_some(),
            })
        });
        self.counted(admitted)
    }

    /// Somebody was let in and turned away further on.
    pub fn turned_away(&self, denial: &Denial) {
        self.counts.denied(denial);
    }

    fn counted<T>(&self, admitted: Result<T, Denial>) -> Result<T, Denial> {
        admitted.inspect_err(|denial| self.counts.denied(denial))
    }
}
