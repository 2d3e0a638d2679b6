//! What a selector finds: the one place where PromQL becomes a metrics query over
//! spans.
//!
//! Labels that nobody wants are not asked for: a sum by one label groups spans by
//! one field. Matchers on the labels that every span has are conditions on spans;
//! others are **held against the labels of what was found**.

use super::ast::{Grouping, Selector};
use super::error::Failure;
use super::evaluate::Evaluation;
use super::leaf::{Leaf, kinds, query, statuses};
use super::matching::Matcher;
use super::metric::{self, Measure, Metric, Origin, Part, Shown};
use super::quantile::{Bucket, as_buckets};
use super::vector::{BUCKET, Labels, NAME, Vector};
use super::windows::{Reach, Windows};
use crate::lower;
use crate::metrics::{self, Asked};
use std::collections::BTreeMap;

/// The parts of windows by series; of a histogram by bucket.
type Found = BTreeMap<(Labels, Option<Bucket>), Vec<f64>>;

impl Evaluation<'_> {
    /// The series of a selector, at each moment. Only the labels that stay with
    /// `keep`, and `le` of buckets.
    pub(super) fn selected(
        &mut self,
        of: &Selector,
        reach: Reach,
        keep: Option<&Grouping>,
    ) -> Result<Vec<Vector>, Failure> {
        let Some(metric) = metric::named(&of.metric) else {
            return Ok(Vec::new());
        };
        let name = of.matchers.iter().filter(|matcher| matcher.label == NAME);
        if !name.clone().all(|matcher| matcher.holds(metric.name)) {
            return Ok(Vec::new());
        }
        let windows = Windows::new(self.moments.earlier(of.offset_ns), reach)?;
        let mut found = Found::new();
        for part in metric.parts() {
            if let Some(leaf) = self.leaf(metric, part, &of.matchers, keep)? {
                self.add(&leaf, windows, &mut found)?;
            }
        }
        let mut vectors = vectors(metric, &windows, found, reach);
        let bound = |matcher: &&Matcher| matcher.label == BUCKET;
        for matcher in of.matchers.iter().filter(bound) {
            vectors.retain(|vector| {
                matcher.holds(vector.labels.get(BUCKET).map_or("", String::as_str))
            });
        }
        Ok(vectors)
    }

    /// What to ask of the spans of a part; `None` where nothing can match.
    fn leaf(
        &mut self,
        metric: &Metric,
        mut part: Part,
        matchers: &[Matcher],
        keep: Option<&Grouping>,
    ) -> Result<Option<Leaf>, Failure> {
        let mut left = Vec::new();
        let is_of_series = |matcher: &&Matcher| !matches!(&*matcher.label, BUCKET | NAME);
        for matcher in matchers.iter().filter(is_of_series) {
            let origin = match part
                .labels
                .iter()
                .find(|(label, _)| *label == matcher.label)
            {
                Some((_, origin)) => Some(origin.clone()),
                None => self.attribute(metric, &matcher.label)?,
            };
            match origin {
                Some(Origin::Constant(value)) if !matcher.holds(value) => return Ok(None),
                Some(Origin::Constant(_)) => {}
                None if !matcher.holds("") => return Ok(None),
                None => {}
                Some(Origin::Fields(fields, shown)) => match (&fields[..], shown) {
                    ([field], Shown::Kind) => {
                        part.spans.push(matcher.condition_among(field, kinds()))
                    }
                    ([field], Shown::Status) => {
                        part.spans.push(matcher.condition_among(field, statuses()));
                    }
                    // Of others it is not known that they are text.
                    ([field], Shown::Text)
                        if part.labels.iter().any(|(label, _)| *label == matcher.label) =>
                    {
                        part.spans.push(matcher.condition(field));
                    }
                    _ => left.push(matcher.clone()),
                },
            }
        }
        let is_kept = |label: &str| match keep {
            None => true,
            Some(Grouping::By(labels)) => labels.iter().any(|kept| kept == label),
            Some(Grouping::Without(labels)) => !labels.iter().any(|gone| gone == label),
        };
        let mut labels = Vec::new();
        for (label, origin) in &part.labels {
            let is_held = left.iter().any(|matcher| matcher.label == *label);
            if is_kept(label) || is_held {
                labels.push((label.clone(), origin.clone()));
            }
        }
        let asked = left.iter().map(|matcher| &matcher.label);
        let named = match keep {
            Some(Grouping::By(labels)) => &labels[..],
            _ => &[],
        };
        for label in asked.chain(named) {
            if labels.iter().all(|(known, _)| known != label)
                && let Some(origin) = self.attribute(metric, label)?
            {
                labels.push((label.clone(), origin));
            }
        }
        let gone = labels.iter().map(|(label, _)| label);
        let gone = gone.filter(|label| !is_kept(label)).cloned().collect();
        Ok(Some(Leaf {
            query: query(metric.measure, part.spans, &labels),
            labels,
            left,
            gone,
        }))
    }

    /// What a label means that is no label of the metric itself.
    fn attribute(&mut self, metric: &Metric, label: &str) -> Result<Option<Origin>, Failure> {
        if !metric.has_attributes() || matches!(label, BUCKET | NAME) {
            return Ok(None);
        }
        let field = self.keys()?.field(label).cloned();
        Ok(field.map(|field| Origin::Fields(vec![field], Shown::Text)))
    }

    fn add(&mut self, leaf: &Leaf, windows: Windows, found: &mut Found) -> Result<(), Failure> {
        // What is made here is answered, or it is a bug that tests find.
        let query =
            lower::metrics(&leaf.query).map_err(|error| Failure::Query(error.to_string()))?;
        let asked = Asked::of(windows.steps());
        let answer = metrics::series(self.store, &query, &asked, self.cancelled)?;
        self.lacks(&answer);
        for series in answer.series {
            if let Some(key) = leaf.key(&series) {
                let parts = found
                    .entry(key)
                    .or_insert_with(|| vec![f64::NAN; series.values.len()]);
                for (sum, more) in parts.iter_mut().zip(series.values) {
                    // What has no number yet is NaN.
                    match (sum.is_nan(), more.is_nan()) {
                        (_, true) => {}
                        (true, false) => *sum = more,
                        (false, false) => *sum += more,
                    }
                }
            }
        }
        Ok(())
    }
}

