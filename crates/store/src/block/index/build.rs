//! Collects what the index file says while a block is being written, row group
//! by row group.

use std::collections::{BTreeMap, HashSet};

use tracewell_model::batch::Level;
use tracewell_model::batch::columns::{AttributeColumn, ColumnValues, ValueType};
use tracewell_model::batch::view::overflow_value;
use tracewell_model::store::AttributeKey;
use tracewell_model::{RowSet, SpanBatch, SpanId, TraceId, ValueRef};
use tracewell_parquet::{EncodedChunk, PAGE_ROWS};

use super::sections::Place;
use super::tokens::TokenMaker;
use super::{
    Core, KeyEntry, RowGroup, directory, encode, group_bit, sections, sums, tokens, traces,
};
use crate::block::operations::OperationCounter;
use crate::block::schema::Fixed;

/// A row group that was just encoded.
#[derive(Debug, Clone, Copy)]
pub(in crate::block) struct GroupFacts<'a> {
    /// Holds its spans, perhaps among others.
    pub(in crate::block) batch: &'a SpanBatch,
    /// Its rows in the batch, in the order of the block.
    pub(in crate::block) order: &'a [u32],
    /// Which rows of the batch failed.
    pub(in crate::block) failed: &'a RowSet,
    /// Its columns in file order.
    pub(in crate::block) chunks: &'a [EncodedChunk],
    /// Where the first chunk begins in the file.
    pub(in crate::block) offset: u64,
    /// Whether its `service_name` tells all there is of that key.
    pub(in crate::block) services_exact: bool,
    /// Which resources of the batch have one.
    pub(in crate::block) named: &'a [bool],
}

/// What the manifest wants to know of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::block) struct Totals {
    pub(in crate::block) spans: u64,
    pub(in crate::block) traces: u64,
    pub(in crate::block) min_start_ns: u64,
    pub(in crate::block) max_start_ns: u64,
}

/// See the module's text.
#[derive(Debug)]
pub(in crate::block) struct IndexBuilder {
    /// The attribute of every column after the fixed ones.
    columns: BTreeMap<AttributeKey, usize>,
    has_derived: bool,
    services_exact: bool,
    rows: usize,
    /// Pages of each column.
    pages: usize,
    groups: Vec<RowGroup>,
    /// Trace, start and span id of the last row.
    last: Option<(TraceId, u64, SpanId)>,
    sections: Vec<u8>,
    traces: traces::Builder,
    /// Tokens of values that stand in dictionaries, of the whole block.
    tokens: Vec<u64>,
    operations: OperationCounter,
    keys: BTreeMap<AttributeKey, KeyEntry>,
}

impl IndexBuilder {
    /// For a file with a column for each of `columns` after the fixed ones.
    pub(in crate::block) fn new(columns: Vec<AttributeKey>, has_derived: bool) -> Self {
        let place = |(place, key)| (key, Fixed::ALL.len() + place);
        Self {
            columns: columns.into_iter().enumerate().map(place).collect(),
            has_derived,
            services_exact: true,
            rows: 0,
            pages: 0,
            groups: Vec::new(),
            last: None,
            sections: Vec::new(),
            traces: traces::Builder::default(),
            tokens: Vec::new(),
            operations: OperationCounter::default(),
            keys: BTreeMap::new(),
        }
    }

    /// Rows so far.
    pub(in crate::block) fn rows(&self) -> usize {
        self.rows
    }

    /// Takes in the next row group.
    pub(in crate::block) fn row_group(&mut self, group: &GroupFacts<'_>) {
        let spans = group.batch.spans();
        let traces_before = self.traces.len();
        for (place, row) in group.order.iter().enumerate() {
            let page = self.pages + place / PAGE_ROWS;
            self.traces.add(spans.trace_id[*row as usize], page as u16);
        }
        self.pages += group.order.len().div_ceil(PAGE_ROWS);
        self.rows += group.order.len();
        self.services_exact &= group.services_exact;
        let bit = group_bit(self.groups.len());
        self.operations
            .add(group.batch, group.order, group.failed, bit);
        let mut own_tokens = self.attributes(group);
        let tokens = tokens::build(&mut own_tokens);
        let tokens = sections::append(&mut self.sections, &tokens);
        let starts = || group.order.iter().map(|row| spans.start_ns[*row as usize]);
        let ends = group.order.iter().map(|row| {
            let (row, durations) = (*row as usize, &spans.duration_ns);
            spans.start_ns[row].saturating_add(durations[row].max(0) as u64)
        });
        let directory = self.directory(group);
        let (has_alike, begins_within) = self.neighbours(group);
        let sums = if has_alike {
            Vec::new()
        } else {
            sums::section(group)
        };
        let sums = sections::append(&mut self.sections, &sums);
        self.groups.push(RowGroup {
            rows: group.order.len(),
            min_start_ns: starts().min().unwrap_or(0),
            max_start_ns: starts().max().unwrap_or(0),
            max_end_ns: ends.max().unwrap_or(0),
            directory,
            tokens,
            has_alike,
            begins_within,
            traces: (self.traces.len() - traces_before) as u64,
            sums,
        });
    }

