//! Builds a [`SpanBatch`] in one pass, straight from a decoder.
//!
//! The decoder announces resources and scopes once, then for each span pushes
//! its attributes, events and links, and last the span itself
//! ([`SpanBatchBuilder::span`]) or, when it turns out bad,
//! [`SpanBatchBuilder::abandon_span`], which takes back what was pushed.
//! Nothing is allocated per span or attribute beyond column growth.
//!
//! It never decides what a valid span is: that is the decoder's job.

use super::columns::{AttributeColumn, ColumnValues, StrColumn, Strings, ValueType};
use super::intern::{Interner, NotUtf8, is_same};
use super::view::ValueRef;
use super::{Level, MAX_ATTRIBUTE_COLUMNS, SpanBatch};
use crate::any_value::AnyValue;
use crate::ids::{SpanId, TraceId};
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// A value as a decoder sees it: text is not yet known to be UTF-8.
#[derive(Debug, Clone, Copy)]
pub enum RawValue<'a> {
    /// Text, to be checked.
    Str(&'a [u8]),
    /// Signed integer.
    Int(i64),
    /// Double.
    Double(f64),
    /// Truth value.
    Bool(bool),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An encoded `AnyValue` that passed [`AnyValue::check`].
    Other(&'a [u8]),
}

impl<'a> From<ValueRef<'a>> for RawValue<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Str(text) => Self::Str(text.as_bytes()),
            ValueRef::Int(value) => Self::Int(value),
            ValueRef::Double(value) => Self::Double(value),
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Bytes(bytes) => Self::Bytes(bytes),
            ValueRef::Other(bytes) => Self::Other(bytes),
        }
    }
}

/// The fixed fields of a span.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpanHeader<'a> {
    /// Trace it belongs to; not zero.
    pub trace_id: TraceId,
    /// Its id; not zero.
    pub span_id: SpanId,
    /// Its parent; zeros for none.
    pub parent_span_id: SpanId,
    /// W3C tracestate.
    pub trace_state: &'a [u8],
    /// OTLP flags.
    pub flags: u32,
    /// Operation name.
    pub name: &'a [u8],
    /// OTLP kind number.
    pub kind: i32,
    /// Start, ns since the Unix epoch.
    pub start_ns: u64,
    /// End, ns since the Unix epoch.
    pub end_ns: u64,
    /// OTLP status code number.
    pub status_code: i32,
    /// Status message.
    pub status_message: &'a [u8],
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
    /// Events the client dropped.
    pub dropped_events: u32,
    /// Links the client dropped.
    pub dropped_links: u32,
    /// Row of [`SpanBatchBuilder::resource`].
    pub resource: u32,
    /// Row of [`SpanBatchBuilder::scope`].
    pub scope: u32,
}

/// A link of a span.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkHeader<'a> {
    /// Linked trace.
    pub trace_id: TraceId,
    /// Linked span.
    pub span_id: SpanId,
    /// W3C tracestate of the linked span.
    pub trace_state: &'a [u8],
    /// OTLP flags of the linked context.
    pub flags: u32,
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
}

const NONE: u32 = u32::MAX;

/// Where the last attribute of a level went, to guess the next one.
#[derive(Debug, Clone, Copy)]
struct Trail {
    owner: u32,
    previous: u32,
    first: u32,
}

