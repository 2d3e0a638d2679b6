//! All columns of a block that is being written, in file order.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int32Array, Int64Array};
use arrow_schema::{ArrowError, DataType, Field};
use tracewell_model::batch::columns::{SparseU32, StrColumn};
use tracewell_model::{RowSet, SpanBatch};

use super::arrays::{coded, dictionary_of, ids};
use super::attributes::AttributeColumns;
use super::messages::Messages;
use super::texts::{Services, Text};
use crate::block::schema::{Fixed, ROW_GROUP_ROWS};

/// A batch as the columns of a file.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    batch: &'a SpanBatch,
    /// The batch's row of each row of the block.
    order: &'a [u32],
    failed: &'a RowSet,
    trace_state: Text,
    name: Text,
    status_message: Text,
    messages: Messages<'a>,
    pub(super) services: Services,
    pub(super) attributes: AttributeColumns<'a>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(
        batch: &'a SpanBatch,
        order: &'a [u32],
        failed: &'a RowSet,
    ) -> Result<Self, ArrowError> {
        let spans = batch.spans();
        Ok(Self {
            trace_state: Text::new(&spans.trace_state)?,
            name: Text::new(&spans.name)?,
            status_message: Text::new(&spans.status_message)?,
            messages: Messages::new(batch)?,
            services: Services::new(batch)?,
            attributes: AttributeColumns::new(batch, order)?,
            batch,
            order,
            failed,
        })
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        let fixed = Fixed::ALL
            .into_iter()
            .map(|column| Field::new(column.name(), self.data_type(column), column.is_nullable()));
        fixed.chain(self.attributes.fields()).collect()
    }

    /// Rows of the block in each row group.
    pub(super) fn row_groups(&self) -> impl Iterator<Item = Range<usize>> {
        let rows = self.order.len();
        let starts = (0..rows).step_by(ROW_GROUP_ROWS);
        starts.map(move |from| from..rows.min(from + ROW_GROUP_ROWS))
    }

    /// The column `index` of the row group with these rows.
    pub(super) fn array(
        &self,
        index: usize,
        group: usize,
        rows: Range<usize>,
    ) -> Result<ArrayRef, ArrowError> {
        match Fixed::ALL.get(index) {
            Some(Fixed::Attributes) => Ok(Arc::new(self.attributes.messages(rows)?)),
            Some(column) => self.fixed(*column, &self.order[rows]),
            None => self
                .attributes
                .array(index - Fixed::ALL.len(), group, rows.len()),
        }
    }

    fn data_type(&self, column: Fixed) -> DataType {
        match column {
            Fixed::TraceId => DataType::FixedSizeBinary(16),
            Fixed::SpanId | Fixed::ParentSpanId => DataType::FixedSizeBinary(8),
            Fixed::TraceState => self.trace_state.data_type(),
            Fixed::Name => self.name.data_type(),
            Fixed::StatusMessage => self.status_message.data_type(),
            Fixed::ServiceName => dictionary_of(DataType::Utf8),
            Fixed::Flags
            | Fixed::Kind
            | Fixed::StatusCode
            | Fixed::DroppedAttributes
            | Fixed::DroppedEvents
            | Fixed::DroppedLinks => DataType::Int32,
            Fixed::StartNs | Fixed::DurationNs => DataType::Int64,
            Fixed::Failed => DataType::Boolean,
            Fixed::Resource | Fixed::Scope => dictionary_of(DataType::Binary),
            Fixed::Attributes | Fixed::Events | Fixed::Links => DataType::Binary,
        }
    }

    fn fixed(&self, column: Fixed, order: &[u32]) -> Result<ArrayRef, ArrowError> {
        let spans = self.batch.spans();
        let rows = || order.iter().map(|row| *row as usize);
        let int32 = |value: &dyn Fn(usize) -> i32| -> ArrayRef {
            Arc::new(Int32Array::from_iter_values(rows().map(value)))
        };
        let int64 = |value: &dyn Fn(usize) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(rows().map(value)))
        };
        let or_null = |column: &SparseU32| -> ArrayRef {
            let value = |row| Some(column.get(row) as i32).filter(|value| *value != 0);
            Arc::new(rows().map(value).collect::<Int32Array>())
        };
        let text_or_null = |text: &Text, column: &StrColumn| {
            let entry = |row: &u32| Some(*row).filter(|row| !column.get(*row as usize).is_empty());
            text.array(column, order.iter().map(entry))
        };
        Ok(match column {
            Fixed::TraceId => ids(rows().map(|row| spans.trace_id[row].0), None)?,
            Fixed::SpanId => ids(rows().map(|row| spans.span_id[row].0), None)?,
            Fixed::ParentSpanId => {
                let parents = || rows().map(|row| spans.parent_span_id[row]);
                let nulls = parents().map(|id| !id.is_zero()).collect();
                ids(parents().map(|id| id.0), Some(nulls))?
            }
            Fixed::TraceState => text_or_null(&self.trace_state, &spans.trace_state)?,
            Fixed::Name => self
                .name
                .array(&spans.name, order.iter().map(|row| Some(*row)))?,
            Fixed::StatusMessage => text_or_null(&self.status_message, &spans.status_message)?,
            Fixed::Flags => int32(&|row| spans.flags[row] as i32),
            Fixed::Kind => int32(&|row| spans.kind[row]),
            Fixed::StatusCode => int32(&|row| spans.status_code[row]),
            Fixed::StartNs => int64(&|row| spans.start_ns[row] as i64),
            Fixed::DurationNs => int64(&|row| spans.duration_ns[row]),
            Fixed::Failed => {
                let failed: Vec<bool> = rows().map(|row| self.failed.contains(row)).collect();
                Arc::new(BooleanArray::from(failed))
            }
            Fixed::DroppedAttributes => or_null(&spans.dropped_attributes),
            Fixed::DroppedEvents => or_null(&spans.dropped_events),
            Fixed::DroppedLinks => or_null(&spans.dropped_links),
            Fixed::ServiceName => self.services.array(rows().map(|row| spans.resource[row]))?,
            Fixed::Resource => {
                let codes = rows().map(|row| spans.resource[row] as i32);
                coded(
                    Int32Array::from_iter_values(codes),
                    &self.messages.resources,
                )?
            }
            Fixed::Scope => {
                let codes = rows().map(|row| spans.scope[row] as i32);
                coded(Int32Array::from_iter_values(codes), &self.messages.scopes)?
            }
            Fixed::Events => Arc::new(self.messages.events(order)?),
            Fixed::Links => Arc::new(self.messages.links(order)?),
            Fixed::Attributes => unreachable!("written by rows of the block"),
        })
    }
}
