//! Numbers and durations: `42`, `.5`, `1e3`, `1h30m`, `1.5s`, `2d`.
//!
//! Go's duration units and Prometheus' longer ones may be mixed in any order.
//! **Durations are computed in whole nanoseconds, never in floating point**,
//! so `0.1s` is exactly 100,000,000 ns.

use super::super::error::quoted;
use super::super::vocabulary;
use super::{Lexer, TokenKind, TraceQlError};

/// Largest magnitude with a sign: 2^63.
const MAX_MAGNITUDE: u64 = 1 << 63;

/// Digits after the point that count: more cannot change a year by a
/// nanosecond, and the product below stays within 128 bits.
const MAX_FRACTION_DIGITS: usize = 18;

const UNITS: &str = "units are ns, us, ms, s, m, h, d, w and y";

impl Lexer {
    /// At a digit, or at a point before a digit.
    pub(super) fn number(&mut self) -> Result<TokenKind, TraceQlError> {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))
            || self.at_sign_of_exponent(start)
        {
            self.at += 1;
        }
        let text = self.since(start);
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return match text.parse() {
                Ok(magnitude) if magnitude <= MAX_MAGNITUDE => Ok(TokenKind::Int(magnitude)),
                _ => Err(self
                    .number_error(start, "does not fit in 64 bits")
                    .hint("write it as text, or as a float such as `1e19`")),
            };
        }
        let like_float =
            |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
        if text.bytes().all(like_float) {
            return match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(TokenKind::Float(value)),
                Ok(_) => Err(self.number_error(start, "is larger than a float can hold")),
                Err(_) => Err(self.number_error(start, "is not a number")),
            };
        }
        self.duration_ns(start).map(TokenKind::DurationNs)
    }

    /// At the `-` of `1e-3`: a sign after an `e` that follows nothing but
    /// digits and is followed by one.
    fn at_sign_of_exponent(&self, start: usize) -> bool {
        let Some(('e' | 'E', mantissa)) = self.chars[start..self.at]
            .split_last()
            .map(|(last, rest)| (*last, rest))
        else {
            return false;
        };
        matches!(self.peek(0), Some('+' | '-'))
            && self.peek(1).is_some_and(|c| c.is_ascii_digit())
            && mantissa.iter().all(|c| c.is_ascii_digit() || *c == '.')
    }

    /// The characters from `start` as number–unit pairs.
    fn duration_ns(&self, start: usize) -> Result<u64, TraceQlError> {
        let chars = &self.chars[start..self.at];
        let mut total: u128 = 0;
        let mut at = 0;
        while at < chars.len() {
            let whole_digits = digits(&chars[at..]);
            let mut end = at + whole_digits.len();
            let mut fraction_digits = String::new();
            if chars.get(end) == Some(&'.') {
                fraction_digits = digits(&chars[end + 1..]);
                end += 1 + fraction_digits.len();
            }
            if whole_digits.is_empty() && fraction_digits.is_empty() {
                return Err(self.number_error(start, "is neither a number nor a duration"));
            }
            let is_unit = |c: &&char| !c.is_ascii_digit() && **c != '.';
            let unit: String = chars[end..].iter().take_while(is_unit).collect();
            let unit_range = start + end..start + end + unit.chars().count();
            let unit_ns = self.unit_ns(start, &unit, unit_range)?;
            at = end + unit.chars().count();

            fraction_digits.truncate(MAX_FRACTION_DIGITS);
            let fraction = decimal(&fraction_digits) * unit_ns
                / 10_u128.pow(u32::try_from(fraction_digits.len()).unwrap_or_default());
            // Twenty digits already exceed the limit; more would overflow.
            let whole = if whole_digits.len() > 20 {
                u128::MAX
            } else {
                decimal(&whole_digits)
            };
            total = total
                .saturating_add(whole.saturating_mul(unit_ns))
                .saturating_add(fraction);
        }
        u64::try_from(total)
            .ok()
            .filter(|ns| *ns <= MAX_MAGNITUDE)
            .ok_or_else(|| self.number_error(start, "is longer than 292 years"))
    }

    fn unit_ns(
        &self,
        start: usize,
        unit: &str,
        range: std::ops::Range<usize>,
    ) -> Result<u128, TraceQlError> {
        const SECOND: u128 = 1_000_000_000;
        const DAY: u128 = 24 * 3600 * SECOND;
        Ok(match unit {
            "ns" => 1,
            // The micro sign and the Greek letter look the same.
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            "d" => DAY,
            "w" => 7 * DAY,
            "y" => 365 * DAY,
            "" => {
                let error = self.number_error(start, "ends with a number without a unit");
                return Err(error.hint(UNITS));
            }
            _ => {
                let message = format!("unknown duration unit {}", quoted(unit));
                let hint = vocabulary::nearest_unit(unit).map_or_else(
                    || UNITS.to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(TraceQlError::new(range, message).hint(hint));
            }
        })
    }

    fn number_error(&self, start: usize, what: &str) -> TraceQlError {
        let text = quoted(&self.since(start));
        TraceQlError::new(start..self.at, format!("{text} {what}"))
    }
}

/// The decimal digits at the start.
fn digits(chars: &[char]) -> String {
    chars.iter().take_while(|c| c.is_ascii_digit()).collect()
}

/// Their value; at most twenty digits, which 128 bits hold.
fn decimal(digits: &str) -> u128 {
    digits
        .bytes()
        .fold(0, |value, digit| value * 10 + u128::from(digit - b'0'))
}
