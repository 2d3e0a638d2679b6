//! Series with their labels, from what was folded.
//!
//! Labels are the fields as they were written; a value that is missing has no
//! label, and **where all are missing the first says `nil`**, as in Tempo.

use super::answer::{Exemplar, Series};
use super::fold::Folded;
use super::groups::write_key;
use super::plan::{Function, SeriesOf};
use super::second::NAME;
use std::collections::HashMap;
use tracewell_model::log2;
use tracewell_model::values::Value;

/// The label of a histogram's buckets.
const BUCKET: &str = "__bucket";

/// The label of quantiles.
const QUANTILE: &str = "p";

/// The series of a function.
pub(super) fn series(of: &SeriesOf, folded: Vec<Folded>) -> Vec<Series> {
    let unit = of.function.unit();
    match &of.function {
        Function::Rate | Function::Count | Function::OfValues(..) | Function::Compare(_) => {
            let plain = folded.into_iter().map(|folded| Series {
                labels: labels(of, folded.values, None),
                values: folded.numbers,
                exemplars: without_places(folded.exemplars),
            });
            plain.collect()
        }
        Function::Histogram(_) => {
            let of_bucket = |mut folded: Folded| {
                let edge = log2::edge(bucket(&mut folded)) * unit;
                Series {
                    labels: labels(of, folded.values, Some((BUCKET, edge))),
                    values: folded.numbers,
                    exemplars: without_places(folded.exemplars),
                }
            };
            folded.into_iter().map(of_bucket).collect()
        }
        Function::Quantiles(_, quantiles) => {
            let mut series = Vec::new();
            for mut group in by_labels(folded) {
                group.buckets.sort_unstable_by_key(|(bucket, _)| *bucket);
                let first = series.len();
                for q in quantiles {
                    series.push(Series {
                        labels: labels(of, group.values.clone(), Some((QUANTILE, *q))),
                        values: group.quantile(*q, unit),
                        exemplars: Vec::new(),
                    });
                }
                group.hand_out_exemplars(&mut series[first..]);
            }
            series
        }
    }
}

/// Takes the bucket from behind the values.
fn bucket(folded: &mut Folded) -> i32 {
    match folded.values.pop() {
        Some(Some(Value::Int(bucket))) => bucket as i32,
        _ => log2::ZERO,
    }
}

/// Counts by bucket of what is one series but for them.
struct Group {
    values: Vec<Option<Value<'static>>>,
    buckets: Vec<(i32, Vec<f64>)>,
    exemplars: Vec<(usize, Exemplar)>,
}

impl Group {
    /// Each to the quantile that it is closest to.
    fn hand_out_exemplars(&self, quantiles: &mut [Series]) {
        for (place, exemplar) in &self.exemplars {
            let distance = |of: &&mut Series| (of.values[*place] - exemplar.value).abs();
            let each = quantiles.iter_mut();
            let nearest = each.min_by(|a, b| distance(a).total_cmp(&distance(b)));
            if let Some(series) = nearest {
                series.exemplars.push(*exemplar);
            }
        }
    }

    fn quantile(&self, q: f64, unit: f64) -> Vec<f64> {
        let moments = self.buckets.first().map_or(0, |(_, counts)| counts.len());
        let mut counts: Vec<(i32, f64)> = Vec::with_capacity(self.buckets.len());
        let at = |moment: usize| {
            counts.clear();
            let all = self.buckets.iter();
            let all = all.map(|(bucket, of_bucket)| (*bucket, of_bucket[moment]));
            counts.extend(all.filter(|(_, count)| *count > 0.0));
            log2::quantile(&counts, q) * unit
        };
        (0..moments).map(at).collect()
    }
}

fn without_places(exemplars: Vec<(usize, Exemplar)>) -> Vec<Exemplar> {
    exemplars
        .into_iter()
        .map(|(_, exemplar)| exemplar)
        .collect()
}

fn by_labels(folded: Vec<Folded>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    for mut folded in folded {
        let bucket = bucket(&mut folded);
        let mut key = Vec::new();
        write_key(folded.values.iter().map(Option::as_ref), &mut key);
        let place = *places.entry(key).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group {
                values: folded.values,
                buckets: Vec::new(),
                exemplars: Vec::new(),
            });
        }
        groups[place].exemplars.extend(folded.exemplars);
        groups[place].buckets.push((bucket, folded.numbers));
    }
    groups
}

fn labels(
    of: &SeriesOf,
    values: Vec<Option<Value<'static>>>,
    more: Option<(&str, f64)>,
) -> Vec<(String, Value<'static>)> {
    let text = |text: &str| Value::Str(text.to_owned().into());
    let named = of.by.iter().zip(values);
    let named = named.filter_map(|((name, _), value)| Some((name.clone(), value?)));
    let mut labels: Vec<_> = named.collect();
    if labels.is_empty()
        && let Some((name, _)) = of.by.first()
    {
        labels.push((name.clone(), text("nil")));
    }
    labels.extend(more.map(|(name, value)| (name.to_owned(), Value::Double(value))));
    if labels.is_empty() {
        labels.push((NAME.to_owned(), text(&of.name)));
    }
    labels
}
