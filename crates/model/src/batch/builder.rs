//! Builds a [`SpanBatch`] in one pass, straight from a decoder.
//!
//! The decoder announces resources and scopes once, then for each span pushes
//! its attributes, events and links, and last the span itself
//! ([`SpanBatchBuilder::span`]) or, when it turns out bad,
//! [`SpanBatchBuilder::abandon_span`], which takes back what was pushed.
//! Nothing is allocated per span or attribute beyond column growth, and little
//! of that for a builder that is used again ([`SpanBatchBuilder::take_batch`]).
//!
//! It never decides what a valid span is: that is the decoder's job.

mod attributes;
mod reuse;
mod values;

use super::columns::Strings;
use super::intern::{Interner, Interning, NotUtf8};
use super::{Level, SpanBatch};
use attributes::{ColumnNote, Trail, push_text};
use hashbrown::HashTable;
pub use values::{LinkHeader, RawValue, SpanHeader};

/// Collects spans into columns; see the module's text.
#[derive(Debug)]
pub struct SpanBatchBuilder {
    pub(super) batch: SpanBatch,
    pub(super) interning: Interning,
    /// Attribute columns by level, key and type.
    columns: HashTable<u32>,
    pub(super) interners: Vec<Interner>,
    /// One for each attribute column.
    notes: Vec<ColumnNote>,
    trails: [Trail; 5],
    /// Attribute columns of the present batch; others are left from before.
    used_columns: usize,
    batch_number: u32,
    /// Columns that got entries since the last span, so that taking them back
    /// costs in proportion to what was pushed, however many columns there are.
    begun: Vec<u32>,
    pub(super) text: TextInterners,
}

/// Interners of the fixed text columns.
#[derive(Debug, Default)]
pub(super) struct TextInterners {
    pub(super) trace_state: Interner,
    pub(super) name: Interner,
    pub(super) status_message: Interner,
    pub(super) resource_schema: Interner,
    pub(super) scope_name: Interner,
    pub(super) scope_version: Interner,
    pub(super) scope_schema: Interner,
    pub(super) event_name: Interner,
    pub(super) link_state: Interner,
}

impl TextInterners {
    fn forget(&mut self) {
        let all = [
            &mut self.trace_state,
            &mut self.name,
            &mut self.status_message,
            &mut self.resource_schema,
            &mut self.scope_name,
            &mut self.scope_version,
            &mut self.scope_schema,
            &mut self.event_name,
            &mut self.link_state,
        ];
        all.into_iter().for_each(Interner::forget);
    }
}

