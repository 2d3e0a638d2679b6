//! Texts that hold more than a text: JSON, CSV, pairs of keys and values,
//! addresses.

use std::net::IpAddr;

use tracewell_model::AnyValue;
use tracewell_model::any_value::MAX_DEPTH;

use super::{
    Answer, Signature, bool_or, function, list, list_in, map, map_in, may, needs, plain, text_in,
    text_or,
};
use crate::value::{Map, Value, json, text_of};

pub(super) const FUNCTIONS: &[Signature] = &[
    function("ParseJSON", &[needs("target")], plain!(parse_json)),
    function(
        "ParseCSV",
        &[
            needs("target"),
            needs("headers"),
            may("delimiter"),
            may("header_delimiter"),
            may("mode"),
        ],
        plain!(parse_csv),
    ),
    function(
        "ParseKeyValue",
        &[needs("target"), may("delimiter"), may("pair_delimiter")],
        plain!(parse_pairs),
    ),
    function(
        "ToKeyValueString",
        &[
            needs("target"),
            may("delimiter"),
            may("pair_delimiter"),
            may("sort_output"),
        ],
        plain!(write_pairs),
    ),
    function(
        "IsInCIDR",
        &[needs("target"), needs("networks")],
        plain!(is_in_cidr),
    ),
];

/// Numbers are doubles, as in the Collector.
fn parse_json(arguments: &[&Value<'_>]) -> Answer {
    let text = text_in(arguments[0])?;
    let parsed: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("the text is not JSON: {error}"))?;
    match of_json(parsed, 0)? {
        AnyValue::KvList(pairs) => Ok(map(pairs)),
        AnyValue::Array(values) => Ok(list(values)),
        other => Ok(Value::of_any(other)),
    }
}

fn of_json(value: serde_json::Value, depth: usize) -> Result<AnyValue, String> {
    if depth > MAX_DEPTH {
        return Err(format!("the JSON is nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(match value {
        serde_json::Value::Null => AnyValue::Empty,
        serde_json::Value::Bool(value) => AnyValue::Bool(value),
        serde_json::Value::Number(number) => AnyValue::Double(number.as_f64().unwrap_or(0.0)),
        serde_json::Value::String(text) => AnyValue::String(text),
        serde_json::Value::Array(values) => {
            let values = values.into_iter().map(|value| of_json(value, depth + 1));
            AnyValue::Array(values.collect::<Result<_, _>>()?)
        }
        serde_json::Value::Object(pairs) => {
            let pairs = pairs
                .into_iter()
                .map(|(key, value)| Ok((key, of_json(value, depth + 1)?)));
            AnyValue::KvList(pairs.collect::<Result<_, String>>()?)
        }
    })
}

fn parse_csv(arguments: &[&Value<'_>]) -> Answer {
    let delimiter = one_char(text_or(arguments[2], ",")?)?;
    let header_delimiter = match arguments[3] {
        Value::Nil => delimiter,
        other => one_char(text_in(other)?)?,
    };
    let is_lazy = match text_or(arguments[4], "strict")? {
        "strict" => Some(false),
        "lazyQuotes" => Some(true),
        "ignoreQuotes" => None,
        other => {
            return Err(format!(
                "unknown mode {other:?}, use strict, lazyQuotes or ignoreQuotes"
            ));
        }
    };
    let row = text_in(arguments[0])?.trim_matches(['\r', '\n']);
    let fields = match is_lazy {
        Some(is_lazy) => csv_fields(row, delimiter, is_lazy)?,
        None => row.split(delimiter).map(str::to_owned).collect(),
    };
    let headers: Vec<&str> = text_in(arguments[1])?.split(header_delimiter).collect();
    if headers.len() != fields.len() {
        return Err(format!(
            "the row has {} fields and the header {}",
            fields.len(),
            headers.len()
        ));
    }
    let mut pairs: Map = Vec::new();
    for (header, field) in headers.into_iter().zip(fields) {
        put(&mut pairs, header.to_owned(), AnyValue::String(field));
    }
    Ok(map(pairs))
}

fn one_char(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(c),
        _ => Err(format!("a delimiter is one character, found {text:?}")),
    }
}

fn csv_fields(row: &str, delimiter: char, is_lazy: bool) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut chars = row.chars().peekable();
    let (mut is_quoted, mut at_start, mut was_quoted) = (false, true, false);
    while let Some(c) = chars.next() {
        let field = fields.last_mut().ok_or("a row has a field")?;
        if is_quoted {
            match c {
                '"' if chars.next_if_eq(&'"').is_some() => field.push('"'),
                '"' if is_lazy && chars.peek().is_some_and(|next| *next != delimiter) => {
                    field.push('"')
                }
                '"' => (is_quoted, was_quoted) = (false, true),
                c => field.push(c),
            }
        } else if c == delimiter {
            fields.push(String::new());
            (at_start, was_quoted) = (true, false);
        } else if c == '"' && at_start {
            (is_quoted, at_start) = (true, false);
        } else if (c == '"' || was_quoted) && !is_lazy {
            return Err("a quote stands where the row has none (mode lazyQuotes allows it)".into());
        } else {
            field.push(c);
            at_start = false;
        }
    }
    if is_quoted && !is_lazy {
        return Err("the row ends within quotes".into());
    }
    Ok(fields)
}

