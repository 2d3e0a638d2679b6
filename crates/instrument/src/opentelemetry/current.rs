//! One current context for both worlds.
//!
//! OpenTelemetry's `Context` of the thread is the truth: what of ours is
//! attached is also attached there, so that whatever was attached last, by
//! either side, is current for both.
//!
//! It exists so that parents are right however the two are nested. It must
//! never touch OpenTelemetry's thread-locals while a thread ends: that panics.

use super::convert::{
    from_baggage, from_span_context, is_same_baggage, to_baggage, to_span_context,
};
use crate::Context;
use crate::context::SpanContext;
use crate::process::Origin;
use ::opentelemetry::baggage::BaggageExt as _;
use ::opentelemetry::trace::{SpanContext as OtelSpanContext, TraceContextExt as _};
use ::opentelemetry::{Context as OtelContext, ContextGuard};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

/// Until a provider is made, attaching a context costs what it costs without
/// the feature.
static IS_SHARED: AtomicBool = AtomicBool::new(false);

/// Attached contexts of this thread that OpenTelemetry knows. Those attached
/// before sharing began lie below all of them: if there is none, ours is not in
/// OpenTelemetry's.
struct Mirrors {
    count: Cell<usize>,
}

impl Drop for Mirrors {
    /// It exists so that access fails once the thread ends.
    fn drop(&mut self) {}
}

thread_local! {
    /// OpenTelemetry's thread-local is made first, so that it goes last.
    static MIRRORS: Mirrors = {
        OtelContext::map_current(|_| ());
        Mirrors { count: Cell::new(0) }
    };
}

/// From now on both worlds have one current context.
pub(super) fn share() {
    IS_SHARED.store(true, Ordering::Relaxed);
}

/// Keeps a context of ours current in OpenTelemetry.
#[derive(Debug)]
pub(crate) struct Mirror(Option<ContextGuard>);

impl Mirror {
    pub(crate) fn of(context: &Context) -> Mirror {
        if !IS_SHARED.load(Ordering::Relaxed) {
            return Mirror(None);
        }
        let counted = MIRRORS.try_with(|mirrors| mirrors.count.set(mirrors.count.get() + 1));
        Mirror(counted.is_ok().then(|| to_otel(context).attach()))
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        let Some(guard) = self.0.take() else { return };
        let counted = MIRRORS.try_with(|mirrors| mirrors.count.set(mirrors.count.get() - 1));
        match counted {
            Ok(()) => drop(guard),
            // Its stack may be gone already.
            Err(_) => std::mem::forget(guard),
        }
    }
}

/// What is current in OpenTelemetry, with our span and baggage.
fn to_otel(context: &Context) -> OtelContext {
    OtelContext::map_current(|above| {
        // The span itself, not a copy of its ids, stays open to changes through
        // OpenTelemetry.
        let with_span = if is_same_span(context.span(), above.span().span_context()) {
            above.clone()
        } else {
            above.with_remote_span_context(to_span_context(context.span()))
        };
        if is_same_baggage(context.baggage(), above.baggage()) {
            with_span
        } else {
            with_span.with_baggage(to_baggage(context.baggage()))
        }
    })
}

/// What OpenTelemetry has as current, if it is not `ours`, which is what we
/// attached last.
pub(crate) fn newer_than(ours: Option<&Context>) -> Option<Context> {
    if !IS_SHARED.load(Ordering::Relaxed) {
        return None;
    }
    let mirrored = MIRRORS.try_with(|mirrors| mirrors.count.get()).ok()?;
    OtelContext::map_current(|theirs| match ours {
        Some(_) if mirrored == 0 && !theirs.span().span_context().is_valid() => None,
        Some(ours) => other_than(ours, theirs),
        None => other_than(&Context::default(), theirs),
    })
}

/// The parent of what is started in `context`.
pub(super) fn parent_in(context: &OtelContext) -> Context {
    // Starting a span without naming a context passes the thread's own.
    if OtelContext::map_current(|current| std::ptr::eq(current, context)) {
        return Context::current();
    }
    Context::with_current(|ours| other_than(ours, context).unwrap_or_else(|| ours.clone()))
}

