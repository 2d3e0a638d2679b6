//! The columns that hold OTLP messages: resource, scope, events, links.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray};
use arrow_schema::ArrowError;
use tracewell_model::batch::Level;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{RowSet, SpanBatch, SpanRef};
use tracewell_wire::otlp::parts;

use super::arrays::{blobs, blobs_of};

/// Messages of a batch.
#[derive(Debug)]
pub(super) struct Messages<'a> {
    view: BatchView<'a>,
    /// One message per row of the resource table.
    pub(super) resources: ArrayRef,
    /// One message per row of the scope table.
    pub(super) scopes: ArrayRef,
    with_events: RowSet,
    with_links: RowSet,
}

impl<'a> Messages<'a> {
    pub(super) fn new(batch: &'a SpanBatch) -> Result<Self, ArrowError> {
        let levels = [Level::Resource, Level::Scope, Level::Event, Level::Link];
        let view = BatchView::new_levels(batch, &levels);
        let table = |level, write: fn(&mut Vec<u8>, &BatchView<'_>, usize)| {
            let messages = (0..batch.level_len(level)).map(|row| {
                let mut message = Vec::new();
                write(&mut message, &view, row);
                message
            });
            let messages: Vec<Vec<u8>> = messages.collect();
            blobs(messages.iter().map(|message| Some(message.as_slice())))
        };
        let owners = |span_rows: &[u32]| {
            let mut rows = RowSet::none(batch.len());
            span_rows.iter().for_each(|row| rows.insert(*row as usize));
            rows
        };
        Ok(Self {
            resources: Arc::new(table(Level::Resource, parts::write_resource)?),
            scopes: Arc::new(table(Level::Scope, parts::write_scope)?),
            with_events: owners(&batch.events().span_row),
            with_links: owners(&batch.links().span_row),
            view,
        })
    }

    pub(super) fn events(&self, order: &[u32]) -> Result<BinaryArray, ArrowError> {
        self.of_spans(order, &self.with_events, parts::write_span_events)
    }

    pub(super) fn links(&self, order: &[u32]) -> Result<BinaryArray, ArrowError> {
        self.of_spans(order, &self.with_links, parts::write_span_links)
    }

    fn of_spans(
        &self,
        order: &[u32],
        having: &RowSet,
        write: fn(&mut Vec<u8>, &SpanRef<'_>),
    ) -> Result<BinaryArray, ArrowError> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(order.len()));
        for row in order.iter().map(|row| *row as usize) {
            if having.contains(row) {
                write(&mut bytes, &self.view.span(row));
            }
            ends.push(bytes.len());
        }
        blobs_of(bytes, &ends)
    }
}
