//! Writing the fields that every span, event, scope and resource has.

use tracewell_model::batch::columns::{SparseU32, StrColumn};
use tracewell_model::{SpanBatch, SpanId, TraceId};

use super::{Change, Prepared, Write};
use crate::context::Context;
use crate::evaluate::trace_state_entries;
use crate::functions::{expected, int_in, text_in};
use crate::lexer::bytes_of_hex;
use crate::paths::Field;
use crate::value::Value;

/// Values with their rows, and failures by the index of the write.
type Checked<T> = (Vec<(u32, T)>, Vec<(usize, String)>);

/// Values that passed `check`, with their rows.
fn checked<T>(writes: &[Write<'_>], check: impl Fn(&Value<'_>) -> Result<T, String>) -> Checked<T> {
    let (mut values, mut failures) = (Vec::with_capacity(writes.len()), Vec::new());
    for (index, write) in writes.iter().enumerate() {
        match check(&write.value) {
            Ok(value) => values.push((write.row as u32, value)),
            Err(message) => failures.push((index, message)),
        }
    }
    (values, failures)
}

fn prepared<T: 'static>(
    (values, failures): Checked<T>,
    change: impl FnOnce(&mut SpanBatch, Vec<(u32, T)>) + 'static,
) -> Prepared {
    let change: Change = Box::new(move |batch, _| change(batch, values));
    Prepared { change, failures }
}

fn text(writes: &[Write<'_>], column: fn(&mut SpanBatch) -> &mut StrColumn) -> Prepared {
    let values = checked(writes, |value| text_in(value).map(str::to_owned));
    prepared(values, move |batch, values| column(batch).set(values))
}

fn count(writes: &[Write<'_>], column: fn(&mut SpanBatch) -> (&mut SparseU32, usize)) -> Prepared {
    let values = checked(writes, |value| {
        let number = int_in(value)?;
        u32::try_from(number).map_err(|_| format!("{number} is no count"))
    });
    prepared(values, move |batch, values| {
        let (sparse, len) = column(batch);
        let mut counts: Vec<u32> = (0..len).map(|row| sparse.get(row)).collect();
        values
            .into_iter()
            .for_each(|(row, value)| counts[row as usize] = value);
        *sparse = SparseU32::from_values(counts.into_iter());
    })
}

fn put<T: Copy>(column: &mut [T], values: Vec<(u32, T)>) {
    values
        .into_iter()
        .for_each(|(row, value)| column[row as usize] = value);
}

fn small(value: &Value<'_>) -> Result<i32, String> {
    let number = int_in(value)?;
    i32::try_from(number).map_err(|_| format!("{number} is no number of an enum"))
}

fn id<const N: usize>(value: &Value<'_>) -> Result<[u8; N], String> {
    let bytes = match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => {
            return Err(expected(
                "an id, such as SpanID(...) or TraceID(...)",
                other,
            ));
        }
    };
    bytes
        .try_into()
        .map_err(|_| format!("an id of this kind has {N} bytes"))
}

fn id_text<const N: usize>(value: &Value<'_>) -> Result<[u8; N], String> {
    let bytes = bytes_of_hex(text_in(value)?).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("expected {} hexadecimal digits", 2 * N))
}

fn time_ns(value: &Value<'_>) -> Result<u64, String> {
    match value {
        Value::TimeNs(ns) => Ok(*ns as u64),
        other => Err(expected("a time, such as Now() or Unix(...)", other)),
    }
}

fn unix_ns(value: &Value<'_>) -> Result<u64, String> {
    int_in(value).map(|ns| ns as u64)
}

/// The end stays where it was.
fn start(batch: &mut SpanBatch, values: Vec<(u32, u64)>) {
    let spans = batch.spans_mut();
    for (row, start_ns) in values {
        let row = row as usize;
        let end_ns = spans.start_ns[row].wrapping_add(spans.duration_ns[row] as u64);
        spans.start_ns[row] = start_ns;
        spans.duration_ns[row] = end_ns.wrapping_sub(start_ns) as i64;
    }
}

fn end(batch: &mut SpanBatch, values: Vec<(u32, u64)>) {
    let spans = batch.spans_mut();
    for (row, end_ns) in values {
        let row = row as usize;
        spans.duration_ns[row] = end_ns.wrapping_sub(spans.start_ns[row]) as i64;
    }
}

fn kind(value: &Value<'_>) -> Result<i32, String> {
    let text = text_in(value)?;
    let name = text
        .strip_prefix("SPAN_KIND_")
        .unwrap_or(text)
        .to_lowercase();
    let kind = tracewell_model::SpanKind::from_name(&name);
    kind.map(|kind| kind.to_otlp())
        .ok_or_else(|| format!("{text:?} is no kind of span"))
}

