//! A share of all traces, chosen by a hash of the id: the Collector's hash and the
//! Collector's threshold, so that **both choose the same traces**.

use tracewell_model::TraceId;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Which traces a share is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chance {
    /// The hash after the salt.
    salted: u64,
    threshold: u64,
}

impl Chance {
    pub(super) fn new(salt: &str, percentage: f64) -> Self {
        Self {
            salted: fnv(FNV_OFFSET, salt.as_bytes()),
            threshold: threshold(percentage / 100.0),
        }
    }

    pub(super) fn takes(&self, trace: TraceId) -> bool {
        fnv(self.salted, &trace.0) <= self.threshold
    }

    /// As [`Chance::takes`], for a trace whose hashes are these, by their salt.
    pub(super) fn takes_supposing(&self, hashes: &[(u64, u64)]) -> bool {
        let mut hashes = hashes.iter();
        hashes.any(|(salted, hash)| *salted == self.salted && *hash <= self.threshold)
    }

    /// What tells its salt from others, and the last hash that it takes.
    pub(super) fn parts(&self) -> (u64, u64) {
        (self.salted, self.threshold)
    }
}

/// The hash of a trace after a salt.
pub(super) fn hash_of(salt: &str, trace: TraceId) -> u64 {
    fnv(fnv(FNV_OFFSET, salt.as_bytes()), &trace.0)
}

/// FNV-1a of 64 bits, gone on with.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}

/// `ratio` of the largest hash, as arithmetic with 64 significant bits has it: the
/// product rounded to them, then cut to a whole number.
fn threshold(ratio: f64) -> u64 {
    if ratio >= 1.0 {
        return u64::MAX;
    }
    if ratio.is_nan() || ratio < f64::MIN_POSITIVE {
        return 0;
    }
    let bits = ratio.to_bits();
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    // The ratio is the mantissa shifted right by this: 53 at least below 1.
    let mut shift = 1_075 - (bits >> 52) as u32;
    let mut product = mantissa * u128::from(u64::MAX);
    let extra = (128 - product.leading_zeros()).saturating_sub(64);
    let rest = product & ((1 << extra) - 1);
    let half = (1u128 << extra) >> 1;
    product >>= extra;
    let is_up = rest > half || rest == half && product & 1 == 1;
    product += u128::from(is_up);
    shift -= extra;
    u64::try_from(product.checked_shr(shift).unwrap_or(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_literature() {
        // Test vectors of the FNV page.
        assert_eq!(fnv(FNV_OFFSET, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(FNV_OFFSET, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv(FNV_OFFSET, b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn thresholds_grow_with_the_share() {
        assert_eq!(threshold(0.0), 0);
        assert_eq!(threshold(-1.0), 0);
        assert_eq!(threshold(f64::NAN), 0);
        assert_eq!(threshold(0.5), u64::MAX / 2);
        assert_eq!(threshold(0.25), u64::MAX / 4);
        assert_eq!(threshold(1.0), u64::MAX);
        assert_eq!(threshold(7.0), u64::MAX);
        assert_eq!(threshold(1e-30), 0);
        let mut before = 0;
        for step in 1..=1_000 {
            let next = threshold(f64::from(step) / 1_000.0);
            assert!(next > before, "{step}");
            before = next;
        }
    }

    #[test]
    fn a_tenth_is_about_a_tenth_and_a_larger_share_has_all_of_it() {
        let (tenth, half) = (Chance::new("salt", 10.0), Chance::new("salt", 50.0));
        let mut random = tracewell_testkit::Random::new(1);
        let id = |_| TraceId((u128::from(random.number()) << 64 | 7).to_be_bytes());
        let ids = (0..10_000).map(id);
        let taken: Vec<TraceId> = ids.filter(|id| tenth.takes(*id)).collect();
        assert!((800..1_200).contains(&taken.len()), "{}", taken.len());
        assert!(taken.iter().all(|id| half.takes(*id)));
    }
}