    /// Do two neighbours agree in trace, start and span id, and does the first go on
    /// with a trace? Such may stand on either side of a border.
    fn neighbours(&mut self, group: &GroupFacts<'_>) -> (bool, bool) {
        let spans = group.batch.spans();
        let key = |row: &u32| {
            let row = *row as usize;
            (spans.trace_id[row], spans.start_ns[row], spans.span_id[row])
        };
        let first = group.order.first().map(key);
        let last = std::mem::replace(&mut self.last, group.order.last().map(key));
        let begins_within = last.is_some_and(|last| first.is_some_and(|first| first.0 == last.0));
        let is_alike_at_border = last.is_some() && last == first;
        if let Some(before) = self.groups.last_mut().filter(|_| is_alike_at_border) {
            (before.has_alike, before.sums) = (true, Place::default());
        }
        let mut neighbours = group.order.windows(2);
        let is_alike = neighbours.any(|pair| key(&pair[0]) == key(&pair[1]));
        (is_alike || is_alike_at_border, begins_within)
    }

    fn directory(&mut self, group: &GroupFacts<'_>) -> Place {
        let mut section = Vec::new();
        let mut offset = group.offset;
        for chunk in group.chunks {
            directory::append(&mut section, offset, chunk);
            offset += chunk.bytes.len() as u64;
        }
        sections::append(&mut self.sections, &section)
    }

    /// Counts keys and puts the tokens of values in dictionaries into the
    /// block's filter; answers the other tokens of the row group.
    fn attributes(&mut self, group: &GroupFacts<'_>) -> Vec<u64> {
        let batch = group.batch;
        let members = Members::of(group);
        let mut own_tokens = Vec::new();
        for column in batch.attributes() {
            let is_here = |row: u32| members.has(column.level, row);
            let key = AttributeKey {
                level: column.level,
                key: column.key.to_string(),
                value_type: column.values.value_type(),
            };
            let place = self.columns.get(&key).copied();
            let in_dictionary = match place {
                Some(place) => group.chunks[place].has_dictionary,
                None => matches!(column.level, Level::Resource | Level::Scope),
            };
            if in_dictionary {
                add_tokens(column, is_here, &mut self.tokens);
            } else {
                add_tokens(column, is_here, &mut own_tokens);
            }
            let (count, repeated) = count(column, is_here);
            if count > 0 {
                let elsewhere = if place.is_some() { repeated } else { count };
                if repeated > 0 && in_dictionary {
                    // Those are in no column.
                    add_tokens(column, is_here, &mut own_tokens);
                }
                self.count_key(key, count, elsewhere, place);
            }
        }
        self.overflow(batch, &members, &mut own_tokens);
        self.tokens.sort_unstable();
        self.tokens.dedup();
        own_tokens
    }

    fn overflow(&mut self, batch: &SpanBatch, members: &Members<'_>, tokens: &mut Vec<u64>) {
        let overflow = batch.overflow();
        for (entry, level) in overflow.levels.iter().enumerate() {
            if !members.has(*level, overflow.rows[entry]) {
                continue;
            }
            let key = overflow.keys.get(entry);
            let value = overflow_value(overflow.values.get(entry));
            let maker = TokenMaker::new(*level, key);
            let token = match value {
                ValueRef::Str(text) => Some(maker.text(text)),
                ValueRef::Int(value) => Some(maker.int(value)),
                _ => None,
            };
            match level {
                Level::Resource | Level::Scope => self.tokens.extend(token),
                Level::Span | Level::Event | Level::Link => tokens.extend(token),
            }
            let key = AttributeKey {
                level: *level,
                key: key.to_owned(),
                value_type: value_type(value),
            };
            let place = self.columns.get(&key).copied();
            self.count_key(key, 1, 1, place);
        }
    }

    fn count_key(&mut self, key: AttributeKey, count: u64, elsewhere: u64, column: Option<usize>) {
        let entry = self.keys.entry(key).or_insert_with_key(|key| KeyEntry {
            key: key.clone(),
            count: 0,
            elsewhere: 0,
            column,
        });
        entry.count += count;
        entry.elsewhere += elsewhere;
    }

