//! Lists and maps: looked through, sorted and made of one another.

use tracewell_model::AnyValue;

use super::{
    Answer, Signature, expected, function, int_in, list, list_in, map, map_in, may, needs, plain,
    text_in, text_or,
};
use crate::ast::CompareOp;
use crate::value::{Map, Value, text_of};

pub(super) const FUNCTIONS: &[Signature] = &[
    function(
        "Append",
        &[needs("target"), may("value"), may("values")],
        plain!(|a: &[&Value<'_>]| { appended(a[0], a[1], a[2]).map(list) }),
    ),
    function(
        "DeleteIndex",
        &[needs("target"), needs("start_index"), may("end_index")],
        plain!(|a: &[&Value<'_>]| { without_index(list_in(a[0])?, a[1], a[2]).map(list) }),
    ),
    function(
        "ContainsValue",
        &[needs("target"), needs("item")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Bool(position(list_in(a[0])?, a[1]).is_some())) }),
    ),
    function(
        "Index",
        &[needs("target"), needs("value")],
        plain!(|a: &[&Value<'_>]| {
            let found = match a[0] {
                Value::Text(text) => text.find(text_in(a[1])?),
                other => position(list_in(other)?, a[1]),
            };
            Ok(Value::Int(found.map_or(-1, |index| index as i64)))
        }),
    ),
    function(
        "Keys",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| {
            let keys = map_in(a[0])?
                .iter()
                .map(|(key, _)| AnyValue::String(key.clone()));
            Ok(list(keys.collect()))
        }),
    ),
    function(
        "Values",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| {
            Ok(list(
                map_in(a[0])?
                    .iter()
                    .map(|(_, value)| value.clone())
                    .collect(),
            ))
        }),
    ),
    function("Sort", &[needs("target"), may("order")], plain!(sorted)),
    function(
        "SliceToMap",
        &[needs("target"), may("key_path"), may("value_path")],
        plain!(to_map),
    ),
];

/// The values of a list, of one value, or of nothing, and more behind them.
pub(crate) fn appended(
    target: &Value<'_>,
    value: &Value<'_>,
    values: &Value<'_>,
) -> Result<Vec<AnyValue>, String> {
    let mut all = match target {
        Value::Nil => Vec::new(),
        Value::List(values) => values.to_vec(),
        Value::Map(_) => return Err(expected("a list or a single value", target)),
        other => vec![other.to_any()?],
    };
    match (value, values) {
        (Value::Nil, Value::Nil) => return Err("there is no value to append".into()),
        (value, Value::Nil) => all.push(value.to_any()?),
        (value, values) => {
            if !matches!(value, Value::Nil) {
                all.push(value.to_any()?);
            }
            all.extend_from_slice(list_in(values)?);
        }
    }
    Ok(all)
}

/// A list without the values from one index up to another.
pub(crate) fn without_index(
    values: &[AnyValue],
    start: &Value<'_>,
    end: &Value<'_>,
) -> Result<Vec<AnyValue>, String> {
    let start = int_in(start)?;
    let end = match end {
        Value::Nil => start.saturating_add(1),
        other => int_in(other)?,
    };
    let length = values.len();
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let (start, end) = range
        .filter(|(start, end)| start <= end && *end <= length)
        .ok_or_else(|| {
            format!("from {start} to {end} is not within the {length} values of the list")
        })?;
    Ok([&values[..start], &values[end..]].concat())
}

fn position(values: &[AnyValue], wanted: &Value<'_>) -> Option<usize> {
    let mut values = values.iter();
    values.position(|value| Value::of_any(value.clone()).compares(CompareOp::Equal, wanted))
}

fn sorted(arguments: &[&Value<'_>]) -> Answer {
    let mut values = list_in(arguments[0])?.to_vec();
    let is_descending = match text_or(arguments[1], "asc")? {
        "asc" => false,
        "desc" => true,
        other => return Err(format!("unknown order {other:?}, use asc or desc")),
    };
    let all = |test: fn(&AnyValue) -> bool| values.iter().all(test);
    let are_numbers = all(|value| matches!(value, AnyValue::Int(_) | AnyValue::Double(_)));
    if !all(|value| {
        matches!(
            value,
            AnyValue::Int(_) | AnyValue::Double(_) | AnyValue::Bool(_) | AnyValue::String(_)
        )
    }) {
        return Err("only texts, numbers and booleans can be sorted".into());
    }
    let text = |value: &AnyValue| text_of(&Value::of_any(value.clone())).unwrap_or_default();
    values.sort_by(|a, b| {
        let ordering = match (a, b) {
            (AnyValue::Int(a), AnyValue::Int(b)) if are_numbers => a.cmp(b),
            (AnyValue::String(a), AnyValue::String(b)) => a.cmp(b),
            (a, b) if are_numbers => number(a).total_cmp(&number(b)),
            (a, b) => text(a).cmp(&text(b)),
        };
        if is_descending {
            ordering.reverse()
        } else {
            ordering
        }
    });
    Ok(list(values))
}

fn number(value: &AnyValue) -> f64 {
    match value {
        AnyValue::Int(value) => *value as f64,
        AnyValue::Double(value) => *value,
        _ => 0.0,
    }
}

fn to_map(arguments: &[&Value<'_>]) -> Answer {
    let mut pairs: Map = Vec::new();
    for (index, item) in list_in(arguments[0])?.iter().enumerate() {
        let key = match arguments[1] {
            Value::Nil => index.to_string(),
            path => match at_path(item, list_in(path)?)? {
                AnyValue::String(key) => key.clone(),
                _ => return Err(format!("the key of item {index} is no text")),
            },
        };
        let value = match arguments[2] {
            Value::Nil => item,
            path => at_path(item, list_in(path)?)?,
        };
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value.clone(),
            None => pairs.push((key, value.clone())),
        }
    }
    Ok(map(pairs))
}

fn at_path<'v>(item: &'v AnyValue, path: &[AnyValue]) -> Result<&'v AnyValue, String> {
    path.iter().try_fold(item, |value, key| match (value, key) {
        (AnyValue::KvList(pairs), AnyValue::String(key)) => {
            let found = pairs.iter().find(|(known, _)| known == key);
            found
                .map(|(_, value)| value)
                .ok_or_else(|| format!("an item has no {key:?}"))
        }
        _ => Err("a path is a list of texts, and leads through maps".to_owned()),
    })
}
