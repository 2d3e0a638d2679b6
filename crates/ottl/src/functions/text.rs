//! Texts put together, taken apart and written otherwise.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use tracewell_model::AnyValue;

use super::{
    Answer, Constants, Made, Signature, bool_or, expected, function, int_in, list, may, needs,
    plain, spread, text_in, text_or,
};
use crate::value::{Value, text_of};

pub(super) const FUNCTIONS: &[Signature] = &[
    function(
        "Concat",
        &[spread("values"), needs("delimiter")],
        plain!(concat),
    ),
    function(
        "Format",
        &[needs("format_string"), spread("format_arguments")],
        plain!(format_text),
    ),
    function(
        "Split",
        &[needs("target"), needs("delimiter")],
        plain!(split),
    ),
    function(
        "Substring",
        &[
            needs("target"),
            needs("start"),
            needs("length"),
            may("utf8_safe"),
        ],
        plain!(substring),
    ),
    function(
        "HasPrefix",
        &[needs("value"), needs("prefix")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(text_in(a[0])?.starts_with(text_in(a[1])?))) }),
    ),
    function(
        "HasSuffix",
        &[needs("value"), needs("suffix")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(text_in(a[0])?.ends_with(text_in(a[1])?))) }),
    ),
    function(
        "TrimPrefix",
        &[needs("value"), needs("prefix")],
        plain!(|a: &[&Value<'_>]| {
            let text = text_in(a[0])?;
            Ok(Value::text(
                text.strip_prefix(text_in(a[1])?).unwrap_or(text),
            ))
        }),
    ),
    function(
        "TrimSuffix",
        &[needs("value"), needs("suffix")],
        plain!(|a: &[&Value<'_>]| {
            let text = text_in(a[0])?;
            Ok(Value::text(
                text.strip_suffix(text_in(a[1])?).unwrap_or(text),
            ))
        }),
    ),
    function(
        "Trim",
        &[needs("target"), may("replacement")],
        plain!(|a: &[&Value<'_>]| {
            let around = text_or(a[1], " ")?;
            Ok(Value::text(
                text_in(a[0])?.trim_matches(|c| around.contains(c)),
            ))
        }),
    ),
    function(
        "ConvertCase",
        &[needs("target"), needs("to_case")],
        convert_case,
    ),
    function(
        "ToLowerCase",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::text(text_in(a[0])?.to_lowercase())) }),
    ),
    function(
        "ToUpperCase",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::text(text_in(a[0])?.to_uppercase())) }),
    ),
    function(
        "ToSnakeCase",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::text(snake_case(text_in(a[0])?))) }),
    ),
    function(
        "ToCamelCase",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::text(camel_case(text_in(a[0])?))) }),
    ),
    function(
        "Base64Encode",
        &[needs("value"), may("variant")],
        plain!(|a: &[&Value<'_>]| {
            let text = text_in(a[0])?.as_bytes();
            let variant = text_or(a[1], "base64")?;
            let encoded = match variant {
                "base64" => STANDARD.encode(text),
                "base64-raw" => STANDARD_NO_PAD.encode(text),
                "base64-url" => URL_SAFE.encode(text),
                "base64-raw-url" => URL_SAFE_NO_PAD.encode(text),
                other => return Err(format!("unknown variant {other:?} of base64")),
            };
            Ok(Value::text(encoded))
        }),
    ),
    function(
        "Base64Decode",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { decode(a[0], "base64") }),
    ),
    function(
        "Decode",
        &[needs("value"), needs("encoding")],
        plain!(|a: &[&Value<'_>]| { decode(a[0], text_in(a[1])?) }),
    ),
];

/// The delimiter comes first: values are spread.
fn concat(arguments: &[&Value<'_>]) -> Answer {
    let delimiter = text_in(arguments[0])?;
    let texts = arguments[1..].iter().map(|value| match value {
        Value::Text(text) => Cow::Borrowed(text.as_ref()),
        Value::List(_) | Value::Map(_) => Cow::Borrowed(""),
        other => text_of(other).map_or(Cow::Borrowed("<nil>"), Cow::Owned),
    });
    let texts: Vec<Cow<'_, str>> = texts.collect();
    Ok(Value::text(texts.join(delimiter)))
}

fn split(arguments: &[&Value<'_>]) -> Answer {
    let (text, delimiter) = (text_in(arguments[0])?, text_in(arguments[1])?);
    let of = |part: &str| AnyValue::String(part.to_owned());
    Ok(list(match delimiter.is_empty() {
        true => text.chars().map(|c| AnyValue::String(c.into())).collect(),
        false => text.split(delimiter).map(of).collect(),
    }))
}

fn substring(arguments: &[&Value<'_>]) -> Answer {
    let text = text_in(arguments[0])?;
    let (start, length) = (int_in(arguments[1])?, int_in(arguments[2])?);
    let is_safe = bool_or(arguments[3], false)?;
    let range = usize::try_from(start)
        .ok()
        .zip(usize::try_from(length).ok());
    let range = range.and_then(|(start, length)| Some((start, start.checked_add(length)?)));
    let (mut start, mut end) = range.filter(|(_, end)| *end <= text.len()).ok_or_else(|| {
        let bytes = text.len();
        format!("start {start} and length {length} do not lie within the {bytes} bytes of the text")
    })?;
    if is_safe {
        while !text.is_char_boundary(start) {
            start += 1;
        }
        while !text.is_char_boundary(end) {
            end -= 1;
        }
    }
    match text.get(start..end.max(start)) {
        Some(part) => Ok(Value::text(part)),
        None => Err("the substring would begin or end within a character, set utf8_safe".into()),
    }
}

fn convert_case(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let to_case: fn(&str) -> String = match constants[1] {
        Some(Value::Text(case)) => match case.as_ref() {
            "lower" => str::to_lowercase,
            "upper" => str::to_uppercase,
            "snake" => snake_case,
            "camel" => camel_case,
            other => {
                let message = format!("unknown case {other:?}, use lower, upper, snake or camel");
                return Err((1, message));
            }
        },
        _ => return Err((1, "to_case is a text: lower, upper, snake or camel".into())),
    };
    Ok(Made::Call(Box::new(move |a: &[&Value<'_>]| {
        Ok(Value::text(to_case(text_in(a[0])?)))
    })))
}

const fn is_between_words(c: char) -> bool {
    matches!(c, ' ' | '_' | '-' | '.')
}

/// `CPUUsage2` → `cpu_usage_2`: a word begins where the kind of letter changes.
fn snake_case(text: &str) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    let mut out = String::with_capacity(text.len() + 4);
    for (index, c) in chars.iter().enumerate() {
        if is_between_words(*c) {
            out.push('_');
            continue;
        }
        let next = chars.get(index + 1).copied();
        let (is_upper, is_digit) = (c.is_ascii_uppercase(), c.is_ascii_digit());
        let next_is_upper = next.is_some_and(|c| c.is_ascii_uppercase());
        let next_is_lower = next.is_some_and(|c| c.is_ascii_lowercase());
        let next_is_digit = next.is_some_and(|c| c.is_ascii_digit());
        let follows_upper = index > 0 && chars[index - 1].is_ascii_uppercase();
        // The last capital of several begins the next word.
        if is_upper && next_is_lower && follows_upper {
            out.push('_');
        }
        out.extend(c.to_lowercase());
        let ends_word = match () {
            () if is_upper => next_is_digit,
            () if c.is_ascii_lowercase() => next_is_upper || next_is_digit,
            () => is_digit && (next_is_upper || next_is_lower),
        };
        if ends_word {
            out.push('_');
        }
    }
    out
}

/// `my_metric` → `MyMetric`.
fn camel_case(text: &str) -> String {
    let (mut begins, mut follows_upper) = (true, false);
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        let is_upper = c.is_ascii_uppercase();
        if begins && c.is_ascii_lowercase() {
            out.push(c.to_ascii_uppercase());
        } else if follows_upper && is_upper && !begins {
            out.push(c.to_ascii_lowercase());
        } else if !is_between_words(c) {
            out.push(c);
        }
        begins = is_between_words(c) || c.is_ascii_digit();
        follows_upper = is_upper;
    }
    out
}

fn decode(value: &Value<'_>, encoding: &str) -> Answer {
    let bytes = match value {
        Value::Text(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        other => return Err(expected("a text or bytes", other)),
    };
    let decoded = match encoding.to_ascii_lowercase().as_str() {
        "base64" => STANDARD.decode(bytes),
        "base64-raw" => STANDARD_NO_PAD.decode(bytes),
        "base64-url" => URL_SAFE.decode(bytes),
        "base64-raw-url" => URL_SAFE_NO_PAD.decode(bytes),
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Ok(bytes.to_vec()),
        "iso-8859-1" | "latin1" => {
            return Ok(Value::text(
                bytes
                    .iter()
                    .map(|byte| char::from(*byte))
                    .collect::<String>(),
            ));
        }
        "utf-16le" | "utf-16be" | "utf-16" => {
            let is_little = encoding.to_ascii_lowercase().ends_with("le");
            let (pairs, _) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|pair| match is_little {
                true => u16::from_le_bytes(*pair),
                false => u16::from_be_bytes(*pair),
            });
            let text: String = char::decode_utf16(units)
                .map(|c| c.unwrap_or('\u{fffd}'))
                .collect();
            return Ok(Value::text(text));
        }
        other => {
            return Err(format!(
                "unknown encoding {other:?}, use base64, base64-raw, base64-url, base64-raw-url, utf-8, utf-16le, utf-16be, us-ascii or iso-8859-1"
            ));
        }
    };
    let decoded = decoded.map_err(|error| format!("the value is not {encoding}: {error}"))?;
    let text = String::from_utf8(decoded);
    Ok(Value::text(
        text.map_err(|_| "what was decoded is not UTF-8".to_owned())?,
    ))
}

/// The first argument is the pattern: `%s %d %05.2f %x %q %v %t %%`.
fn format_text(arguments: &[&Value<'_>]) -> Answer {
    let pattern = text_in(arguments[0])?;
    let mut values = arguments[1..].iter();
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut spec = String::new();
        while let Some(c) = chars.next_if(|c| matches!(c, '0'..='9' | '.' | '-' | '+' | ' ' | '#'))
        {
            spec.push(c);
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some(verb) => match values.next() {
                Some(value) => out.push_str(&formatted(value, verb, &spec)),
                None => out.push_str(&format!("%!{verb}(MISSING)")),
            },
            None => out.push_str("%!(NOVERB)"),
        }
    }
    Ok(Value::text(out))
}

/// Widest that a value is padded to: a pattern may come with the data.
const MAX_WIDTH: usize = 1024;

fn formatted(value: &Value<'_>, verb: char, spec: &str) -> String {
    let flags_end = spec.find(|c: char| c.is_ascii_digit() && c != '0' || c == '.');
    let (flags, sizes) = spec.split_at(flags_end.unwrap_or(spec.len()));
    let (width, precision) = sizes
        .split_once('.')
        .map_or((sizes, None), |(w, p)| (w, Some(p)));
    let size = |digits: &str| digits.parse().unwrap_or(0_usize).min(MAX_WIDTH);
    let (width, precision) = (size(width), precision.map(size));
    let text = match (verb, value) {
        ('d', Value::Int(number)) => number.to_string(),
        ('x', Value::Int(number)) => format!("{number:x}"),
        ('X', Value::Int(number)) => format!("{number:X}"),
        ('o', Value::Int(number)) => format!("{number:o}"),
        ('b', Value::Int(number)) => format!("{number:b}"),
        ('c', Value::Int(code)) => {
            let c = u32::try_from(*code).ok().and_then(char::from_u32);
            c.unwrap_or('\u{fffd}').into()
        }
        ('f' | 'F', Value::Double(number)) => format!("{number:.*}", precision.unwrap_or(6)),
        ('e', Value::Double(number)) => {
            let text = format!("{number:.*e}", precision.unwrap_or(6));
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent
                .strip_prefix('-')
                .map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        ('s', Value::Text(text)) => match precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_string(),
        },
        ('q', Value::Text(text)) => format!("{text:?}"),
        ('x', Value::Text(text)) => crate::value::hex(text.as_bytes()),
        ('x', Value::Bytes(bytes)) => crate::value::hex(bytes),
        ('t', Value::Bool(value)) => value.to_string(),
        ('v' | 'g', value) => text_of(value).unwrap_or_else(|| "<nil>".into()),
        ('s', Value::List(_) | Value::Map(_)) => text_of(value).unwrap_or_default(),
        (verb, value) => {
            let text = text_of(value).unwrap_or_else(|| "<nil>".into());
            return format!("%!{verb}({text})");
        }
    };
    let is_number = matches!(value, Value::Int(_) | Value::Double(_));
    let text = match flags.contains('+') && is_number && !text.starts_with('-') {
        true => format!("+{text}"),
        false => text,
    };
    let missing = width.saturating_sub(text.chars().count());
    if flags.contains('-') {
        text + &" ".repeat(missing)
    } else if flags.contains('0') && is_number {
        let sign = usize::from(text.starts_with(['-', '+']));
        format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..])
    } else {
        " ".repeat(missing) + &text
    }
}
