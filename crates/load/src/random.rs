//! Random numbers that a seed repeats.
//!
//! SplitMix64 (Steele, Lea, Flood, 2014): eight bytes of state and no weak seed,
//! which is all that test data needs. Never use it for secrets.

/// The odd number closest to 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// A stream that the same seed repeats.
    pub(super) fn new(seed: u64) -> Self {
        Self(mixed(seed ^ GOLDEN))
    }

    /// Any 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// A number below `end`; 0 when `end` is 0. The bias is below 2^-32.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let product = u128::from(self.next()) * (end as u128);
        (product >> 64) as usize
    }

    /// True in `percent` of all calls.
    pub(super) fn chance(&mut self, percent: f64) -> bool {
        self.unit() * 100.0 < percent
    }

    /// One of the items; the list must not be empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A log-normal value: half of all are below `median`, and about one in
    /// forty above `median * exp(2 * sigma)`.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        // Box and Muller's transform; 1 - u keeps the logarithm finite.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * normal).exp()
    }

    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Spreads every bit of `value` over all 64.
pub(super) fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_stream_and_others_differ() {
        let stream = |seed| {
            let mut random = Random::new(seed);
            [random.next(), random.next()]
        };
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
    }

    #[test]
    fn log_normal_values_lie_around_their_median() {
        let mut random = Random::new(7);
        let mut values: Vec<f64> = (0..10_001).map(|_| random.log_normal(10.0, 0.5)).collect();
        values.sort_by(f64::total_cmp);
        assert!((9.5..10.5).contains(&values[5_000]), "{}", values[5_000]);
        assert!((25.0..30.0).contains(&values[9_772]), "{}", values[9_772]);
    }
}
