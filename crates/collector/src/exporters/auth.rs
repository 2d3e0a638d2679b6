//! Who we say that we are to a peer: the extensions `bearertokenauth`,
//! `basicauth` and `headers_setter`, which exporters name under `auth`.
//!
//! Each comes to changes of a request's headers. Files with secrets are looked
//! at once a second while requests are sent, so that tokens are rotated without a
//! restart; one that cannot be read leaves what was in force and is said. **No
//! secret is ever printed.**

mod config;
mod named;

pub use config::AuthenticatorConfig;
pub use named::AuthenticatorRef;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};

use config::Action;

/// Time between two looks at the files.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// See the module's text.
#[derive(Debug)]
pub(super) struct Authenticator {
    config: AuthenticatorConfig,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    changes: Arc<[Change]>,
    looked: Instant,
    /// Why the files cannot be used at present.
    complaint: Option<String>,
}

/// A change of a request's headers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    action: Action,
    header: HeaderName,
    value: HeaderValue,
}

impl Authenticator {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// One of them cannot be used: where the configuration names it, and why.
    pub(super) fn load(config: &AuthenticatorConfig) -> Result<Arc<Self>, String> {
        let state = State {
            changes: config.changes()?,
            looked: Instant::now(),
            complaint: None,
        };
        Ok(Arc::new(Self {
            config: config.clone(),
            state: Mutex::new(state),
        }))
    }

    /// Puts what the peer wants to see into the headers of a request.
    pub(super) async fn sign(self: &Arc<Self>, headers: &mut HeaderMap) {
        let (changes, is_old) = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let is_old = self.config.has_files() && state.looked.elapsed() >= LOOK_INTERVAL;
            (Arc::clone(&state.changes), is_old)
        };
        let changes = if is_old {
            let this = Arc::clone(self);
            let looked = tokio::task::spawn_blocking(move || this.look()).await;
            looked.unwrap_or(changes)
        } else {
            changes
        };
        for change in changes.iter() {
            change.apply(headers);
        }
    }

    fn look(&self) -> Arc<[Change]> {
        let read = self.config.changes();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.looked = Instant::now();
        match read {
            Ok(changes) => {
                state.changes = changes;
                state.complaint = None;
            }
            Err(why) if state.complaint.as_ref() != Some(&why) => {
                tracing::error!("a changed file cannot be used, what was stays: {why}");
                state.complaint = Some(why);
            }
            Err(_said) => {}
        }
        Arc::clone(&state.changes)
    }
}

impl Change {
    fn apply(&self, headers: &mut HeaderMap) {
        let is_there = headers.contains_key(&self.header);
        match self.action {
            Action::Insert if is_there => {}
            Action::Update if !is_there => {}
            Action::Insert | Action::Update | Action::Upsert => {
                headers.insert(self.header.clone(), self.value.clone());
            }
            Action::Delete => {
                headers.remove(&self.header);
            }
        }
    }
}

#[cfg(test)]
mod tests;
