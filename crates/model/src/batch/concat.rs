//! Batches put together, and parts of batches taken out.
//!
//! Sealing joins many live batches; assembling a trace takes a few rows out of
//! several. Both are `append`: dictionaries are translated entry by entry,
//! rows by adding an offset or through a row map; equal resources and scopes
//! of different requests become one.

mod columns;
mod identity;
mod owners;
mod partial;

use super::builder::SpanBatchBuilder;
use super::view::BatchView;
use super::{Level, SpanBatch};
use crate::rows::RowSet;
use columns::translate;
use identity::identity;
use owners::{OwnerMaps, copy_sparse, entries_of};
use partial::StatedFailures;
use std::collections::HashMap;

/// A batch would need more memory than it may: by default more than 4 GiB,
/// where a column of text could no longer be addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a batch cannot hold more than {max} bytes; got {got}")]
pub struct BatchTooLarge {
    /// Bytes it would have.
    pub got: usize,
    /// Bytes it may have.
    pub max: usize,
}

/// Joins batches, or chosen rows of them, into one.
#[derive(Debug)]
pub struct BatchJoiner {
    builder: SpanBatchBuilder,
    resources: HashMap<Vec<u8>, u32>,
    scopes: HashMap<Vec<u8>, u32>,
    /// Less than what text can address, if so.
    limit_bytes: Option<usize>,
    stated: StatedFailures,
}

impl SpanBatch {
    /// The spans in this many batches of neighbours, as many in each as may be; of
    /// fewer spans, one in each.
    #[must_use]
    pub fn in_parts(&self, count: usize) -> Vec<Self> {
        let each = self.len().div_ceil(count.max(1)).max(1);
        let starts = (0..self.len()).step_by(each);
        let parts = starts.map(|from| {
            let rows = RowSet::from_fn(self.len(), |row| (from..from + each).contains(&row));
            let mut joiner = BatchJoiner::in_passing();
            joiner
                .append_rows(self, &rows)
                .expect("a part of a batch is no larger than it");
            joiner.finish()
        });
        parts.collect()
    }
}

impl Default for BatchJoiner {
    fn default() -> Self {
        Self {
            builder: SpanBatchBuilder::for_joining(),
            resources: HashMap::new(),
            scopes: HashMap::new(),
            limit_bytes: None,
            stated: StatedFailures::default(),
        }
    }
}

impl BatchJoiner {
    /// An empty joiner.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty joiner of batches that together need at most so much memory.
    #[must_use]
    pub fn with_limit(limit_bytes: usize) -> Self {
        Self {
            limit_bytes: Some(limit_bytes),
            ..Self::default()
        }
    }

    /// An empty joiner of what is handed on and not kept: values that hardly ever
    /// repeat are not looked for, which a block would be smaller by.
    #[must_use]
    pub fn in_passing() -> Self {
        Self {
            builder: SpanBatchBuilder::new(),
            ..Self::default()
        }
    }

    /// As [`BatchJoiner::in_passing`], within so much memory.
    #[must_use]
    pub fn in_passing_within(limit_bytes: usize) -> Self {
        Self {
            limit_bytes: Some(limit_bytes),
            ..Self::in_passing()
        }
    }

