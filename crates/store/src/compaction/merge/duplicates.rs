//! Spans that are stored twice, because a client sent them again.
//!
//! Rows that agree in trace, ids and times stand together; only these are read
//! whole, and of those that are equal in everything the first stays. Memory is
//! bounded however many there are: of a span that came more often than fits,
//! equal ones may be left, and reading a trace drops them.

use std::ops::Range;

use tracewell_model::RowSet;

use super::inputs::Inputs;
use super::keys::{Keys, Order};
use super::{MergeError, Step};

/// Most rows that are compared at once.
const MOST_ROWS: usize = 16_384;

/// Drops exact duplicates from the order; answers how many there were.
pub(super) fn drop_repeated(
    inputs: &Inputs<'_>,
    keys: &Keys,
    order: &mut Order,
    step: &mut Step<'_>,
) -> Result<u64, MergeError> {
    let at_once = inputs.rows_at_once().min(MOST_ROWS);
    let mut check = Check {
        inputs,
        rows: &order.rows,
        dropped: RowSet::none(order.rows.len()),
        step,
    };
    let mut waiting: Vec<usize> = Vec::new();
    for set in candidates(keys, order) {
        if set.len() > at_once / 2 {
            check.large(set, at_once / 2)?;
            continue;
        }
        if waiting.len() + set.len() > at_once {
            check.compare(&waiting)?;
            waiting.clear();
        }
        waiting.extend(set);
    }
    check.compare(&waiting)?;
    let dropped = check.dropped;
    if !dropped.is_empty() {
        order.remove(&dropped);
    }
    Ok(dropped.count() as u64)
}

/// Places whose rows agree in all keys, two or more.
fn candidates(keys: &Keys, order: &Order) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for trace in 0..order.trace_ends.len() {
        let places = order.trace(trace);
        let mut from = places.start;
        let same = |a: &u32, b: &u32| keys.outline(*a) == keys.outline(*b);
        for set in order.rows[places].chunk_by(same) {
            if set.len() > 1 {
                found.push(from..from + set.len());
            }
            from += set.len();
        }
    }
    found
}

struct Check<'a, 's> {
    inputs: &'a Inputs<'a>,
    rows: &'a [u32],
    dropped: RowSet,
    step: &'a mut Step<'s>,
}

impl Check<'_, '_> {
    /// Compares the rows at these places; of equal ones the first stays.
    fn compare(&mut self, places: &[usize]) -> Result<(), MergeError> {
        if places.is_empty() {
            return Ok(());
        }
        let rows: Vec<u32> = places.iter().map(|place| self.rows[*place]).collect();
        let (batch, in_batch) = self.inputs.read(&rows)?;
        let distinct = batch.distinct_rows();
        for (place, in_batch) in places.iter().zip(in_batch) {
            if !distinct.contains(in_batch as usize) {
                self.dropped.insert(*place);
            }
        }
        if (self.step)(self.inputs.stored_bytes(places.len())) {
            Ok(())
        } else {
            Err(MergeError::Stopped)
        }
    }

    /// One set that is too large to be compared at once: piece by piece, each
    /// with those of the pieces before that stayed.
    fn large(&mut self, set: Range<usize>, at_once: usize) -> Result<(), MergeError> {
        let mut stayed: Vec<usize> = Vec::new();
        for from in set.clone().step_by(at_once.max(1)) {
            let piece = from..(from + at_once.max(1)).min(set.end);
            let places: Vec<usize> = stayed.iter().copied().chain(piece.clone()).collect();
            self.compare(&places)?;
            stayed.extend(piece.filter(|place| !self.dropped.contains(*place)));
            stayed.truncate(at_once);
        }
        Ok(())
    }
}
