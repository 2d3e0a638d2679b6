//! Spans as text, laid out as the Collector's users know it.

use std::fmt::{self, Write};

use tracewell_model::any_value::AnyValue;
use tracewell_model::batch::view::BatchView;
use tracewell_model::clock::utc_text;
use tracewell_model::{Level, SpanBatch, SpanRef, ValueRef};
use tracewell_wire::any_json::any_json;

use super::Verbosity;

/// The text of a batch.
pub(super) fn of(batch: &SpanBatch, verbosity: Verbosity) -> String {
    let view = BatchView::new(batch);
    let spans: Vec<SpanRef<'_>> = view.spans().collect();
    let resources = spans.chunk_by(|a, b| a.resource_row() == b.resource_row());
    let mut out = format!(
        "resource spans: {}, spans: {}",
        resources.clone().count(),
        spans.len()
    );
    let written = match verbosity {
        Verbosity::Basic => Ok(()),
        Verbosity::Normal => spans.iter().try_for_each(|span| line(&mut out, span)),
        Verbosity::Detailed => resources
            .enumerate()
            .try_for_each(|(index, spans)| resource(&mut out, index, spans)),
    };
    // Writing to memory cannot fail.
    written.unwrap_or_default();
    out
}

fn line(out: &mut String, span: &SpanRef<'_>) -> fmt::Result {
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    write!(out, "\n{} {trace_id} {span_id}", span.name())?;
    span.attributes()
        .try_for_each(|(key, value)| write!(out, " {key}={}", bare(value)))
}

fn resource(out: &mut String, index: usize, spans: &[SpanRef<'_>]) -> fmt::Result {
    let (view, row) = (spans[0].view(), spans[0].resource_row());
    let schema_url = view.batch().resources().schema_url.get(row);
    write!(
        out,
        "\nResourceSpans #{index}\nResource SchemaURL: {schema_url}"
    )?;
    attributes(
        out,
        "\nResource attributes:",
        "     ",
        view.attributes(Level::Resource, row),
    )?;
    let scopes = spans.chunk_by(|a, b| a.scope_row() == b.scope_row());
    for (index, spans) in scopes.enumerate() {
        let (scopes, row) = (view.batch().scopes(), spans[0].scope_row());
        let (name, version) = (scopes.name.get(row), scopes.version.get(row));
        let schema_url = scopes.schema_url.get(row);
        write!(
            out,
            "\nScopeSpans #{index}\nScopeSpans SchemaURL: {schema_url}"
        )?;
        write!(out, "\nInstrumentationScope {name} {version}")?;
        let of_scope = view.attributes(Level::Scope, row);
        attributes(out, "\nInstrumentationScope attributes:", "     ", of_scope)?;
        for (index, one) in spans.iter().enumerate() {
            span(out, index, one)?;
        }
    }
    Ok(())
}

fn span(out: &mut String, index: usize, span: &SpanRef<'_>) -> fmt::Result {
    let parent = span.parent_span_id().map(|id| id.to_string());
    write!(out, "\nSpan #{index}")?;
    for (title, text) in [
        ("Trace ID", span.trace_id().to_string()),
        ("Parent ID", parent.unwrap_or_default()),
        ("ID", span.span_id().to_string()),
        ("Name", span.name().to_owned()),
        ("Kind", format!("{:?}", span.kind())),
        ("TraceState", span.trace_state().to_owned()),
        ("Start time", time(span.start_ns())),
        ("End time", time(span.end_ns())),
        ("Status code", format!("{:?}", span.status_code())),
        ("Status message", span.status_message().to_owned()),
    ] {
        // Only those that trace by hand have a state.
        if title != "TraceState" || !text.is_empty() {
            write!(out, "\n    {title:<15}: {text}")?;
        }
    }
    attributes(out, "\nAttributes:", "     ", span.attributes())?;
    let view = span.view();
    let events = view.batch().events();
    for (index, row) in span.event_rows().enumerate() {
        if index == 0 {
            write!(out, "\nEvents:")?;
        }
        write!(
            out,
            "\nSpanEvent #{index}\n     -> Name: {}",
            events.name.get(row)
        )?;
        write!(out, "\n     -> Timestamp: {}", time(events.time_ns[row]))?;
        let dropped = events.dropped_attributes.get(row);
        write!(out, "\n     -> DroppedAttributesCount: {dropped}")?;
        let of_event = view.attributes(Level::Event, row);
        attributes(out, "\n     -> Attributes::", "          ", of_event)?;
    }
    let links = view.batch().links();
    for (index, row) in span.link_rows().enumerate() {
        if index == 0 {
            write!(out, "\nLinks:")?;
        }
        write!(
            out,
            "\nSpanLink #{index}\n     -> Trace ID: {}",
            links.trace_id[row]
        )?;
        write!(out, "\n     -> ID: {}", links.span_id[row])?;
        write!(out, "\n     -> TraceState: {}", links.trace_state.get(row))?;
        let dropped = links.dropped_attributes.get(row);
        write!(out, "\n     -> DroppedAttributesCount: {dropped}")?;
        let of_link = view.attributes(Level::Link, row);
        attributes(out, "\n     -> Attributes::", "          ", of_link)?;
    }
    Ok(())
}

fn attributes<'a>(
    out: &mut String,
    title: &str,
    indent: &str,
    attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) -> fmt::Result {
    for (index, (key, value)) in attributes.enumerate() {
        if index == 0 {
            out.push_str(title);
        }
        write!(out, "\n{indent}-> {key}: {}", typed(value))?;
    }
    Ok(())
}

