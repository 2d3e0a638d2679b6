//! A batch read span by span: for APIs, encoders and people.
//!
//! Filters work on columns; this is for the few spans that are shown or sent.
//! [`BatchView`] sorts the sparse columns by owner once, so that every later
//! look at a span costs only what the span has.

use super::columns::{ColumnValues, SparseU32};
use super::{Level, SpanBatch};
use crate::any_value::AnyValue;
use crate::ids::{SpanId, TraceId};
use crate::span_kind::{SpanKind, StatusCode};
use std::ops::Range;

/// An attribute value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Text.
    Str(&'a str),
    /// Signed integer.
    Int(i64),
    /// Double.
    Double(f64),
    /// Truth value.
    Bool(bool),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// Array, key-value list or empty: an encoded `AnyValue`.
    Other(&'a [u8]),
}

impl ValueRef<'_> {
    /// The value on its own. Encoded values were checked when they came in;
    /// should one not decode, it reads as empty.
    #[must_use]
    pub fn to_any(self) -> AnyValue {
        match self {
            Self::Str(text) => AnyValue::String(text.to_owned()),
            Self::Int(value) => AnyValue::Int(value),
            Self::Double(value) => AnyValue::Double(value),
            Self::Bool(value) => AnyValue::Bool(value),
            Self::Bytes(bytes) => AnyValue::Bytes(bytes.to_vec()),
            Self::Other(bytes) => AnyValue::decode(bytes).unwrap_or(AnyValue::Empty),
        }
    }
}

/// Entries of all attribute columns of one level, grouped by owner row.
#[derive(Debug, Default)]
struct ByOwner {
    /// `ends[row]` is where the entries of the row end.
    ends: Vec<u32>,
    /// (column, entry within it); column `OVERFLOW` means the overflow column.
    entries: Vec<(u32, u32)>,
}

const OVERFLOW: u32 = u32::MAX;

impl ByOwner {
    fn range(&self, row: usize) -> Range<usize> {
        let from = if row == 0 {
            0
        } else {
            self.ends[row - 1] as usize
        };
        from..self.ends[row] as usize
    }

    fn new(batch: &SpanBatch, level: Level) -> Self {
        let rows = batch.level_len(level);
        let columns = || {
            let of_level = batch
                .attributes
                .iter()
                .enumerate()
                .filter(move |(_, c)| c.level == level);
            let typed = of_level.flat_map(|(column, c)| {
                c.rows
                    .iter()
                    .enumerate()
                    .map(move |(entry, row)| (column as u32, entry, *row))
            });
            let rest = batch
                .overflow
                .levels
                .iter()
                .zip(&batch.overflow.rows)
                .enumerate();
            let rest = rest.filter(move |(_, (l, _))| **l == level);
            typed.chain(rest.map(|(entry, (_, row))| (OVERFLOW, entry, *row)))
        };
        // Counting sort: count per owner, turn counts into starts, place.
        let mut next = vec![0u32; rows + 1];
        columns().for_each(|(_, _, row)| next[row as usize + 1] += 1);
        for row in 0..rows {
            next[row + 1] += next[row];
        }
        let ends = next[1..].to_vec();
        let mut entries = vec![(0, 0); next[rows] as usize];
        for (column, entry, row) in columns() {
            let place = &mut next[row as usize];
            entries[*place as usize] = (column, entry as u32);
            *place += 1;
        }
        Self { ends, entries }
    }
}

/// Where an attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributePlace {
    /// An entry of a column of [`SpanBatch::attributes`].
    Column {
        /// Number of the column.
        column: usize,
        /// The entry within it.
        entry: usize,
    },
    /// An entry of [`SpanBatch::overflow`].
    Overflow(usize),
}

/// A batch with its attributes, events and links grouped by owner.
#[derive(Debug)]
pub struct BatchView<'a> {
    batch: &'a SpanBatch,
    levels: [ByOwner; 5],
    services: Vec<&'a str>,
}

impl<'a> BatchView<'a> {
    /// Groups once; costs in proportion to the number of attributes.
    #[must_use]
    pub fn new(batch: &'a SpanBatch) -> Self {
        let levels = Level::ALL.map(|level| ByOwner::new(batch, level));
        Self {
            batch,
            levels,
            services: batch.resource_services(),
        }
    }

