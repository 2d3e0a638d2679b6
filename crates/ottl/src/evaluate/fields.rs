//! Columns of a batch as columns of values.

use std::borrow::Cow;
use std::sync::Arc;

use tracewell_model::batch::columns::{AttributeColumn, ColumnValues, SparseU32};
use tracewell_model::batch::view::BatchView;
use tracewell_model::{RowSet, SpanId, SpanKind, ValueRef};

use super::{Column, Scene};
use crate::context::Context;
use crate::paths::Field;
use crate::value::{Map, Outcome, Value};

impl<'b> Scene<'b> {
    /// An attribute: a value for each distinct text, and one for each other entry.
    pub(super) fn attribute(self, context: Context, key: &str) -> Column<'b> {
        let (batch, level) = (self.batch, context.level());
        let is_it = |column: &&AttributeColumn| column.level == level && *column.key == *key;
        let mut columns = batch.attributes().iter().filter(is_it).peekable();
        let rest = batch.overflow();
        if columns.peek().is_none() && rest.rows.is_empty() {
            return Column::one(Ok(Value::Nil));
        }
        let mut codes = vec![0_u32; batch.level_len(level)];
        let mut values: Vec<Outcome<'b>> = vec![Ok(Value::Nil)];
        // Of a key that is there twice the first counts.
        let put = |code: &mut u32, new: usize| {
            if *code == 0 {
                *code = new as u32;
            }
        };
        for column in columns {
            let base = values.len();
            let owners = column.rows.iter().map(|row| *row as usize);
            match &column.values {
                ColumnValues::Str(texts) if texts.dict.len() <= 2 * texts.len() + 16 => {
                    values.extend(
                        texts
                            .dict
                            .iter()
                            .map(|text| Ok(Value::of(ValueRef::Str(text)))),
                    );
                    owners
                        .zip(&texts.codes)
                        .for_each(|(row, code)| put(&mut codes[row], base + *code as usize));
                }
                other => {
                    values.extend(
                        (0..column.rows.len()).map(|entry| Ok(Value::of(other.get(entry)))),
                    );
                    owners
                        .enumerate()
                        .for_each(|(entry, row)| put(&mut codes[row], base + entry));
                }
            }
        }
        for (entry, row) in rest.rows.iter().enumerate() {
            if rest.levels[entry] == level && rest.keys.get(entry) == key {
                let value = tracewell_model::batch::view::overflow_value(rest.values.get(entry));
                put(&mut codes[*row as usize], values.len());
                values.push(Ok(Value::of(value)));
            }
        }
        Column::coded(Cow::Owned(codes), values)
    }

    pub(super) fn field(self, field: Field, rows: &RowSet) -> Column<'b> {
        let batch = self.batch;
        let (spans, events) = (batch.spans(), batch.events());
        let int = |value: i64| Ok(Value::Int(value));
        let bytes = |bytes: &'b [u8]| Ok(Value::Bytes(Cow::Borrowed(bytes)));
        match field {
            Field::Attributes(context) => attribute_maps(self, context, rows),
            Field::Cache => {
                let map = |row| Ok(Value::Map(Arc::new(self.cache.map(row).clone())));
                some(rows, map)
            }
            Field::DroppedAttributes(context) => {
                let dropped = match context {
                    Context::Resource => &batch.resources().dropped_attributes,
                    Context::Scope => &batch.scopes().dropped_attributes,
                    Context::Span => &spans.dropped_attributes,
                    Context::SpanEvent => &events.dropped_attributes,
                };
                counts(dropped, batch.level_len(context.level()))
            }
            Field::DroppedEvents => counts(&spans.dropped_events, batch.len()),
            Field::DroppedLinks => counts(&spans.dropped_links, batch.len()),
            Field::SchemaUrl(Context::Resource) => Column::texts(&batch.resources().schema_url),
            Field::SchemaUrl(_) => Column::texts(&batch.scopes().schema_url),
            Field::ScopeName => Column::texts(&batch.scopes().name),
            Field::ScopeVersion => Column::texts(&batch.scopes().version),
            Field::Name => Column::texts(&spans.name),
            Field::StatusMessage => Column::texts(&spans.status_message),
            Field::TraceState => Column::texts(&spans.trace_state),
            Field::EventName => Column::texts(&events.name),
            Field::Kind => Column::each(spans.kind.iter().map(|kind| int(i64::from(*kind)))),
            Field::KindText => some(rows, |row| Ok(Value::text(kind_text(spans.kind[row])))),
            Field::KindConstant => {
                let name = |row| kind_text(spans.kind[row]).to_uppercase();
                some(rows, |row| {
                    Ok(Value::text(format!("SPAN_KIND_{}", name(row))))
                })
            }
            Field::StatusCode => {
                Column::each(spans.status_code.iter().map(|code| int(i64::from(*code))))
            }
            Field::Flags => Column::each(spans.flags.iter().map(|flags| int(i64::from(*flags)))),
            Field::TraceId => Column::each(spans.trace_id.iter().map(|id| bytes(&id.0))),
            Field::SpanId => Column::each(spans.span_id.iter().map(|id| bytes(&id.0))),
            Field::ParentSpanId => Column::each(spans.parent_span_id.iter().map(|id| bytes(&id.0))),
            Field::TraceIdText => {
                some(rows, |row| Ok(Value::text(spans.trace_id[row].to_string())))
            }
            Field::SpanIdText => some(rows, |row| Ok(Value::text(spans.span_id[row].to_string()))),
            Field::ParentSpanIdText => some(rows, |row| {
                Ok(Value::text(spans.parent_span_id[row].to_string()))
            }),
            Field::IsRoot => Column::each(
                spans
                    .parent_span_id
                    .iter()
                    .map(|id| Ok(Value::Bool(SpanId::is_zero(id)))),
            ),
            Field::StartTime => Column::each(
                spans
                    .start_ns
                    .iter()
                    .map(|ns| Ok(Value::TimeNs(*ns as i64))),
            ),
            Field::StartNs => Column::each(spans.start_ns.iter().map(|ns| int(*ns as i64))),
            Field::EndTime => Column::each(end_ns(self).map(|ns| Ok(Value::TimeNs(ns)))),
            Field::EndNs => Column::each(end_ns(self).map(int)),
            Field::Events => owned(&events.span_row, batch.len()),
            Field::Links => owned(&batch.links().span_row, batch.len()),
            Field::EventTime => Column::each(
                events
                    .time_ns
                    .iter()
                    .map(|ns| Ok(Value::TimeNs(*ns as i64))),
            ),
            Field::EventTimeNs => Column::each(events.time_ns.iter().map(|ns| int(*ns as i64))),
            Field::EventIndex => {
                let mut first = 0;
                let spans = &events.span_row;
                Column::each((0..spans.len()).map(move |row| {
                    if row > 0 && spans[row] != spans[row - 1] {
                        first = row;
                    }
                    int((row - first) as i64)
                }))
            }
        }
    }
}