/// Collects spans into columns; see the module's text.
#[derive(Debug)]
pub struct SpanBatchBuilder {
    pub(super) batch: SpanBatch,
    hasher: foldhash::fast::RandomState,
    columns: HashTable<u32>,
    pub(super) interners: Vec<Interner>,
    /// The column that followed column i the last time.
    follow: Vec<u32>,
    trails: [Trail; 5],
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

impl Default for SpanBatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl SpanBatchBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self {
            batch: SpanBatch::default(),
            hasher: foldhash::fast::RandomState::default(),
            columns: HashTable::new(),
            interners: Vec::new(),
            follow: Vec::new(),
            trails: [Trail {
                owner: NONE,
                previous: NONE,
                first: NONE,
            }; 5],
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
            &self.hasher,
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
            .code(&mut table.name.dict, rows, name, &self.hasher)?;
        let version =
            text.scope_version
                .code(&mut table.version.dict, rows, version, &self.hasher)?;
        push_text(
            &mut table.schema_url,
            &mut text.scope_schema,
            schema_url,
            &self.hasher,
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
            &self.hasher,
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
            &self.hasher,
        )?;
        table.span_row.push(span);
        table.trace_id.push(link.trace_id);
        table.span_id.push(link.span_id);
        table.flags.push(link.flags);
        table.dropped_attributes.push(row, link.dropped_attributes);
        Ok(row)
    }

    /// Adds an attribute to the owner `row` of `level`. Rows of a level come
    /// in ascending order.
    ///
    /// # Errors
    /// Key or text is not UTF-8; nothing was added.
    #[inline(always)]
    pub fn attribute(
        &mut self,
        level: Level,
        row: u32,
        key: &[u8],
        value: RawValue<'_>,
    ) -> Result<(), NotUtf8> {
        let Some(index) = self.column_for(level, row, key, value_type(value))? else {
            return self.push_overflow(level, row, key, value);
        };
        let column = &mut self.batch.attributes[index];
        debug_assert!(
            column.rows.last().is_none_or(|last| *last <= row),
            "rows must ascend"
        );
        match (&mut column.values, value) {
            (ColumnValues::Str(values), RawValue::Str(text)) => {
                push_text(values, &mut self.interners[index], text, &self.hasher)?;
            }
            (ColumnValues::Int(values), RawValue::Int(value)) => values.push(value),
            (ColumnValues::Double(values), RawValue::Double(value)) => values.push(value),
            (ColumnValues::Bool(values), RawValue::Bool(value)) => values.push(value),
            (ColumnValues::Bytes(values), RawValue::Bytes(bytes))
            | (ColumnValues::Other(values), RawValue::Other(bytes)) => values.push(bytes),
            _ => unreachable!("the column was looked up by the type of the value"),
        }
        column.rows.push(row);
        self.begun.push(index as u32);
        Ok(())
    }

