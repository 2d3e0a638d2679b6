//! What a span of `tracing` has no words for.
//!
//! It exists because fields must be declared, and a parent in another process is
//! no span of `tracing`. It must never do anything where our layer is not part of
//! the span's subscriber.

use super::TracingLayer;
use crate::context::SpanContext;
use crate::record::{Context, KeyValue, SpanHandle, Status, Value};
use std::borrow::Cow;
use std::error::Error;

/// More to say of a span of `tracing` than its fields allow. Does nothing to a
/// span that is not recorded, or whose subscriber has no [`layer`](super::layer()).
///
/// ```
/// use tracewell_instrument::layer::SpanExt as _;
///
/// #[tracing::instrument]
/// fn pay(order: u32) {
///     // `user.id` is declared nowhere.
///     tracing::Span::current().set_attribute("user.id", 7);
/// }
/// # pay(1);
/// ```
pub trait SpanExt {
    /// A handle to it, for everything that can be said of a running span.
    fn handle(&self) -> SpanHandle;

    /// The context in which its children run; empty without our layer.
    fn context(&self) -> Context;

    /// Makes it a child of this context's span, in its trace, as the sampler
    /// decides there. Call it before the span has children: those that there are
    /// stay where they are. Sampler and processors are asked anew, and attributes
    /// of theirs go before those that there are. A span that was not recorded
    /// before has no fields of before. Where the parent is known first, attaching
    /// it is simpler: see
    /// [parents in other processes](super#parents-in-other-processes).
    fn set_parent(&self, parent: Context);

    /// Links another span. An invalid one is ignored.
    fn add_link(&self, context: SpanContext) {
        self.handle().add_link(context, []);
    }

    /// Sets or replaces an attribute, declared as a field or not.
    fn set_attribute(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        self.handle().set_attribute(key, value);
    }

    /// Adds an event that happens now.
    fn add_event(
        &self,
        name: impl Into<Cow<'static, str>>,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) {
        self.handle().add_event(name, attributes);
    }

    /// Says that it failed: an `exception` event, and the status.
    fn record_error<E: Error + ?Sized>(&self, error: &E) {
        self.handle().record_error(error);
    }

    /// Sets its status.
    fn set_status(&self, status: Status) {
        self.handle().set_status(status);
    }
}

impl SpanExt for tracing::Span {
    fn handle(&self) -> SpanHandle {
        let handle = self.with_subscriber(|(id, dispatch)| {
            let layer = dispatch.downcast_ref::<TracingLayer>()?;
            layer.open.with(id, |span| span.handle())
        });
        handle.flatten().unwrap_or_default()
    }

    fn context(&self) -> Context {
        let context = self.with_subscriber(|(id, dispatch)| {
            dispatch.downcast_ref::<TracingLayer>()?.context_of(id)
        });
        context.flatten().unwrap_or_default()
    }

    fn set_parent(&self, parent: Context) {
        let name = self.metadata().map_or("", |metadata| metadata.name());
        self.with_subscriber(|(id, dispatch)| {
            if let Some(layer) = dispatch.downcast_ref::<TracingLayer>() {
                layer.set_parent(id, name, parent);
            }
        });
    }
}
