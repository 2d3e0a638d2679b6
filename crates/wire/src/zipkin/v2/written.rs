//! A span as Zipkin's model has it, whatever it is written in: the reverse of
//! what the decoders of both formats make of it.
//!
//! Mapped as OpenTelemetry's Zipkin exporters do it: what OTLP has as fields
//! becomes tags, events become annotations. Names are in lower case, as
//! Zipkin's own answers have them. What is lost is listed in
//! `docs/protocols/zipkin.md`; **a span is never left out, and never guessed
//! at**.

mod annotation;
mod endpoints;
mod links;
mod tags;

use std::borrow::Cow;
use std::collections::HashSet;

use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatch, SpanId, SpanKind, SpanRef, TraceId, ValueRef};

use crate::zipkin::assembly::NO_START;
use crate::zipkin::endpoint::{Endpoint, LOCAL, REMOTE};

/// A span, ready to be written.
pub(super) struct Written<'a> {
    pub(super) span: SpanRef<'a>,
    /// Empty for none.
    pub(super) name: String,
    /// 0 for a span that came without a time.
    pub(super) start_us: u64,
    /// 0 for none.
    pub(super) duration_us: u64,
    pub(super) local: Endpoint<'a>,
    pub(super) remote: Endpoint<'a>,
    pub(super) is_shared: bool,
}

/// The spans in these rows, in this order, each handed to `each`.
pub(super) fn for_each(
    batch: &SpanBatch,
    rows: impl IntoIterator<Item = usize>,
    mut each: impl FnMut(&Written<'_>),
) {
    let view = BatchView::new(batch);
    let of_clients = ids_of_clients(batch);
    for row in rows {
        let span = view.span(row);
        let is_shared = span.kind() == SpanKind::Server
            && of_clients.contains(&(span.trace_id(), span.span_id()));
        each(&Written::new(span, is_shared));
    }
}

/// B3 gives client and server of one call one id.
fn ids_of_clients(batch: &SpanBatch) -> HashSet<(TraceId, SpanId), foldhash::fast::RandomState> {
    let spans = batch.spans();
    let ids = spans.trace_id.iter().zip(&spans.span_id);
    let of_clients = ids
        .zip(&spans.kind)
        .filter(|(_, kind)| SpanKind::from_otlp(**kind) == SpanKind::Client);
    of_clients
        .map(|((trace, span), _)| (*trace, *span))
        .collect()
}

impl<'a> Written<'a> {
    fn new(span: SpanRef<'a>, is_shared: bool) -> Self {
        let came_without_start = span.attribute(NO_START) == Some(ValueRef::Bool(true));
        Self {
            span,
            name: span.name().to_lowercase(),
            start_us: if came_without_start {
                0
            } else {
                span.start_ns() / 1_000
            },
            // To Zipkin a span that took no time is one that has not ended.
            duration_us: match span.duration_ns() {
                0 => 0,
                took_ns => (took_ns / 1_000).max(1),
            },
            local: endpoints::local(span),
            remote: endpoints::remote(span),
            is_shared,
        }
    }

    /// Times in microseconds, and texts.
    pub(super) fn annotations(&self) -> impl Iterator<Item = (u64, String)> {
        let events = self.span.view().batch().events();
        let rows = self.span.event_rows();
        rows.map(|row| {
            let text = annotation::text(self.span, row, events.name.get(row));
            (events.time_ns[row] / 1_000, text)
        })
    }

    /// Keys, each once, and texts.
    pub(super) fn tags(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let told = self
            .local
            .address(&LOCAL)
            .chain(self.remote.address(&REMOTE));
        tags::of(self.span, told.map(|(key, _)| key))
    }
}
