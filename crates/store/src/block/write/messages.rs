//! The columns that hold OTLP messages: resource, scope, events, links.

use tracewell_model::batch::Level;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{RowSet, SpanBatch, SpanRef};
use tracewell_parquet::Cells;
use tracewell_wire::otlp::parts;

use super::cells::{Buffers, Texts, TooLarge, sparse};
use super::rows::Rows;

/// Messages of a batch.
#[derive(Debug)]
pub(super) struct Messages<'a> {
    view: BatchView<'a>,
    /// One message per row of the resource table.
    pub(super) resources: Texts,
    /// One message per row of the scope table.
    pub(super) scopes: Texts,
    with_events: RowSet,
    with_links: RowSet,
}

impl<'a> Messages<'a> {
    pub(super) fn new(batch: &'a SpanBatch) -> Result<Self, TooLarge> {
        let levels = [Level::Resource, Level::Scope, Level::Event, Level::Link];
        let view = BatchView::new_levels(batch, &levels);
        let owners = |span_rows: &[u32]| {
            let mut rows = RowSet::none(batch.len());
            span_rows.iter().for_each(|row| rows.insert(*row as usize));
            rows
        };
        Ok(Self {
            resources: table(&view, Level::Resource, parts::write_resource)?,
            scopes: table(&view, Level::Scope, parts::write_scope)?,
            with_events: owners(&batch.events().span_row),
            with_links: owners(&batch.links().span_row),
            view,
        })
    }

    pub(super) fn events<'b>(
        &self,
        rows: &Rows<'_>,
        out: &'b mut Buffers,
    ) -> Result<Cells<'b>, TooLarge> {
        self.of_spans(rows, &self.with_events, parts::write_span_events, out)
    }

    pub(super) fn links<'b>(
        &self,
        rows: &Rows<'_>,
        out: &'b mut Buffers,
    ) -> Result<Cells<'b>, TooLarge> {
        self.of_spans(rows, &self.with_links, parts::write_span_links, out)
    }

    fn of_spans<'b>(
        &self,
        rows: &Rows<'_>,
        having: &RowSet,
        write: fn(&mut Vec<u8>, &SpanRef<'_>),
        out: &'b mut Buffers,
    ) -> Result<Cells<'b>, TooLarge> {
        out.present.clear();
        out.texts.clear();
        if !having.is_empty() {
            for (place, row) in rows.iter().enumerate() {
                if having.contains(row) {
                    write(&mut out.texts.bytes, &self.view.span(row));
                    out.texts.end()?;
                    out.present.push(place as u32);
                }
            }
        }
        Ok(sparse(rows.len(), &out.present, out.texts.values()))
    }
}

fn table(
    view: &BatchView<'_>,
    level: Level,
    write: fn(&mut Vec<u8>, &BatchView<'_>, usize),
) -> Result<Texts, TooLarge> {
    let mut messages = Texts::default();
    for row in 0..view.batch().level_len(level) {
        write(&mut messages.bytes, view, row);
        messages.end()?;
    }
    Ok(messages)
}
