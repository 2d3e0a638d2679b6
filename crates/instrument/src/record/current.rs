//! What the current thread is doing: the current span, its baggage.
//!
//! It exists so that a span started deep in a call finds its parent without
//! being handed it. A guard that is dropped out of order must never bring back
//! a context that was detached.

use super::inbox::Inbox;
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
    pub(super) baggage: Baggage,
    pub(super) local: Option<Arc<LocalTrace>>,
    /// The way to the span, where it is recorded in this process.
    pub(super) open: Option<Arc<Inbox>>,
}

/// What is current where nothing is.
static EMPTY: Context = Context {
    span: SpanContext::INVALID,
    baggage: Baggage::new(),
    local: None,
    open: None,
};

thread_local! {
    static ATTACHED: RefCell<Stack> = const { RefCell::new(Stack { slots: Vec::new() }) };
}

/// Attached contexts; the last one is current. One that was detached while
/// others lay on it leaves a hole, so the last slot is never a hole.
struct Stack {
    slots: Vec<Slot>,
}

struct Slot {
    context: Option<Attached>,
    /// Who entered it by a name; 0 for one with a guard.
    entered_as: u64,
}

struct Attached {
    context: Context,
    #[cfg(feature = "opentelemetry-0_33")]
    _mirror: crate::opentelemetry::Mirror,
}

impl Stack {
    fn detach(&mut self, position: usize) -> Option<Attached> {
        let slot = self.slots.get_mut(position)?;
        slot.entered_as = 0;
        let detached = slot.context.take();
        while let Some(Slot { context: None, .. }) = self.slots.last() {
            self.slots.pop();
        }
        detached
    }

    #[cfg(feature = "tracing")]
    fn detach_entered(&mut self, name: u64) -> Option<Attached> {
        let is_it = |slot: &Slot| slot.entered_as == name;
        self.detach(self.slots.iter().rposition(is_it)?)
    }
}

impl Context {
    /// The context attached last on this thread; an empty one if none is.
    #[must_use]
    pub fn current() -> Context {
        Context::with_current(Context::clone)
    }

    /// Reads the current context without cloning it. What `read` attaches does
    /// not become current.
    #[inline]
    pub fn with_current<T>(read: impl FnOnce(&Context) -> T) -> T {
        let mut read = Some(read);
        let done = ATTACHED.try_with(|attached| {
            let attached = attached.borrow();
            let last = attached.slots.last().and_then(|slot| slot.context.as_ref());
            let current = last.map(|attached| &attached.context);
            #[cfg(feature = "opentelemetry-0_33")]
            if let Some(newer) = crate::opentelemetry::newer_than(current) {
                return read.take().map(|read| read(&newer));
            }
            let current = current?;
            read.take().map(|read| read(current))
        });
        match (done, read) {
            (Ok(Some(done)), _) => done,
            // Nothing is attached, or the thread is ending.
            (_, Some(read)) => read(&EMPTY),
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
        self.open = None;
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

    /// Whether its span is recorded in this process.
    #[cfg(feature = "tracing")]
    fn is_recorded(&self) -> bool {
        self.open.is_some()
    }

    /// The baggage.
    #[must_use]
    pub fn baggage(&self) -> &Baggage {
        &self.baggage
    }

    /// Makes it current on this thread until the guard is dropped: give it a name,
    /// `let _current = context.attach();`, as `let _ =` drops it at once.
    pub fn attach(self) -> ContextGuard {
        ContextGuard {
            position: self.push(0).unwrap_or(usize::MAX),
            this_thread: PhantomData,
        }
    }

    /// Makes it current on this thread until [`leave`](Context::leave) is
    /// called with the same name, which is not 0. For whoever is told of both
    /// by a number and has nowhere to keep a guard.
    #[cfg(feature = "tracing")]
    pub(crate) fn enter(self, name: u64) {
        // A thread that is ending has no current span any more.
        self.push(name).unwrap_or_default();
    }

    /// Puts it in place of all that this thread entered by this name.
    #[cfg(feature = "tracing")]
    pub(crate) fn replace_entered(&self, name: u64) {
        let replaced = ATTACHED.try_with(|attached| {
            let slots = &mut attached.try_borrow_mut().ok()?.slots;
            let entered = slots.iter_mut().filter(|slot| slot.entered_as == name);
            let old = entered.map(|slot| slot.context.replace(self.clone().attached()));
            Some(old.collect::<Vec<_>>())
        });
        // Dropped outside the borrow: what a context owns may run code.
        drop(replaced);
    }

    fn attached(self) -> Attached {
        Attached {
            #[cfg(feature = "opentelemetry-0_33")]
            _mirror: crate::opentelemetry::Mirror::of(&self),
            context: self,
        }
    }

    /// Ends the last [`enter`](Context::enter) of this name; says whether its
    /// span is recorded.
    #[cfg(feature = "tracing")]
    pub(crate) fn leave(name: u64) -> bool {
        // Dropped outside the borrow: what a context owns may run code.
        let left = ATTACHED.try_with(|attached| {
            let mut attached = attached.try_borrow_mut().ok()?;
            attached.detach_entered(name)
        });
        let left = left.ok().flatten();
        left.is_some_and(|left| left.context.is_recorded())
    }

    /// The position of the context; `None` while a thread ends, and to those
    /// who attach from within [`with_current`](Context::with_current).
    fn push(self, entered_as: u64) -> Option<usize> {
        let attached_now = self.attached();
        let pushed = ATTACHED.try_with(|attached| {
            let slots = &mut attached.try_borrow_mut().ok()?.slots;
            slots.push(Slot {
                context: Some(attached_now),
                entered_as,
            });
            Some(slots.len() - 1)
        });
        pushed.ok().flatten()
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
#[must_use = "the context is detached when the guard is dropped: `let _current = …` keeps it, `let _ = …` drops it at once"]
pub struct ContextGuard {
    position: usize,
    /// It must be dropped where it was made: not `Send`.
    this_thread: PhantomData<*const ()>,
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        // Dropped outside the borrow: what a context owns may run code.
        let detached = ATTACHED.try_with(|attached| {
            let mut attached = attached.try_borrow_mut().ok()?;
            attached.detach(self.position)
        });
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
