//! Attributes of spans: those with a column of their own, and the rest.
//!
//! A key that a span has twice with one type has its first value in the column
//! and the others in the rest, which is read after the column.

use tracewell_model::batch::Level;
use tracewell_model::batch::columns::{AttributeColumn, ColumnValues, ValueType};
use tracewell_model::batch::view::overflow_value;
use tracewell_model::{SpanBatch, ValueRef};
use tracewell_parquet::{Cells, Values};
use tracewell_wire::otlp::parts;

use super::cells::{Buffers, TooLarge, refill, sparse};
use super::columns::text;
use super::rows::{Rows, Spread};
use super::source::Source;

/// The cells of an attribute column; what finds no room in it goes to `rest`.
/// `index` is the column of the batch, if it has one of this key and type.
pub(super) fn cells<'b>(
    source: &Source<'b>,
    (index, value_type): (Option<usize>, ValueType),
    rows: &Rows<'_>,
    spread: &'b mut Spread,
    out: &'b mut Buffers,
    rest: &mut Rest,
) -> Cells<'b> {
    let Some(index) = index else {
        return sparse(rows.len(), &[], none(value_type));
    };
    let column = &source.batch.attributes()[index];
    spread.fill(rows, &column.rows, |row, entry| {
        rest.push(row, index as u32, entry);
    });
    let entries = spread.entries.iter().map(|entry| *entry as usize);
    let values = match &column.values {
        ColumnValues::Str(values) => {
            let codes = refill(&mut out.codes, entries.map(|entry| values.codes[entry]));
            text(values, codes)
        }
        ColumnValues::Int(values) => {
            Values::I64(refill(&mut out.i64s, entries.map(|entry| values[entry])))
        }
        ColumnValues::Double(values) => {
            Values::F64(refill(&mut out.f64s, entries.map(|entry| values[entry])))
        }
        ColumnValues::Bool(values) => {
            Values::Bool(refill(&mut out.bools, entries.map(|entry| values[entry])))
        }
        ColumnValues::Bytes(_) | ColumnValues::Other(_) => {
            unreachable!("only scalar types are chosen for columns")
        }
    };
    sparse(rows.len(), &spread.present, values)
}

fn none(value_type: ValueType) -> Values<'static> {
    match value_type {
        ValueType::Int => Values::I64(&[]),
        ValueType::Double => Values::F64(&[]),
        ValueType::Bool => Values::Bool(&[]),
        ValueType::Str | ValueType::Bytes | ValueType::Other => Values::Coded {
            codes: &[],
            ends: &[],
            bytes: &[],
        },
    }
}

/// Attributes that no column of the row group holds.
#[derive(Debug, Default)]
pub(super) struct Rest(Vec<Entry>);

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Row of the group.
    row: u32,
    /// Column of the batch; `OVERFLOW` for its overflow column.
    column: u32,
    entry: u32,
}

const OVERFLOW: u32 = u32::MAX;

impl Rest {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn push(&mut self, row: u32, column: u32, entry: u32) {
        self.0.push(Entry { row, column, entry });
    }

    /// Adds the attributes whose key has no column.
    pub(super) fn add_columnless(&mut self, source: &Source<'_>, rows: &Rows<'_>) {
        let columns = source.batch.attributes().iter().zip(&source.has_column);
        let is_columnless =
            |column: &AttributeColumn, has_column: bool| column.level == Level::Span && !has_column;
        for (index, (column, has_column)) in columns.enumerate() {
            if is_columnless(column, *has_column) {
                for (entry, owner) in column.rows.iter().enumerate() {
                    if let Some(row) = rows.place(*owner) {
                        self.push(row, index as u32, entry as u32);
                    }
                }
            }
        }
        let overflow = source.batch.overflow();
        let owners = overflow.levels.iter().zip(&overflow.rows).enumerate();
        for (entry, (_, owner)) in owners.filter(|(_, (level, _))| **level == Level::Span) {
            if let Some(row) = rows.place(*owner) {
                self.push(row, OVERFLOW, entry as u32);
            }
        }
        // Stable: what one span has twice keeps its order.
        self.0.sort_by_key(|entry| entry.row);
    }

    /// `Span` messages with these attributes, for the rows that have any.
    pub(super) fn messages<'b>(
        &self,
        batch: &SpanBatch,
        rows: usize,
        out: &'b mut Buffers,
    ) -> Result<Cells<'b>, TooLarge> {
        out.present.clear();
        out.texts.clear();
        for of_row in self.0.chunk_by(|a, b| a.row == b.row) {
            let attributes = of_row.iter().map(|entry| entry.attribute(batch));
            parts::write_span_attributes(&mut out.texts.bytes, attributes);
            out.texts.end()?;
            out.present.push(of_row[0].row);
        }
        Ok(sparse(rows, &out.present, out.texts.values()))
    }
}

impl Entry {
    fn attribute(self, batch: &SpanBatch) -> (&str, ValueRef<'_>) {
        let entry = self.entry as usize;
        if self.column == OVERFLOW {
            let overflow = batch.overflow();
            return (
                overflow.keys.get(entry),
                overflow_value(overflow.values.get(entry)),
            );
        }
        let column = &batch.attributes()[self.column as usize];
        (&column.key, column.values.get(entry))
    }
}
