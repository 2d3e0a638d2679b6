//! Attributes of spans: those with a column of their own, and the rest.
//!
//! A key that a span has twice with one type has its first value in the column
//! and the others in the rest, which is read after the column.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{ArrowError, DataType, Field};
use tracewell_model::batch::Level;
use tracewell_model::batch::columns::{AttributeColumn, ColumnValues};
use tracewell_model::batch::view::overflow_value;
use tracewell_model::{SpanBatch, ValueRef};
use tracewell_wire::otlp::parts;

use super::arrays::{blobs_of, spread};
use super::texts::Text;
use crate::block::choose::{self, Chosen};
use crate::block::schema::ROW_GROUP_ROWS;

/// Attributes of the spans of a batch, by row of the block.
#[derive(Debug)]
pub(super) struct AttributeColumns<'a> {
    batch: &'a SpanBatch,
    columns: Vec<Column<'a>>,
    /// Sorted by row: what no column holds.
    rest: Vec<Rest>,
}

#[derive(Debug)]
struct Column<'a> {
    chosen: Chosen,
    from: &'a AttributeColumn,
    text: Option<Text>,
    /// Per row group, (row in the group, entry), in no order.
    groups: Vec<Vec<(u32, u32)>>,
}

#[derive(Debug, Clone, Copy)]
struct Rest {
    /// Row of the block.
    row: u32,
    /// Column of the batch; `OVERFLOW` for its overflow column.
    column: u32,
    entry: u32,
}

const OVERFLOW: u32 = u32::MAX;

impl<'a> AttributeColumns<'a> {
    pub(super) fn new(batch: &'a SpanBatch, order: &[u32]) -> Result<Self, ArrowError> {
        let mut place = vec![0u32; order.len()];
        for (row, from) in order.iter().enumerate() {
            place[*from as usize] = row as u32;
        }
        let mut rest = Vec::new();
        let mut columns = Vec::new();
        let chosen = choose::columns(batch);
        let mut has_column = vec![false; batch.attributes().len()];
        for chosen in chosen {
            has_column[chosen.index] = true;
            columns.push(Column::new(batch, chosen, &place, &mut rest)?);
        }
        let of_spans = |column: &AttributeColumn| column.level == Level::Span;
        for (index, column) in batch.attributes().iter().enumerate() {
            if of_spans(column) && !has_column[index] {
                rest.extend(column.rows.iter().enumerate().map(|(entry, row)| Rest {
                    row: place[*row as usize],
                    column: index as u32,
                    entry: entry as u32,
                }));
            }
        }
        let overflow = batch.overflow();
        for (entry, (level, row)) in overflow.levels.iter().zip(&overflow.rows).enumerate() {
            if *level == Level::Span {
                let row = place[*row as usize];
                let entry = entry as u32;
                rest.push(Rest {
                    row,
                    column: OVERFLOW,
                    entry,
                });
            }
        }
        rest.sort_by_key(|rest| rest.row);
        Ok(Self {
            batch,
            columns,
            rest,
        })
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = Field> {
        self.columns
            .iter()
            .map(|column| Field::new(&column.chosen.name, column.data_type(), true))
    }

    /// For each attribute column, the column of the batch and how many of its
    /// entries it holds.
    pub(super) fn sources(&self) -> impl Iterator<Item = (usize, usize)> {
        self.columns.iter().map(|column| {
            let held = column.groups.iter().map(Vec::len).sum();
            (column.chosen.index, held)
        })
    }

    /// The attribute column `index` of a row group.
    pub(super) fn array(
        &self,
        index: usize,
        group: usize,
        rows: usize,
    ) -> Result<ArrayRef, ArrowError> {
        self.columns[index].array(group, rows)
    }

    /// `Span` messages with the rest of the attributes of these rows of the block.
    pub(super) fn messages(&self, rows: std::ops::Range<usize>) -> Result<BinaryArray, ArrowError> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
        let mut next = self
            .rest
            .partition_point(|rest| (rest.row as usize) < rows.start);
        for row in rows {
            let of_row = self.rest[next..]
                .iter()
                .take_while(|rest| rest.row as usize == row);
            let count = of_row.count();
            let of_row = &self.rest[next..next + count];
            parts::write_span_attributes(&mut bytes, of_row.iter().map(|rest| self.value(*rest)));
            ends.push(bytes.len());
            next += count;
        }
        blobs_of(bytes, &ends)
    }

    fn value(&self, rest: Rest) -> (&'a str, ValueRef<'a>) {
        let entry = rest.entry as usize;
        if rest.column == OVERFLOW {
            let overflow = self.batch.overflow();
            return (
                overflow.keys.get(entry),
                overflow_value(overflow.values.get(entry)),
            );
        }
        let column = &self.batch.attributes()[rest.column as usize];
        (&column.key, column.values.get(entry))
    }
}

impl<'a> Column<'a> {
    fn new(
        batch: &'a SpanBatch,
        chosen: Chosen,
        place: &[u32],
        rest: &mut Vec<Rest>,
    ) -> Result<Self, ArrowError> {
        let from = &batch.attributes()[chosen.index];
        let mut groups = vec![Vec::new(); place.len().div_ceil(ROW_GROUP_ROWS)];
        let mut previous = None;
        for (entry, owner) in from.rows.iter().enumerate() {
            let row = place[*owner as usize];
            if previous == Some(*owner) {
                rest.push(Rest {
                    row,
                    column: chosen.index as u32,
                    entry: entry as u32,
                });
            } else {
                let group = &mut groups[row as usize / ROW_GROUP_ROWS];
                group.push((row % ROW_GROUP_ROWS as u32, entry as u32));
            }
            previous = Some(*owner);
        }
        let text = match &from.values {
            ColumnValues::Str(values) => Some(Text::new(values)?),
            _ => None,
        };
        Ok(Self {
            chosen,
            from,
            text,
            groups,
        })
    }

    fn data_type(&self) -> DataType {
        match (&self.from.values, &self.text) {
            (_, Some(text)) => text.data_type(),
            (ColumnValues::Int(_), _) => DataType::Int64,
            (ColumnValues::Double(_), _) => DataType::Float64,
            _ => DataType::Boolean,
        }
    }

    fn array(&self, group: usize, rows: usize) -> Result<ArrayRef, ArrowError> {
        let entries = &self.groups[group];
        Ok(match &self.from.values {
            ColumnValues::Str(values) => {
                let text = self.text.as_ref().expect("made for every column of text");
                text.sparse_array(values, entries, rows)?
            }
            ColumnValues::Int(values) => {
                let (values, nulls) = spread(entries, rows, |entry| values[entry]);
                Arc::new(Int64Array::try_new(values.into(), nulls)?)
            }
            ColumnValues::Double(values) => {
                let (values, nulls) = spread(entries, rows, |entry| values[entry]);
                Arc::new(Float64Array::try_new(values.into(), nulls)?)
            }
            ColumnValues::Bool(values) => {
                let (values, nulls) = spread(entries, rows, |entry| values[entry]);
                Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls))
            }
            ColumnValues::Bytes(_) | ColumnValues::Other(_) => {
                unreachable!("only scalar types are chosen for columns")
            }
        })
    }
}
