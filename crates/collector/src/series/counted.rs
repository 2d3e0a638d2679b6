//! What a source has counted, at a moment, whatever it will be written as: the text
//! that is scraped, or messages that are sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Bounds, Counter, Histogram, Unit, metric_name};

/// Everything that one source has counted.
#[derive(Debug)]
pub struct Counted {
    /// What all of it is like.
    pub(crate) head: Arc<Head>,
    /// When it was read.
    pub(crate) time_ns: u64,
    /// Of each metric of the head, in its order.
    pub(crate) series: Vec<Values>,
}

/// What stays the same however often a source is read.
#[derive(Debug)]
pub(crate) struct Head {
    /// Who counts, as OpenTelemetry calls it.
    pub(crate) scope: &'static str,
    /// The attribute that each label was made of, where it has another name.
    pub(crate) keys: BTreeMap<String, String>,
    /// The label that names a service for which all of a series was counted.
    pub(crate) service_label: Option<&'static str>,
    /// Does a series say which process counted it, where it is sent?
    pub(crate) says_instance: bool,
    pub(crate) metrics: Vec<MetricHead>,
}

/// One metric.
#[derive(Debug)]
pub(crate) struct MetricHead {
    /// As OpenTelemetry calls it.
    pub(crate) name: String,
    pub(crate) help: &'static str,
    /// `None`: it counts, and has no buckets.
    pub(crate) bounds: Option<Bounds>,
}

impl MetricHead {
    pub(crate) fn counter(name: impl Into<String>, help: &'static str) -> Self {
        Self {
            name: name.into(),
            help,
            bounds: None,
        }
    }

    pub(crate) fn histogram(name: impl Into<String>, help: &'static str, bounds: &Bounds) -> Self {
        Self {
            name: name.into(),
            help,
            bounds: Some(bounds.clone()),
        }
    }

    /// In which unit it is.
    pub(crate) fn unit(&self) -> Option<Unit> {
        self.bounds.as_ref().map(|bounds| bounds.unit)
    }
}

/// The series of one metric, in the order of their labels.
#[derive(Debug)]
pub(crate) enum Values {
    Counters(Vec<Series<Counter>>),
    Histograms(Vec<Series<Histogram>>),
}

/// One series.
#[derive(Debug, Clone)]
pub(crate) struct Series<V> {
    pub(crate) labels: Arc<str>,
    /// When it began.
    pub(crate) began_ns: u64,
    pub(crate) value: V,
}

/// How metrics are called where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// What all names begin with.
    pub namespace: String,
    /// Labels that all series have besides, as they are written.
    pub labels: String,
    /// Do names say the unit, and that something is a sum?
    pub has_suffixes: bool,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            labels: String::new(),
            has_suffixes: true,
        }
    }
}

impl Naming {
    /// What Prometheus calls the metric, without the `_total` of a counter.
    pub(crate) fn name(&self, metric: &MetricHead) -> String {
        let bare = metric.name.strip_suffix("_total").unwrap_or(&metric.name);
        let name = metric_name(&self.namespace, bare);
        match metric.unit().filter(|_| self.has_suffixes) {
            Some(unit) => format!("{name}_{}", unit.name()),
            None => name,
        }
    }

    /// What the name of a counter ends with.
    pub(crate) fn total(&self) -> &'static str {
        if self.has_suffixes { "_total" } else { "" }
    }
}
