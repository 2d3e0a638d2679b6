//! The one evaluator of span filters: columns in, rows out.
//!
//! A condition is decided once per distinct text, then spread over the rows
//! by dictionary code.

use super::{Condition, Field, Intrinsic, Literal, Place, SpanFilter, TraceFacts};
use crate::batch::columns::StrColumn;
use crate::batch::view::ValueRef;
use crate::batch::{Level, SpanBatch};
use crate::failure;
use crate::filter::CompareOp;
use crate::rows::RowSet;
use crate::span_kind::{SpanKind, StatusCode};

pub(super) fn matching(
    filter: &SpanFilter,
    batch: &SpanBatch,
    facts: Option<&TraceFacts>,
) -> RowSet {
    match filter {
        SpanFilter::All => RowSet::all(batch.len()),
        SpanFilter::None => RowSet::none(batch.len()),
        SpanFilter::And(parts) => {
            let mut rows = RowSet::all(batch.len());
            for part in parts {
                if rows.is_empty() {
                    break;
                }
                rows.intersect(&matching(part, batch, facts));
            }
            rows
        }
        SpanFilter::Or(parts) => {
            let mut rows = RowSet::none(batch.len());
            parts
                .iter()
                .for_each(|part| rows.unite(&matching(part, batch, facts)));
            rows
        }
        SpanFilter::Not(part) => {
            let mut rows = matching(part, batch, facts);
            rows.invert();
            rows
        }
        SpanFilter::Test(Field::Attribute(place, keys), condition) => {
            attribute(batch, *place, keys, condition)
        }
        SpanFilter::Test(Field::Intrinsic(field), condition) => {
            intrinsic(batch, *field, condition, facts)
        }
        SpanFilter::Test(Field::ParentAttribute(place, keys), condition) => match facts {
            Some(facts) => parent_attribute(batch, *place, keys, condition, facts),
            None => RowSet::none(batch.len()),
        },
        SpanFilter::Compare(comparison) => comparison.matching(batch, facts),
    }
}

