//! What is said of a running span by others than its owner.
//!
//! ```text
//! handler, events of tracing ── handle ── inbox ┐
//! the owner of the span ──────────── its data ──┴─ at its end: one span
//! ```
//!
//! It exists because a span is owned by whoever started it, and the code that
//! knows something about it is elsewhere, perhaps on another thread. A span that
//! nobody else speaks of must not pay for it; and an inbox must never hold more
//! than the span's limits.

use super::core::Core;
use super::data::SpanData;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(crate) struct Inbox {
    pub(super) core: &'static Core,
    state: Mutex<State>,
    /// So that the end of a span of which nothing was said takes no lock.
    has_said: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    is_closed: bool,
    said: Option<Box<Said>>,
}

/// What was said: a name and a status where there are, the rest in addition.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) data: SpanData,
    /// Of an event that reports an error: a status where nobody says one.
    pub(super) failure: Option<Cow<'static, str>>,
}

impl Inbox {
    pub(super) fn new(core: &'static Core) -> Inbox {
        Inbox {
            core,
            state: Mutex::default(),
            has_said: AtomicBool::new(false),
        }
    }

    /// Whether its span runs.
    pub(super) fn is_open(&self) -> bool {
        let state = self.core.origin.lock(&self.state);
        state.is_some_and(|state| !state.is_closed)
    }

    /// Adds to what was said; does nothing once the span has ended.
    pub(super) fn say(&self, what: impl FnOnce(&mut Said)) {
        if let Some(mut state) = self.core.origin.lock(&self.state)
            && !state.is_closed
        {
            what(state.said.get_or_insert_default());
            self.has_said.store(true, Ordering::Relaxed);
        }
    }

    /// Ends it; returns what was said.
    pub(super) fn close(inbox: &Arc<Inbox>) -> Option<Box<Said>> {
        if Arc::strong_count(inbox) == 1 {
            // What the last other holder did before it let go is seen after
            // this. Nobody can speak any more.
            fence(Ordering::Acquire);
            if !inbox.has_said.load(Ordering::Relaxed) {
                return None;
            }
        }
        let mut state = inbox.core.origin.lock(&inbox.state)?;
        state.is_closed = true;
        state.said.take()
    }

    /// For another span; false where somebody still holds it.
    pub(super) fn reset(inbox: &mut Arc<Inbox>) -> bool {
        let Some(inbox) = Arc::get_mut(inbox) else {
            return false;
        };
        inbox.has_said = AtomicBool::new(false);
        inbox.state = Mutex::default();
        true
    }
}

impl Said {
    /// Adds it to the span at its end.
    pub(super) fn add_to(self, span: &mut SpanData, core: &Core) {
        let (limits, said) = (&core.limits, self.data);
        if !said.name.is_empty() {
            span.name = said.name;
        }
        for attribute in said.attributes {
            span.set_attribute(limits, attribute);
        }
        for event in said.events {
            span.add_event(limits, event);
        }
        for link in said.links {
            span.add_link(limits, link);
        }
        span.dropped_attributes += said.dropped_attributes;
        span.dropped_events += said.dropped_events;
        span.dropped_links += said.dropped_links;
        span.set_status(said.status);
        if let Some(failure) = self.failure {
            span.fail_unless_said(failure);
        }
    }
}
