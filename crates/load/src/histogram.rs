//! Latencies in buckets that grow with the value: any quantile within 3 %.
//!
//! The size is fixed however many values come.

use std::time::Duration;

/// Buckets for each power of two; 32 make a bucket 1/32 wide.
const BITS: u32 = 5;
const PER_OCTAVE: usize = 1 << BITS;

/// Counts of latencies in microseconds.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max_us: u64,
}

impl Histogram {
    /// An empty histogram.
    pub(super) fn new() -> Self {
        Self {
            counts: vec![0; (64 - BITS as usize) * PER_OCTAVE],
            total: 0,
            max_us: 0,
        }
    }

    /// Counts one value.
    pub(super) fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros())
            .unwrap_or(u64::MAX >> 1)
            .min(u64::MAX >> 1);
        self.counts[bucket(us)] += 1;
        self.total += 1;
        self.max_us = self.max_us.max(us);
    }

    /// Adds what another histogram counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max_us = self.max_us.max(other.max_us);
    }

    /// The value that `quantile` (0 to 1) of all values do not pass.
    pub(super) fn quantile(&self, quantile: f64) -> Duration {
        let rank = ((self.total as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(upper_edge(index).min(self.max_us));
            }
        }
        self.max()
    }

    /// The largest value, exactly.
    pub(super) fn max(&self) -> Duration {
        Duration::from_micros(self.max_us)
    }
}

/// Values below 32 have a bucket each; above, the top six bits decide.
fn bucket(us: u64) -> usize {
    if us < PER_OCTAVE as u64 {
        return us as usize;
    }
    let shift = us.ilog2() - BITS;
    (shift as usize + 1) * PER_OCTAVE + ((us >> shift) as usize - PER_OCTAVE)
}

fn upper_edge(bucket: usize) -> u64 {
    if bucket < PER_OCTAVE {
        return bucket as u64;
    }
    let shift = bucket / PER_OCTAVE - 1;
    (((bucket % PER_OCTAVE + PER_OCTAVE + 1) as u64) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_three_percent() {
        let mut all = Histogram::new();
        let mut half = Histogram::new();
        for us in 1..=100_000u64 {
            let histogram = if us % 2 == 0 { &mut all } else { &mut half };
            histogram.record(Duration::from_micros(us));
        }
        all.merge(&half);
        for (quantile, exact) in [(0.5, 50_000.0), (0.9, 90_000.0), (0.99, 99_000.0)] {
            let found = all.quantile(quantile).as_micros() as f64;
            assert!((found / exact - 1.0).abs() < 0.032, "{quantile}: {found}");
        }
        assert_eq!(all.max(), Duration::from_micros(100_000));
        assert_eq!(all.quantile(1.0), all.max());
    }

    #[test]
    fn nothing_and_extremes_have_answers() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        histogram.record(Duration::MAX);
        histogram.record(Duration::ZERO);
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        assert!(histogram.quantile(1.0) > Duration::from_secs(1 << 40));
    }
}
