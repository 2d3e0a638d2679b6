//! OTLP's JSON, from OTLP's protobuf.
//!
//! ```text
//! protobuf  2 "checkout" … 7 fixed64      json  {"name":"checkout", … "startTimeUnixNano":"17…"}
//! ```
//!
//! It exists so that a batch has one encoder, however it travels: what that wrote
//! is read back by the tables below (OTLP specification, JSON Protobuf encoding:
//! ids in hex, 64-bit numbers as text, enums as numbers). It must never write what
//! the tables do not name.

use super::answer::Answer;
use super::proto::{Field, Reader};
use super::signal::Signal;
use std::fmt::{Display, Write};

/// A message's fields: the number in protobuf, the name in JSON.
struct Message(&'static [Named]);

struct Named {
    number: u64,
    name: &'static str,
    kind: Kind,
    is_list: bool,
}

/// How a value is written.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Hex,
    Number,
    /// 64 bits, more than JavaScript's numbers hold.
    Long,
    SignedLong,
    Double,
    Bool,
    Message(&'static Message),
}

use Kind::{Bool, Double, Hex, Long, Number, SignedLong, Text};

const fn one(number: u64, name: &'static str, kind: Kind) -> Named {
    Named {
        number,
        name,
        kind,
        is_list: false,
    }
}

const fn within(number: u64, name: &'static str, message: &'static Message) -> Named {
    one(number, name, Kind::Message(message))
}

const fn list(number: u64, name: &'static str, message: &'static Message) -> Named {
    Named {
        number,
        name,
        kind: Kind::Message(message),
        is_list: true,
    }
}

static TRACES: Message = Message(&[list(1, "resourceSpans", &RESOURCE_SPANS)]);
static RESOURCE_SPANS: Message = Message(&[
    within(1, "resource", &RESOURCE),
    list(2, "scopeSpans", &SCOPE_SPANS),
]);
static RESOURCE: Message = Message(&[list(1, "attributes", &KEY_VALUE)]);
static SCOPE_SPANS: Message = Message(&[within(1, "scope", &SCOPE), list(2, "spans", &SPAN)]);
static SCOPE: Message = Message(&[one(1, "name", Text), one(2, "version", Text)]);
static SPAN: Message = Message(&[
    one(1, "traceId", Hex),
    one(2, "spanId", Hex),
    one(3, "traceState", Text),
    one(4, "parentSpanId", Hex),
    one(5, "name", Text),
    one(6, "kind", Number),
    one(7, "startTimeUnixNano", Long),
    one(8, "endTimeUnixNano", Long),
    list(9, "attributes", &KEY_VALUE),
    one(10, "droppedAttributesCount", Number),
    list(11, "events", &EVENT),
    one(12, "droppedEventsCount", Number),
    list(13, "links", &LINK),
    one(14, "droppedLinksCount", Number),
    within(15, "status", &STATUS),
    one(16, "flags", Number),
]);
static STATUS: Message = Message(&[one(2, "message", Text), one(3, "code", Number)]);
static EVENT: Message = Message(&[
    one(1, "timeUnixNano", Long),
    one(2, "name", Text),
    list(3, "attributes", &KEY_VALUE),
    one(4, "droppedAttributesCount", Number),
]);
static LINK: Message = Message(&[
    one(1, "traceId", Hex),
    one(2, "spanId", Hex),
    one(3, "traceState", Text),
    list(4, "attributes", &KEY_VALUE),
    one(5, "droppedAttributesCount", Number),
    one(6, "flags", Number),
]);
static KEY_VALUE: Message = Message(&[one(1, "key", Text), within(2, "value", &ANY_VALUE)]);
static ANY_VALUE: Message = Message(&[
    one(1, "stringValue", Text),
    one(2, "boolValue", Bool),
    one(3, "intValue", SignedLong),
    one(4, "doubleValue", Double),
    within(5, "arrayValue", &ARRAY_VALUE),
]);
static ARRAY_VALUE: Message = Message(&[list(1, "values", &ANY_VALUE)]);

#[cfg(feature = "otlp-logs")]
static LOGS: Message = Message(&[list(1, "resourceLogs", &RESOURCE_LOGS)]);
#[cfg(feature = "otlp-logs")]
static RESOURCE_LOGS: Message = Message(&[
    within(1, "resource", &RESOURCE),
    list(2, "scopeLogs", &SCOPE_LOGS),
]);
#[cfg(feature = "otlp-logs")]
static SCOPE_LOGS: Message = Message(&[
    within(1, "scope", &SCOPE),
    list(2, "logRecords", &LOG_RECORD),
]);
#[cfg(feature = "otlp-logs")]
static LOG_RECORD: Message = Message(&[
    one(1, "timeUnixNano", Long),
    one(2, "severityNumber", Number),
    one(3, "severityText", Text),
    within(5, "body", &ANY_VALUE),
    list(6, "attributes", &KEY_VALUE),
    one(7, "droppedAttributesCount", Number),
    one(8, "flags", Number),
    one(9, "traceId", Hex),
    one(10, "spanId", Hex),
    one(11, "observedTimeUnixNano", Long),
    one(12, "eventName", Text),
]);

/// The same request in JSON.
pub(super) fn from_protobuf(signal: Signal, request: &[u8]) -> Vec<u8> {
    let message = match signal {
        Signal::Traces => &TRACES,
        #[cfg(feature = "otlp-logs")]
        Signal::Logs => &LOGS,
    };
    let mut json = String::with_capacity(request.len() * 2);
    object(&mut json, message, request);
    json.into_bytes()
}

/// The elements of a list follow each other: that is how the encoder writes.
fn object(json: &mut String, message: &Message, encoded: &[u8]) {
    let mut reader = Reader(encoded);
    let (mut is_first, mut open_list) = (true, None);
    json.push('{');
    while let Some((number, value)) = reader.next() {
        let Some(field) = message.0.iter().find(|field| field.number == number) else {
            continue;
        };
        if open_list == Some(number) {
            json.push(',');
        } else {
            if open_list.take().is_some() {
                json.push(']');
            }
            if !is_first {
                json.push(',');
            }
            quoted(json, field.name);
            json.push(':');
            if field.is_list {
                json.push('[');
                open_list = Some(number);
            }
        }
        is_first = false;
        write_value(json, field.kind, &value);
    }
    json.push_str(if open_list.is_some() { "]}" } else { "}" });
}

fn write_value(json: &mut String, kind: Kind, value: &Field<'_>) {
    match (kind, value) {
        (Text, Field::Bytes(text)) => match serde_json::to_string(&String::from_utf8_lossy(text)) {
            Ok(text) => json.push_str(&text),
            Err(_) => json.push_str("\"\""),
        },
        (Hex, Field::Bytes(id)) => {
            json.push('"');
            id.iter()
                .for_each(|byte| put(json, format_args!("{byte:02x}")));
            json.push('"');
        }
        (Number, Field::Uint(number)) => put(json, number),
        (Number, Field::Fixed32(number)) => put(json, number),
        (Long, Field::Fixed64(number)) => quoted(json, number),
        (SignedLong, Field::Uint(number)) => quoted(json, number.cast_signed()),
        (Double, Field::Fixed64(bits)) => match f64::from_bits(*bits) {
            number if number.is_finite() => put(json, format_args!("{number:?}")),
            number if number.is_nan() => quoted(json, "NaN"),
            number if number > 0.0 => quoted(json, "Infinity"),
            _ => quoted(json, "-Infinity"),
        },
        (Bool, Field::Uint(truth)) => put(json, *truth != 0),
        (Kind::Message(message), Field::Bytes(encoded)) => object(json, message, encoded),
        // The encoder writes no such thing.
        _ => json.push_str("null"),
    }
}

/// What has nothing in it to escape.
fn quoted(json: &mut String, value: impl Display) {
    put(json, format_args!("\"{value}\""));
}

fn put(json: &mut String, value: impl Display) {
    // Writing to a string cannot fail.
    write!(json, "{value}").unwrap_or_default();
}

/// `{"partialSuccess":{"rejectedSpans":"1","errorMessage":"…"}}`, and the same of
/// logs. What is no such answer rejects nothing.
pub(super) fn accepted(body: &[u8]) -> Answer {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let partial = &answer["partialSuccess"];
    let rejected = ["rejectedSpans", "rejectedLogRecords"]
        .iter()
        .find_map(|name| {
            let number = partial.get(name)?;
            number.as_u64().or_else(|| number.as_str()?.parse().ok())
        });
    Answer::Accepted {
        rejected: rejected.unwrap_or_default(),
        message: partial["errorMessage"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::proto::Writer;

    #[test]
    fn numbers_that_json_does_not_have_are_words() {
        let mut request = Writer::default();
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5] {
            request.message(1, |w| w.fixed64(4, number.to_bits()));
        }
        let mut json = String::new();
        object(&mut json, &ARRAY_VALUE, &request.buffer);
        let words = ["\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "-0.5"];
        let values = words.map(|word| format!("{{\"doubleValue\":{word}}}"));
        assert_eq!(json, format!("{{\"values\":[{}]}}", values.join(",")));
    }

    #[test]
    fn what_is_no_answer_rejects_nothing() {
        for body in ["", "{}", "<html>", "{\"partialSuccess\":{}}", "[1]"] {
            let nothing = Answer::Accepted {
                rejected: 0,
                message: String::new(),
            };
            assert_eq!(accepted(body.as_bytes()), nothing, "{body}");
        }
    }
}
