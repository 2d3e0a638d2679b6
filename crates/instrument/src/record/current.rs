//! What the current thread is doing: the current span, its baggage.
//!
//! It exists so that a span started deep in a call finds its parent without
//! being handed it. A guard that is dropped out of order must never bring back
//! a context that was detached.

use super::keep::LocalTrace;
use crate::context::SpanContext;
use crate::propagation::Baggage;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A span's context and the baggage that travels with it. Cloning costs a
/// counter or two.
#[derive(Clone, Default)]
pub struct Context {
    pub(super) span: SpanContext,
    baggage: Baggage,
    pub(super) local: Option<Arc<LocalTrace>>,
}

thread_local! {
    static ATTACHED: RefCell<Stack> = const { RefCell::new(Stack { slots: Vec::new() }) };
}

/// Attached contexts; the last one is current. One that was detached while
/// others lay on it leaves a hole, so the last slot is never a hole.
struct Stack {
    slots: Vec<Option<Context>>,
}

impl Stack {
    fn detach(&mut self, position: usize) -> Option<Context> {
        let detached = self.slots.get_mut(position).and_then(Option::take);
        while let Some(None) = self.slots.last() {
            self.slots.pop();
        }
        detached
    }
}

impl Context {
    /// The context attached last on this thread; an empty one if none is.
    #[must_use]
    pub fn current() -> Context {
        Context::with_current(Context::clone)
    }

    /// Reads the current context without cloning it. `read` must not attach or
    /// detach contexts.
    pub fn with_current<T>(read: impl FnOnce(&Context) -> T) -> T {
        let mut read = Some(read);
        let done = ATTACHED.try_with(|attached| {
            let attached = attached.borrow();
            let current = attached.slots.last().and_then(Option::as_ref)?;
            read.take().map(|read| read(current))
        });
        match (done, read) {
            (Ok(Some(done)), _) => done,
            // Nothing is attached, or the thread is ending.
            (_, Some(read)) => read(&Context::default()),
            (_, None) => unreachable!("read is taken only where its answer is kept"),
        }
    }

    /// A context with this span as parent of what follows, and no baggage.
    /// What a propagator extracts goes in here.
    #[must_use]
    pub fn from_span(span: SpanContext) -> Context {
        Context {
            span,
            ..Context::default()
        }
    }

    /// The same baggage with another span.
    #[must_use]
    pub fn with_span(mut self, span: SpanContext) -> Context {
        self.span = span;
        self.local = None;
        self
    }

    /// The same span with other baggage.
    #[must_use]
    pub fn with_baggage(mut self, baggage: Baggage) -> Context {
        self.baggage = baggage;
        self
    }

    /// The span; invalid if there is none.
    #[must_use]
    pub fn span(&self) -> &SpanContext {
        &self.span
    }

    /// Whether its span may be recorded in this process.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_recorded(&self) -> bool {
        self.span.is_sampled() || self.local.is_some()
    }

    /// The baggage.
    #[must_use]
    pub fn baggage(&self) -> &Baggage {
        &self.baggage
    }

    /// Makes it current on this thread until the guard is dropped.
    pub fn attach(self) -> ContextGuard {
        let position = ATTACHED.try_with(|attached| {
            let slots = &mut attached.borrow_mut().slots;
            slots.push(Some(self));
            slots.len() - 1
        });
        ContextGuard {
            position: position.unwrap_or(usize::MAX),
            this_thread: PhantomData,
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("span", &self.span)
            .field("baggage", &self.baggage)
            .finish_non_exhaustive()
    }
}

/// Keeps a context current on the thread that attached it.
#[derive(Debug)]
#[must_use = "the context is detached when the guard is dropped"]
pub struct ContextGuard {
    position: usize,
    /// It must be dropped where it was made: not `Send`.
    this_thread: PhantomData<*const ()>,
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        // Dropped outside the borrow: what a context owns may run code.
        let detached = ATTACHED.try_with(|attached| attached.borrow_mut().detach(self.position));
        drop(detached);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{SpanId, TraceId};

    fn context(id: u64) -> Context {
        Context::from_span(SpanContext {
            trace_id: TraceId(1),
            span_id: SpanId(id),
            ..SpanContext::default()
        })
    }

    fn current() -> u64 {
        Context::current().span().span_id.0
    }

    #[test]
    fn guards_may_be_dropped_in_any_order() {
        assert_eq!(current(), 0);
        let one = context(1).attach();
        let two = context(2).attach();
        let three = context(3).attach();
        assert_eq!(current(), 3);
        drop(two);
        assert_eq!(current(), 3, "the last one stays current");
        drop(three);
        assert_eq!(current(), 1, "what was detached does not come back");
        drop(one);
        assert_eq!(current(), 0);
    }

    #[test]
    fn each_thread_has_its_own() {
        let _one = context(1).attach();
        let other = std::thread::spawn(current).join().unwrap();
        assert_eq!((current(), other), (1, 0));
    }
}
