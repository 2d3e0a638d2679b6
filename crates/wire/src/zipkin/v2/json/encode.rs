//! Spans in Zipkin's JSON, version 2: the reverse of the decoder beside it.
//!
//! Mapped as OpenTelemetry's Zipkin exporters do it: what OTLP has as fields
//! becomes tags, events become annotations. Names are in lower case, as
//! Zipkin's own answers have them. What is lost is listed in
//! `docs/protocols/zipkin.md`; **a span is never left out, and never guessed
//! at**.

mod annotation;
mod endpoints;
mod tags;

use std::collections::HashSet;

use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatch, SpanId, SpanKind, SpanRef, TraceId, ValueRef};

use crate::json::members::object;
use crate::zipkin::assembly::NO_START;
use crate::zipkin::endpoint::{LOCAL, REMOTE};

/// A list of the spans in these rows, in this order.
#[must_use]
pub fn encode(batch: &SpanBatch, rows: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let view = BatchView::new(batch);
    let of_clients = ids_of_clients(batch);
    let mut out = vec![b'['];
    for (index, row) in rows.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let span = view.span(row);
        let is_shared = span.kind() == SpanKind::Server
            && of_clients.contains(&(span.trace_id(), span.span_id()));
        put_span(&mut out, span, is_shared);
    }
    out.push(b']');
    out
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

fn put_span(out: &mut Vec<u8>, span: SpanRef<'_>, is_shared: bool) {
    let local = endpoints::local(span);
    let remote = endpoints::remote(span);
    object(out, |members| {
        members.quoted("traceId", span.trace_id().to_short_hex());
        if let Some(parent) = span.parent_span_id() {
            members.quoted("parentId", parent);
        }
        members.quoted("id", span.span_id());
        if let Some(kind) = kind(span.kind()) {
            members.always_text("kind", kind);
        }
        members.text("name", &span.name().to_lowercase());
        let start_us = span.start_ns() / 1_000;
        if start_us > 0 && span.attribute(NO_START) != Some(ValueRef::Bool(true)) {
            members.bare("timestamp", start_us);
        }
        if span.duration_ns() > 0 {
            // To Zipkin a span that took no time is one that has not ended.
            members.bare("duration", (span.duration_ns() / 1_000).max(1));
        }
        endpoints::put(members, "localEndpoint", &local);
        endpoints::put(members, "remoteEndpoint", &remote);
        if !span.event_rows().is_empty() {
            members.list("annotations", span.event_rows(), |out, row| {
                annotation::put(out, span, row);
            });
        }
        let told = local.address(&LOCAL).chain(remote.address(&REMOTE));
        tags::put(members, span, told.map(|(key, _)| key));
        if is_shared {
            members.bare("shared", true);
        }
    });
}

/// Zipkin has no name for the others.
fn kind(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Server => Some("SERVER"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
        SpanKind::Internal | SpanKind::Unspecified => None,
    }
}
