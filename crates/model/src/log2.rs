//! Numbers by powers of two, and quantiles of what was counted so.
//!
//! A bucket holds what is above half of its edge and not above the edge, so a
//! quantile is **at most twice or half of what it would be of the numbers
//! themselves**. What is zero or less has a bucket of its own; nothing is left out. Stores
//! that keep sums and queries that fold spans use the same buckets, so that either may
//! stand for the other.

/// The bucket of zero and less.
pub const ZERO: i32 = i32::MIN;

/// Buckets there are.
pub const COUNT: usize = 2048;

/// The bucket of a number: the exponent of its edge.
#[must_use]
pub fn bucket(number: f64) -> i32 {
    if number <= 0.0 {
        return ZERO;
    }
    let bits = number.to_bits();
    let exponent = ((bits >> 52) as i32 - 1023).max(-1022);
    let is_edge = bits.trailing_zeros() >= 52;
    if is_edge { exponent } else { exponent + 1 }
}

/// All buckets, numbered from 0 on.
#[must_use]
pub fn place(bucket: i32) -> usize {
    if bucket == ZERO {
        return 0;
    }
    (bucket + 1023) as usize
}

/// The greatest number of a bucket.
#[must_use]
pub fn edge(bucket: i32) -> f64 {
    if bucket == ZERO {
        return 0.0;
    }
    2f64.powi(bucket)
}

/// The number that a share `q` of all does not exceed, of counts by ascending
/// bucket; NaN of none. Within a bucket numbers are taken to lie evenly on a scale of
/// powers.
#[must_use]
pub fn quantile(counts: &[(i32, f64)], q: f64) -> f64 {
    let total: f64 = counts.iter().map(|(_, count)| count).sum();
    // At least one has to be looked at.
    let wanted = (q * total).ceil().max(1.0).min(total);
    let mut before = 0.0;
    for (place, (bucket, count)) in counts.iter().enumerate() {
        let is_last = place + 1 == counts.len();
        if before + count >= wanted || is_last {
            let share = ((wanted - before) / count).clamp(0.0, 1.0);
            return edge(*bucket) * (share - 1.0).exp2();
        }
        before += count;
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_lies_between_half_of_an_edge_and_the_edge() {
        for (number, want) in [
            (-3.0, ZERO),
            (0.0, ZERO),
            (1.0, 0),
            (1.5, 1),
            (2.0, 1),
            (2.000_001, 2),
            (1024.0, 10),
            (1025.0, 11),
            (0.3, -1),
            (0.25, -2),
            (f64::INFINITY, 1024),
            (f64::MIN_POSITIVE / 4.0, -1021),
        ] {
            assert_eq!(bucket(number), want, "{number}");
            assert!(number <= edge(bucket(number)), "{number}");
            assert!(place(want) < COUNT);
        }
    }

    #[test]
    fn quantiles_lie_on_a_scale_of_powers_within_their_bucket() {
        let counts = [(ZERO, 1.0), (3, 4.0), (10, 5.0)];
        for (q, want) in [
            (0.0, 0.0),
            (0.1, 0.0),
            (0.3, 8.0 * 0.5f64.sqrt()),
            (0.5, 8.0),
            (1.0, 1024.0),
        ] {
            let got = quantile(&counts, q);
            assert!((got - want).abs() < 1e-9, "{q}: {got}, not {want}");
        }
        assert_eq!(quantile(&[(4, 1.0)], 0.5), 16.0);
        // One that stands for two and a half.
        assert_eq!(quantile(&[(4, 2.5)], 1.0), 16.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