/// All nine digits of a second.
fn time(ns: u64) -> String {
    format!("{}{:06} +0000 UTC", utc_text(ns), ns % 1_000_000)
}

/// A value with its type.
fn typed(value: ValueRef<'_>) -> String {
    let kind = match value.to_any() {
        AnyValue::Empty => return "Empty()".to_owned(),
        AnyValue::String(_) => "Str",
        AnyValue::Bool(_) => "Bool",
        AnyValue::Int(_) => "Int",
        AnyValue::Double(_) => "Double",
        AnyValue::Bytes(_) => "Bytes",
        AnyValue::Array(_) => "Slice",
        AnyValue::KvList(_) => "Map",
    };
    format!("{kind}({})", bare(value))
}

/// A value without it: text as it is, the rest as JSON.
fn bare(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Str(text) => text.to_owned(),
        other => match any_json(&other.to_any(), serde_json::Value::from) {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_model::{SpanKind, StatusCode};
    use tracewell_testkit::{TestSpan, batch};

    fn spans() -> SpanBatch {
        let mut failed = TestSpan::new(1, 2, "shop", "pay", 1_700_000_000_000_000_321)
            .child_of(1)
            .kind(SpanKind::Client)
            .status(StatusCode::Error)
            .with("rows", AnyValue::Array(vec![AnyValue::Int(1), "a".into()]))
            .with("n", AnyValue::Int(3))
            .with_event("retry", 5, vec![("why".to_owned(), "late".into())]);
        failed.status_message = "no answer".to_owned();
        let other = TestSpan::new(1, 1, "front", "GET /", 1_700_000_000_000_000_000);
        batch(&[failed, other])
    }

    #[test]
    fn how_many_there_are() {
        let text = of(&spans(), Verbosity::Basic);
        assert_eq!(text, "resource spans: 2, spans: 2");
    }

    #[test]
    fn a_line_for_each() {
        let text = of(&spans(), Verbosity::Normal);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let trace = "aaaa0000000000000000000000000001";
        assert_eq!(
            lines,
            [
                format!("pay {trace} 0000000000000002 rows=[1,\"a\"] n=3"),
                format!("GET / {trace} 0000000000000001"),
            ]
        );
    }

    #[test]
    fn everything_that_a_span_has() {
        let text = of(&spans(), Verbosity::Detailed);
        for part in [
            "\nResourceSpans #0\nResource SchemaURL: \nResource attributes:\n     -> service.name: Str(shop)\n",
            "\nSpan #0\n    Trace ID       : aaaa0000000000000000000000000001\n    Parent ID      : 0000000000000001\n",
            "\n    Kind           : Client\n    Start time     : 2023-11-14 22:13:20.000000321 +0000 UTC\n",
            "\n    Status code    : Error\n    Status message : no answer\n",
            "\nAttributes:\n     -> rows: Slice([1,\"a\"])\n     -> n: Int(3)\n",
            "\nEvents:\nSpanEvent #0\n     -> Name: retry\n",
            "\n     -> Attributes::\n          -> why: Str(late)\n",
            "\nResourceSpans #1\n",
        ] {
            assert!(text.contains(part), "{part}\n---\n{text}");
        }
    }
}