impl Default for SpanBatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl SpanBatchBuilder {
    /// An empty builder for a request.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Interning::for_requests())
    }

    /// An empty builder for many batches that become one.
    pub(super) fn for_joining() -> Self {
        Self::with(Interning::for_joining())
    }

    fn with(interning: Interning) -> Self {
        Self {
            batch: SpanBatch::default(),
            interning,
            columns: HashTable::new(),
            interners: Vec::new(),
            notes: Vec::new(),
            trails: [Trail::START; 5],
            used_columns: 0,
            batch_number: 0,
            begun: Vec::new(),
            text: TextInterners::default(),
        }
    }

    /// Number of spans so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// True without spans.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Bytes of memory for what was added so far, for accounting against limits.
    /// Vectors may hold as much again in room.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let interners = self.interners.iter().map(Interner::room_bytes);
        self.batch.memory_bytes() + self.begun.len() * 4 + interners.sum::<usize>()
    }

    /// Row that the next [`SpanBatchBuilder::span`] will have: owner of its attributes.
    #[must_use]
    pub fn next_span(&self) -> u32 {
        self.batch.len() as u32
    }

    /// Row that the next owner of `level` will have. Attributes of an event or
    /// a link may be pushed before [`SpanBatchBuilder::event`] or
    /// [`SpanBatchBuilder::link`], as they may for spans.
    #[must_use]
    pub fn next_row(&self, level: Level) -> u32 {
        self.batch.level_len(level) as u32
    }

    /// Adds a resource and answers its row. `entity_refs` is field 3 of the
    /// `Resource` as it stood on the wire.
    ///
    /// # Errors
    /// The schema URL is not UTF-8; nothing was added.
    pub fn resource(
        &mut self,
        schema_url: &[u8],
        dropped_attributes: u32,
        entity_refs: &[u8],
    ) -> Result<u32, NotUtf8> {
        let row = self.batch.level_len(Level::Resource) as u32;
        let table = &mut self.batch.resources;
        let column = &mut table.schema_url;
        push_text(
            column,
            &mut self.text.resource_schema,
            schema_url,
            &self.interning,
        )?;
        table.dropped_attributes.push(row, dropped_attributes);
        table.entity_refs.push(entity_refs);
        Ok(row)
    }

    /// Adds an instrumentation scope and answers its row.
    ///
    /// # Errors
    /// A text is not UTF-8; nothing was added.
    pub fn scope(
        &mut self,
        name: &[u8],
        version: &[u8],
        schema_url: &[u8],
        dropped_attributes: u32,
    ) -> Result<u32, NotUtf8> {
        let row = self.batch.level_len(Level::Scope) as u32;
        let table = &mut self.batch.scopes;
        let text = &mut self.text;
        let rows = row as usize;
        let name = text
            .scope_name
            .code(&mut table.name.dict, rows, name, &self.interning)?;
        let version =
            text.scope_version
                .code(&mut table.version.dict, rows, version, &self.interning)?;
        push_text(
            &mut table.schema_url,
            &mut text.scope_schema,
            schema_url,
            &self.interning,
        )?;
        table.name.codes.push(name);
        table.version.codes.push(version);
        table.dropped_attributes.push(row, dropped_attributes);
        Ok(row)
    }

    /// Adds an event to the next span and answers its row.
    ///
    /// # Errors
    /// The name is not UTF-8; nothing was added.
    pub fn event(&mut self, time_ns: u64, name: &[u8], dropped: u32) -> Result<u32, NotUtf8> {
        let (row, span) = (self.batch.level_len(Level::Event) as u32, self.next_span());
        let table = &mut self.batch.events;
        push_text(
            &mut table.name,
            &mut self.text.event_name,
            name,
            &self.interning,
        )?;
        table.span_row.push(span);
        table.time_ns.push(time_ns);
        table.dropped_attributes.push(row, dropped);
        Ok(row)
    }

    /// Adds a link to the next span and answers its row.
    ///
    /// # Errors
    /// The trace state is not UTF-8; nothing was added.
    pub fn link(&mut self, link: &LinkHeader<'_>) -> Result<u32, NotUtf8> {
        let (row, span) = (self.batch.level_len(Level::Link) as u32, self.next_span());
        let table = &mut self.batch.links;
        push_text(
            &mut table.trace_state,
            &mut self.text.link_state,
            link.trace_state,
            &self.interning,
        )?;
        table.span_row.push(span);
        table.trace_id.push(link.trace_id);
        table.span_id.push(link.span_id);
        table.flags.push(link.flags);
        table.dropped_attributes.push(row, link.dropped_attributes);
        Ok(row)
    }

    /// Adds the span whose attributes, events and links were pushed last.
    ///
    /// # Errors
    /// A text is not UTF-8; the span is not added, call [`Self::abandon_span`].
    pub fn span(&mut self, header: &SpanHeader<'_>) -> Result<(), NotUtf8> {
        let row = self.next_span();
        let (spans, text, hasher) = (&mut self.batch.spans, &mut self.text, &self.interning);
        let rows = row as usize;
        let name = text
            .name
            .code(&mut spans.name.dict, rows, header.name, hasher)?;
        let message = text.status_message.code(
            &mut spans.status_message.dict,
            rows,
            header.status_message,
            hasher,
        )?;
        push_text(
            &mut spans.trace_state,
            &mut text.trace_state,
            header.trace_state,
            hasher,
        )?;
        spans.name.codes.push(name);
        spans.status_message.codes.push(message);
        spans.trace_id.push(header.trace_id);
        spans.span_id.push(header.span_id);
        spans.parent_span_id.push(header.parent_span_id);
        spans.flags.push(header.flags);
        spans.kind.push(header.kind);
        spans.start_ns.push(header.start_ns);
        spans
            .duration_ns
            .push(header.end_ns.wrapping_sub(header.start_ns) as i64);
        spans.status_code.push(header.status_code);
        spans
            .dropped_attributes
            .push(row, header.dropped_attributes);
        spans.dropped_events.push(row, header.dropped_events);
        spans.dropped_links.push(row, header.dropped_links);
        spans.resource.push(header.resource);
        spans.scope.push(header.scope);
        self.begun.clear();
        Ok(())
    }

    /// Spans were added by column: what they have cannot be taken back.
    pub(super) fn spans_added(&mut self) {
        self.begun.clear();
    }

    /// Takes back attributes, events and links of the span that was begun.
    pub fn abandon_span(&mut self) {
        let span = self.next_span();
        let events = self
            .batch
            .events
            .span_row
            .partition_point(|row| *row < span);
        let links = self.batch.links.span_row.partition_point(|row| *row < span);
        self.truncate_columns(span, events as u32, links as u32);
        self.truncate_overflow(span, events as u32, links as u32);
        let table = &mut self.batch.events;
        table.span_row.truncate(events);
        table.time_ns.truncate(events);
        table.name.codes.truncate(events);
        table.dropped_attributes.truncate_rows(events as u32);
        let table = &mut self.batch.links;
        table.span_row.truncate(links);
        table.trace_id.truncate(links);
        table.span_id.truncate(links);
        table.trace_state.codes.truncate(links);
        table.flags.truncate(links);
        table.dropped_attributes.truncate_rows(links as u32);
    }

    /// The batch.
    #[must_use]
    pub fn finish(mut self) -> SpanBatch {
        self.batch
            .attributes
            .retain(|column| !column.rows.is_empty());
        self.batch
    }

    /// Entries of the span that was begun are the newest of their columns.
    fn truncate_columns(&mut self, span: u32, event: u32, link: u32) {
        for index in self.begun.drain(..) {
            let column = &mut self.batch.attributes[index as usize];
            while let Some(row) = column.rows.last()
                && is_begun(column.level, *row, [span, event, link])
            {
                column.rows.pop();
            }
            column.values.truncate(column.rows.len());
        }
    }

    /// Entries of the span that was begun are the newest, whatever their level.
    fn truncate_overflow(&mut self, span: u32, event: u32, link: u32) {
        let overflow = &mut self.batch.overflow;
        let newest = overflow.levels.iter().zip(&overflow.rows).rev();
        let begun = newest.take_while(|(l, row)| is_begun(**l, **row, [span, event, link]));
        let keep = overflow.levels.len() - begun.count();
        overflow.levels.truncate(keep);
        overflow.rows.truncate(keep);
        overflow.values.truncate(keep);
        truncate_strings(&mut overflow.keys, keep);
    }
}

/// Is the owner one of the span that was begun, given the first rows of it
/// among spans, events and links?
fn is_begun(level: Level, row: u32, [span, event, link]: [u32; 3]) -> bool {
    match level {
        Level::Span => row >= span,
        Level::Event => row >= event,
        Level::Link => row >= link,
        Level::Resource | Level::Scope => false,
    }
}

fn truncate_strings(strings: &mut Strings, len: usize) {
    strings.ends.truncate(len);
    strings
        .text
        .truncate(strings.ends.last().map_or(0, |end| *end as usize));
}
