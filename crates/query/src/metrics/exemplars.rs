//! A span for each series and part of the range, so that whoever sees a figure can
//! look at a trace behind it.
//!
//! Of the spans of a part one stays by the numbers of its ids: as if by chance, and
//! **the same whichever thread met it first**.

use super::answer::{Exemplar, Series};
use tracewell_model::{SpanBatch, SpanId, TraceId};

/// The spans that were kept so far, some for each series.
pub(super) struct Exemplars {
    /// Parts of the range.
    slots: usize,
    moments: usize,
    kept: Vec<Option<Found>>,
}

/// A span that counts for a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    trace_id: TraceId,
    span_id: SpanId,
    start_ns: u64,
    place: u32,
    number: f64,
}

impl Found {
    pub(super) fn new(batch: &SpanBatch, row: usize, place: u32, number: f64) -> Self {
        let spans = batch.spans();
        Self {
            trace_id: spans.trace_id[row],
            span_id: spans.span_id[row],
            start_ns: spans.start_ns[row],
            place,
            number,
        }
    }

    /// Of the sample it counts for.
    pub(super) fn place(&self) -> usize {
        self.place as usize
    }

    /// What was measured; NaN where nothing is.
    pub(super) fn number(&self) -> f64 {
        self.number
    }

    pub(super) fn exemplar(&self, value: f64) -> Exemplar {
        Exemplar {
            trace_id: self.trace_id,
            span_id: self.span_id,
            at_ns: self.start_ns,
            value,
        }
    }
}

impl Exemplars {
    /// `most` of each series, at most one for each moment.
    pub(super) fn new(most: usize, moments: usize) -> Self {
        Self {
            slots: most.min(moments),
            moments,
            kept: Vec::new(),
        }
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.slots > 0
    }

    pub(super) fn series_bytes(&self) -> usize {
        self.slots * size_of::<Option<Found>>()
    }

    /// Makes room for so many series.
    pub(super) fn grow(&mut self, series: usize) {
        self.kept.resize(series * self.slots, None);
    }

    pub(super) fn offer(&mut self, series: usize, found: Found) {
        let slot = found.place() * self.slots / self.moments;
        let kept = &mut self.kept[series * self.slots + slot];
        let rank = |of: &Found| rank(of.trace_id, of.span_id);
        let is_better = kept.is_none_or(|kept| rank(&found) < rank(&kept));
        if is_better {
            *kept = Some(found);
        }
    }

    /// Those of a series.
    pub(super) fn of(&self, series: usize) -> impl Iterator<Item = &Found> {
        let own = series * self.slots..(series + 1) * self.slots;
        self.kept[own].iter().flatten()
    }
}

/// Leaves at most so many in all series together, as if by chance, each series'
/// by time.
pub(super) fn thin_out(series: &mut [Series], most: usize) {
    for series in &mut *series {
        series.exemplars.sort_by_key(|of| of.at_ns);
    }
    let all = || series.iter().flat_map(|series| &series.exemplars);
    let mut ranks: Vec<u64> = all().map(|of| rank(of.trace_id, of.span_id)).collect();
    if ranks.len() <= most {
        return;
    }
    ranks.sort_unstable();
    let limit = ranks[most];
    for series in series {
        let is_below = |of: &Exemplar| rank(of.trace_id, of.span_id) < limit;
        series.exemplars.retain(is_below);
    }
}

/// The place of a span among others.
fn rank(trace: TraceId, span: SpanId) -> u64 {
    let half = |range: std::ops::Range<usize>| {
        let half = trace.0[range].try_into().unwrap_or_default();
        u64::from_be_bytes(half)
    };
    let ids = half(0..8) ^ half(8..16).rotate_left(29) ^ u64::from_be_bytes(span.0);
    ids.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
