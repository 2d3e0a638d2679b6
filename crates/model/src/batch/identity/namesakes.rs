//! The order of spans that have the same outline.
//!
//! Who knows a span by its outline, because a page shows it in a row, tells
//! namesakes apart by their order. Where spans lie changes while a store seals
//! and merges, so **the order is that of what they say and of nothing else**.

use super::{RowSet, SpanBatch, fingerprint};
use crate::batch::view::BatchView;
use foldhash::quality::FixedState;
use std::collections::HashMap;

/// The same spans, those of equal outlines in order. The batch is not partial
/// where it has any.
pub(super) fn in_order(batch: SpanBatch) -> SpanBatch {
    let Some(ranks) = ranks(&batch) else {
        return batch;
    };
    let has_namesakes = |row: usize| ranks.contains_key(&row);
    let rows = RowSet::from_fn(batch.len(), has_namesakes);
    let mut singles = rows.clone();
    singles.invert();
    let ranks: Vec<u32> = rows.iter().map(|row| ranks[&row]).collect();
    let namesakes = by_rank(batch.part(&[&rows]), ranks);
    let mut joiner = super::BatchJoiner::new();
    let parts = [
        (&batch, &singles),
        (&namesakes, &RowSet::all(namesakes.len())),
    ];
    for (part, rows) in parts {
        joiner
            .append_rows(part, rows)
            .expect("a part is no larger than the whole");
    }
    joiner.finish()
}

/// The place among its namesakes of each row that has some; nothing where all
/// are in order.
fn ranks(batch: &SpanBatch) -> Option<HashMap<usize, u32>> {
    let mut namesakes: HashMap<usize, Vec<usize>> = HashMap::new();
    for (first, row) in batch.repeated() {
        namesakes
            .entry(first)
            .or_insert_with(|| vec![first])
            .push(row);
    }
    let (view, hasher) = (BatchView::new(batch), FixedState::default());
    let (mut ranks, mut are_in_order) = (HashMap::new(), true);
    for mut rows in namesakes.into_values() {
        // Who chooses spans whose prints meet only gives up their order.
        rows.sort_by_cached_key(|row| fingerprint(view.span(*row), &hasher));
        are_in_order &= rows.is_sorted();
        ranks.extend(rows.into_iter().zip(0..));
    }
    (!are_in_order).then_some(ranks)
}

/// The rows by rank, bit by bit: rows can be taken out of a batch in ascending
/// order only, and one by one would cost the square of them.
fn by_rank(mut batch: SpanBatch, mut ranks: Vec<u32>) -> SpanBatch {
    let most = ranks.iter().max().copied().unwrap_or(0);
    for bit in (0..u32::BITS).take_while(|bit| most >> bit > 0) {
        let has_bit = |rank: &u32| rank >> bit & 1 == 1;
        let ones = RowSet::from_fn(batch.len(), |row| has_bit(&ranks[row]));
        let mut zeros = ones.clone();
        zeros.invert();
        batch = batch.part(&[&zeros, &ones]);
        ranks.sort_by_key(has_bit);
    }
    batch
}
