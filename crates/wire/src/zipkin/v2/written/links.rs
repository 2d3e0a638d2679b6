//! Links as tags, which is how the Collector hands them to Zipkin:
//! `otlp.link.0` is `traceId|spanId|traceState|attributes|dropped`.

use std::borrow::Cow;

use serde_json::Value;
use tracewell_model::{Level, SpanRef};

use super::annotation::members;

/// A tag for each link of the span, in order.
pub(super) fn tags<'t>(span: SpanRef<'_>) -> impl Iterator<Item = (Cow<'t, str>, Cow<'t, str>)> {
    let links = span.view().batch().links();
    let rows = span.link_rows().enumerate();
    rows.map(move |(index, row)| {
        let attributes = members(span.view().attributes(Level::Link, row));
        let text = format!(
            "{}|{}|{}|{}|{}",
            links.trace_id[row],
            links.span_id[row],
            links.trace_state.get(row),
            Value::Object(attributes),
            links.dropped_attributes.get(row),
        );
        (format!("otlp.link.{index}").into(), text.into())
    })
}
