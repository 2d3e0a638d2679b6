//! A trace that was found, as an entry of a list.

use tracewell_model::TraceId;
use tracewell_model::values::Value;
use tracewell_query::search::FoundTrace;
use tracewell_query::spansets::{ShownSpan, ShownSpanset};

use super::messages::{ServiceStats, Span, SpanSet, TraceSearchMetadata};
use super::value::{AnyValue, KeyValue};

const NO_ROOT: &str = "<root span not yet received>";

const MS_NS: u64 = 1_000_000;

/// Tempo writes trace ids without zeros in front.
pub(super) fn trimmed(id: TraceId) -> String {
    id.to_string().trim_start_matches('0').to_owned()
}

pub(super) fn metadata(found: &FoundTrace<'_>) -> TraceSearchMetadata {
    let summary = found.summary();
    let missing = || (NO_ROOT.to_owned(), NO_ROOT.to_owned());
    let (root_service_name, root_trace_name) = summary.root.unwrap_or_else(missing);
    let span_sets: Vec<SpanSet> = summary.spansets.iter().map(span_set).collect();
    let services = summary.services.into_iter();
    TraceSearchMetadata {
        trace_id: trimmed(summary.trace_id),
        root_service_name,
        root_trace_name,
        start_time_unix_nano: summary.start_ns,
        duration_ms: u32::try_from(summary.duration_ns / MS_NS).unwrap_or(u32::MAX),
        span_set: span_sets.first().cloned(),
        span_sets,
        service_stats: services
            .map(|service| {
                let stats = ServiceStats {
                    span_count: service.spans,
                    error_count: service.failed,
                };
                (service.name, stats)
            })
            .collect(),
    }
}

fn span_set(set: &ShownSpanset) -> SpanSet {
    let attribute = |(name, value): &(String, Option<Value<'static>>)| {
        let value = value.as_ref();
        KeyValue::new(
            name,
            value.map_or_else(|| AnyValue::text("nil"), Into::into),
        )
    };
    SpanSet {
        spans: set.spans.iter().map(span).collect(),
        matched: set.matched,
        attributes: set.attributes.iter().map(attribute).collect(),
    }
}

fn span(span: &ShownSpan) -> Span {
    let attributes = span.attributes.iter();
    Span {
        span_id: span.span_id.to_string(),
        name: span.name.clone(),
        start_time_unix_nano: span.start_ns,
        duration_nanos: span.duration_ns,
        attributes: attributes
            .map(|(name, value)| KeyValue::new(name, value.into()))
            .collect(),
    }
}