    /// As [`BatchView::new`], but only for attributes of some levels; those of
    /// the others look absent.
    #[must_use]
    pub fn new_levels(batch: &'a SpanBatch, wanted: &[Level]) -> Self {
        let levels = Level::ALL.map(|level| {
            if wanted.contains(&level) {
                ByOwner::new(batch, level)
            } else {
                ByOwner::default()
            }
        });
        Self {
            batch,
            levels,
            services: batch.resource_services(),
        }
    }

    /// The batch underneath.
    #[must_use]
    pub fn batch(&self) -> &'a SpanBatch {
        self.batch
    }

    /// One span.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn span(&self, row: usize) -> SpanRef<'_> {
        assert!(row < self.batch.len(), "span {row} of {}", self.batch.len());
        SpanRef { view: self, row }
    }

    /// All spans in row order.
    pub fn spans(&self) -> impl Iterator<Item = SpanRef<'_>> {
        (0..self.batch.len()).map(|row| self.span(row))
    }

    /// Attributes of the owner `row` of `level`.
    pub fn attributes(
        &self,
        level: Level,
        row: usize,
    ) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> {
        let places = self.attribute_places(level, row);
        places.map(|place| attribute_at(self.batch, place))
    }

    /// Where the attributes of the owner `row` of `level` stand, in their order.
    pub fn attribute_places(
        &self,
        level: Level,
        row: usize,
    ) -> impl Iterator<Item = AttributePlace> {
        let owner = &self.levels[level as usize];
        let entries = owner.entries[owner.range(row)].iter();
        entries.map(|(column, entry)| match *column {
            OVERFLOW => AttributePlace::Overflow(*entry as usize),
            column => AttributePlace::Column {
                column: column as usize,
                entry: *entry as usize,
            },
        })
    }

    /// Key and value of an attribute of the batch.
    ///
    /// # Panics
    /// If nothing stands there.
    #[must_use]
    pub fn attribute_at(&self, place: AttributePlace) -> (&'a str, ValueRef<'a>) {
        attribute_at(self.batch, place)
    }

    /// The first attribute of that key, whatever its type.
    #[must_use]
    pub fn attribute(&self, level: Level, row: usize, key: &str) -> Option<ValueRef<'a>> {
        self.attributes(level, row)
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }
}

fn attribute_at(batch: &SpanBatch, place: AttributePlace) -> (&str, ValueRef<'_>) {
    match place {
        AttributePlace::Overflow(entry) => {
            let overflow = &batch.overflow;
            let value = overflow_value(overflow.values.get(entry));
            (overflow.keys.get(entry), value)
        }
        AttributePlace::Column { column, entry } => {
            let column = &batch.attributes[column];
            (&column.key, column.values.get(entry))
        }
    }
}

/// A value of the overflow column; scalars are decoded where the bytes allow
/// borrowing.
#[must_use]
pub fn overflow_value(encoded: &[u8]) -> ValueRef<'_> {
    match AnyValue::decode(encoded) {
        Ok(AnyValue::Int(value)) => ValueRef::Int(value),
        Ok(AnyValue::Double(value)) => ValueRef::Double(value),
        Ok(AnyValue::Bool(value)) => ValueRef::Bool(value),
        // Our own encoding of text and bytes: tag, length, payload to the end.
        Ok(AnyValue::String(text)) => std::str::from_utf8(&encoded[encoded.len() - text.len()..])
            .map_or(ValueRef::Other(encoded), ValueRef::Str),
        Ok(AnyValue::Bytes(bytes)) => ValueRef::Bytes(&encoded[encoded.len() - bytes.len()..]),
        _ => ValueRef::Other(encoded),
    }
}

impl ColumnValues {
    /// The value of an entry.
    ///
    /// # Panics
    /// If there is no such entry.
    #[must_use]
    pub fn get(&self, entry: usize) -> ValueRef<'_> {
        match self {
            Self::Str(values) => ValueRef::Str(values.get(entry)),
            Self::Int(values) => ValueRef::Int(values[entry]),
            Self::Double(values) => ValueRef::Double(values[entry]),
            Self::Bool(values) => ValueRef::Bool(values[entry]),
            Self::Bytes(values) => ValueRef::Bytes(values.get(entry)),
            Self::Other(values) => ValueRef::Other(values.get(entry)),
        }
    }
}

