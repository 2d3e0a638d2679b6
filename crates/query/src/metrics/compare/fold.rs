//! Spans into counts: of each attribute once for each chunk, whichever side a span is
//! on and whenever it starts.
//!
//! What a span counts for is worked out once for all attributes. Attributes of
//! resources and scopes are counted by resource and scope, of which there are few, and
//! **an attribute costs what it has entries**.

use super::super::fold::{Folding, Rows};
use super::super::plan::Comparison;
use super::super::steps::Steps;
use super::counts::{Counts, Tally};
use std::cell::OnceCell;
use tracewell_model::filter::{Field, Place, TraceFacts};
use tracewell_model::trace_state::adjusted_count::AdjustedCounts;
use tracewell_model::values::{coded_values, owner_codes};
use tracewell_model::{Level, Reservation, RowSet, SpanBatch};

/// A row that does not count.
const NOWHERE: u32 = u32::MAX;

/// Cells of a table of owners, at most; past it spans are counted one by one.
const MAX_OWNER_CELLS: usize = 1 << 20;

/// What was counted so far.
pub(in crate::metrics) struct CompareFold<'q> {
    of: &'q Comparison,
    fields: &'q [(String, Field)],
    pub(super) steps: Steps,
    counts: Vec<Counts>,
    tally: Tally,
    memory: Reservation,
    most_bytes: usize,
}

impl<'q> CompareFold<'q> {
    pub(super) fn new(
        of: &'q Comparison,
        fields: &'q [(String, Field)],
        steps: Steps,
        (memory, most_bytes): (Reservation, usize),
    ) -> Self {
        let counts = fields.iter().map(|_| Counts::new(2 * steps.count()));
        Self {
            of,
            fields,
            steps,
            counts: counts.collect(),
            tally: Tally::default(),
            memory,
            most_bytes,
        }
    }

    /// The counts of each attribute.
    pub(super) fn finish(self) -> Vec<(&'q (String, Field), Counts)> {
        self.fields.iter().zip(self.counts).collect()
    }

    /// Memory follows what the counts have become; the largest give way where there is
    /// none.
    fn settle(&mut self) {
        loop {
            let bytes = self.counts.iter().map(Counts::memory_bytes).sum();
            if bytes <= self.most_bytes && self.memory.resize(bytes).is_ok() {
                return;
            }
            let largest = self.counts.iter_mut().max_by_key(|of| of.memory_bytes());
            match largest.filter(|of| !of.is_closed()) {
                Some(largest) => largest.close(),
                None => return,
            }
        }
    }
}

impl Folding for CompareFold<'_> {
    fn add(&mut self, batch: &SpanBatch, rows: &RowSet, of: Rows<'_>) {
        let facts = of.facts();
        let chunk = Chunk::new(batch, rows, facts, self.of, &self.steps);
        if chunk.buckets.is_empty() {
            return;
        }
        for ((_, field), counts) in self.fields.iter().zip(&mut self.counts) {
            chunk.count(field, facts, &mut self.tally, counts);
        }
        self.settle();
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            mine.merge(theirs);
        }
        self.settle();
    }
}

/// What the spans of a chunk count for.
struct Chunk<'b> {
    batch: &'b SpanBatch,
    /// The buckets (side and moment) that there are, by their numbers here.
    buckets: Vec<u32>,
    /// Such a number for each row.
    of_rows: Vec<u32>,
    /// For how many spans each row stands.
    weights: Option<AdjustedCounts<'b>>,
    /// What the spans of each resource and scope count for.
    of_resources: OnceCell<Option<Vec<f64>>>,
    of_scopes: OnceCell<Option<Vec<f64>>>,
}

impl<'b> Chunk<'b> {
    fn new(
        batch: &'b SpanBatch,
        rows: &RowSet,
        facts: Option<&TraceFacts>,
        of: &Comparison,
        steps: &Steps,
    ) -> Self {
        let selected = of.selected(batch, rows, facts);
        let starts_ns = &batch.spans().start_ns;
        let mut known = vec![NOWHERE; 2 * steps.count()];
        let mut buckets = Vec::new();
        let mut of_rows = vec![NOWHERE; batch.len()];
        for row in rows.iter() {
            let Some(place) = steps.place(starts_ns[row]) else {
                continue;
            };
            let side = usize::from(selected.contains(row));
            let bucket = side * steps.count() + place;
            if known[bucket] == NOWHERE {
                known[bucket] = buckets.len() as u32;
                buckets.push(bucket as u32);
            }
            of_rows[row] = known[bucket];
        }
        let weights = AdjustedCounts::of(batch);
        Self {
            batch,
            buckets,
            of_rows,
            weights: (!weights.are_ones()).then_some(weights),
            of_resources: OnceCell::new(),
            of_scopes: OnceCell::new(),
        }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |of| of.get(row))
    }

    /// Counts the values of a field.
    fn count(
        &self,
        field: &Field,
        facts: Option<&TraceFacts>,
        tally: &mut Tally,
        counts: &mut Counts,
    ) {
        let spans = self.batch.spans();
        let of_owners = match field {
            Field::Attribute(Place::Span, keys) => Some((Level::Span, keys)),
            Field::Attribute(Place::Resource, keys) => Some((Level::Resource, keys)),
            Field::Attribute(Place::Scope, keys) => Some((Level::Scope, keys)),
            _ => None,
        };
        let width = self.buckets.len();
        if let Some((level, keys)) = of_owners
            && let [key] = &keys[..]
        {
            let table = match level {
                Level::Resource => {
                    Some(self.of_resources.get_or_init(|| {
                        self.by_owner(&spans.resource, self.batch.level_len(level))
                    }))
                }
                Level::Scope => Some(
                    self.of_scopes
                        .get_or_init(|| self.by_owner(&spans.scope, self.batch.level_len(level))),
                ),
                _ => None,
            };
            if !matches!(table, Some(None)) {
                let Some(coded) = owner_codes(self.batch, level, key) else {
                    return;
                };
                tally.begin(coded.values.len(), width, coded.owners.len());
                let entries = coded.owners.iter().zip(coded.codes.iter());
                match table {
                    Some(Some(table)) => entries.for_each(|(owner, code)| {
                        let first = *owner as usize * width;
                        tally.add_all(*code, &table[first..first + width]);
                    }),
                    _ => entries.for_each(|(row, code)| {
                        let bucket = self.of_rows[*row as usize];
                        if bucket != NOWHERE {
                            tally.add(*code, bucket, self.weight(*row as usize));
                        }
                    }),
                }
                counts.take(&coded.values, tally, &self.buckets);
                return;
            }
        }
        let coded = coded_values(self.batch, field, facts);
        tally.begin(coded.values.len(), width, self.of_rows.len());
        for ((row, bucket), code) in self.of_rows.iter().enumerate().zip(coded.codes.iter()) {
            if *bucket != NOWHERE {
                tally.add(*code, *bucket, self.weight(row));
            }
        }
        counts.take(&coded.values, tally, &self.buckets);
    }

    /// What the spans of each owner count for; `None` of too many.
    fn by_owner(&self, owners: &[u32], len: usize) -> Option<Vec<f64>> {
        let width = self.buckets.len();
        let cells = len
            .checked_mul(width)
            .filter(|all| *all <= MAX_OWNER_CELLS)?;
        let mut table = vec![0.0; cells];
        for ((row, bucket), owner) in self.of_rows.iter().enumerate().zip(owners) {
            if *bucket != NOWHERE {
                table[*owner as usize * width + *bucket as usize] += self.weight(row);
            }
        }
        Some(table)
    }
}