    /// Adds the span whose attributes, events and links were pushed last.
    ///
    /// # Errors
    /// A text is not UTF-8; the span is not added, call [`Self::abandon_span`].
    pub fn span(&mut self, header: &SpanHeader<'_>) -> Result<(), NotUtf8> {
        let row = self.next_span();
        let (spans, text, hasher) = (&mut self.batch.spans, &mut self.text, &self.hasher);
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

    pub(super) fn hasher(&self) -> foldhash::fast::RandomState {
        self.hasher.clone()
    }

    /// The column of (level, key, type); `None` when there are too many. Keys
    /// follow each other as they did before, so the guess is nearly always right.
    #[inline]
    pub(super) fn column_for(
        &mut self,
        level: Level,
        row: u32,
        key: &[u8],
        value_type: ValueType,
    ) -> Result<Option<usize>, NotUtf8> {
        let trail = &mut self.trails[level as usize];
        if trail.owner != row {
            trail.owner = row;
            trail.previous = NONE;
        }
        let guess = match self.follow.get(trail.previous as usize) {
            Some(next) => *next,
            None => trail.first,
        };
        if let Some(column) = self.batch.attributes.get(guess as usize)
            && is_column(column, level, key, value_type)
        {
            trail.previous = guess;
            return Ok(Some(guess as usize));
        }
        self.find_column(level, key, value_type)
    }

    #[inline(never)]
    fn find_column(
        &mut self,
        level: Level,
        key: &[u8],
        value_type: ValueType,
    ) -> Result<Option<usize>, NotUtf8> {
        let attributes = &self.batch.attributes;
        let hash = self.hasher.hash_one((level, value_type, key));
        let is_it = |index: &u32| {
            let column = &attributes[*index as usize];
            is_column(column, level, key, value_type)
        };
        let index = match self.columns.find(hash, is_it) {
            Some(index) => *index,
            None if attributes.len() >= MAX_ATTRIBUTE_COLUMNS => return Ok(None),
            None => self.add_column(level, key, value_type, hash)?,
        };
        let trail = &mut self.trails[level as usize];
        match self.follow.get_mut(trail.previous as usize) {
            Some(next) => *next = index,
            None => trail.first = index,
        }
        trail.previous = index;
        Ok(Some(index as usize))
    }

    fn add_column(
        &mut self,
        level: Level,
        key: &[u8],
        value_type: ValueType,
        hash: u64,
    ) -> Result<u32, NotUtf8> {
        let key: Box<str> = std::str::from_utf8(key).map_err(|_| NotUtf8)?.into();
        let index = self.batch.attributes.len() as u32;
        let values = ColumnValues::new(value_type);
        self.batch.attributes.push(AttributeColumn {
            level,
            key,
            rows: Vec::new(),
            values,
        });
        self.interners.push(Interner::default());
        self.follow.push(NONE);
        let (attributes, hasher) = (&self.batch.attributes, &self.hasher);
        self.columns.insert_unique(hash, index, |index| {
            let column = &attributes[*index as usize];
            hasher.hash_one((
                column.level,
                column.values.value_type(),
                column.key.as_bytes(),
            ))
        });
        Ok(index)
    }

    fn push_overflow(
        &mut self,
        level: Level,
        row: u32,
        key: &[u8],
        value: RawValue<'_>,
    ) -> Result<(), NotUtf8> {
        let key = std::str::from_utf8(key).map_err(|_| NotUtf8)?;
        let mut encoded = Vec::new();
        match value {
            RawValue::Str(text) => {
                let text = std::str::from_utf8(text).map_err(|_| NotUtf8)?;
                AnyValue::String(text.to_owned()).encode(&mut encoded);
            }
            RawValue::Int(value) => AnyValue::Int(value).encode(&mut encoded),
            RawValue::Double(value) => AnyValue::Double(value).encode(&mut encoded),
            RawValue::Bool(value) => AnyValue::Bool(value).encode(&mut encoded),
            RawValue::Bytes(bytes) => AnyValue::Bytes(bytes.to_vec()).encode(&mut encoded),
            RawValue::Other(bytes) => encoded.extend_from_slice(bytes),
        }
        let overflow = &mut self.batch.overflow;
        overflow.levels.push(level);
        overflow.rows.push(row);
        overflow.keys.push(key);
        overflow.values.push(&encoded);
        Ok(())
    }
}

#[inline]
fn is_column(column: &AttributeColumn, level: Level, key: &[u8], value_type: ValueType) -> bool {
    column.level == level
        && column.values.value_type() == value_type
        && is_same(column.key.as_bytes(), key)
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

#[inline]
fn push_text(
    column: &mut StrColumn,
    interner: &mut Interner,
    text: &[u8],
    hasher: &foldhash::fast::RandomState,
) -> Result<(), NotUtf8> {
    let code = interner.code(&mut column.dict, column.codes.len(), text, hasher)?;
    column.codes.push(code);
    Ok(())
}

fn value_type(value: RawValue<'_>) -> ValueType {
    match value {
        RawValue::Str(_) => ValueType::Str,
        RawValue::Int(_) => ValueType::Int,
        RawValue::Double(_) => ValueType::Double,
        RawValue::Bool(_) => ValueType::Bool,
        RawValue::Bytes(_) => ValueType::Bytes,
        RawValue::Other(_) => ValueType::Other,
    }
}

fn truncate_strings(strings: &mut Strings, len: usize) {
    strings.ends.truncate(len);
    strings
        .text
        .truncate(strings.ends.last().map_or(0, |end| *end as usize));
}