/// Ours for `theirs`; `None` if that is `ours`.
fn other_than(ours: &Context, theirs: &OtelContext) -> Option<Context> {
    let span = theirs.span();
    let is_same_span = is_same_span(ours.span(), span.span_context());
    let is_same_baggage = is_same_baggage(ours.baggage(), theirs.baggage());
    if is_same_span && is_same_baggage {
        return None;
    }
    let context = if is_same_span {
        ours.clone()
    } else {
        let known = undecided(span.span_context());
        known.unwrap_or_else(|| Context::from_span(from_span_context(span.span_context())))
    };
    Some(context.with_baggage(if is_same_baggage {
        ours.baggage().clone()
    } else {
        from_baggage(theirs.baggage())
    }))
}

/// Two that are not valid are the same: there is no span.
fn is_same_span(ours: &SpanContext, theirs: &OtelSpanContext) -> bool {
    if !ours.is_valid() || !theirs.is_valid() {
        return ours.is_valid() == theirs.is_valid();
    }
    ours.span_id.0.to_be_bytes() == theirs.span_id().to_bytes()
        && ours.trace_id.0.to_be_bytes() == theirs.trace_id().to_bytes()
}

/// Spans started through OpenTelemetry that are recorded although unsampled
/// (see [`KeepPolicy`](crate::KeepPolicy)). Their children must find the buffer
/// of their trace, and OpenTelemetry's context has no room for it.
static UNDECIDED: Mutex<Option<HashMap<u64, Context>>> = Mutex::new(None);
/// Where the first of them was.
static UNDECIDED_IN: OnceLock<Origin> = OnceLock::new();

/// `None` where there never was one, and in a child by fork where somebody held the
/// lock at the fork.
fn lock_undecided() -> Option<MutexGuard<'static, Option<HashMap<u64, Context>>>> {
    UNDECIDED_IN.get()?.lock(&UNDECIDED)
}

/// Takes part in [`UNDECIDED`] until it is dropped.
#[derive(Debug)]
pub(super) struct UndecidedSpan(u64);

impl UndecidedSpan {
    pub(super) fn new(context: Context) -> UndecidedSpan {
        let id = context.span().span_id.0;
        UNDECIDED_IN.get_or_init(Origin::here);
        if let Some(mut known) = lock_undecided() {
            known.get_or_insert_default().insert(id, context);
        }
        UndecidedSpan(id)
    }
}

impl Drop for UndecidedSpan {
    fn drop(&mut self) {
        // Dropped after the lock: what a context owns may run code.
        let removed = lock_undecided().and_then(|mut known| known.as_mut()?.remove(&self.0));
        drop(removed);
    }
}

fn undecided(span: &OtelSpanContext) -> Option<Context> {
    if span.is_sampled() || span.is_remote() {
        return None;
    }
    let id = u64::from_be_bytes(span.span_id().to_bytes());
    lock_undecided()?.as_ref()?.get(&id).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{SpanId, TraceId};

    fn ours(id: u64) -> Context {
        Context::from_span(SpanContext {
            trace_id: TraceId(1),
            span_id: SpanId(id),
            ..SpanContext::default()
        })
    }

    fn theirs(id: u64) -> OtelContext {
        OtelContext::new().with_remote_span_context(to_span_context(ours(id).span()))
    }

    /// What is current for us and for OpenTelemetry.
    fn current() -> (u64, u64) {
        let theirs = OtelContext::map_current(|theirs| theirs.span().span_context().span_id());
        (
            Context::current().span().span_id.0,
            u64::from_be_bytes(theirs.to_bytes()),
        )
    }

    /// No other of these tests may begin to share.
    #[test]
    fn contexts_from_before_sharing_take_part_while_nothing_lies_over_them() {
        let first = ours(1).attach();
        share();
        assert_eq!(current(), (1, 0));
        let second = theirs(2).attach();
        assert_eq!(current(), (2, 2));
        let third = ours(3).attach();
        assert_eq!(current(), (3, 3));
        drop(second);
        assert_eq!(current(), (3, 3));
        let empty = OtelContext::new().attach();
        assert_eq!(current(), (0, 0));
        drop((empty, third));
        assert_eq!(current(), (1, 0));
        drop(first);
        assert_eq!(current(), (0, 0));
    }
}
