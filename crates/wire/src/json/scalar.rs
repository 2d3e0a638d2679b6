//! Scalars of protobuf's JSON: numbers as numbers or text, enums as numbers or
//! names, bytes as base64, ids as hexadecimal.
//!
//! Liberal in what it takes, because every SDK does it its own way: JavaScript
//! sends 64-bit integers as numbers, Python and Rust as strings. `null` is the
//! default everywhere.

use super::Reader;
use crate::WireError;
use crate::error::Problem;
use crate::rejected::{Fault, FaultProblem, RejectReason};
use std::str::FromStr;

/// An integer; a fraction of zero or an exponent is fine, other fractions
/// and numbers that do not fit are not.
pub(crate) fn integer<T: FromStr + TryFrom<i128>>(
    reader: &mut Reader<'_>,
) -> Result<Option<T>, WireError> {
    let before = *reader;
    let Some(text) = reader.number("an integer")? else {
        return Ok(None);
    };
    if let Ok(value) = text.parse() {
        return Ok(Some(value));
    }
    float(text)
        .filter(|value| value.fract() == 0.0)
        .and_then(|value| T::try_from(value as i128).ok())
        .map(Some)
        .ok_or_else(|| before.error(Problem::Number("expected an integer that fits the field")))
}

/// A double, also as `"NaN"`, `"Infinity"` and `"-Infinity"`.
pub(crate) fn double(reader: &mut Reader<'_>) -> Result<Option<f64>, WireError> {
    let before = *reader;
    let value = match reader.number("a number")? {
        None => return Ok(None),
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(text) => float(text),
    };
    value
        .map(Some)
        .ok_or_else(|| before.error(Problem::Number("expected a number that fits a double")))
}

/// JSON's own form of a number: `parse` alone would take "inf" and "nan".
fn float(text: &str) -> Option<f64> {
    let is_digit_first = text
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit());
    let value: f64 = text.parse().ok()?;
    (is_digit_first && value.is_finite()).then_some(value)
}

/// An enum: its number, or its name out of `names` (in the order of numbers
/// from 0).
pub(crate) fn enumeration(reader: &mut Reader<'_>, names: &[&str]) -> Result<i32, WireError> {
    let mut as_text = *reader;
    if reader.is_string() {
        let text = as_text.string()?;
        if let Some(number) = names.iter().position(|name| *name == text) {
            *reader = as_text;
            return Ok(number as i32);
        }
        if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return Err(reader.error(Problem::EnumName));
        }
    }
    Ok(integer(reader)?.unwrap_or_default())
}

/// Hexadecimal digits of either case: the bytes of an id and how many.
pub(crate) fn id<const N: usize>(
    text: &str,
    reason: RejectReason,
    field: &'static str,
) -> Result<Option<[u8; N]>, Fault> {
    let (want, got) = (2 * N, text.len());
    if got == 0 {
        return Ok(None);
    }
    if got != want {
        return Err(Fault::new(
            reason,
            field,
            FaultProblem::Digits { want, got },
        ));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut id = [0; N];
    for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
            return Err(Fault::new(reason, field, FaultProblem::NotHex));
        };
        *byte = (high << 4 | low) as u8;
    }
    Ok(Some(id))
}

/// Base64 of either alphabet, with or without padding; `None` if it is not.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    if digits.len() % 4 == 1 || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        let [_, whole @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(&whole[..group.len() * 3 / 4]);
    }
    Some(bytes)
}

/// Appends standard base64 with padding.
pub(crate) fn put_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            out.push(if place <= group.len() {
                DIGITS[(bits >> (18 - 6 * place) & 63) as usize]
            } else {
                b'='
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_every_dialect_is_read() {
        for (text, want) in [
            ("", Some(&b""[..])),
            ("AQI=", Some(&[1, 2])),
            ("AQI", Some(&[1, 2])),
            ("+/8=", Some(&[0xfb, 0xff])),
            ("-_8", Some(&[0xfb, 0xff])),
            ("AQID", Some(&[1, 2, 3])),
            ("A", None),
            ("AQ I", None),
            ("AQ======", None),
        ] {
            assert_eq!(base64(text).as_deref(), want, "{text}");
        }
        for len in 0..10 {
            let bytes: Vec<u8> = (0..len).map(|n| n * 29).collect();
            let mut text = Vec::new();
            put_base64(&mut text, &bytes);
            assert_eq!(text.len() % 4, 0);
            assert_eq!(base64(std::str::from_utf8(&text).unwrap()), Some(bytes));
        }
    }

    #[test]
    fn integers_come_as_numbers_and_as_text() {
        for (text, want) in [
            ("5", Ok(Some(5))),
            ("\"-9223372036854775808\"", Ok(Some(i64::MIN))),
            ("9223372036854775807", Ok(Some(i64::MAX))),
            ("1e3", Ok(Some(1000))),
            ("2.0", Ok(Some(2))),
            ("null", Ok(None)),
            ("9223372036854775808", Err(())),
            ("2.5", Err(())),
            ("\"\"", Err(())),
            ("\"nan\"", Err(())),
            ("true", Err(())),
        ] {
            let got = integer::<i64>(&mut Reader::new(text)).map_err(drop);
            assert_eq!(got, want, "{text}");
        }
        assert!(integer::<u32>(&mut Reader::new("-1")).is_err());
        assert_eq!(
            double(&mut Reader::new("\"-Infinity\"")).unwrap(),
            Some(f64::NEG_INFINITY)
        );
        assert!(double(&mut Reader::new("1e999")).is_err());
    }
}
