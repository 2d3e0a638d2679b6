//! Values as text, where a function takes whatever there is for text.
//!
//! Numbers are written as the Collector writes them, because names and keys
//! are made of them: whole doubles have no fraction, bytes are hexadecimal,
//! lists and maps are JSON. **Nothing has no text.**

use tracewell_model::{AnyValue, clock};

use super::Value;

/// The text of a value; none of nil.
pub(crate) fn text_of(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Nil => return None,
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Double(value) => double(*value),
        Value::Text(text) => text.to_string(),
        Value::Bytes(bytes) => hex(bytes),
        Value::List(values) => {
            let mut out = String::new();
            write_list(&mut out, values);
            out
        }
        Value::Map(pairs) => {
            let mut out = String::new();
            write_map(&mut out, pairs);
            out
        }
        Value::TimeNs(ns) => {
            let text = clock::utc_text(u64::try_from(*ns).unwrap_or(0));
            text.replace(' ', "T") + "Z"
        }
        Value::DurationNs(ns) => ns.to_string(),
    })
}

/// A value as JSON.
pub(crate) fn json(value: &AnyValue) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn double(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && size.is_finite() && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                format!("{digits}e+{exponent}")
            }
            _ => text,
        };
    }
    value.to_string()
}

fn write(out: &mut String, value: &AnyValue) {
    match value {
        AnyValue::Empty => out.push_str("null"),
        AnyValue::String(text) => write_text(out, text),
        AnyValue::Bool(value) => out.push_str(&value.to_string()),
        AnyValue::Int(value) => out.push_str(&value.to_string()),
        AnyValue::Double(value) if value.is_finite() => out.push_str(&double(*value)),
        AnyValue::Double(value) => write_text(out, &value.to_string()),
        AnyValue::Bytes(bytes) => {
            use base64::Engine as _;
            write_text(
                out,
                &base64::engine::general_purpose::STANDARD.encode(bytes),
            );
        }
        AnyValue::Array(values) => write_list(out, values),
        AnyValue::KvList(pairs) => write_map(out, pairs),
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

fn write_list(out: &mut String, values: &[AnyValue]) {
    out.push('[');
    for (index, value) in values.iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        write(out, value);
    }
    out.push(']');
}

/// Sorted by key: the order of a map means nothing.
fn write_map(out: &mut String, pairs: &[(String, AnyValue)]) {
    let mut pairs: Vec<_> = pairs.iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    out.push('{');
    for (index, (key, value)) in pairs.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        write_text(out, key);
        out.push(':');
        write(out, value);
    }
    out.push('}');
}