    /// The index file of a Parquet file of this size and CRC-32C.
    pub(in crate::block) fn finish(
        mut self,
        parquet_bytes: u64,
        parquet_crc: u32,
    ) -> (Vec<u8>, Totals) {
        // A column whose key occurs nowhere needs a place in the list all the
        // same: every column has a key.
        let columns = std::mem::take(&mut self.columns);
        for (key, column) in columns {
            self.count_key(key, 0, 0, Some(column));
        }
        let trace_count = self.traces.len() as u64;
        let traces = sections::append(&mut self.sections, &self.traces.finish());
        let tokens = tokens::build(&mut self.tokens);
        let tokens = sections::append(&mut self.sections, &tokens);
        let catalogue = self.operations.finish();
        let starts = self.groups.iter();
        let totals = Totals {
            spans: self.rows as u64,
            traces: trace_count,
            min_start_ns: starts.clone().map(|g| g.min_start_ns).min().unwrap_or(0),
            max_start_ns: starts.map(|group| group.max_start_ns).max().unwrap_or(0),
        };
        let core = Core {
            spans: totals.spans,
            traces: totals.traces,
            min_start_ns: totals.min_start_ns,
            max_start_ns: totals.max_start_ns,
            services_exact: self.services_exact,
            has_derived: self.has_derived,
            parquet_bytes,
            parquet_crc,
            sections_bytes: self.sections.len() as u64,
            row_groups: self.groups,
            traces_place: traces,
            tokens,
            catalogue,
            keys: self.keys.into_values().collect(),
            unlisted_keys: Vec::new(),
        };
        (encode::file(&core, &self.sections), totals)
    }
}

/// What of a batch belongs to a row group.
struct Members<'a> {
    batch: &'a SpanBatch,
    /// Its spans, resources and scopes; `None` when everything does.
    part: Option<[RowSet; 3]>,
}

impl<'a> Members<'a> {
    fn of(group: &GroupFacts<'a>) -> Self {
        let batch = group.batch;
        let part = (group.order.len() < batch.len()).then(|| {
            let levels = [Level::Span, Level::Resource, Level::Scope];
            let mut part = levels.map(|level| RowSet::none(batch.level_len(level)));
            for row in group.order.iter().map(|row| *row as usize) {
                let spans = batch.spans();
                part[0].insert(row);
                part[1].insert(spans.resource[row] as usize);
                part[2].insert(spans.scope[row] as usize);
            }
            part
        });
        Self { batch, part }
    }

    /// Does what stands in this row of its table belong? A resource or a scope
    /// does to every row group with a span of it.
    fn has(&self, level: Level, row: u32) -> bool {
        let Some([spans, resources, scopes]) = &self.part else {
            return true;
        };
        let row = row as usize;
        match level {
            Level::Span => spans.contains(row),
            Level::Resource => resources.contains(row),
            Level::Scope => scopes.contains(row),
            Level::Event => spans.contains(self.batch.events().span_row[row] as usize),
            Level::Link => spans.contains(self.batch.links().span_row[row] as usize),
        }
    }
}

/// Entries of a column, and how many of them are not the first of their owner.
fn count(column: &AttributeColumn, is_here: impl Fn(u32) -> bool) -> (u64, u64) {
    let (mut count, mut repeated, mut previous) = (0, 0, None);
    for row in column.rows.iter().copied().filter(|row| is_here(*row)) {
        count += 1;
        repeated += u64::from(previous == Some(row));
        previous = Some(row);
    }
    (count, repeated)
}

fn add_tokens(column: &AttributeColumn, is_here: impl Fn(u32) -> bool, tokens: &mut Vec<u64>) {
    let maker = TokenMaker::new(column.level, &column.key);
    let rows = column.rows.iter();
    match &column.values {
        ColumnValues::Str(values) => {
            let mut seen = RowSet::none(values.dict.len());
            for (row, code) in rows.zip(&values.codes) {
                let code = *code as usize;
                if !seen.contains(code) && is_here(*row) {
                    seen.insert(code);
                    tokens.push(maker.text(values.dict.get(code)));
                }
            }
        }
        ColumnValues::Int(values) => {
            let mut seen = HashSet::with_hasher(foldhash::fast::RandomState::default());
            for (row, value) in rows.zip(values) {
                if is_here(*row) && seen.insert(*value) {
                    tokens.push(maker.int(*value));
                }
            }
        }
        _ => {}
    }
}

fn value_type(value: ValueRef<'_>) -> ValueType {
    match value {
        ValueRef::Str(_) => ValueType::Str,
        ValueRef::Int(_) => ValueType::Int,
        ValueRef::Double(_) => ValueType::Double,
        ValueRef::Bool(_) => ValueType::Bool,
        ValueRef::Bytes(_) => ValueType::Bytes,
        ValueRef::Other(_) => ValueType::Other,
    }
}
