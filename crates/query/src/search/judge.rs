//! Does a trace that was fetched match, and where does it stand?
//!
//! A filter on spans alone needs no tree to judge, and who only counts needs
//! none to show: **a tree is made where somebody asks for it**, once.

use super::{Cursor, Search};
use crate::spansets::{Spanset, TraceFilter, rows_of};
use crate::summary::TraceSummary;
use std::cell::OnceCell;
use std::sync::atomic::AtomicBool;
use tracewell_model::filter::TraceFacts;
use tracewell_model::{RowSet, SpanBatch, SpanFilter, StoreError, TraceTree};

/// A trace that matches.
#[derive(Debug)]
pub struct FoundTrace<'a> {
    /// Its spans, as far as [`Search::detail`] says.
    pub batch: &'a SpanBatch,
    /// The rows of the spans that were found, also those outside the range.
    pub matched: RowSet,
    /// The same as sets.
    pub spansets: Vec<Spanset>,
    /// Where it stands among others.
    pub place: Cursor,
    filter: &'a TraceFilter,
    tree: OnceCell<TraceTree>,
}

impl FoundTrace<'_> {
    /// What is known of the trace as a whole; needs the columns of its structure.
    pub(crate) fn facts(&self) -> TraceFacts {
        let tree = self.tree.get_or_init(|| TraceTree::new(self.batch));
        tree.facts(self.batch)
    }

    /// The trace in short; needs the columns of a summary.
    #[must_use]
    pub fn summary(&self) -> TraceSummary {
        TraceSummary::of_found(self.filter, self.batch, &self.tree, &self.spansets)
    }
}

/// Judges the traces of one search.
pub(super) struct Judge<'a> {
    pub(super) search: &'a Search,
    /// What made candidates, where that is less than the whole filter.
    pub(super) candidate_filter: Option<&'a SpanFilter>,
    pub(super) cancelled: &'a AtomicBool,
}

impl<'a> Judge<'a> {
    /// Has the scan judged already, so that nearly all will be shown?
    pub(super) fn is_certain(&self) -> bool {
        self.candidate_filter.is_none()
    }

    /// Does the trace match as a whole, and was it not on an earlier page?
    ///
    /// # Errors
    /// [`StoreError::Cancelled`].
    pub(super) fn judge<'b>(
        &self,
        batch: &'b SpanBatch,
    ) -> Result<Option<FoundTrace<'b>>, StoreError>
    where
        'a: 'b,
    {
        let filter = &self.search.filter;
        let tree = OnceCell::new();
        let spansets = filter.spansets(batch, &tree, self.cancelled)?;
        let matched = rows_of(&spansets, batch);
        let place = self.place(batch, &matched);
        Ok(place.map(|place| FoundTrace {
            batch,
            matched,
            spansets,
            place,
            filter,
            tree,
        }))
    }

    /// Where a trace of which these spans were found stands on this page.
    fn place(&self, batch: &SpanBatch, matched: &RowSet) -> Option<Cursor> {
        let newest_match_ns = self.newest_in_range(batch, matched)?;
        let newest_match_ns = match self.candidate_filter {
            Some(filter) => self.newest_in_range(batch, &filter.matching(batch))?,
            None => newest_match_ns,
        };
        let place = Cursor {
            newest_match_ns,
            trace_id: batch.spans().trace_id[0],
        };
        let is_earlier = self.search.after.is_some_and(|after| place >= after);
        (!is_earlier).then_some(place)
    }

    /// The latest start of those of these rows that belong to the range.
    fn newest_in_range(&self, batch: &SpanBatch, rows: &RowSet) -> Option<u64> {
        let spans = batch.spans();
        let range = &self.search.range;
        rows.iter()
            .filter(|row| range.includes(spans.start_ns[*row], spans.duration_ns[*row]))
            .map(|row| spans.start_ns[row])
            .max()
    }
}
