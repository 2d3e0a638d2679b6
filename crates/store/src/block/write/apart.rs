//! Few rows of a large batch, taken out of it: a row group costs in proportion
//! to the batch that it comes from, and those of spans far from the others are
//! small. **Nothing is changed in them.**

use tracewell_model::batch::concat::{BatchJoiner, BatchTooLarge};
use tracewell_model::{RowSet, SpanBatch};

/// Rows are taken out when they are fewer than one in so many: then what they
/// cost twice is less than what they save.
const FEW: usize = 4;

/// Rows of a batch as a batch.
#[derive(Debug)]
pub(super) struct Apart {
    pub(super) batch: SpanBatch,
    /// For each of its rows, that of the batch it was taken from; ascending.
    rows: Vec<u32>,
}

/// Are these rows worth being taken out?
pub(super) fn are_few(rows: &[u32], batch: &SpanBatch) -> bool {
    rows.len() < batch.len() / FEW
}

impl Apart {
    /// Takes out all these rows.
    pub(super) fn new<'r>(
        batch: &SpanBatch,
        parts: impl Iterator<Item = &'r [u32]>,
    ) -> Result<Self, BatchTooLarge> {
        let mut set = RowSet::none(batch.len());
        parts.flatten().for_each(|row| set.insert(*row as usize));
        let mut joiner = BatchJoiner::new();
        // Most blocks have none, and should not pay for it.
        if !set.is_empty() {
            joiner.append_rows(batch, &set)?;
        }
        Ok(Self {
            batch: joiner.finish(),
            rows: set.iter().map(|row| row as u32).collect(),
        })
    }

    /// Where rows that were taken out are now.
    pub(super) fn places(&self, rows: &[u32]) -> Vec<u32> {
        let place = |row: &u32| self.rows.partition_point(|of| of < row) as u32;
        rows.iter().map(place).collect()
    }
}