fn put(pairs: &mut Map, key: String, value: AnyValue) {
    match pairs.iter_mut().find(|(known, _)| *known == key) {
        Some((_, known)) => *known = value,
        None => pairs.push((key, value)),
    }
}

fn delimiters<'v>(key: &'v Value<'_>, pair: &'v Value<'_>) -> Result<(&'v str, &'v str), String> {
    let (key, pair) = (text_or(key, "=")?, text_or(pair, " ")?);
    if key.is_empty() || pair.is_empty() {
        return Err("a delimiter is not empty".into());
    }
    if key == pair {
        return Err(format!("keys and pairs have the same delimiter {key:?}"));
    }
    Ok((key, pair))
}

fn parse_pairs(arguments: &[&Value<'_>]) -> Answer {
    let text = text_in(arguments[0])?;
    let (delimiter, pair_delimiter) = delimiters(arguments[1], arguments[2])?;
    if text.is_empty() {
        return Err("an empty text holds no pairs".into());
    }
    let mut pairs: Map = Vec::new();
    for pair in split_unquoted(text, pair_delimiter)? {
        let pair = pair.trim();
        if pair.is_empty() {
            continue;
        }
        let (key, value) = pair
            .split_once(delimiter)
            .ok_or_else(|| format!("{pair:?} has no {delimiter:?}"))?;
        put(
            &mut pairs,
            unquoted(key).to_owned(),
            AnyValue::String(unquoted(value).to_owned()),
        );
    }
    Ok(map(pairs))
}

/// At delimiters outside of quotes, which may be single or double.
fn split_unquoted<'t>(text: &'t str, delimiter: &str) -> Result<Vec<&'t str>, String> {
    let (mut parts, mut from, mut quote) = (Vec::new(), 0, None);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if text[at..].starts_with(delimiter) => {
                parts.push(&text[from..at]);
                at += delimiter.len();
                from = at;
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    if quote.is_some() {
        return Err("the text ends within quotes".into());
    }
    parts.push(&text[from..]);
    Ok(parts)
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

fn write_pairs(arguments: &[&Value<'_>]) -> Answer {
    let mut pairs: Vec<&(String, AnyValue)> = map_in(arguments[0])?.iter().collect();
    let (delimiter, pair_delimiter) = delimiters(arguments[1], arguments[2])?;
    if bool_or(arguments[3], false)? {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let quoted = |text: &str| match text.contains(delimiter) || text.contains(pair_delimiter) {
        true => format!("\"{}\"", text.replace('"', "\\\"")),
        false => text.to_owned(),
    };
    let written = pairs.into_iter().map(|(key, value)| {
        let value = match value {
            AnyValue::Array(_) | AnyValue::KvList(_) => json(value),
            other => text_of(&Value::of_any(other.clone())).unwrap_or_default(),
        };
        quoted(key) + delimiter + &quoted(&value)
    });
    let written: Vec<String> = written.collect();
    Ok(Value::text(written.join(pair_delimiter)))
}

fn is_in_cidr(arguments: &[&Value<'_>]) -> Answer {
    let address: IpAddr = match text_in(arguments[0])?.parse() {
        Ok(address) => address,
        Err(_) => return Err("the target is no IP address".into()),
    };
    let mut is_in = false;
    for network in list_in(arguments[1])? {
        let AnyValue::String(network) = network else {
            return Err("a network is a text such as \"10.0.0.0/8\"".into());
        };
        is_in |= lies_in(address, network)
            .ok_or_else(|| format!("{network:?} is no network such as \"10.0.0.0/8\""))?;
    }
    Ok(Value::Bool(is_in))
}

fn lies_in(address: IpAddr, network: &str) -> Option<bool> {
    let (base, length) = network.split_once('/')?;
    let (base, length): (IpAddr, u32) = (base.parse().ok()?, length.parse().ok()?);
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let ((address_bits, width), (base_bits, base_width)) = (bits(address), bits(base));
    if length > base_width {
        return None;
    }
    let differing = (address_bits ^ base_bits)
        .checked_shr(128 - length)
        .unwrap_or(0);
    Some(width == base_width && differing == 0)
}
