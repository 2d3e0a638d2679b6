//! Unsampled traces that are kept after all: those with errors and slow ones.
//!
//! ```text
//! local root starts ── spans end into the trace's buffer ── local root ends
//!                                                            │ error, or slow: all to the exporter
//!                                                            └ else: forgotten
//! ```
//!
//! It exists because the head of a trace cannot know how it will end. Only the
//! part of the trace in this process is kept, as the others were told not to
//! record. It must never hold more bytes than its limit.

use super::core::Core;
use super::data::SpanData;
use super::queue::Chunk;
use crate::context::SpanId;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Which traces are kept although the sampler said no. While it is set, every
/// unsampled span costs about as much as a sampled one.
///
/// ```
/// # use std::time::Duration;
/// # use tracewell_instrument::KeepPolicy;
/// let policy = KeepPolicy::default().slower_than(Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepPolicy {
    /// Traces with a span whose status is an error: yes.
    pub errors: bool,
    /// Traces whose local root took at least this long: no.
    pub slower_than: Option<Duration>,
    /// Memory of all undecided traces, in bytes: 16 MiB. A trace that does not
    /// fit, or whose root will never end, is forgotten, and counted in
    /// `Statistics::dropped_keep_full`.
    pub max_bytes: usize,
}

impl Default for KeepPolicy {
    fn default() -> KeepPolicy {
        KeepPolicy {
            errors: true,
            slower_than: None,
            max_bytes: 16 * 1024 * 1024,
        }
    }
}

impl KeepPolicy {
    /// Whether traces with errors are kept.
    #[must_use]
    pub fn errors(mut self, are_kept: bool) -> KeepPolicy {
        self.errors = are_kept;
        self
    }

    /// Keeps traces that took at least this long.
    #[must_use]
    pub fn slower_than(mut self, limit: Duration) -> KeepPolicy {
        self.slower_than = Some(limit);
        self
    }

    /// With so much memory for undecided traces.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> KeepPolicy {
        self.max_bytes = bytes;
        self
    }
}

#[derive(Debug)]
pub(super) struct Keep {
    policy: KeepPolicy,
    used_bytes: AtomicUsize,
}

impl Keep {
    pub(super) fn new(policy: KeepPolicy) -> Keep {
        Keep {
            policy,
            used_bytes: AtomicUsize::new(0),
        }
    }

    fn reserve(&self, bytes: usize) -> bool {
        let used_bytes = self.used_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let fits = used_bytes <= self.policy.max_bytes;
        if !fits {
            self.release(bytes);
        }
        fits
    }

    fn release(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The part of one trace in this process, undecided until its root ends.
#[derive(Debug)]
pub(super) struct LocalTrace {
    core: &'static Core,
    root: SpanId,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Undecided {
        spans: Chunk,
        bytes: usize,
        has_error: bool,
    },
    /// Spans that end later follow.
    Kept,
    Forgotten,
}

impl LocalTrace {
    pub(super) fn new(core: &'static Core, root: SpanId) -> Arc<LocalTrace> {
        let state = State::Undecided {
            spans: Chunk::new(),
            bytes: 0,
            has_error: false,
        };
        Arc::new(LocalTrace {
            core,
            root,
            state: Mutex::new(state),
        })
    }

    /// Takes a span that ended; returns those that are to be exported. One that
    /// is not wanted is never among them.
    pub(super) fn finish(&self, span: Box<SpanData>, is_wanted: bool) -> Chunk {
        let Some(keep) = &self.core.keep else {
            return Chunk::new();
        };
        let Some(mut state) = self.core.origin.lock(&self.state) else {
            return Chunk::new();
        };
        let (spans, bytes, has_error) = match &mut *state {
            State::Kept if is_wanted => return vec![span],
            State::Kept => return Chunk::new(),
            State::Forgotten => return Chunk::new(),
            State::Undecided {
                spans,
                bytes,
                has_error,
            } => (spans, bytes, has_error),
        };
        *has_error |= span.status.is_error();
        if span.context.span_id == self.root {
            let is_slow = |limit: Duration| u128::from(span.duration_ns()) >= limit.as_nanos();
            let is_kept =
                (keep.policy.errors && *has_error) || keep.policy.slower_than.is_some_and(is_slow);
            keep.release(*bytes);
            let mut spans = std::mem::take(spans);
            if is_wanted {
                spans.push(span);
            }
            *state = if is_kept {
                State::Kept
            } else {
                State::Forgotten
            };
            return if is_kept { spans } else { Chunk::new() };
        }
        if !is_wanted {
            return Chunk::new();
        }
        let span_bytes = span.memory_bytes();
        if keep.reserve(span_bytes) {
            *bytes += span_bytes;
            spans.push(span);
        } else {
            let full = &self.core.counters.dropped_keep_full;
            full.add(spans.len() + 1);
            keep.release(*bytes);
            *state = State::Forgotten;
        }
        Chunk::new()
    }
}

/// Its root never ended here: it got another parent, for instance.
impl Drop for LocalTrace {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let (State::Undecided { spans, bytes, .. }, Some(keep)) = (state, &self.core.keep) {
            keep.release(*bytes);
            self.core.counters.dropped_keep_full.add(spans.len());
        }
    }
}