/// Checks values for a field.
pub(super) fn of(field: Field, writes: Vec<Write<'_>>) -> Prepared {
    let writes = writes.as_slice();
    match field {
        Field::Name => text(writes, |batch| &mut batch.spans_mut().name),
        Field::StatusMessage => text(writes, |batch| &mut batch.spans_mut().status_message),
        Field::TraceState => text(writes, |batch| &mut batch.spans_mut().trace_state),
        Field::EventName => text(writes, |batch| &mut batch.events_mut().name),
        Field::ScopeName => text(writes, |batch| &mut batch.scopes_mut().name),
        Field::ScopeVersion => text(writes, |batch| &mut batch.scopes_mut().version),
        Field::SchemaUrl(Context::Resource) => {
            text(writes, |batch| &mut batch.resources_mut().schema_url)
        }
        Field::SchemaUrl(_) => text(writes, |batch| &mut batch.scopes_mut().schema_url),
        Field::Kind => prepared(checked(writes, small), |batch, values| {
            put(&mut batch.spans_mut().kind, values);
        }),
        Field::KindText | Field::KindConstant => {
            prepared(checked(writes, kind), |batch, values| {
                put(&mut batch.spans_mut().kind, values);
            })
        }
        Field::StatusCode => prepared(checked(writes, small), |batch, values| {
            put(&mut batch.spans_mut().status_code, values);
        }),
        Field::Flags => {
            let flags = |value: &Value<'_>| {
                let number = int_in(value)?;
                u32::try_from(number).map_err(|_| format!("{number} does not fit into 32 bits"))
            };
            prepared(checked(writes, flags), |batch, values| {
                put(&mut batch.spans_mut().flags, values);
            })
        }
        Field::TraceId => trace_id(writes, id),
        Field::TraceIdText => trace_id(writes, id_text),
        Field::SpanId => prepared(checked(writes, |v| id(v).map(SpanId)), |batch, values| {
            put(&mut batch.spans_mut().span_id, values);
        }),
        Field::SpanIdText => prepared(
            checked(writes, |v| id_text(v).map(SpanId)),
            |batch, values| {
                put(&mut batch.spans_mut().span_id, values);
            },
        ),
        Field::ParentSpanId => prepared(checked(writes, |v| id(v).map(SpanId)), |batch, values| {
            put(&mut batch.spans_mut().parent_span_id, values);
        }),
        Field::ParentSpanIdText => prepared(
            checked(writes, |v| id_text(v).map(SpanId)),
            |batch, values| {
                put(&mut batch.spans_mut().parent_span_id, values);
            },
        ),
        Field::StartTime => prepared(checked(writes, time_ns), start),
        Field::StartNs => prepared(checked(writes, unix_ns), start),
        Field::EndTime => prepared(checked(writes, time_ns), end),
        Field::EndNs => prepared(checked(writes, unix_ns), end),
        Field::EventTime => prepared(checked(writes, time_ns), event_time),
        Field::EventTimeNs => prepared(checked(writes, unix_ns), event_time),
        Field::DroppedEvents => count(writes, |batch| {
            let len = batch.len();
            (&mut batch.spans_mut().dropped_events, len)
        }),
        Field::DroppedLinks => count(writes, |batch| {
            let len = batch.len();
            (&mut batch.spans_mut().dropped_links, len)
        }),
        Field::DroppedAttributes(context) => match context {
            Context::Resource => count(writes, |batch| {
                let len = batch.level_len(Context::Resource.level());
                (&mut batch.resources_mut().dropped_attributes, len)
            }),
            Context::Scope => count(writes, |batch| {
                let len = batch.level_len(Context::Scope.level());
                (&mut batch.scopes_mut().dropped_attributes, len)
            }),
            Context::Span => count(writes, |batch| {
                let len = batch.len();
                (&mut batch.spans_mut().dropped_attributes, len)
            }),
            Context::SpanEvent => count(writes, |batch| {
                let len = batch.level_len(Context::SpanEvent.level());
                (&mut batch.events_mut().dropped_attributes, len)
            }),
        },
        // Targets are checked when they are compiled.
        Field::Attributes(_)
        | Field::Cache
        | Field::Events
        | Field::Links
        | Field::IsRoot
        | Field::EventIndex => Prepared {
            change: Box::new(|_, _| {}),
            failures: Vec::new(),
        },
    }
}

fn event_time(batch: &mut SpanBatch, values: Vec<(u32, u64)>) {
    put(&mut batch.events_mut().time_ns, values);
}

fn trace_id(writes: &[Write<'_>], check: fn(&Value<'_>) -> Result<[u8; 16], String>) -> Prepared {
    prepared(
        checked(writes, |value| check(value).map(TraceId)),
        |batch, values| {
            put(&mut batch.spans_mut().trace_id, values);
        },
    )
}

/// One entry of the trace state: it goes to the front, as W3C says of a change.
pub(super) fn trace_state_entry(batch: &SpanBatch, key: &str, writes: Vec<Write<'_>>) -> Prepared {
    let column = &batch.spans().trace_state;
    let (mut values, mut failures) = (Vec::new(), Vec::new());
    for (index, write) in writes.iter().enumerate() {
        match text_in(&write.value) {
            Ok(value) => {
                let old = trace_state_entries(column.get(write.row));
                let others = old.filter(|(other, _)| *other != key);
                let entries = std::iter::once((key, value)).chain(others);
                let entries: Vec<String> = entries
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                values.push((write.row as u32, entries.join(",")));
            }
            Err(message) => failures.push((index, message)),
        }
    }
    prepared((values, failures), |batch, values| {
        batch.spans_mut().trace_state.set(values)
    })
}
