//! Which series there are, and which labels and values they have.
//!
//! Lists are made of the same figures as answers, of one window over the whole
//! range: **what is listed has a figure**.

use super::ast::{Grouping, Selector};
use super::error::Failure;
use super::evaluate::Evaluation;
use super::keys::Keys;
use super::matching::Matcher;
use super::metric::{METRICS, Measure, Metric, named};
use super::moments::Moments;
use super::vector::{BUCKET, Labels, NAME, Vector};
use super::windows::Reach;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use tracewell_model::{TimeRange, TraceStore};

/// A list, and what it may lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// What there is, sorted, each once.
    pub entries: Vec<T>,
    /// What may be missing.
    pub warnings: Vec<String>,
}

/// The series of these selectors that have spans in the range.
///
/// # Errors
/// What the store says.
pub fn series(
    store: &dyn TraceStore,
    of: &[Selector],
    range: TimeRange,
    cancelled: &AtomicBool,
) -> Result<Listing<Labels>, Failure> {
    let mut lists = Lists::new(store, range, cancelled);
    let mut found = BTreeSet::new();
    for selector in of {
        let vectors = lists.found(selector, None)?;
        found.extend(vectors.into_iter().map(|vector| vector.labels));
    }
    Ok(lists.listing(found))
}

/// The labels of these metrics, or of all.
///
/// # Errors
/// What the store says.
pub fn label_names(
    store: &dyn TraceStore,
    of: &[Selector],
    range: TimeRange,
) -> Result<Listing<String>, Failure> {
    let listed = store.attribute_keys(range)?;
    let keys = Keys::of(&listed.entries);
    let mut names = BTreeSet::from([NAME.to_owned()]);
    for metric in metrics(of) {
        let labels = metric.parts().into_iter().flat_map(|part| part.labels);
        names.extend(labels.map(|(label, _)| label));
        if metric.measure == Measure::Buckets {
            names.insert(BUCKET.to_owned());
        }
        if metric.has_attributes() {
            names.extend(keys.labels().map(str::to_owned));
        }
    }
    Ok(Listing {
        entries: names.into_iter().collect(),
        warnings: listed.lacking().into_iter().collect(),
    })
}

/// The values of a label, of these series or of all.
///
/// # Errors
/// What the store says.
pub fn label_values(
    store: &dyn TraceStore,
    label: &str,
    of: &[Selector],
    range: TimeRange,
    cancelled: &AtomicBool,
) -> Result<Listing<String>, Failure> {
    let mut lists = Lists::new(store, range, cancelled);
    let mut values = BTreeSet::new();
    if label == NAME {
        let names = metrics(of).map(|metric| metric.name.to_owned());
        values.extend(names);
        return Ok(lists.listing(values));
    }
    let everything: Vec<Selector>;
    let of = match of {
        [] => {
            everything = with_label(label);
            &everything
        }
        some => some,
    };
    let keep = Grouping::By(vec![label.to_owned()]);
    for (place, selector) in of.iter().enumerate() {
        // What says the same again is counted once.
        let is_said = of[..place].iter().any(|earlier| repeats(selector, earlier));
        if is_said && label != BUCKET {
            continue;
        }
        let vectors = lists.found(selector, Some(&keep))?;
        values.extend(
            vectors
                .into_iter()
                .filter_map(|mut vector| vector.labels.remove(label)),
        );
    }
    Ok(lists.listing(values))
}

/// Do both speak of the same spans by the same labels?
fn repeats(a: &Selector, b: &Selector) -> bool {
    let (Some(of_a), Some(of_b)) = (named(&a.metric), named(&b.metric)) else {
        return false;
    };
    let says = |matcher: &Matcher| {
        let Matcher {
            label,
            is_negative,
            text,
            pattern,
        } = matcher;
        (label.clone(), *is_negative, text.clone(), pattern.is_some())
    };
    let same_matchers = a.matchers.iter().map(says).eq(b.matchers.iter().map(says));
    of_a.has_labels_of(of_b) && same_matchers
}

/// Those of which the selectors speak; without any all.
fn metrics(of: &[Selector]) -> impl Iterator<Item = &'static Metric> {
    let is_meant = move |metric: &&Metric| {
        let holds = |matcher: &Matcher| matcher.label != NAME || matcher.holds(metric.name);
        let names = |selector: &Selector| {
            selector.metric == metric.name && selector.matchers.iter().all(holds)
        };
        of.is_empty() || of.iter().any(names)
    };
    METRICS.iter().filter(is_meant)
}

/// Selectors of one metric of each kind that has the label, so that nothing is
/// counted that says the same again.
fn with_label(label: &str) -> Vec<Selector> {
    let has_label = |metric: &Metric| {
        let parts = metric.parts();
        let mut labels = parts.iter().flat_map(|part| &part.labels);
        labels.any(|(known, _)| known == label)
    };
    let counts = [
        "traces_spanmetrics_calls_total",
        "traces_service_graph_request_total",
        "traces_span_metrics_calls_total",
    ];
    let buckets = ["traces_spanmetrics_latency_bucket"];
    let names: &[&str] = if label == BUCKET { &buckets } else { &counts };
    let all = || names.iter().filter_map(|name| named(name));
    let mut chosen: Vec<&Metric> = all()
        .filter(|metric| label == BUCKET || has_label(metric))
        .collect();
    if chosen.is_empty() {
        // An attribute, perhaps.
        chosen.extend(all().next());
    }
    let selector = |metric: &Metric| Selector {
        metric: metric.name.to_owned(),
        matchers: Vec::new(),
        offset_ns: 0,
    };
    chosen.into_iter().map(selector).collect()
}

struct Lists<'a> {
    evaluation: Evaluation<'a>,
    window_ns: u64,
}

impl<'a> Lists<'a> {
    fn new(store: &'a dyn TraceStore, range: TimeRange, cancelled: &'a AtomicBool) -> Self {
        let end_ns = range.end_ns.min(i64::MAX as u64);
        Self {
            evaluation: Evaluation::new(store, Moments::at(end_ns), cancelled),
            // A window begins after its first moment.
            window_ns: (end_ns.saturating_sub(range.start_ns))
                .saturating_add(1)
                .min(end_ns.max(1)),
        }
    }

    fn found(&mut self, of: &Selector, keep: Option<&Grouping>) -> Result<Vec<Vector>, Failure> {
        let found = self
            .evaluation
            .selected(of, Reach::Last(self.window_ns), keep)?;
        Ok(found)
    }

    fn listing<T>(self, found: BTreeSet<T>) -> Listing<T> {
        Listing {
            entries: found.into_iter().collect(),
            warnings: self.evaluation.warnings,
        }
    }
}