fn attribute(batch: &SpanBatch, place: Place, keys: &[Box<str>], condition: &Condition) -> RowSet {
    if matches!(condition, Condition::Absent) && !place.has_many() {
        let mut rows = attribute(batch, place, keys, &Condition::Exists);
        rows.invert();
        return rows;
    }
    let mut spans = RowSet::none(batch.len());
    let is_absence = matches!(condition, Condition::Absent);
    let condition = if is_absence {
        &Condition::Exists
    } else {
        condition
    };
    let test_of = |key: &str| {
        let is_wanted = keys.iter().any(|wanted| **wanted == *key);
        is_wanted.then_some(|value: ValueRef<'_>| condition.holds(value))
    };
    for level in place.levels() {
        let mut owners = batch.owners_with(*level, test_of);
        if is_absence {
            owners.invert();
        }
        spans.unite(&to_spans(batch, *level, owners));
    }
    spans
}

/// Of a span without a parent here nothing holds but that it has none.
fn parent_attribute(
    batch: &SpanBatch,
    place: Place,
    keys: &[Box<str>],
    condition: &Condition,
    facts: &TraceFacts,
) -> RowSet {
    if matches!(condition, Condition::Absent) {
        let mut rows = parent_attribute(batch, place, keys, &Condition::Exists, facts);
        rows.invert();
        return rows;
    }
    let parents = attribute(batch, place, keys, condition);
    let holds = |parent: u32| parents.contains(parent as usize);
    RowSet::from_fn(batch.len(), |row| facts.parent_rows[row].is_some_and(holds))
}

/// From owners of a level to the spans they belong to.
fn to_spans(batch: &SpanBatch, level: Level, owners: RowSet) -> RowSet {
    let by_reference = |references: &[u32]| {
        if owners.is_empty() {
            return RowSet::none(batch.len());
        }
        RowSet::from_fn(batch.len(), |row| owners.contains(references[row] as usize))
    };
    let by_child = |span_rows: &[u32]| {
        let mut spans = RowSet::none(batch.len());
        owners
            .iter()
            .for_each(|child| spans.insert(span_rows[child] as usize));
        spans
    };
    match level {
        Level::Span => owners,
        Level::Resource => by_reference(&batch.spans.resource),
        Level::Scope => by_reference(&batch.spans.scope),
        Level::Event => by_child(&batch.events.span_row),
        Level::Link => by_child(&batch.links.span_row),
    }
}

fn intrinsic(
    batch: &SpanBatch,
    field: Intrinsic,
    condition: &Condition,
    facts: Option<&TraceFacts>,
) -> RowSet {
    let (spans, len) = (&batch.spans, batch.len());
    let each = |test: &dyn Fn(usize) -> bool| RowSet::from_fn(len, test);
    let owned = |level, test: &dyn Fn(usize) -> bool| {
        to_spans(batch, level, RowSet::from_fn(batch.level_len(level), test))
    };
    let constant = |value: ValueRef<'_>| {
        if condition.holds(value) {
            RowSet::all(len)
        } else {
            RowSet::none(len)
        }
    };
    match field {
        Intrinsic::TraceId => each(&|row| hex_holds(condition, &spans.trace_id[row].0)),
        Intrinsic::SpanId => each(&|row| hex_holds(condition, &spans.span_id[row].0)),
        Intrinsic::ParentSpanId => each(&|row| hex_holds(condition, &spans.parent_span_id[row].0)),
        Intrinsic::Name => text_rows(&spans.name, condition),
        Intrinsic::StatusMessage => text_rows(&spans.status_message, condition),
        Intrinsic::Kind => each(&|row| {
            enum_holds(
                condition,
                &Literal::Kind(SpanKind::from_otlp(spans.kind[row])),
            )
        }),
        Intrinsic::Status => each(&|row| {
            let status = StatusCode::from_otlp(spans.status_code[row]);
            enum_holds(condition, &Literal::Status(status))
        }),
        Intrinsic::Duration => {
            each(&|row| condition.holds(ValueRef::Int(spans.duration_ns[row].max(0))))
        }
        Intrinsic::Failed => {
            let failed = failure::failed_rows(batch);
            each(&|row| condition.holds(ValueRef::Bool(failed.contains(row))))
        }
        Intrinsic::EventName => to_spans(
            batch,
            Level::Event,
            text_rows(&batch.events.name, condition),
        ),
        Intrinsic::EventTimeSinceStart => owned(Level::Event, &|row| {
            let start = spans.start_ns[batch.events.span_row[row] as usize];
            let since = batch.events.time_ns[row].wrapping_sub(start) as i64;
            condition.holds(ValueRef::Int(since))
        }),
        Intrinsic::LinkTraceId => owned(Level::Link, &|row| {
            hex_holds(condition, &batch.links.trace_id[row].0)
        }),
        Intrinsic::LinkSpanId => owned(Level::Link, &|row| {
            hex_holds(condition, &batch.links.span_id[row].0)
        }),
        Intrinsic::ScopeName => to_spans(
            batch,
            Level::Scope,
            text_rows(&batch.scopes.name, condition),
        ),
        Intrinsic::ScopeVersion => to_spans(
            batch,
            Level::Scope,
            text_rows(&batch.scopes.version, condition),
        ),
        Intrinsic::ChildCount => facts.map_or_else(
            || RowSet::none(len),
            |facts| {
                let counts = &facts.child_counts;
                each(&|row| condition.holds(ValueRef::Int(i64::from(counts[row]))))
            },
        ),
        Intrinsic::TraceDuration => facts.map_or_else(
            || RowSet::none(len),
            |facts| {
                constant(ValueRef::Int(
                    i64::try_from(facts.duration_ns).unwrap_or(i64::MAX),
                ))
            },
        ),
        Intrinsic::RootName => facts.map_or_else(
            || RowSet::none(len),
            |facts| constant(ValueRef::Str(&facts.root_name)),
        ),
        Intrinsic::RootService => facts.map_or_else(
            || RowSet::none(len),
            |facts| constant(ValueRef::Str(&facts.root_service)),
        ),
        Intrinsic::NestedSetLeft | Intrinsic::NestedSetRight | Intrinsic::NestedSetParent => facts
            .map_or_else(
                || RowSet::none(len),
                |facts| {
                    let number = |row: usize| {
                        let set = &facts.nested_sets[row];
                        match field {
                            Intrinsic::NestedSetLeft => set.left,
                            Intrinsic::NestedSetRight => set.right,
                            _ => set.parent,
                        }
                    };
                    each(&|row| condition.holds(ValueRef::Int(number(row))))
                },
            ),
    }
}

fn text_rows(column: &StrColumn, condition: &Condition) -> RowSet {
    let holds: Vec<bool> = column
        .dict
        .iter()
        .map(|text| condition.holds(ValueRef::Str(text)))
        .collect();
    RowSet::from_fn(column.len(), |row| holds[column.codes[row] as usize])
}

/// Kinds and statuses know only `=` and `!=`.
fn enum_holds(condition: &Condition, value: &Literal) -> bool {
    match condition {
        Condition::Exists => true,
        Condition::Compare(CompareOp::Equal, wanted) => wanted == value,
        Condition::Compare(CompareOp::NotEqual, wanted) => wanted != value,
        _ => false,
    }
}

/// Ids compare as text without leading zeros, so that short forms find long
/// ones; the zero id is the empty text.
fn hex_holds(condition: &Condition, id: &[u8]) -> bool {
    let mut text = String::with_capacity(id.len() * 2);
    for byte in id {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    let short = text.trim_start_matches('0');
    match condition {
        Condition::Compare(op @ (CompareOp::Equal | CompareOp::NotEqual), Literal::Str(wanted)) => {
            let wanted = wanted.trim_start_matches('0').to_ascii_lowercase();
            (wanted == short) == (*op == CompareOp::Equal)
        }
        Condition::Absent => short.is_empty(),
        Condition::Exists => !short.is_empty(),
        other => other.holds(ValueRef::Str(&text)),
    }
}