    /// Number of spans so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.builder.len()
    }

    /// True without spans.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.builder.is_empty()
    }

    /// Bytes of memory that the spans so far need.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.builder.batch.memory_bytes()
    }

    /// Appends all spans of a batch.
    ///
    /// # Errors
    /// The result would be too large; nothing was appended.
    pub fn append(&mut self, batch: &SpanBatch) -> Result<(), BatchTooLarge> {
        self.append_rows(batch, &RowSet::all(batch.len()))
    }

    /// Appends the spans of `rows`, with their events and links.
    ///
    /// # Errors
    /// The result would be too large; nothing was appended.
    pub fn append_rows(&mut self, batch: &SpanBatch, rows: &RowSet) -> Result<(), BatchTooLarge> {
        let chosen: Vec<u32> = rows.iter().map(|row| row as u32).collect();
        self.check_size(batch, chosen.len())?;
        self.stated.note(batch, &chosen, self.builder.len());
        let owners = OwnerMaps::new(batch, &chosen, &self.builder);
        let view = BatchView::new_levels(batch, &[Level::Resource, Level::Scope]);
        let resources = self.map_resources(&view, &chosen);
        let scopes = self.map_scopes(&view, &chosen);
        self.append_children(batch, &owners);
        self.append_attributes(batch, &owners);
        self.append_spans(batch, &chosen, &resources, &scopes);
        Ok(())
    }

    fn check_size(&self, batch: &SpanBatch, chosen: usize) -> Result<(), BatchTooLarge> {
        let (held, all) = (self.builder.batch.memory_bytes(), batch.memory_bytes());
        // At worst the chosen rows bring all the text of the batch.
        let (got, max) = (held + all, u32::MAX as usize);
        if got > max {
            return Err(BatchTooLarge { got, max });
        }
        let Some(max) = self.limit_bytes else {
            return Ok(());
        };
        // The chosen rows' share, as if all rows were alike.
        let got = held + (all as u64 * chosen as u64 / batch.len().max(1) as u64) as usize;
        if got > max {
            return Err(BatchTooLarge { got, max });
        }
        Ok(())
    }

    /// The joined batch.
    #[must_use]
    pub fn finish(self) -> SpanBatch {
        let mut joined = self.builder.finish();
        joined.failed = self.stated.into_rows(&joined);
        joined
    }

    /// The joined batch without exact duplicates: how parts of a trace become
    /// the trace. With partial batches [`SpanBatch::may_repeat_spans`] must be
    /// asked first.
    #[must_use]
    pub fn finish_distinct(self) -> SpanBatch {
        self.finish().into_distinct()
    }

    fn map_resources(&mut self, view: &BatchView<'_>, chosen: &[u32]) -> Vec<u32> {
        let batch = view.batch();
        let mut map = vec![u32::MAX; batch.level_len(Level::Resource)];
        for row in chosen
            .iter()
            .map(|row| batch.spans.resource[*row as usize] as usize)
        {
            if map[row] != u32::MAX {
                continue;
            }
            let table = &batch.resources;
            let (schema, dropped) = (table.schema_url.get(row), table.dropped_attributes.get(row));
            let refs = table.entity_refs.get(row);
            let key = identity(
                view,
                Level::Resource,
                row,
                &[schema.as_bytes(), refs],
                dropped,
            );
            map[row] = match self.resources.get(&key) {
                Some(known) => *known,
                None => {
                    let new = self.builder.resource(schema.as_bytes(), dropped, refs);
                    let new = new.expect("text of a batch is UTF-8");
                    self.copy_attributes(view, Level::Resource, row, new);
                    self.resources.insert(key, new);
                    new
                }
            };
        }
        map
    }

    fn map_scopes(&mut self, view: &BatchView<'_>, chosen: &[u32]) -> Vec<u32> {
        let batch = view.batch();
        let mut map = vec![u32::MAX; batch.level_len(Level::Scope)];
        for row in chosen
            .iter()
            .map(|row| batch.spans.scope[*row as usize] as usize)
        {
            if map[row] != u32::MAX {
                continue;
            }
            let table = &batch.scopes;
            let text = [&table.name, &table.version, &table.schema_url];
            let text = text.map(|column| column.get(row).as_bytes());
            let dropped = table.dropped_attributes.get(row);
            let key = identity(view, Level::Scope, row, &text, dropped);
            map[row] = match self.scopes.get(&key) {
                Some(known) => *known,
                None => {
                    let new = self.builder.scope(text[0], text[1], text[2], dropped);
                    let new = new.expect("text of a batch is UTF-8");
                    self.copy_attributes(view, Level::Scope, row, new);
                    self.scopes.insert(key, new);
                    new
                }
            };
        }
        map
    }

    fn copy_attributes(&mut self, view: &BatchView<'_>, level: Level, from: usize, to: u32) {
        for (key, value) in view.attributes(level, from) {
            self.builder
                .attribute(level, to, key.as_bytes(), value.into())
                .expect("text of a batch is UTF-8");
        }
    }

    fn append_children(&mut self, batch: &SpanBatch, owners: &OwnerMaps) {
        let builder = &mut self.builder.batch;
        let table = &batch.events;
        let first = builder.events.span_row.len() as u32;
        for row in owners.events.iter().map(|row| *row as usize) {
            builder
                .events
                .span_row
                .push(owners.span(table.span_row[row]));
            builder.events.time_ns.push(table.time_ns[row]);
        }
        copy_sparse(
            &mut builder.events.dropped_attributes,
            &table.dropped_attributes,
            first,
            &owners.events,
        );
        let table = &batch.links;
        let first = builder.links.span_row.len() as u32;
        for row in owners.links.iter().map(|row| *row as usize) {
            builder
                .links
                .span_row
                .push(owners.span(table.span_row[row]));
            builder.links.trace_id.push(table.trace_id[row]);
            builder.links.span_id.push(table.span_id[row]);
            builder.links.flags.push(table.flags[row]);
        }
        copy_sparse(
            &mut builder.links.dropped_attributes,
            &table.dropped_attributes,
            first,
            &owners.links,
        );
        self.builder
            .append_event_names(&batch.events.name, &owners.events);
        self.builder
            .append_link_states(&batch.links.trace_state, &owners.links);
    }

    fn append_attributes(&mut self, batch: &SpanBatch, owners: &OwnerMaps) {
        for column in &batch.attributes {
            let Some((chosen, map)) = owners.of(column.level) else {
                continue;
            };
            let entries = entries_of(&column.rows, chosen);
            if !entries.is_empty() {
                self.builder
                    .append_column(column, &entries, |row| map.get(row));
            }
        }
        let overflow = &batch.overflow;
        for (entry, (level, row)) in overflow.levels.iter().zip(&overflow.rows).enumerate() {
            let Some((chosen, map)) = owners.of(*level) else {
                continue;
            };
            if chosen.binary_search(row).is_ok() {
                let value = super::view::overflow_value(overflow.values.get(entry));
                let key = overflow.keys.get(entry).as_bytes();
                self.builder
                    .attribute(*level, map.get(*row), key, value.into())
                    .expect("text of a batch is UTF-8");
            }
        }
    }

    fn append_spans(
        &mut self,
        batch: &SpanBatch,
        chosen: &[u32],
        resources: &[u32],
        scopes: &[u32],
    ) {
        let from = &batch.spans;
        let interning = self.builder.interning.clone();
        let (to, text) = (&mut self.builder.batch.spans, &mut self.builder.text);
        let first = to.span_id.len() as u32;
        let rows = || chosen.iter().map(|row| *row as usize);
        to.trace_id.extend(rows().map(|row| from.trace_id[row]));
        to.span_id.extend(rows().map(|row| from.span_id[row]));
        to.parent_span_id
            .extend(rows().map(|row| from.parent_span_id[row]));
        to.flags.extend(rows().map(|row| from.flags[row]));
        to.kind.extend(rows().map(|row| from.kind[row]));
        to.start_ns.extend(rows().map(|row| from.start_ns[row]));
        to.duration_ns
            .extend(rows().map(|row| from.duration_ns[row]));
        to.status_code
            .extend(rows().map(|row| from.status_code[row]));
        to.resource
            .extend(rows().map(|row| resources[from.resource[row] as usize]));
        to.scope
            .extend(rows().map(|row| scopes[from.scope[row] as usize]));
        let texts = [
            (&mut to.name, &mut text.name, &from.name),
            (
                &mut to.status_message,
                &mut text.status_message,
                &from.status_message,
            ),
            (
                &mut to.trace_state,
                &mut text.trace_state,
                &from.trace_state,
            ),
        ];
        for (to, interner, from) in texts {
            translate(to, interner, &interning, from, chosen);
        }
        let dropped = [
            (&mut to.dropped_attributes, &from.dropped_attributes),
            (&mut to.dropped_events, &from.dropped_events),
            (&mut to.dropped_links, &from.dropped_links),
        ];
        for (to, from) in dropped {
            copy_sparse(to, from, first, chosen);
        }
        self.builder.spans_added();
    }
}
