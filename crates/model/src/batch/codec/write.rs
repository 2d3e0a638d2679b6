//! Writing side of the batch encoding; see the parent for the layout.

use crate::batch::columns::{AttributeColumn, Blobs, ColumnValues, SparseU32, StrColumn, Strings};
use crate::batch::{Level, SpanBatch};

pub(super) fn batch(batch: &SpanBatch, out: &mut Vec<u8>) {
    out.push(super::VERSION);
    for level in Level::ALL {
        varint(out, batch.level_len(level) as u64);
    }
    varint(out, batch.attributes.len() as u64);
    varint(out, batch.overflow.rows.len() as u64);
    spans(batch, out);
    let table = &batch.resources;
    text(out, &table.schema_url);
    sparse(out, &table.dropped_attributes);
    blobs(out, &table.entity_refs);
    let table = &batch.scopes;
    [&table.name, &table.version, &table.schema_url]
        .into_iter()
        .for_each(|c| text(out, c));
    sparse(out, &table.dropped_attributes);
    let table = &batch.events;
    ascending(out, &table.span_row);
    deltas(out, &table.time_ns);
    text(out, &table.name);
    sparse(out, &table.dropped_attributes);
    let table = &batch.links;
    ascending(out, &table.span_row);
    table
        .trace_id
        .iter()
        .for_each(|id| out.extend_from_slice(&id.0));
    table
        .span_id
        .iter()
        .for_each(|id| out.extend_from_slice(&id.0));
    text(out, &table.trace_state);
    u32s(out, &table.flags);
    sparse(out, &table.dropped_attributes);
    batch
        .attributes
        .iter()
        .for_each(|column| attribute(out, column));
    let overflow = &batch.overflow;
    out.extend(overflow.levels.iter().map(|level| *level as u8));
    u32s(out, &overflow.rows);
    strings(out, &overflow.keys);
    blobs(out, &overflow.values);
}

fn spans(batch: &SpanBatch, out: &mut Vec<u8>) {
    let spans = &batch.spans;
    out.reserve(spans.span_id.len() * 64);
    spans
        .trace_id
        .iter()
        .for_each(|id| out.extend_from_slice(&id.0));
    spans
        .span_id
        .iter()
        .for_each(|id| out.extend_from_slice(&id.0));
    spans
        .parent_span_id
        .iter()
        .for_each(|id| out.extend_from_slice(&id.0));
    text(out, &spans.trace_state);
    u32s(out, &spans.flags);
    text(out, &spans.name);
    i32s(out, &spans.kind);
    deltas(out, &spans.start_ns);
    spans
        .duration_ns
        .iter()
        .for_each(|duration| varint(out, zigzag(*duration)));
    i32s(out, &spans.status_code);
    text(out, &spans.status_message);
    sparse(out, &spans.dropped_attributes);
    sparse(out, &spans.dropped_events);
    sparse(out, &spans.dropped_links);
    u32s(out, &spans.resource);
    u32s(out, &spans.scope);
}

fn attribute(out: &mut Vec<u8>, column: &AttributeColumn) {
    out.push(column.level as u8);
    out.push(column.values.value_type() as u8);
    varint(out, column.key.len() as u64);
    out.extend_from_slice(column.key.as_bytes());
    varint(out, column.rows.len() as u64);
    ascending(out, &column.rows);
    match &column.values {
        ColumnValues::Str(values) => text(out, values),
        ColumnValues::Int(values) => values.iter().for_each(|v| varint(out, zigzag(*v))),
        ColumnValues::Double(values) => {
            values
                .iter()
                .for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        }
        ColumnValues::Bool(values) => out.extend(values.iter().map(|v| u8::from(*v))),
        ColumnValues::Bytes(values) | ColumnValues::Other(values) => blobs(out, values),
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Differences from one to the next: times of one request lie close together.
fn deltas(out: &mut Vec<u8>, values: &[u64]) {
    let mut previous = 0u64;
    for value in values {
        varint(out, zigzag(value.wrapping_sub(previous) as i64));
        previous = *value;
    }
}

/// Ascending rows: 1 and the first when they are consecutive, else 0 and differences.
fn ascending(out: &mut Vec<u8>, rows: &[u32]) {
    let Some(first) = rows.first() else { return };
    let dense = rows
        .windows(2)
        .all(|pair| pair[1] == pair[0].wrapping_add(1));
    out.push(u8::from(dense));
    varint(out, u64::from(*first));
    if !dense {
        rows.windows(2)
            .for_each(|pair| varint(out, u64::from(pair[1] - pair[0])));
    }
}

/// A width byte (0 when all are zero, 1, 2 or 4), then the numbers at that width.
fn u32s(out: &mut Vec<u8>, values: &[u32]) {
    numbers(out, values, 0);
}

/// As [`u32s`], with every number taking a byte at least, so that a reader can
/// hold the count of rows against the bytes that are left.
fn codes(out: &mut Vec<u8>, values: &[u32]) {
    numbers(out, values, 1);
}

fn numbers(out: &mut Vec<u8>, values: &[u32], at_least: u32) {
    if values.is_empty() {
        return;
    }
    match values.iter().fold(at_least, |all, value| all | value) {
        0 => out.push(0),
        1..=0xff => {
            out.push(1);
            out.extend(values.iter().map(|value| *value as u8));
        }
        0x100..=0xffff => {
            out.push(2);
            values
                .iter()
                .for_each(|value| out.extend_from_slice(&(*value as u16).to_le_bytes()));
        }
        _ => {
            out.push(4);
            values
                .iter()
                .for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
        }
    }
}

fn i32s(out: &mut Vec<u8>, values: &[i32]) {
    let bits: Vec<u32> = values.iter().map(|value| *value as u32).collect();
    u32s(out, &bits);
}

fn sparse(out: &mut Vec<u8>, column: &SparseU32) {
    varint(out, column.rows.len() as u64);
    ascending(out, &column.rows);
    u32s(out, &column.values);
}

fn text(out: &mut Vec<u8>, column: &StrColumn) {
    if column.codes.is_empty() {
        return;
    }
    strings(out, &column.dict);
    codes(out, &column.codes);
}

fn strings(out: &mut Vec<u8>, strings: &Strings) {
    lengths(out, &strings.ends);
    out.extend_from_slice(strings.text.as_bytes());
}

fn blobs(out: &mut Vec<u8>, blobs: &Blobs) {
    lengths(out, &blobs.ends);
    out.extend_from_slice(&blobs.bytes);
}

fn lengths(out: &mut Vec<u8>, ends: &[u32]) {
    varint(out, ends.len() as u64);
    let mut previous = 0;
    for end in ends {
        varint(out, u64::from(end - previous));
        previous = *end;
    }
}