/// What was found, at each moment.
fn vectors(metric: &Metric, windows: &Windows, found: Found, reach: Reach) -> Vec<Vector> {
    let found = match metric.measure {
        Measure::Buckets => as_buckets(found, metric.unit_ns),
        Measure::Count | Measure::Failed | Measure::Sum => found
            .into_iter()
            .map(|((labels, _), parts)| (labels, parts))
            .collect(),
    };
    let to_unit = match metric.measure {
        Measure::Sum => 1e9 / metric.unit_ns as f64,
        _ => 1.0,
    };
    let vector = |(mut labels, mut parts): (Labels, Vec<f64>)| {
        // Counts are 0 where there was nothing, sums are not there.
        let was_there = |part: &f64| match metric.measure {
            Measure::Sum => !part.is_nan(),
            // A histogram has all its bounds.
            Measure::Buckets => true,
            Measure::Count | Measure::Failed => *part > 0.0,
        };
        let since = parts.iter().position(was_there).unwrap_or(parts.len());
        for part in &mut parts {
            *part = if part.is_nan() { 0.0 } else { *part * to_unit };
        }
        // A counter that was not yet counted up is not there.
        let is_there = |place: usize| matches!(reach, Reach::Last(_)) || place >= since;
        let sums = windows.sums(&parts).into_iter().enumerate();
        let values = sums.map(|(place, sum)| is_there(place).then_some(sum));
        let values = values.collect();
        labels.insert(NAME.to_owned(), metric.name.to_owned());
        Vector { labels, values }
    };
    found.into_iter().map(vector).collect()
}
