//! What a value is, and which of several.

use super::{Answer, Made, Nature, Signature, expected, function, needs, plain, spread};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Signature] = &[
    function(
        "IsString",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(matches!(a[0], Value::Text(_)))) }),
    ),
    function(
        "IsInt",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(matches!(a[0], Value::Int(_)))) }),
    ),
    function(
        "IsDouble",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(matches!(a[0], Value::Double(_)))) }),
    ),
    function(
        "IsBool",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(matches!(a[0], Value::Bool(_)))) }),
    ),
    function(
        "IsMap",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(matches!(a[0], Value::Map(_)))) }),
    ),
    function(
        "IsList",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(matches!(a[0], Value::List(_)))) }),
    ),
    function("IsEmpty", &[needs("value")], plain!(is_empty)),
    function("IsRootSpan", &[], |_| Ok(Made::IsRoot)),
    function(
        "Coalesce",
        &[spread("values")],
        plain!(|a: &[&Value<'_>]| {
            let first = a.iter().find(|value| !matches!(value, Value::Nil));
            Ok(first.map_or(Value::Nil, |value| (*value).clone().into_owned()))
        }),
    ),
    Signature {
        name: "Len",
        parameters: &[needs("target")],
        nature: Nature::Length,
        make: plain!(length),
    },
];

fn is_empty(arguments: &[&Value<'_>]) -> Answer {
    Ok(Value::Bool(match arguments[0] {
        Value::Nil => true,
        Value::Bool(value) => !value,
        Value::Int(value) | Value::DurationNs(value) => *value == 0,
        Value::Double(value) => *value == 0.0,
        Value::Text(text) => text.is_empty(),
        // Ids of zeros are those that nobody set.
        Value::Bytes(bytes) => {
            bytes.is_empty() || matches!(bytes.len(), 8 | 16) && bytes.iter().all(|byte| *byte == 0)
        }
        Value::List(values) => values.is_empty(),
        Value::Map(pairs) => pairs.is_empty(),
        Value::TimeNs(_) => false,
    }))
}

fn length(arguments: &[&Value<'_>]) -> Answer {
    let length = match arguments[0] {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => values.len(),
        Value::Map(pairs) => pairs.len(),
        other => return Err(expected("a text, bytes, a list or a map", other)),
    };
    Ok(Value::Int(length as i64))
}
