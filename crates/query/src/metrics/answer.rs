//! What is asked for beside the query, and what comes back.

use super::steps::Steps;
use std::cmp::Ordering;
use tracewell_model::store::ScanReport;
use tracewell_model::values::Value;
use tracewell_model::{SpanId, TraceId};

/// How a query is to be answered.
#[derive(Debug, Clone)]
pub struct Asked {
    /// When series have samples.
    pub steps: Steps,
    /// Series, at most; more are cut off, and the answer says so.
    pub max_series: usize,
    /// Exemplars of all series together, at most.
    pub exemplars: usize,
}

impl Asked {
    /// All series over these steps, without exemplars.
    #[must_use]
    pub fn of(steps: Steps) -> Self {
        Self {
            steps,
            max_series: usize::MAX,
            exemplars: 0,
        }
    }
}

/// A value for each moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What its spans have in common, with the names in the order of the query:
    /// the fields of `by (…)` that they have, `p` of a quantile and `__bucket` of
    /// a histogram; of series that nothing else tells apart `__name__`.
    pub labels: Vec<(String, Value<'static>)>,
    /// One for each moment of the steps; NaN where there is no sample.
    pub values: Vec<f64>,
    /// Some of the spans that it is made of, by time.
    pub exemplars: Vec<Exemplar>,
}

/// A span behind a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar {
    /// Its trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// When it starts, ns since the epoch.
    pub at_ns: u64,
    /// What was measured of it, durations in seconds; where spans are only counted
    /// the sample that it counts for.
    pub value: f64,
}

impl Series {
    /// The samples there are, with their moments in ns since the epoch.
    pub fn samples(&self, steps: &Steps) -> impl Iterator<Item = (u64, f64)> {
        let all = steps.moments_ns().zip(self.values.iter().copied());
        all.filter(|(_, value)| !value.is_nan())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.iter().all(|value| value.is_nan())
    }
}

/// The series of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsAnswer {
    /// Those with samples: few labels first, then by labels.
    pub series: Vec<Series>,
    /// How much was looked at.
    pub report: ScanReport,
    /// False when spans that were stored twice may count twice.
    pub is_exact: bool,
    /// Why figures may be too small, or series missing.
    pub partial: Option<String>,
}

/// Few labels first, then by their names and values.
pub(super) fn in_order(series: &mut [Series]) {
    series.sort_by(|a, b| {
        let (a, b) = (&a.labels, &b.labels);
        let names = || a.iter().zip(b).map(|((a, _), (b, _))| a.cmp(b));
        let values = || a.iter().zip(b).map(|((_, a), (_, b))| a.total_order(b));
        let mut differences = names().chain(values()).filter(|order| order.is_ne());
        let by_labels = || differences.next().unwrap_or(Ordering::Equal);
        a.len().cmp(&b.len()).then_with(by_labels)
    });
}
