//! Series made of groups of series, and the best of each group.

use super::ast::{Aggregation, Grouping};
use super::vector::{Labels, NAME, Vector, with_samples};
use crate::metrics::worse_than_best;
use std::collections::BTreeMap;

/// One series for each group.
pub(super) fn aggregated(by: Aggregation, keep: &Grouping, of: Vec<Vector>) -> Vec<Vector> {
    let mut groups: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for vector in of {
        let group = groups.entry(group(keep, &vector.labels));
        let sums = group.or_insert_with(|| vec![(f64::NAN, 0.0); vector.values.len()]);
        for ((sum, count), value) in sums.iter_mut().zip(vector.values) {
            let Some(value) = value else { continue };
            *sum = match by {
                _ if *count == 0.0 => value,
                Aggregation::Sum | Aggregation::Avg => *sum + value,
                Aggregation::Min => sum.min(value),
                Aggregation::Max => sum.max(value),
                Aggregation::Count | Aggregation::Group => value,
            };
            *count += 1.0;
        }
    }
    let value = |(sum, count): (f64, f64)| {
        (count > 0.0).then_some(match by {
            Aggregation::Sum | Aggregation::Min | Aggregation::Max => sum,
            Aggregation::Avg => sum / count,
            Aggregation::Count => count,
            Aggregation::Group => 1.0,
        })
    };
    let groups = groups.into_iter().map(|(labels, sums)| Vector {
        labels,
        values: sums.into_iter().map(value).collect(),
    });
    with_samples(groups.collect())
}

/// Of each moment and group the greatest samples, or the least; the best of the last
/// moment first.
pub(super) fn best(
    is_top: bool,
    count: usize,
    keep: &Grouping,
    mut of: Vec<Vector>,
) -> Vec<Vector> {
    let mut groups: BTreeMap<Labels, Vec<usize>> = BTreeMap::new();
    for (place, vector) in of.iter().enumerate() {
        groups
            .entry(group(keep, &vector.labels))
            .or_default()
            .push(place);
    }
    let moments = of.first().map_or(0, |vector| vector.values.len());
    let mut order = Vec::new();
    for places in groups.values() {
        for moment in 0..moments {
            order.clear();
            let here = places
                .iter()
                .filter_map(|place| Some((of[*place].values[moment]?, *place)));
            order.extend(here);
            for (_, worse) in worse_than_best(&mut order, is_top, count) {
                of[*worse].values[moment] = None;
            }
        }
    }
    sorted(is_top, with_samples(of))
}

/// By the last sample.
pub(super) fn sorted(is_descending: bool, mut of: Vec<Vector>) -> Vec<Vector> {
    let last = |vector: &Vector| vector.values.last().copied().flatten().unwrap_or(f64::NAN);
    of.sort_by(|a, b| {
        let (a, b) = match is_descending {
            true => (last(b), last(a)),
            false => (last(a), last(b)),
        };
        a.total_cmp(&b)
    });
    of
}

fn group(keep: &Grouping, labels: &Labels) -> Labels {
    let is_kept = |label: &String| match keep {
        Grouping::By(labels) => labels.contains(label),
        Grouping::Without(labels) => label != NAME && !labels.contains(label),
    };
    let kept = labels.iter().filter(|(label, _)| is_kept(label));
    kept.map(|(label, value)| (label.clone(), value.clone()))
        .collect()
}
