//! Thresholds of 56 bits, as OpenTelemetry's probability sampling has them: a span
//! is kept when its randomness is not below the threshold.

use crate::ids::TraceId;

/// Thresholds end here.
const END: u64 = 1 << 56;

/// The smallest share that can be said.
const LEAST_PROBABILITY: f64 = 1.0 / END as f64;

/// From 0, which keeps all, to 2^56, which keeps none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threshold(u64);

/// Keeps none.
pub const NEVER: Threshold = Threshold(END);

impl Threshold {
    /// Keeps all.
    pub const ALWAYS: Self = Self(0);

    /// Of a share from 0 to 1, with so many hexadecimal digits behind those that are
    /// all `f` or all `0`.
    #[must_use]
    pub fn of_probability(share: f64, precision: u32) -> Self {
        let share = share.clamp(LEAST_PROBABILITY, 1.0);
        let more = |share: f64| match share {
            0.0 => 0,
            _ => (-(share.log2().floor() + 1.0)).max(0.0) as u32 / 4,
        };
        let digits = (precision + more(share).max(more(1.0 - share))).min(14);
        let exact = END - (share * END as f64).round() as u64;
        let shift = 4 * (14 - digits);
        let rounded = match shift {
            0 => exact,
            _ => ((exact + (1 << (shift - 1))) >> shift) << shift,
        };
        // What is to be kept at all is never rounded to nothing.
        Self(if rounded < END { rounded } else { exact })
    }

    /// Of so many buckets out of 2^14 that are kept.
    #[must_use]
    pub fn of_buckets(kept: u32) -> Self {
        Self(((1 << 14) - u64::from(kept)) << 42)
    }

    /// Of `th` in a tracestate.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        hexadecimal(digits)
            .filter(|_| digits.len() <= 14)
            .map(|number| Self(number << (4 * (14 - digits.len() as u32))))
    }

    /// As a number from 0 to 2^56.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// What [`Threshold::number`] gave.
    #[must_use]
    pub fn of_number(number: u64) -> Option<Self> {
        (number <= END).then_some(Self(number))
    }

    /// What remains where a share is kept of what this one kept.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        match (self, other) {
            (Self::ALWAYS, only) | (only, Self::ALWAYS) => only,
            _ => Self::of_probability(self.probability() * other.probability(), 14),
        }
    }

    /// A randomness that this one keeps, of any number: all are equally likely where
    /// all numbers are.
    #[must_use]
    pub fn kept_randomness(self, any: u64) -> u64 {
        let kept = END.saturating_sub(self.0);
        self.0 + ((u128::from(any) * u128::from(kept)) >> 64) as u64
    }

    /// Does a span with this randomness stay?
    #[must_use]
    pub fn keeps(self, randomness: u64) -> bool {
        self.0 <= randomness
    }

    /// The share that is kept.
    #[must_use]
    pub fn probability(self) -> f64 {
        (END - self.0) as f64 / END as f64
    }

    /// As `th` in a tracestate.
    #[must_use]
    pub fn digits(self) -> String {
        let digits = format!("{:014x}", self.0);
        match digits.trim_end_matches('0') {
            "" => "0".to_owned(),
            digits => digits.to_owned(),
        }
    }
}

/// Of `rv` in a tracestate.
#[must_use]
pub fn parse_randomness(digits: &str) -> Option<u64> {
    hexadecimal(digits).filter(|_| digits.len() == 14)
}

/// The last 56 bits of a trace id.
#[must_use]
pub fn randomness_of(trace: TraceId) -> u64 {
    let last = trace.0.last_chunk::<8>();
    last.map_or(0, |last| u64::from_be_bytes(*last)) % END
}

fn hexadecimal(digits: &str) -> Option<u64> {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let is_number = !digits.is_empty() && digits.bytes().all(is_digit);
    is_number.then(|| u64::from_str_radix(digits, 16).ok())?
}
