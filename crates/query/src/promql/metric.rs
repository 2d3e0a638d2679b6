//! Which metrics there are, and what each is of spans.
//!
//! The names and labels are those of Tempo's metrics generator and of the
//! Collector's connector for span metrics, which dashboards ask for. **What
//! spans they count, and by what, stands here alone.**

mod parts;

pub(super) use parts::{Origin, Part, Shown};
use parts::{between_services, from_outside, is_true, of_spans, to_database, to_others};

use crate::traceql::Intrinsic;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// How many.
    Count,
    /// How many failed (ADR-010).
    Failed,
    /// How long they took together.
    Sum,
    /// How many took no longer than each bound.
    Buckets,
}

/// Which spans a metric speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Every span; the label of its service.
    Spans(&'static str),
    /// Calls between services (ADR-017), and those at the edge.
    Calls,
}

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it says, for people.
    pub help: &'static str,
    source: Source,
    pub(super) measure: Measure,
    /// ns in the unit of its figures.
    pub(super) unit_ns: u64,
}

const SECOND_NS: u64 = 1_000_000_000;
const MS_NS: u64 = 1_000_000;

const fn metric(
    name: &'static str,
    help: &'static str,
    source: Source,
    measure: Measure,
    unit_ns: u64,
) -> Metric {
    Metric {
        name,
        help,
        source,
        measure,
        unit_ns,
    }
}

const SPANS: Source = Source::Spans("service");
const CONNECTOR: Source = Source::Spans("service_name");

/// All metrics.
pub static METRICS: [Metric; 13] = [
    metric(
        "traces_spanmetrics_calls_total",
        "Spans stored",
        SPANS,
        Measure::Count,
        SECOND_NS,
    ),
    metric(
        "traces_spanmetrics_latency_bucket",
        "Spans by how long they took",
        SPANS,
        Measure::Buckets,
        SECOND_NS,
    ),
    metric(
        "traces_spanmetrics_latency_sum",
        "Seconds that spans took",
        SPANS,
        Measure::Sum,
        SECOND_NS,
    ),
    metric(
        "traces_spanmetrics_latency_count",
        "Spans stored",
        SPANS,
        Measure::Count,
        SECOND_NS,
    ),
    metric(
        "traces_service_graph_request_total",
        "Calls from one service to another",
        Source::Calls,
        Measure::Count,
        SECOND_NS,
    ),
    metric(
        "traces_service_graph_request_failed_total",
        "Calls that failed",
        Source::Calls,
        Measure::Failed,
        SECOND_NS,
    ),
    metric(
        "traces_service_graph_request_server_seconds_bucket",
        "Calls by how long the called span took",
        Source::Calls,
        Measure::Buckets,
        SECOND_NS,
    ),
    metric(
        "traces_service_graph_request_server_seconds_sum",
        "Seconds that called spans took",
        Source::Calls,
        Measure::Sum,
        SECOND_NS,
    ),
    metric(
        "traces_service_graph_request_server_seconds_count",
        "Calls from one service to another",
        Source::Calls,
        Measure::Count,
        SECOND_NS,
    ),
    metric(
        "traces_span_metrics_calls_total",
        "Spans stored",
        CONNECTOR,
        Measure::Count,
        MS_NS,
    ),
    metric(
        "traces_span_metrics_duration_milliseconds_bucket",
        "Spans by how long they took",
        CONNECTOR,
        Measure::Buckets,
        MS_NS,
    ),
    metric(
        "traces_span_metrics_duration_milliseconds_sum",
        "Milliseconds that spans took",
        CONNECTOR,
        Measure::Sum,
        MS_NS,
    ),
    metric(
        "traces_span_metrics_duration_milliseconds_count",
        "Spans stored",
        CONNECTOR,
        Measure::Count,
        MS_NS,
    ),
];

impl Metric {
    /// `counter` or `histogram`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.family() == self.name {
            true => "counter",
            false => "histogram",
        }
    }

    /// What it is a series of: a histogram has three.
    #[must_use]
    pub fn family(&self) -> &'static str {
        let ends = ["_bucket", "_sum", "_count"];
        let mut families = ends.iter().filter_map(|end| self.name.strip_suffix(end));
        families.next().unwrap_or(self.name)
    }

    /// Does it say of the same spans as another by the same labels?
    pub(super) fn has_labels_of(&self, other: &Self) -> bool {
        let of_failed = |metric: &Self| metric.measure == Measure::Failed;
        self.source == other.source && of_failed(self) == of_failed(other)
    }

    /// Can it be asked for by attributes of spans, too?
    pub(super) fn has_attributes(&self) -> bool {
        matches!(self.source, Source::Spans(_))
    }

    /// The spans that it counts, by where they have their labels from.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = match self.source {
            Source::Spans(service) => vec![of_spans(service)],
            Source::Calls => vec![
                between_services(),
                from_outside(),
                to_database(),
                to_others(),
            ],
        };
        if self.measure == Measure::Failed {
            for part in &mut parts {
                part.spans.push(is_true(Intrinsic::Error));
            }
        }
        parts
    }
}

/// The metric of this name.
pub(super) fn named(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}
