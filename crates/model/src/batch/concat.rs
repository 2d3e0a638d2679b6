//! Batches put together, and parts of batches taken out.
//!
//! Sealing joins many live batches; assembling a trace takes a few rows out of
//! several. Both are `append`: dictionaries are translated entry by entry,
//! rows by adding an offset or through a row map; equal resources and scopes
//! of different requests become one.

mod partial;

use super::builder::{SpanBatchBuilder, SpanHeader};
use super::columns::{ColumnValues, SparseU32, StrColumn};
use super::view::BatchView;
use super::{Level, SpanBatch};
use crate::rows::RowSet;
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
#[derive(Debug, Default)]
pub struct BatchJoiner {
    builder: SpanBatchBuilder,
    resources: HashMap<Vec<u8>, u32>,
    scopes: HashMap<Vec<u8>, u32>,
    /// Less than what text can address, if so.
    limit_bytes: Option<usize>,
    stated: StatedFailures,
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
        let spans = &batch.spans;
        for row in chosen.iter().map(|row| *row as usize) {
            let start_ns = spans.start_ns[row];
            let header = SpanHeader {
                trace_id: spans.trace_id[row],
                span_id: spans.span_id[row],
                parent_span_id: spans.parent_span_id[row],
                trace_state: spans.trace_state.get(row).as_bytes(),
                flags: spans.flags[row],
                name: spans.name.get(row).as_bytes(),
                kind: spans.kind[row],
                start_ns,
                end_ns: start_ns.wrapping_add(spans.duration_ns[row] as u64),
                status_code: spans.status_code[row],
                status_message: spans.status_message.get(row).as_bytes(),
                dropped_attributes: spans.dropped_attributes.get(row),
                dropped_events: spans.dropped_events.get(row),
                dropped_links: spans.dropped_links.get(row),
                resource: resources[spans.resource[row] as usize],
                scope: scopes[spans.scope[row] as usize],
            };
            self.builder
                .span(&header)
                .expect("text of a batch is UTF-8");
        }
    }
}

/// Which rows of the child tables go along, and where all of them land.
struct OwnerMaps {
    spans: Vec<u32>,
    events: Vec<u32>,
    links: Vec<u32>,
    span_map: RowMap,
    event_map: RowMap,
    link_map: RowMap,
}

/// Old row → new row.
struct RowMap {
    first: u32,
    chosen: Option<Vec<u32>>,
}

impl RowMap {
    fn new(chosen: &[u32], table_len: usize, first: u32) -> Self {
        let all = chosen.len() == table_len;
        Self {
            first,
            chosen: (!all).then(|| chosen.to_vec()),
        }
    }

    fn get(&self, row: u32) -> u32 {
        let place = self.chosen.as_ref().map_or(row, |chosen| {
            chosen
                .binary_search(&row)
                .expect("only chosen rows are mapped") as u32
        });
        self.first + place
    }
}

impl OwnerMaps {
    fn new(batch: &SpanBatch, chosen: &[u32], into: &SpanBatchBuilder) -> Self {
        let events = entries_of(&batch.events.span_row, chosen);
        let links = entries_of(&batch.links.span_row, chosen);
        let map = |level, chosen: &[u32]| {
            RowMap::new(
                chosen,
                batch.level_len(level),
                into.batch.level_len(level) as u32,
            )
        };
        Self {
            span_map: map(Level::Span, chosen),
            event_map: map(Level::Event, &events),
            link_map: map(Level::Link, &links),
            spans: chosen.to_vec(),
            events,
            links,
        }
    }

    fn span(&self, row: u32) -> u32 {
        self.span_map.get(row)
    }

    /// Resources and scopes go another way, hence `None`.
    fn of(&self, level: Level) -> Option<(&[u32], &RowMap)> {
        match level {
            Level::Span => Some((&self.spans, &self.span_map)),
            Level::Event => Some((&self.events, &self.event_map)),
            Level::Link => Some((&self.links, &self.link_map)),
            Level::Resource | Level::Scope => None,
        }
    }
}

/// Entries whose owner is chosen; both lists ascend.
fn entries_of(owners: &[u32], chosen: &[u32]) -> Vec<u32> {
    let (Some(first), Some(last)) = (chosen.first(), chosen.last()) else {
        return Vec::new();
    };
    let from = owners.partition_point(|owner| owner < first);
    let to = owners.partition_point(|owner| owner <= last);
    if (last - first) as usize + 1 == chosen.len() {
        return (from as u32..to as u32).collect();
    }
    let mut entries = Vec::new();
    if chosen.len() * 16 < to - from {
        for row in chosen {
            let start = from + owners[from..to].partition_point(|owner| owner < row);
            let same = owners[start..to]
                .iter()
                .take_while(|owner| *owner == row)
                .count();
            entries.extend(start as u32..(start + same) as u32);
        }
        return entries;
    }
    let mut wanted = chosen.iter().peekable();
    for (entry, owner) in owners.iter().enumerate().take(to).skip(from) {
        while wanted.next_if(|row| *row < owner).is_some() {}
        if wanted.peek() == Some(&owner) {
            entries.push(entry as u32);
        }
    }
    entries
}

