//! For how many a span counts that was sampled: `ot=th:…` in its tracestate says
//! which share of all was kept (OpenTelemetry's probability sampling).
//!
//! It is a fraction, where the Collector throws dice for whole numbers: on average
//! they are the same, and this one can be checked.

use super::OtelState;
use crate::batch::SpanBatch;

/// The counts of all spans of a batch.
#[derive(Debug)]
pub struct AdjustedCounts<'b> {
    codes: &'b [u32],
    /// By text of the tracestate.
    counts: Vec<f64>,
}

impl<'b> AdjustedCounts<'b> {
    /// Needs the tracestates of the batch.
    #[must_use]
    pub fn of(batch: &'b SpanBatch) -> Self {
        let column = &batch.spans().trace_state;
        Self {
            codes: &column.codes,
            counts: column.dict.iter().map(adjusted_count).collect(),
        }
    }

    /// Does every span stand for itself alone?
    #[must_use]
    pub fn are_ones(&self) -> bool {
        self.counts.iter().all(|count| *count == 1.0)
    }

    /// Of a span; 1 where nothing says how many were dropped.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> f64 {
        self.counts[self.codes[row] as usize]
    }
}

fn adjusted_count(trace_state: &str) -> f64 {
    let state = OtelState::parse(trace_state).ok();
    let threshold = state.and_then(|state| state.threshold);
    threshold.map_or(1.0, |threshold| 1.0 / threshold.probability())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_says_for_how_many() {
        for (trace_state, count) in [
            ("", 1.0),
            ("ot=th:0", 1.0),
            ("ot=th:8", 2.0),
            ("ot=th:c", 4.0),
            ("congo=t61, ot=rv:abcdefabcdefab;th:c0", 4.0),
            ("ot=th:fffffffffffffc", (1u64 << 54) as f64),
            ("ot=th:", 1.0),
            ("ot=th:C", 1.0),
            ("ot=th:000000000000000", 1.0),
            ("ot=rv:abcdefabcdefab", 1.0),
            ("oth=th:8", 1.0),
        ] {
            assert!(
                (adjusted_count(trace_state) - count).abs() < f64::EPSILON * count,
                "{trace_state}: {}",
                adjusted_count(trace_state)
            );
        }
    }
}