/// Only for the rows that are asked for.
fn some<'b>(rows: &RowSet, of: impl Fn(usize) -> Outcome<'b>) -> Column<'b> {
    let mut codes = vec![0; rows.table_len()];
    let mut values = Vec::with_capacity(rows.count());
    for row in rows.iter() {
        codes[row] = values.len() as u32;
        values.push(of(row));
    }
    Column::coded(Cow::Owned(codes), values)
}

fn end_ns(scene: Scene<'_>) -> impl Iterator<Item = i64> {
    let spans = scene.batch.spans();
    let both = spans.start_ns.iter().zip(&spans.duration_ns);
    both.map(|(start, duration)| start.wrapping_add(*duration as u64) as i64)
}

fn counts<'b>(sparse: &SparseU32, len: usize) -> Column<'b> {
    Column::each((0..len).map(|row| Ok(Value::Int(i64::from(sparse.get(row))))))
}

/// How many rows each span owns.
fn owned<'b>(owners: &[u32], len: usize) -> Column<'b> {
    let mut counts = vec![0_i64; len];
    owners.iter().for_each(|span| counts[*span as usize] += 1);
    Column::each(counts.into_iter().map(|count| Ok(Value::Int(count))))
}

fn kind_text(number: i32) -> &'static str {
    match SpanKind::from_otlp(number) {
        SpanKind::Unspecified => "Unspecified",
        SpanKind::Internal => "Internal",
        SpanKind::Server => "Server",
        SpanKind::Client => "Client",
        SpanKind::Producer => "Producer",
        SpanKind::Consumer => "Consumer",
    }
}

fn attribute_maps<'b>(scene: Scene<'b>, context: Context, rows: &RowSet) -> Column<'b> {
    let view = BatchView::new_levels(scene.batch, &[context.level()]);
    some(rows, |row| {
        Ok(Value::Map(Arc::new(attributes_of(&view, context, row))))
    })
}

/// All attributes of a row, each key once.
pub(crate) fn attributes_of(view: &BatchView<'_>, context: Context, row: usize) -> Map {
    let mut pairs: Map = Vec::new();
    for (key, value) in view.attributes(context.level(), row) {
        if pairs.iter().all(|(known, _)| known != key) {
            pairs.push((key.to_owned(), value.to_any()));
        }
    }
    pairs
}

/// The entries of a W3C tracestate, in their order.
pub(crate) fn trace_state_entries(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let entries = text.split(',').map(str::trim);
    entries.filter_map(|entry| entry.split_once('='))
}
