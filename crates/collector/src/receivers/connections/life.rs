//! What a connection does: is it idle, since when, and did it begin a request
//! head that never ends?
//!
//! The HTTP library has a clock for heads of HTTP/1.1 only, and none before it
//! knows which HTTP is spoken: a connection that says nothing, or half a word,
//! would stay for ever.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracewell_access::{Observer, Transport};

/// What HTTP/2 with prior knowledge begins with.
const HTTP2_HEAD: &[u8] = b"PRI";

/// One open connection, as everybody sees it who may end it.
#[derive(Debug)]
pub(super) struct Life {
    state: Mutex<State>,
    cut: Notify,
}

#[derive(Debug, Clone, Copy)]
struct State {
    requests: usize,
    /// Since when there is no request.
    idle_since: Instant,
    /// Since when bytes of a head have come and no request.
    head_since: Option<Instant>,
    /// Bytes come without a request there, and mean nothing.
    is_http2: bool,
    has_begun: bool,
    has_served: bool,
}

/// Time in which an answer is surely written.
const ANSWERING: Duration = Duration::from_secs(1);

/// Why a connection may be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quiet {
    /// Nothing came since then. HTTP/2 is asked for signs of life elsewhere.
    Idle { since: Instant, is_http2: bool },
    /// A head began then and did not end.
    HalfHead { since: Instant },
}

impl Life {
    pub(super) fn begin() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                requests: 0,
                idle_since: Instant::now(),
                head_since: None,
                is_http2: false,
                has_begun: false,
                has_served: false,
            }),
            cut: Notify::new(),
        })
    }

    /// `None` while a request is served and its answer written.
    pub(super) fn quiet(&self) -> Option<Quiet> {
        let state = *self.lock();
        let (since, is_http2) = (state.idle_since, state.is_http2);
        match state.head_since {
            _ if state.requests > 0 => None,
            _ if state.has_served && since.elapsed() < ANSWERING => None,
            Some(since) => Some(Quiet::HalfHead { since }),
            None => Some(Quiet::Idle { since, is_http2 }),
        }
    }

    /// A request is served until what this answers is dropped.
    pub(super) fn request(self: &Arc<Self>) -> impl Drop + Send + use<> {
        let mut state = self.lock();
        state.requests += 1;
        state.head_since = None;
        InRequest(Arc::clone(self))
    }

    /// Ends the connection.
    pub(super) fn cut(&self) {
        self.cut.notify_one();
    }

    /// Waits for that.
    pub(super) async fn told_to_end(&self) {
        self.cut.notified().await;
    }

    /// TLS has to be agreed upon first, for which there is as much time as for
    /// a head.
    pub(super) fn must_greet(&self) {
        self.lock().head_since = Some(Instant::now());
    }

    fn has_greeted(&self) {
        let mut state = self.lock();
        state.head_since = None;
        state.idle_since = Instant::now();
    }

    fn came(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if !state.has_begun {
            state.has_begun = true;
            state.is_http2 = bytes.starts_with(HTTP2_HEAD);
        }
        if state.requests == 0 && !state.is_http2 {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain values: a panic elsewhere cannot leave them half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct InRequest(Arc<Life>);

impl Drop for InRequest {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.requests -= 1;
        state.has_served = true;
        state.idle_since = Instant::now();
    }
}

/// Notes what comes in on a connection.
pub(super) struct Noting(pub(super) Arc<Life>);

impl Observer for Noting {
    fn poll_read(
        &mut self,
        stream: &mut Transport,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let was_greeting = stream.is_greeting();
        let polled = Pin::new(&mut *stream).poll_read(context, buffer);
        if was_greeting && !stream.is_greeting() {
            self.0.has_greeted();
        }
        let came = &buffer.filled()[before..];
        if !came.is_empty() {
            self.0.came(came);
        }
        polled
    }
}