fn copy_sparse(to: &mut SparseU32, from: &SparseU32, first: u32, chosen: &[u32]) {
    for (row, value) in from.rows.iter().zip(&from.values) {
        if let Ok(place) = chosen.binary_search(row) {
            to.push(first + place as u32, *value);
        }
    }
}

/// Bytes that are equal exactly for equal resources (or scopes).
fn identity(
    view: &BatchView<'_>,
    level: Level,
    row: usize,
    parts: &[&[u8]],
    dropped: u32,
) -> Vec<u8> {
    let mut key = dropped.to_le_bytes().to_vec();
    let mut attributes: Vec<Vec<u8>> = view
        .attributes(level, row)
        .map(|(name, value)| {
            let mut bytes = (name.len() as u32).to_le_bytes().to_vec();
            bytes.extend_from_slice(name.as_bytes());
            value.to_any().encode(&mut bytes);
            bytes
        })
        .collect();
    attributes.sort_unstable();
    for part in parts
        .iter()
        .copied()
        .chain(attributes.iter().map(Vec::as_slice))
    {
        key.extend_from_slice(&(part.len() as u32).to_le_bytes());
        key.extend_from_slice(part);
    }
    key
}

impl SpanBatchBuilder {
    fn append_event_names(&mut self, from: &StrColumn, entries: &[u32]) {
        let hasher = self.hasher();
        let (column, interner) = (&mut self.batch.events.name, &mut self.text.event_name);
        translate(column, interner, &hasher, from, entries);
    }

    fn append_link_states(&mut self, from: &StrColumn, entries: &[u32]) {
        let hasher = self.hasher();
        let (column, interner) = (&mut self.batch.links.trace_state, &mut self.text.link_state);
        translate(column, interner, &hasher, from, entries);
    }

    fn append_column(
        &mut self,
        from: &super::columns::AttributeColumn,
        entries: &[u32],
        new_row: impl Fn(u32) -> u32,
    ) {
        let level = from.level;
        let key = from.key.as_bytes();
        let first = new_row(from.rows[entries[0] as usize]);
        let value_type = from.values.value_type();
        let column = self
            .column_for(level, first, key, value_type)
            .expect("keys are UTF-8");
        let Some(index) = column else {
            for entry in entries.iter().map(|entry| *entry as usize) {
                let value = from.values.get(entry);
                self.attribute(level, new_row(from.rows[entry]), key, value.into())
                    .expect("text of a batch is UTF-8");
            }
            return;
        };
        let hasher = self.hasher();
        let to = &mut self.batch.attributes[index];
        to.rows.extend(
            entries
                .iter()
                .map(|entry| new_row(from.rows[*entry as usize])),
        );
        let entries_usize = entries.iter().map(|entry| *entry as usize);
        match (&mut to.values, &from.values) {
            (ColumnValues::Str(to), ColumnValues::Str(from)) => {
                translate(to, &mut self.interners[index], &hasher, from, entries);
            }
            (ColumnValues::Int(to), ColumnValues::Int(from)) => {
                to.extend(entries_usize.map(|entry| from[entry]));
            }
            (ColumnValues::Double(to), ColumnValues::Double(from)) => {
                to.extend(entries_usize.map(|entry| from[entry]));
            }
            (ColumnValues::Bool(to), ColumnValues::Bool(from)) => {
                to.extend(entries_usize.map(|entry| from[entry]));
            }
            (ColumnValues::Bytes(to), ColumnValues::Bytes(from))
            | (ColumnValues::Other(to), ColumnValues::Other(from)) => {
                entries_usize.for_each(|entry| to.push(from.get(entry)));
            }
            _ => unreachable!("the column was looked up by the type of the values"),
        }
    }
}

/// Appends entries of one dictionary column to another; each distinct value is
/// looked up once.
fn translate(
    to: &mut StrColumn,
    interner: &mut super::intern::Interner,
    hasher: &foldhash::fast::RandomState,
    from: &StrColumn,
    entries: &[u32],
) {
    let mut codes = vec![u32::MAX; from.dict.len()];
    for entry in entries {
        let old = from.codes[*entry as usize] as usize;
        if codes[old] == u32::MAX {
            let text = from.dict.get(old).as_bytes();
            let code = interner.code(&mut to.dict, to.codes.len(), text, hasher);
            codes[old] = code.expect("text of a batch is UTF-8");
        }
        to.codes.push(codes[old]);
    }
}
