//! Which rows of a batch go along into a joined one, and where they land.
//!
//! Rows of a table keep their order, so a row's new place is an offset, or an
//! offset and its place among the chosen ones.

use crate::batch::builder::SpanBatchBuilder;
use crate::batch::columns::SparseU32;
use crate::batch::{Level, SpanBatch};

/// Which rows of the child tables go along, and where all of them land.
pub(super) struct OwnerMaps {
    spans: Vec<u32>,
    pub(super) events: Vec<u32>,
    pub(super) links: Vec<u32>,
    span_map: RowMap,
    event_map: RowMap,
    link_map: RowMap,
}

/// Old row → new row.
pub(super) struct RowMap {
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

    pub(super) fn get(&self, row: u32) -> u32 {
        let place = self.chosen.as_ref().map_or(row, |chosen| {
            chosen
                .binary_search(&row)
                .expect("only chosen rows are mapped") as u32
        });
        self.first + place
    }
}

impl OwnerMaps {
    pub(super) fn new(batch: &SpanBatch, chosen: &[u32], into: &SpanBatchBuilder) -> Self {
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

    pub(super) fn span(&self, row: u32) -> u32 {
        self.span_map.get(row)
    }

    /// Resources and scopes go another way, hence `None`.
    pub(super) fn of(&self, level: Level) -> Option<(&[u32], &RowMap)> {
        match level {
            Level::Span => Some((&self.spans, &self.span_map)),
            Level::Event => Some((&self.events, &self.event_map)),
            Level::Link => Some((&self.links, &self.link_map)),
            Level::Resource | Level::Scope => None,
        }
    }
}

/// Entries whose owner is chosen; both lists ascend.
pub(super) fn entries_of(owners: &[u32], chosen: &[u32]) -> Vec<u32> {
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

pub(super) fn copy_sparse(to: &mut SparseU32, from: &SparseU32, first: u32, chosen: &[u32]) {
    for (row, value) in from.rows.iter().zip(&from.values) {
        if let Ok(place) = chosen.binary_search(row) {
            to.push(first + place as u32, *value);
        }
    }
}
