//! Cells of columns as a batch, partial unless they are all columns.

use std::collections::HashMap;

use tracewell_model::batch::SpanColumns;
use tracewell_model::batch::assemble::BatchAssembler;
use tracewell_model::batch::columns::{AttributeColumn, SparseU32};
use tracewell_model::store::AttributeKey;
use tracewell_model::{SpanBatch, SpanBatchBuilder, SpanId, TraceId};
use tracewell_parquet::DecodedCells;
use tracewell_wire::WireError;
use tracewell_wire::otlp::parts;

pub(super) use super::cells::Misfit;
use super::cells::{self, Messages, Result};
use crate::block::operations::add_resource;
use crate::block::schema::Fixed;

/// The batch of these columns (number in the file and cells) of `rows` rows;
/// `key_of` names the attribute of a column.
pub(super) fn batch<'k>(
    columns: Vec<(usize, DecodedCells)>,
    rows: usize,
    key_of: impl Fn(usize) -> Option<&'k AttributeKey>,
) -> Result<SpanBatch> {
    let mut assembler = BatchAssembler::new();
    let mut spans = SpanColumns::default();
    let mut parts = Vec::new();
    let whole_resources = columns
        .iter()
        .any(|(column, _)| *column == Fixed::Resource.column());
    for (place, cells) in columns {
        if cells.rows != rows {
            return Err(Misfit::new("a column has another number of rows"));
        }
        match Fixed::ALL.get(place) {
            Some(Fixed::ServiceName) if whole_resources => {}
            Some(Fixed::Attributes | Fixed::Events | Fixed::Links) => {
                parts.push(Messages::new(cells)?);
            }
            Some(column) => fixed(*column, cells, &mut spans, &mut assembler)?,
            None => {
                let key = key_of(place).ok_or_else(|| Misfit::new("a column without a key"))?;
                let (rows, values) = cells::attribute(cells)?;
                if values.value_type() != key.value_type {
                    return Err(Misfit::new("an attribute column has another type"));
                }
                assembler.attribute_column(AttributeColumn {
                    level: key.level,
                    key: key.key.as_str().into(),
                    rows,
                    values,
                });
            }
        }
    }
    read_parts(&parts, &mut assembler)?;
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
    cells: DecodedCells,
    spans: &mut SpanColumns,
    assembler: &mut BatchAssembler,
) -> Result<()> {
    match column {
        Fixed::TraceId => spans.trace_id = cells::ids16(cells, TraceId)?,
        Fixed::SpanId => spans.span_id = cells::ids8(cells, SpanId)?,
        Fixed::ParentSpanId => spans.parent_span_id = cells::ids8(cells, SpanId)?,
        Fixed::TraceState => spans.trace_state = cells::text(cells)?,
        Fixed::Flags => {
            let flags = cells::int32(cells)?.into_iter();
            spans.flags = flags.map(|flags| flags as u32).collect();
        }
        Fixed::Name => spans.name = cells::text(cells)?,
        Fixed::Kind => spans.kind = cells::int32(cells)?,
        Fixed::StartNs => {
            let starts = cells::int64(cells)?.into_iter();
            spans.start_ns = starts.map(|start| start as u64).collect();
        }
        Fixed::DurationNs => spans.duration_ns = cells::int64(cells)?,
        Fixed::StatusCode => spans.status_code = cells::int32(cells)?,
        Fixed::StatusMessage => spans.status_message = cells::text(cells)?,
        Fixed::Failed => assembler.failed(cells::bools(cells)?),
        Fixed::DroppedAttributes => spans.dropped_attributes = dropped(cells)?,
        Fixed::DroppedEvents => spans.dropped_events = dropped(cells)?,
        Fixed::DroppedLinks => spans.dropped_links = dropped(cells)?,
        Fixed::ServiceName => spans.resource = services(cells, assembler)?,
        Fixed::Resource => spans.resource = messages(cells, assembler, parts::read_resource)?,
        Fixed::Scope => spans.scope = messages(cells, assembler, parts::read_scope)?,
        Fixed::Attributes | Fixed::Events | Fixed::Links => {
            unreachable!("parts are read after all columns")
        }
        Fixed::ParentRow
        | Fixed::Depth
        | Fixed::SubtreeSpans
        | Fixed::SelfNs
        | Fixed::CriticalNs
        | Fixed::RootService
        | Fixed::RootName
        | Fixed::TraceDurationNs => {
            return Err(Misfit::new("a derived column is no part of a span"));
        }
    }
    Ok(())
}

fn dropped(cells: DecodedCells) -> Result<SparseU32> {
    let numbers = cells::int32(cells)?.into_iter();
    Ok(SparseU32::from_values(numbers.map(|number| number as u32)))
}

/// A resource for every service, which has nothing but its name.
fn services(cells: DecodedCells, assembler: &mut BatchAssembler) -> Result<Vec<u32>> {
    let rows = cells.rows;
    let services = Messages::new(cells)?;
    let mut by_code = vec![UNREAD; services.len()];
    let mut unnamed = None;
    let mut resources = Vec::with_capacity(rows);
    let mut fill = |resources: &mut Vec<u32>, to: usize, assembler: &mut BatchAssembler| {
        if resources.len() < to {
            let unnamed = *unnamed.get_or_insert_with(|| add_resource(assembler, None));
            resources.resize(to, unnamed);
        }
    };
    for (row, code) in services.rows() {
        fill(&mut resources, row as usize, assembler);
        let known = &mut by_code[code as usize];
        if *known == UNREAD {
            let service = std::str::from_utf8(services.get(code)).map_err(Misfit::new)?;
            *known = add_resource(assembler, Some(service));
        }
        resources.push(*known);
    }
    fill(&mut resources, rows, assembler);
    Ok(resources)
}

const UNREAD: u32 = u32::MAX;

type ReadMessage = fn(&mut SpanBatchBuilder, &[u8]) -> std::result::Result<u32, WireError>;

/// Reads every distinct message once.
fn messages(
    cells: DecodedCells,
    assembler: &mut BatchAssembler,
    read: ReadMessage,
) -> Result<Vec<u32>> {
    if cells.present.is_some() {
        return Err(Misfit::new("a span without resource or scope"));
    }
    let messages = Messages::new(cells)?;
    let mut by_code = vec![UNREAD; messages.len()];
    let mut by_bytes: HashMap<&[u8], u32, foldhash::fast::RandomState> = HashMap::default();
    let mut rows = Vec::new();
    for (_, code) in messages.rows() {
        let known = &mut by_code[code as usize];
        if *known == UNREAD {
            let message = messages.get(code);
            *known = match by_bytes.get(message) {
                Some(row) => *row,
                None => {
                    let row = read(assembler.builder_at(0), message).map_err(Misfit::new)?;
                    by_bytes.insert(message, row);
                    row
                }
            };
        }
        rows.push(*known);
    }
    Ok(rows)
}

/// Attributes, events and links of all rows, in the order of rows.
fn read_parts(parts: &[Messages], assembler: &mut BatchAssembler) -> Result<()> {
    let mut next: Vec<_> = parts
        .iter()
        .map(|part| (part, part.rows().peekable()))
        .collect();
    loop {
        let heads = next.iter_mut().filter_map(|(_, rows)| rows.peek());
        let Some(row) = heads.map(|(row, _)| *row).min() else {
            return Ok(());
        };
        for (part, rows) in &mut next {
            if let Some((_, code)) = rows.next_if(|(next, _)| *next == row) {
                let builder = assembler.builder_at(row);
                parts::read_span_parts(builder, part.get(code)).map_err(Misfit::new)?;
            }
        }
    }
}
