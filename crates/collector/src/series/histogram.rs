//! Numbers of a series: counts, and counts of durations by their length.
//!
//! They are fractions, because a span that was sampled counts for those that were
//! not.

use tracewell_model::{SpanId, TraceId};

use super::Exponential;

/// In which unit durations are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Seconds,
}

impl Unit {
    /// As the end of a metric's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
        }
    }

    /// As UCUM and OpenTelemetry write it.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    /// A duration in it.
    pub(crate) fn of_ns(self, duration_ns: u64) -> f64 {
        duration_ns as f64
            / match self {
                Self::Milliseconds => 1e6,
                Self::Seconds => 1e9,
            }
    }
}

/// Buckets that grow by a factor, of one series.
const EXPONENTIAL_MAX: usize = 1_000;

/// Where one bucket of a histogram ends and the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bounds {
    ends_ns: Vec<u64>,
    /// How many buckets there are that grow by a factor, in place of those with ends.
    exponential_max: Option<usize>,
    pub(crate) unit: Unit,
}

impl Bounds {
    /// In any order.
    pub(crate) fn new(mut ends_ns: Vec<u64>, unit: Unit) -> Self {
        ends_ns.sort_unstable();
        ends_ns.dedup();
        Self {
            ends_ns,
            exponential_max: None,
            unit,
        }
    }

    /// None but those that grow by a factor, and so many of them at most.
    pub(crate) fn exponential(most: u64, unit: Unit) -> Self {
        // More say nothing more.
        let most = usize::try_from(most).map_or(EXPONENTIAL_MAX, |most| most.min(EXPONENTIAL_MAX));
        Self {
            ends_ns: Vec::new(),
            exponential_max: Some(most),
            unit,
        }
    }

    /// Are there buckets that grow by a factor?
    pub(crate) fn are_exponential(&self) -> bool {
        self.exponential_max.is_some()
    }

    /// Those of them that are empty, if there are any.
    pub(crate) fn new_exponential(&self) -> Option<Exponential> {
        self.exponential_max.map(Exponential::new)
    }

    /// How many buckets there are; the last is without end.
    pub(crate) fn buckets(&self) -> usize {
        self.ends_ns.len() + 1
    }

    /// The one that such a duration is in. An end is part of its bucket.
    pub(crate) fn bucket_of(&self, duration_ns: u64) -> usize {
        self.ends_ns.partition_point(|end| *end < duration_ns)
    }

    /// Where they end, in the unit.
    pub(crate) fn ends(&self) -> impl Iterator<Item = f64> + '_ {
        self.ends_ns.iter().map(|end| self.unit.of_ns(*end))
    }
}

/// A span that stands for all that were counted with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    /// Its duration, in the unit.
    pub(crate) value: f64,
    /// When it ended.
    pub(crate) time_ns: u64,
}

/// How many there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter {
    pub(crate) count: f64,
    /// The newest.
    pub(crate) exemplar: Option<Exemplar>,
}

/// How many of which duration there are.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    pub(crate) buckets: Box<[f64]>,
    pub(crate) sum: f64,
    /// What the one bucket without end is divided into, where buckets grow by a factor.
    pub(crate) exponential: Option<Box<Exponential>>,
    /// By bucket, the oldest first; one for each at most.
    exemplars: Vec<(usize, Exemplar)>,
}

impl Histogram {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self {
            buckets: vec![0.0; bounds.buckets()].into(),
            sum: 0.0,
            exponential: bounds.new_exponential().map(Box::new),
            exemplars: Vec::new(),
        }
    }

    /// One of the same buckets that has counted nothing.
    pub(crate) fn nothing(&self) -> Self {
        Self {
            buckets: vec![0.0; self.buckets.len()].into(),
            sum: 0.0,
            exponential: self.exponential.as_ref().map(|of| Box::new(of.nothing())),
            exemplars: Vec::new(),
        }
    }

    /// One duration more, which counts for so many.
    pub(crate) fn add(&mut self, bounds: &Bounds, duration_ns: u64, weight: f64) {
        self.buckets[bounds.bucket_of(duration_ns)] += weight;
        let value = bounds.unit.of_ns(duration_ns);
        self.sum += value * weight;
        if let Some(exponential) = &mut self.exponential {
            exponential.add(value, weight);
        }
    }

    /// A newer exemplar of a bucket; the oldest goes where there would be more than
    /// `max`, which is not 0.
    pub(crate) fn put(&mut self, bucket: usize, exemplar: Exemplar, max: usize) {
        let place = self.exemplars.iter().position(|(of, _)| *of == bucket);
        if let Some(place) = place.or((self.exemplars.len() >= max).then_some(0)) {
            self.exemplars.remove(place);
        }
        self.exemplars.push((bucket, exemplar));
    }

    pub(crate) fn exemplar(&self, bucket: usize) -> Option<&Exemplar> {
        let mut exemplars = self.exemplars.iter();
        exemplars
            .find(|(of, _)| *of == bucket)
            .map(|(_, exemplar)| exemplar)
    }
}
