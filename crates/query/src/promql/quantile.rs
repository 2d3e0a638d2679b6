//! Histograms as Prometheus has them: cumulative, a series for each bound.
//!
//! Bounds are powers of two of a nanosecond, because those are what spans are
//! counted by; **a count below a bound is exact**. All series of an answer have the
//! same bounds, so that they can be added up.

use super::vector::{BUCKET, Labels, NAME, Vector, with_samples};
use std::collections::BTreeMap;

/// A bucket by its upper bound: the power of two, in ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket(i32);

/// Counts of the parts of windows, by series.
type Parts = BTreeMap<(Labels, Option<Bucket>), Vec<f64>>;

/// The series of a histogram, by bound.
type Bounded = Vec<(f64, Vec<Option<f64>>)>;

impl Bucket {
    /// What took no time.
    pub(super) const ZERO: Self = Self(i32::MIN);

    /// The one of TraceQL's histograms with this edge.
    pub(super) fn of_edge(seconds: f64) -> Self {
        match seconds > 0.0 {
            true => Self((seconds * 1e9).log2().round() as i32),
            false => Self::ZERO,
        }
    }

    /// The bound, exactly.
    fn text(self, unit_ns: u64) -> String {
        let ns = match self {
            Self::ZERO => 0,
            Self(power) => 1_u128 << power.clamp(0, 126),
        };
        let unit_ns = u128::from(unit_ns);
        let digits = unit_ns.ilog10() as usize;
        let text = format!("{}.{:0digits$}", ns / unit_ns, ns % unit_ns);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A series for each bound: how much is not above it.
pub(super) fn as_buckets(parts: Parts, unit_ns: u64) -> Vec<(Labels, Vec<f64>)> {
    let mut groups: BTreeMap<Labels, BTreeMap<Bucket, Vec<f64>>> = BTreeMap::new();
    for ((labels, bucket), parts) in parts {
        let bucket = bucket.unwrap_or(Bucket::ZERO);
        groups.entry(labels).or_default().insert(bucket, parts);
    }
    let all = || groups.values().flat_map(BTreeMap::keys);
    let powers = || {
        all()
            .filter(|bucket| **bucket != Bucket::ZERO)
            .map(|bucket| bucket.0)
    };
    let mut bounds: Vec<Bucket> = all()
        .any(|bucket| *bucket == Bucket::ZERO)
        .then_some(Bucket::ZERO)
        .into_iter()
        .collect();
    if let (Some(least), Some(greatest)) = (powers().min(), powers().max()) {
        // The one below tells where the least bucket begins.
        bounds.extend(((least - 1).max(0)..=greatest).map(Bucket));
    }
    let mut series = Vec::new();
    for (labels, buckets) in groups {
        let count = buckets.values().next().map_or(0, Vec::len);
        let mut sum = vec![0.0; count];
        let mut put = |bound: String, sum: &[f64]| {
            let mut labels = labels.clone();
            labels.insert(BUCKET.to_owned(), bound);
            series.push((labels, sum.to_vec()));
        };
        for bound in &bounds {
            for (sum, more) in sum.iter_mut().zip(buckets.get(bound).into_iter().flatten()) {
                *sum += if more.is_nan() { 0.0 } else { *more };
            }
            put(bound.text(unit_ns), &sum);
        }
        put("+Inf".to_owned(), &sum);
    }
    series
}

/// What a share `q` does not exceed, of series with `le`. Within a bucket figures are
/// taken to lie evenly.
pub(super) fn histogram_quantile(q: f64, vectors: Vec<Vector>) -> Vec<Vector> {
    let mut groups: BTreeMap<Labels, Bounded> = BTreeMap::new();
    for mut vector in vectors {
        let bound = vector.labels.remove(BUCKET);
        vector.labels.remove(NAME);
        // What is no bucket does not count.
        if let Some(bound) = bound.and_then(|bound| bound.parse().ok()) {
            let group = groups.entry(vector.labels).or_default();
            group.push((bound, vector.values));
        }
    }
    let of_group = |(labels, mut buckets): (Labels, Bounded)| {
        buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let count = buckets.first().map_or(0, |(_, values)| values.len());
        let mut at = Vec::with_capacity(buckets.len());
        let value = |place: usize| {
            at.clear();
            let all = buckets.iter();
            at.extend(all.filter_map(|(bound, values)| Some((*bound, values[place]?))));
            (!at.is_empty()).then(|| quantile(q, &at))
        };
        Vector {
            labels,
            values: (0..count).map(value).collect(),
        }
    };
    with_samples(groups.into_iter().map(of_group).collect())
}

/// Of cumulative counts by ascending bound.
fn quantile(q: f64, buckets: &[(f64, f64)]) -> f64 {
    let [.., (below, _), (last, total)] = buckets else {
        return f64::NAN;
    };
    if !last.is_infinite() || *total == 0.0 || q.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&q) {
        return q.signum() * f64::INFINITY;
    }
    let rank = q * total;
    let place = buckets.iter().position(|(_, count)| *count >= rank);
    let place = place.unwrap_or(buckets.len() - 1);
    if place + 1 == buckets.len() {
        return *below;
    }
    let (end, count) = buckets[place];
    if place == 0 && end <= 0.0 {
        return end;
    }
    let (start, before) = match place {
        0 => (0.0, 0.0),
        place => buckets[place - 1],
    };
    start + (end - start) * (rank - before) / (count - before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_evenly_within_their_bucket() {
        let inf = f64::INFINITY;
        let buckets = [(1.0, 0.0), (2.0, 4.0), (4.0, 8.0), (inf, 10.0)];
        for (q, want) in [
            (0.2, 1.5),
            (0.4, 2.0),
            (0.6, 3.0),
            (0.8, 4.0),
            (0.9, 4.0),
            (1.0, 4.0),
            (-1.0, -inf),
            (2.0, inf),
        ] {
            let got = quantile(q, &buckets);
            assert!(
                got == want || (got - want).abs() < 1e-9,
                "{q}: {got}, not {want}"
            );
        }
        assert!(quantile(0.5, &[(1.0, 0.0), (inf, 0.0)]).is_nan());
        assert!(quantile(0.5, &[(1.0, 3.0)]).is_nan());
        assert_eq!(quantile(0.5, &[(0.0, 3.0), (inf, 3.0)]), 0.0);
    }

    #[test]
    fn bounds_are_exact() {
        const SECOND_NS: u64 = 1_000_000_000;
        for (power, unit_ns, text) in [
            (21, SECOND_NS, "0.002097152"),
            (30, SECOND_NS, "1.073741824"),
            (0, SECOND_NS, "0.000000001"),
            (21, 1_000_000, "2.097152"),
        ] {
            let seconds = 2f64.powi(power) * 1e-9;
            assert_eq!(Bucket::of_edge(seconds).text(unit_ns), text);
        }
        assert_eq!(Bucket::of_edge(0.0).text(SECOND_NS), "0");
    }
}
