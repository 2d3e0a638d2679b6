//! Values to numbers, truth values and identifiers, and what is asked of numbers.

use super::{Answer, Signature, expected, function, int_in, needs, plain, text_in};
use crate::lexer::bytes_of_hex;
use crate::value::{Value, hex, text_of};

pub(super) const FUNCTIONS: &[Signature] = &[
    function(
        "Int",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(match a[0] {
                Value::Int(value) => Value::Int(*value),
                Value::Double(value) => Value::Int(*value as i64),
                Value::Bool(value) => Value::Int(i64::from(*value)),
                Value::Text(text) => text.parse().map_or(Value::Nil, Value::Int),
                _ => Value::Nil,
            })
        }),
    ),
    function(
        "Double",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(match a[0] {
                Value::Text(text) => text.parse().map_or(Value::Nil, Value::Double),
                other => number(other).map_or(Value::Nil, Value::Double),
            })
        }),
    ),
    function(
        "Bool",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(match a[0] {
                Value::Bool(value) => Value::Bool(*value),
                Value::Int(value) => Value::Bool(*value != 0),
                Value::Double(value) => Value::Bool(*value != 0.0),
                Value::Text(text) => match text.as_ref() {
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => Value::Bool(true),
                    "0" | "f" | "F" | "false" | "FALSE" | "False" => Value::Bool(false),
                    _ => Value::Nil,
                },
                _ => Value::Nil,
            })
        }),
    ),
    function(
        "String",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(text_of(a[0]).map_or(Value::Nil, Value::text)) }),
    ),
    function("Hex", &[needs("value")], plain!(to_hex)),
    function(
        "ParseInt",
        &[needs("target"), needs("base")],
        plain!(parse_int),
    ),
    function(
        "Log",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            let of = match a[0] {
                Value::Text(text) => text.parse().ok(),
                other => number(other),
            };
            match of.ok_or_else(|| expected("a number", a[0]))? {
                of if of > 0.0 => Ok(Value::Double(of.ln())),
                of => Err(format!("{of} has no logarithm")),
            }
        }),
    ),
    function("IsValidLuhn", &[needs("value")], plain!(is_valid_luhn)),
    function(
        "TraceID",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| id(a[0], 16)),
    ),
    function(
        "SpanID",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| id(a[0], 8)),
    ),
];

fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Double(value) => Some(*value),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        _ => None,
    }
}

fn to_hex(arguments: &[&Value<'_>]) -> Answer {
    Ok(Value::text(match arguments[0] {
        // Without zeros in front.
        Value::Int(value) => format!("{value:x}"),
        Value::Double(value) => hex(&value.to_be_bytes()),
        Value::Bool(value) => hex(&[u8::from(*value)]),
        Value::Text(text) => hex(text.as_bytes()),
        Value::Bytes(bytes) => hex(bytes),
        Value::Nil => return Ok(Value::Nil),
        other => return Err(expected("a number, a boolean, a text or bytes", other)),
    }))
}

fn parse_int(arguments: &[&Value<'_>]) -> Answer {
    let (text, base) = (text_in(arguments[0])?, int_in(arguments[1])?);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match base {
        0 => {
            let plain = lower.replace('_', "");
            let prefixed = [("0b", 2), ("0o", 8), ("0x", 16)];
            let found = prefixed
                .iter()
                .find_map(|(prefix, base)| Some((*base, plain.strip_prefix(prefix)?.to_owned())));
            let octal = plain.strip_prefix('0').filter(|rest| !rest.is_empty());
            let octal = octal.map(|rest| (8, rest.to_owned()));
            found.or(octal).unwrap_or((10, plain))
        }
        2..=36 => (base as u32, lower),
        _ => return Err(format!("base {base} is neither 0 nor from 2 to 36")),
    };
    let has_sign = digits.starts_with(['+', '-']);
    let number = i64::from_str_radix(&format!("{sign}{digits}"), base).ok();
    match number.filter(|_| !has_sign) {
        Some(number) => Ok(Value::Int(number)),
        None => Err(format!("{text:?} is no integer of base {base}")),
    }
}

fn is_valid_luhn(arguments: &[&Value<'_>]) -> Answer {
    let text = match arguments[0] {
        Value::Text(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        other => return Err(expected("a text of digits or an integer", other)),
    };
    let digits: Option<Vec<u32>> = text.chars().rev().map(|c| c.to_digit(10)).collect();
    let digits = digits.ok_or_else(|| "expected digits only".to_owned())?;
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ if *digit > 4 => 2 * digit - 9,
            _ => 2 * digit,
        })
        .sum();
    Ok(Value::Bool(!digits.is_empty() && sum.is_multiple_of(10)))
}

fn id(value: &Value<'_>, length: usize) -> Answer {
    let bytes = match value {
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        Value::Text(text) => bytes_of_hex(text),
        other => return Err(expected("bytes or a text of hexadecimal digits", other)),
    };
    let bytes = bytes.filter(|bytes| bytes.len() == length);
    let bytes = bytes.ok_or_else(|| {
        format!(
            "expected {length} bytes or {} hexadecimal digits",
            2 * length
        )
    })?;
    Ok(Value::Bytes(bytes.into()))
}
