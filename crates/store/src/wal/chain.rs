//! Is a segment of the log missing?
//!
//! Sequence numbers may leave gaps, so a number that is not there proves
//! nothing. Three witnesses do: the manifest names the oldest segment that was
//! kept, a segment names the one made before it, and one that was full says
//! that another was there to follow. What they name must be there as long as
//! the store needs the log from before it, so recovery holds on to such
//! segments even when they are empty. **A log of a version that wrote no such
//! things down is never called incomplete.** The newest segment
//! cannot be missed where none was made behind it: nobody speaks of it.

use std::collections::{BTreeMap, BTreeSet};

use super::WalPosition;
use super::scan::Closing;
use super::segment::SegmentHeader;

/// What the needed segments and the manifest say of others.
#[derive(Debug)]
pub(super) struct Chain {
    first_segment: Option<u64>,
    /// Segments before this one may have been released.
    kept_from: u64,
    previous: Vec<u64>,
    /// Those before segments that nobody needs.
    before_spare: Vec<u64>,
    /// The last needed segment, and whether another followed.
    last: Option<(u64, bool)>,
}

impl Chain {
    pub(super) fn new(from: WalPosition, first_segment: Option<u64>) -> Chain {
        let behind = match from == WalPosition::default() {
            true => 0,
            false => from.segment + 1,
        };
        Chain {
            first_segment,
            kept_from: first_segment.unwrap_or(behind),
            previous: Vec::new(),
            before_spare: Vec::new(),
            last: None,
        }
    }

    /// A needed segment; they come in order.
    pub(super) fn add(&mut self, sequence: u64, header: SegmentHeader, closing: Closing) {
        if let SegmentHeader::Intact {
            previous: Some(previous),
            ..
        } = header
        {
            self.previous.push(previous);
        }
        let is_followed = matches!(closing, Closing::ByWriter { is_followed: true });
        self.last = Some((sequence, is_followed));
    }

    /// A segment without entries that anybody needs.
    pub(super) fn add_spare(&mut self, header: SegmentHeader) {
        if let SegmentHeader::Intact {
            previous: Some(previous),
            ..
        } = header
        {
            self.before_spare.push(previous);
        }
    }

    /// Of the segments that nobody needs, those that a witness names or may
    /// name.
    pub(super) fn keeps(&self, needed: &BTreeMap<u64, u32>, free: &[u64]) -> Vec<u64> {
        let last = needed.keys().next_back();
        let follower = match self.last {
            Some((last, true)) => free.iter().filter(|sequence| **sequence > last).min(),
            _ => None,
        };
        let is_kept = |sequence: &u64| {
            Some(*sequence) == self.first_segment
                || *sequence >= self.kept_from && last.is_some_and(|last| sequence < last)
                || Some(sequence) == follower
        };
        free.iter().copied().filter(is_kept).collect()
    }

    /// Segments that are named and not there, ascending.
    pub(super) fn missing(&self, held: &BTreeMap<u64, u32>, found: &BTreeSet<u64>) -> Vec<u64> {
        let previous = self.previous.iter().copied();
        let previous = previous.filter(|previous| *previous >= self.kept_from);
        let mut named: Vec<u64> = previous.chain(self.first_segment).collect();
        // Behind the last needed one no segment goes before the one that names it.
        let behind = self
            .last
            .map_or(0, |(last, _)| last + 1)
            .max(self.kept_from);
        let spare = self.before_spare.iter().copied();
        named.extend(spare.filter(|previous| *previous >= behind));
        if let Some((last, true)) = self.last
            && held.range(last + 1..).next().is_none()
        {
            named.push(last + 1);
        }
        named.sort_unstable();
        named.dedup();
        named.retain(|sequence| !found.contains(sequence));
        named
    }
}
