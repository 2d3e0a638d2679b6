//! The value of what every span has by definition. Of events and links it is
//! that of the first. **Empty text is a value; a missing parent is none.**

use super::Value;
use crate::batch::SpanBatch;
use crate::batch::columns::StrColumn;
use crate::failure::failed_rows;
use crate::filter::{Intrinsic, TraceFacts};
use crate::span_kind::{SpanKind, StatusCode};
use std::borrow::Cow;

/// By row of the span.
pub(super) fn intrinsic_values<'b>(
    batch: &'b SpanBatch,
    field: Intrinsic,
    facts: Option<&'b TraceFacts>,
) -> Vec<Option<Value<'b>>> {
    let spans = batch.spans();
    let each = |value: &dyn Fn(usize) -> Option<Value<'b>>| (0..batch.len()).map(value).collect();
    let text = |column: &'b StrColumn, row: usize| Some(borrowed(column.get(row)));
    let events = || first_children(&batch.events().span_row, batch.len());
    let links = || first_children(&batch.links().span_row, batch.len());
    let of_trace = |value: &dyn Fn(&'b TraceFacts, usize) -> Value<'b>| {
        each(&|row| facts.map(|facts| value(facts, row)))
    };
    match field {
        Intrinsic::TraceId => each(&|row| owned(spans.trace_id[row].to_string())),
        Intrinsic::SpanId => each(&|row| owned(spans.span_id[row].to_string())),
        Intrinsic::ParentSpanId => each(&|row| {
            let id = spans.parent_span_id[row];
            (!id.is_zero()).then(|| id.to_string()).and_then(owned)
        }),
        Intrinsic::Name => each(&|row| text(&spans.name, row)),
        Intrinsic::StatusMessage => each(&|row| text(&spans.status_message, row)),
        Intrinsic::Kind => each(&|row| Some(Value::Kind(SpanKind::from_otlp(spans.kind[row])))),
        Intrinsic::Status => each(&|row| {
            let status = StatusCode::from_otlp(spans.status_code[row]);
            Some(Value::Status(status))
        }),
        Intrinsic::Duration => each(&|row| Some(Value::DurationNs(spans.duration_ns[row].max(0)))),
        Intrinsic::Failed => {
            let failed = failed_rows(batch);
            each(&|row| Some(Value::Bool(failed.contains(row))))
        }
        Intrinsic::EventName => {
            let first = events();
            each(&|row| text(&batch.events().name, first[row]?))
        }
        Intrinsic::EventTimeSinceStart => {
            let first = events();
            each(&|row| {
                let time_ns = batch.events().time_ns[first[row]?];
                Some(Value::DurationNs(
                    time_ns.wrapping_sub(spans.start_ns[row]) as i64
                ))
            })
        }
        Intrinsic::LinkTraceId => {
            let first = links();
            each(&|row| owned(batch.links().trace_id[first[row]?].to_string()))
        }
        Intrinsic::LinkSpanId => {
            let first = links();
            each(&|row| owned(batch.links().span_id[first[row]?].to_string()))
        }
        Intrinsic::ScopeName => each(&|row| text(&batch.scopes().name, spans.scope[row] as usize)),
        Intrinsic::ScopeVersion => {
            each(&|row| text(&batch.scopes().version, spans.scope[row] as usize))
        }
        Intrinsic::ChildCount => {
            of_trace(&|facts, row| Value::Int(i64::from(facts.child_counts[row])))
        }
        Intrinsic::TraceDuration => of_trace(&|facts, _| {
            Value::DurationNs(i64::try_from(facts.duration_ns).unwrap_or(i64::MAX))
        }),
        Intrinsic::RootName => of_trace(&|facts, _| borrowed(&facts.root_name)),
        Intrinsic::RootService => of_trace(&|facts, _| borrowed(&facts.root_service)),
        Intrinsic::NestedSetLeft => of_trace(&|facts, row| Value::Int(facts.nested_sets[row].left)),
        Intrinsic::NestedSetRight => {
            of_trace(&|facts, row| Value::Int(facts.nested_sets[row].right))
        }
        Intrinsic::NestedSetParent => {
            of_trace(&|facts, row| Value::Int(facts.nested_sets[row].parent))
        }
    }
}

fn borrowed(text: &str) -> Value<'_> {
    Value::Str(Cow::Borrowed(text))
}

fn owned(text: String) -> Option<Value<'static>> {
    Some(Value::Str(Cow::Owned(text)))
}

/// The first child of each span, by row.
fn first_children(span_rows: &[u32], spans: usize) -> Vec<Option<usize>> {
    let mut first = vec![None; spans];
    for (child, span) in span_rows.iter().enumerate() {
        first[*span as usize].get_or_insert(child);
    }
    first
}