/// One span of a batch.
#[derive(Debug, Clone, Copy)]
pub struct SpanRef<'a> {
    view: &'a BatchView<'a>,
    row: usize,
}

impl<'a> SpanRef<'a> {
    fn columns(&self) -> &'a super::SpanColumns {
        &self.view.batch.spans
    }

    /// The view it belongs to, for attributes of its events and links.
    #[must_use]
    pub fn view(&self) -> &'a BatchView<'a> {
        self.view
    }

    /// Its row in the batch.
    #[must_use]
    pub fn row(&self) -> usize {
        self.row
    }

    /// Trace it belongs to.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.columns().trace_id[self.row]
    }

    /// Its id.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.columns().span_id[self.row]
    }

    /// Its parent, if it has one.
    #[must_use]
    pub fn parent_span_id(&self) -> Option<SpanId> {
        Some(self.columns().parent_span_id[self.row]).filter(|id| !id.is_zero())
    }

    /// W3C tracestate.
    #[must_use]
    pub fn trace_state(&self) -> &'a str {
        self.columns().trace_state.get(self.row)
    }

    /// OTLP flags.
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.columns().flags[self.row]
    }

    /// Operation name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.columns().name.get(self.row)
    }

    /// Kind.
    #[must_use]
    pub fn kind(&self) -> SpanKind {
        SpanKind::from_otlp(self.columns().kind[self.row])
    }

    /// Start, ns since the Unix epoch.
    #[must_use]
    pub fn start_ns(&self) -> u64 {
        self.columns().start_ns[self.row]
    }

    /// End as sent, ns since the Unix epoch; may be before the start.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.start_ns()
            .wrapping_add(self.columns().duration_ns[self.row] as u64)
    }

    /// Duration in ns; 0 when the span ended before it started.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        u64::try_from(self.columns().duration_ns[self.row]).unwrap_or(0)
    }

    /// Did it end before it started?
    #[must_use]
    pub fn ends_before_start(&self) -> bool {
        self.columns().duration_ns[self.row] < 0
    }

    /// Status code.
    #[must_use]
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_otlp(self.columns().status_code[self.row])
    }

    /// Status message.
    #[must_use]
    pub fn status_message(&self) -> &'a str {
        self.columns().status_message.get(self.row)
    }

    /// Attributes, events and links the client dropped.
    #[must_use]
    pub fn dropped(&self) -> [u32; 3] {
        let columns = self.columns();
        [
            &columns.dropped_attributes,
            &columns.dropped_events,
            &columns.dropped_links,
        ]
        .map(|dropped: &SparseU32| dropped.get(self.row))
    }

    /// Row of its resource.
    #[must_use]
    pub fn resource_row(&self) -> usize {
        self.columns().resource[self.row] as usize
    }

    /// Row of its instrumentation scope.
    #[must_use]
    pub fn scope_row(&self) -> usize {
        self.columns().scope[self.row] as usize
    }

    /// `service.name` of its resource; empty when it has none.
    #[must_use]
    pub fn service(&self) -> &'a str {
        self.view.services[self.resource_row()]
    }

    /// Its own attributes.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> + use<'a> {
        self.view.attributes(Level::Span, self.row)
    }

    /// Its own attribute of that key.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<ValueRef<'a>> {
        self.view.attribute(Level::Span, self.row, key)
    }

    /// Rows of its events in the event table.
    #[must_use]
    pub fn event_rows(&self) -> Range<usize> {
        range_of(&self.view.batch.events.span_row, self.row)
    }

    /// Rows of its links in the link table.
    #[must_use]
    pub fn link_rows(&self) -> Range<usize> {
        range_of(&self.view.batch.links.span_row, self.row)
    }
}

fn range_of(owners: &[u32], row: usize) -> Range<usize> {
    let from = owners.partition_point(|owner| (*owner as usize) < row);
    let count = owners[from..]
        .iter()
        .take_while(|owner| **owner as usize == row)
        .count();
    from..from + count
}
