//! Rows taken out of tables: spans that are dropped, events that go.
//!
//! Dictionaries stay as they are, with entries that nobody names any more, as
//! long as most rows stay; else the rest is put together anew, so that **a few
//! spans never drag the texts of thousands along**.

use crate::batch::columns::{
    AttributeColumn, Blobs, ColumnValues, OverflowColumn, SparseU32, Strings,
};
use crate::batch::concat::BatchJoiner;
use crate::batch::{Level, SpanBatch};
use crate::rows::RowSet;

/// Below this share of rows (one in so many) what is left is joined anew.
const WORTH_JOINING: usize = 4;

impl SpanBatch {
    /// Only these spans, with their events and links. Resources and scopes stay,
    /// also those of nobody.
    #[must_use]
    pub fn select(&self, rows: &RowSet) -> Self {
        let count = rows.count();
        if count == 0 {
            return Self::default();
        }
        if count < self.len() / WORTH_JOINING {
            let mut joiner = BatchJoiner::new();
            // Less than the whole, which is a batch.
            if joiner.append_rows(self, rows).is_ok() {
                return joiner.finish();
            }
        }
        let mut selected = self.clone();
        selected.retain_spans(rows);
        selected
    }

    /// Takes all other spans out, with their events and links.
    pub fn retain_spans(&mut self, rows: &RowSet) {
        let of_events = RowSet::from_fn(self.level_len(Level::Event), |row| {
            rows.contains(self.events.span_row[row] as usize)
        });
        let of_links = RowSet::from_fn(self.level_len(Level::Link), |row| {
            rows.contains(self.links.span_row[row] as usize)
        });
        self.retain_events(&of_events);
        self.retain_links(&of_links);
        let new_rows = NewRows::new(rows);
        let kept = &new_rows.kept;
        let spans = &mut self.spans;
        retain(&mut spans.trace_id, kept);
        retain(&mut spans.span_id, kept);
        retain(&mut spans.parent_span_id, kept);
        retain(&mut spans.trace_state.codes, kept);
        retain(&mut spans.flags, kept);
        retain(&mut spans.name.codes, kept);
        retain(&mut spans.kind, kept);
        retain(&mut spans.start_ns, kept);
        retain(&mut spans.duration_ns, kept);
        retain(&mut spans.status_code, kept);
        retain(&mut spans.status_message.codes, kept);
        retain(&mut spans.resource, kept);
        retain(&mut spans.scope, kept);
        for sparse in [
            &mut spans.dropped_attributes,
            &mut spans.dropped_events,
            &mut spans.dropped_links,
        ] {
            sparse.renumber(&new_rows);
        }
        for owners in [&mut self.events.span_row, &mut self.links.span_row] {
            owners.iter_mut().for_each(|row| *row = new_rows.of(*row));
        }
        self.renumber_owners(Level::Span, &new_rows);
        self.failed = self.failed.take().map(|failed| {
            RowSet::from_fn(self.len(), |row| {
                failed.contains(new_rows.old[row] as usize)
            })
        });
    }

    /// Takes all other events out.
    pub fn retain_events(&mut self, rows: &RowSet) {
        if rows.count() == self.level_len(Level::Event) {
            return;
        }
        let new_rows = NewRows::new(rows);
        let table = &mut self.events;
        retain(&mut table.span_row, &new_rows.kept);
        retain(&mut table.time_ns, &new_rows.kept);
        retain(&mut table.name.codes, &new_rows.kept);
        table.dropped_attributes.renumber(&new_rows);
        self.renumber_owners(Level::Event, &new_rows);
        self.failed = None;
    }

    /// Takes all other links out.
    pub fn retain_links(&mut self, rows: &RowSet) {
        if rows.count() == self.level_len(Level::Link) {
            return;
        }
        let new_rows = NewRows::new(rows);
        let table = &mut self.links;
        retain(&mut table.span_row, &new_rows.kept);
        retain(&mut table.trace_id, &new_rows.kept);
        retain(&mut table.span_id, &new_rows.kept);
        retain(&mut table.trace_state.codes, &new_rows.kept);
        retain(&mut table.flags, &new_rows.kept);
        table.dropped_attributes.renumber(&new_rows);
        self.renumber_owners(Level::Link, &new_rows);
    }

