//! Columns of a row group as a batch, partial unless they are all columns.

use std::collections::HashMap;

use arrow_array::types::{BinaryType, Utf8Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use tracewell_model::batch::SpanColumns;
use tracewell_model::batch::assemble::BatchAssembler;
use tracewell_model::batch::columns::{AttributeColumn, SparseU32};
use tracewell_model::store::AttributeKey;
use tracewell_model::{SpanBatch, SpanBatchBuilder, SpanId, TraceId};
use tracewell_wire::WireError;
use tracewell_wire::otlp::parts;

pub(super) use super::columns::Misfit;
use super::columns::{self, Coded, Result};
use crate::block::operations::add_resource;
use crate::block::schema::Fixed;

/// The batch of these columns; `key_of` names the attribute of a column.
pub(super) fn batch<'k>(
    places: &[usize],
    arrays: &RecordBatch,
    key_of: impl Fn(usize) -> &'k AttributeKey,
) -> Result<SpanBatch> {
    let rows = arrays.num_rows();
    let mut assembler = BatchAssembler::new();
    let mut spans = SpanColumns::default();
    let mut parts = Vec::new();
    let whole_resources = places.contains(&Fixed::Resource.column());
    for (place, array) in places.iter().zip(arrays.columns()) {
        match Fixed::ALL.get(*place) {
            Some(Fixed::ServiceName) if whole_resources => {}
            Some(Fixed::Attributes | Fixed::Events | Fixed::Links) => {
                parts.push(Coded::<BinaryType>::new(array)?);
            }
            Some(column) => fixed(*column, array, &mut spans, &mut assembler)?,
            None => {
                let key = key_of(*place);
                let (rows, values) = columns::attribute(array, key.value_type)?;
                assembler.attribute_column(AttributeColumn {
                    level: key.level,
                    key: key.key.as_str().into(),
                    rows,
                    values,
                });
            }
        }
    }
    read_parts(&parts, rows, &mut assembler)?;
    // Columns that nobody asked for, but that every batch has.
    spans.trace_id.resize(rows, TraceId::default());
    spans.span_id.resize(rows, SpanId::default());
    spans.parent_span_id.resize(rows, SpanId::default());
    spans.start_ns.resize(rows, 0);
    spans.duration_ns.resize(rows, 0);
    assembler.finish(spans).map_err(Misfit::new)
}

fn fixed(
    column: Fixed,
    array: &ArrayRef,
    spans: &mut SpanColumns,
    assembler: &mut BatchAssembler,
) -> Result<()> {
    match column {
        Fixed::TraceId => spans.trace_id = columns::ids(array, TraceId)?,
        Fixed::SpanId => spans.span_id = columns::ids(array, SpanId)?,
        Fixed::ParentSpanId => spans.parent_span_id = columns::ids(array, SpanId)?,
        Fixed::TraceState => spans.trace_state = columns::text(array)?,
        Fixed::Flags => {
            spans.flags = columns::int32(array)?
                .iter()
                .map(|flags| *flags as u32)
                .collect();
        }
        Fixed::Name => spans.name = columns::text(array)?,
        Fixed::Kind => spans.kind = columns::int32(array)?.to_vec(),
        Fixed::StartNs => {
            spans.start_ns = columns::int64(array)?
                .iter()
                .map(|start| *start as u64)
                .collect();
        }
        Fixed::DurationNs => spans.duration_ns = columns::int64(array)?.to_vec(),
        Fixed::StatusCode => spans.status_code = columns::int32(array)?.to_vec(),
        Fixed::StatusMessage => spans.status_message = columns::text(array)?,
        Fixed::Failed => assembler.failed(columns::bools(array)?),
        Fixed::DroppedAttributes => spans.dropped_attributes = dropped(array)?,
        Fixed::DroppedEvents => spans.dropped_events = dropped(array)?,
        Fixed::DroppedLinks => spans.dropped_links = dropped(array)?,
        Fixed::ServiceName => spans.resource = services(array, assembler)?,
        Fixed::Resource => spans.resource = messages(array, assembler, parts::read_resource)?,
        Fixed::Scope => spans.scope = messages(array, assembler, parts::read_scope)?,
        Fixed::Attributes | Fixed::Events | Fixed::Links => {
            unreachable!("parts are read after all columns")
        }
    }
    Ok(())
}

fn dropped(array: &ArrayRef) -> Result<SparseU32> {
    Ok(SparseU32::from_values(columns::int32_or_zero(array)?))
}

/// A resource for every service, which has nothing but its name.
fn services(array: &ArrayRef, assembler: &mut BatchAssembler) -> Result<Vec<u32>> {
    let coded = Coded::<Utf8Type>::new(array)?;
    let mut rows_of: HashMap<Option<usize>, u32, foldhash::fast::RandomState> = HashMap::default();
    let mut last = None;
    let mut row_of = |code: Option<usize>| match last {
        Some((known, row)) if known == code => row,
        _ => {
            let service = || code.map(|code| coded.values.value(code));
            let row = *rows_of
                .entry(code)
                .or_insert_with(|| add_resource(assembler, service()));
            last = Some((code, row));
            row
        }
    };
    Ok(coded.codes().map(&mut row_of).collect())
}

type ReadMessage = fn(&mut SpanBatchBuilder, &[u8]) -> std::result::Result<u32, WireError>;

/// Reads every distinct message once.
fn messages(
    array: &ArrayRef,
    assembler: &mut BatchAssembler,
    read: ReadMessage,
) -> Result<Vec<u32>> {
    const UNREAD: u32 = u32::MAX;
    let coded = Coded::<BinaryType>::new(array)?;
    let mut by_code = vec![UNREAD; coded.values.len()];
    let mut by_bytes: HashMap<&[u8], u32, foldhash::fast::RandomState> = HashMap::default();
    let mut rows = Vec::with_capacity(array.len());
    for code in coded.codes() {
        let code = code.ok_or_else(|| Misfit::new("a span without resource or scope"))?;
        if by_code[code] == UNREAD {
            let message = coded.values.value(code);
            by_code[code] = match by_bytes.get(message) {
                Some(known) => *known,
                None => {
                    let row = read(assembler.builder_at(0), message).map_err(Misfit::new)?;
                    by_bytes.insert(message, row);
                    row
                }
            };
        }
        rows.push(by_code[code]);
    }
    Ok(rows)
}

/// Attributes, events and links of all rows, in the order of rows.
fn read_parts(
    parts: &[Coded<'_, BinaryType>],
    rows: usize,
    assembler: &mut BatchAssembler,
) -> Result<()> {
    let mut codes: Vec<_> = parts.iter().map(|part| (part, part.codes())).collect();
    for row in 0..rows {
        for (part, codes) in &mut codes {
            if let Some(code) = codes.next().flatten() {
                let builder = assembler.builder_at(row as u32);
                parts::read_span_parts(builder, part.values.value(code)).map_err(Misfit::new)?;
            }
        }
    }
    Ok(())
}
