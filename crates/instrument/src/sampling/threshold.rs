//! The 56-bit threshold of consistent sampling.
//!
//! It exists so that every service draws the line at the same place in the same
//! random number, and a backend can tell how many spans one stands for. It must
//! never keep by a line other than the one that it writes down.
//! (OpenTelemetry specification, TraceState: Probability Sampling.)

const HEX_DIGITS: u32 = 14;
const ONE: u64 = 1 << 56;
/// Digits of a threshold that say something, after leading `f`s or zeros: as
/// the OpenTelemetry collector writes them.
const PRECISION: u32 = 4;

/// What randomness must reach for a span to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Threshold(u64);

impl Threshold {
    /// Keeps everything.
    pub(super) const ALWAYS: Threshold = Threshold(0);

    /// The line above which the part `probability` of all numbers lies, rounded
    /// to few digits; `None` where it is too small to keep anything.
    pub(super) fn from_probability(probability: f64) -> Option<Threshold> {
        if probability >= 1.0 {
            return Some(Threshold::ALWAYS);
        }
        if probability.is_nan() || probability * (ONE as f64) < 1.0 {
            return None;
        }
        let exact = ONE - (probability * ONE as f64) as u64;
        // 56 bits in the upper part of 64: leading digits are leading bits.
        let (zeros, ones) = ((exact << 8).leading_zeros(), (exact << 8).leading_ones());
        let digits = PRECISION + zeros.max(ones) / 4;
        let dropped_bits = HEX_DIGITS.saturating_sub(digits) * 4;
        let half = (1u64 << dropped_bits) >> 1;
        let rounded = ((exact + half) >> dropped_bits) << dropped_bits;
        Some(Threshold(if rounded < ONE { rounded } else { exact }))
    }

    /// From the digits of `th`.
    pub(super) fn parse(digits: &str) -> Option<Threshold> {
        let len = u32::try_from(digits.len())
            .ok()
            .filter(|len| (1..=HEX_DIGITS).contains(len))?;
        Some(Threshold(lower_hex(digits)? << ((HEX_DIGITS - len) * 4)))
    }

    /// Whether a span with this randomness (56 bits) is kept.
    pub(super) fn keeps(self, randomness: u64) -> bool {
        randomness >= self.0
    }

    /// The digits of `th`.
    pub(super) fn digits(self) -> String {
        let mut digits = format!("{:014x}", self.0);
        digits.truncate(digits.trim_end_matches('0').len().max(1));
        digits
    }
}

/// The explicit randomness of `rv`: exactly 14 digits.
pub(super) fn parse_randomness(digits: &str) -> Option<u64> {
    if digits.len() == HEX_DIGITS as usize {
        lower_hex(digits)
    } else {
        None
    }
}

fn lower_hex(digits: &str) -> Option<u64> {
    let is_lower_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if digits.bytes().all(is_lower_hex) {
        u64::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_have_the_digits_that_the_specification_gives_them() {
        for (probability, digits) in [
            (1.0, "0"),
            (2.0, "0"),
            (0.5, "8"),
            (0.25, "c"),
            (0.75, "4"),
            (1.0 / 3.0, "aaab"),
            (2.0 / 3.0, "5555"),
            (0.1, "e666"),
            (0.01, "fd70a"),
            (0.001, "ffbe77"),
            (0.999, "004189"),
            (1.0 / ONE as f64, "ffffffffffffff"),
        ] {
            let threshold = Threshold::from_probability(probability).unwrap();
            assert_eq!(threshold.digits(), digits, "{probability}");
            assert_eq!(Threshold::parse(digits), Some(threshold), "{probability}");
        }
        for nothing in [0.0, -1.0, f64::NAN, 1e-18] {
            assert_eq!(Threshold::from_probability(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn malformed_digits_are_no_threshold() {
        for digits in ["", "0123456789abcde", "F", "g", "+1", "é"] {
            assert_eq!(Threshold::parse(digits), None, "{digits}");
            assert_eq!(parse_randomness(digits), None, "{digits}");
        }
    }
}
