//! Measured durations and their quantiles.

use std::time::Duration;

/// Durations of one kind.
#[derive(Debug, Default, Clone)]
pub(crate) struct Samples {
    ms: Vec<f64>,
}

impl Samples {
    /// Adds one.
    pub(crate) fn add(&mut self, duration: Duration) {
        self.ms.push(duration.as_secs_f64() * 1e3);
    }

    /// These and others.
    pub(crate) fn with(&self, others: &Self) -> Self {
        let ms = [&self.ms[..], &others.ms[..]].concat();
        Self { ms }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ms.len()
    }

    /// The smallest value that `share` of all do not exceed, in milliseconds;
    /// `None` without samples.
    pub(crate) fn quantile_ms(&self, share: f64) -> Option<f64> {
        let mut sorted = self.ms.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied()
    }

    /// The median in milliseconds.
    pub(crate) fn p50(&self) -> Option<f64> {
        self.quantile_ms(0.5)
    }

    /// The 99th percentile in milliseconds.
    pub(crate) fn p99(&self) -> Option<f64> {
        self.quantile_ms(0.99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut samples = Samples::default();
        assert_eq!(samples.p50(), None);
        for ms in (1..=200).rev() {
            samples.add(Duration::from_millis(ms));
        }
        assert_eq!((samples.p50(), samples.p99()), (Some(100.0), Some(198.0)));
        assert_eq!(samples.quantile_ms(1.0), Some(200.0));
        assert_eq!(samples.quantile_ms(0.0), Some(1.0));
    }
}