    fn renumber_owners(&mut self, level: Level, new_rows: &NewRows) {
        for column in self
            .attributes
            .iter_mut()
            .filter(|column| column.level == level)
        {
            let kept: Vec<bool> = column.rows.iter().map(|row| new_rows.has(*row)).collect();
            column.retain(&kept);
            column
                .rows
                .iter_mut()
                .for_each(|row| *row = new_rows.of(*row));
        }
        self.attributes.retain(|column| !column.rows.is_empty());
        let rest = &mut self.overflow;
        let is_kept = |(of, row): (&Level, &u32)| *of != level || new_rows.has(*row);
        let kept: Vec<bool> = rest.levels.iter().zip(&rest.rows).map(is_kept).collect();
        rest.retain(&kept);
        for (of, row) in rest.levels.iter().zip(&mut rest.rows) {
            if *of == level {
                *row = new_rows.of(*row);
            }
        }
    }
}

/// Which rows stay, and what they are called then.
struct NewRows {
    kept: Vec<bool>,
    /// By old row; of one that goes, where the next would be.
    new: Vec<u32>,
    /// By new row.
    old: Vec<u32>,
}

impl NewRows {
    fn new(rows: &RowSet) -> Self {
        let kept: Vec<bool> = (0..rows.table_len())
            .map(|row| rows.contains(row))
            .collect();
        let mut next = 0;
        let new = kept.iter().map(|is_kept| {
            let row = next;
            next += u32::from(*is_kept);
            row
        });
        let new = new.collect();
        Self {
            kept,
            new,
            old: rows.iter().map(|row| row as u32).collect(),
        }
    }

    fn has(&self, row: u32) -> bool {
        self.kept[row as usize]
    }

    fn of(&self, row: u32) -> u32 {
        self.new[row as usize]
    }
}

/// Keeps the entries for which `kept` says so.
fn retain<T>(values: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    values.retain(|_| kept.next().is_some_and(|kept| *kept));
}

impl SparseU32 {
    fn renumber(&mut self, new_rows: &NewRows) {
        let kept: Vec<bool> = self.rows.iter().map(|row| new_rows.has(*row)).collect();
        retain(&mut self.rows, &kept);
        retain(&mut self.values, &kept);
        self.rows
            .iter_mut()
            .for_each(|row| *row = new_rows.of(*row));
    }
}

impl AttributeColumn {
    /// Keeps the entries for which `kept` says so.
    pub(super) fn retain(&mut self, kept: &[bool]) {
        if kept.iter().all(|kept| *kept) {
            return;
        }
        retain(&mut self.rows, kept);
        match &mut self.values {
            ColumnValues::Str(values) => retain(&mut values.codes, kept),
            ColumnValues::Int(values) => retain(values, kept),
            ColumnValues::Double(values) => retain(values, kept),
            ColumnValues::Bool(values) => retain(values, kept),
            ColumnValues::Bytes(values) | ColumnValues::Other(values) => values.retain(kept),
        }
    }

    /// Adds the entries of a column of the same level, key and type, whose owners
    /// have none here.
    pub(super) fn merge(&mut self, added: Self) {
        let in_order = self.rows.last() < added.rows.first();
        self.rows.extend_from_slice(&added.rows);
        self.values.append(&added.values);
        if in_order {
            return;
        }
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|entry| self.rows[*entry]);
        self.rows = order.iter().map(|entry| self.rows[*entry]).collect();
        self.values = self.values.reordered(&order);
    }
}

impl Blobs {
    fn retain(&mut self, kept: &[bool]) {
        let mut left = Self::default();
        let entries = (0..self.len()).filter(|entry| kept[*entry]);
        entries.for_each(|entry| left.push(self.get(entry)));
        *self = left;
    }
}

impl OverflowColumn {
    /// Keeps the entries for which `kept` says so.
    pub(super) fn retain(&mut self, kept: &[bool]) {
        if kept.iter().all(|kept| *kept) {
            return;
        }
        retain(&mut self.levels, kept);
        retain(&mut self.rows, kept);
        let mut keys = Strings::default();
        let entries = (0..self.keys.len()).filter(|entry| kept[*entry]);
        entries.for_each(|entry| {
            keys.push(self.keys.get(entry));
        });
        self.keys = keys;
        self.values.retain(kept);
    }
}
