//! The obvious way: one span at a time, by walking the tree.
//!
//! Slow, and only for what [`crate::same_as_by_span`] writes by chance; what it
//! says is right by being short. It shares nothing with the evaluator but the
//! tree.

use regex::Regex;
use tracewell_model::{AnyValue, SpanKind};
use tracewell_ottl::ast::{Call, CompareOp, MathOp, Node, NodeKind, Parsed, Path};
use tracewell_testkit::TestSpan;
use tracewell_testkit::spans::Attributes;

/// No answer: a failure.
pub(crate) struct Fails;

type Answer = Result<AnyValue, Fails>;

/// A span, or one of its events.
#[derive(Clone, Copy)]
pub(crate) struct Row<'s> {
    pub(crate) span: &'s TestSpan,
    pub(crate) event: Option<usize>,
}

pub(crate) fn holds(node: &Node, row: Row<'_>) -> Result<bool, Fails> {
    match &node.kind {
        NodeKind::Not(of) => holds(of, row).map(|holds| !holds),
        NodeKind::And(parts) => {
            for part in parts {
                if !holds(part, row)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        NodeKind::Or(parts) => {
            for part in parts {
                if holds(part, row)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        NodeKind::Compare(op, left, right) => {
            Ok(compare(*op, &value(left, row)?, &value(right, row)?))
        }
        _ => match value(node, row)? {
            AnyValue::Bool(holds) => Ok(holds),
            _ => Err(Fails),
        },
    }
}

fn compare(op: CompareOp, left: &AnyValue, right: &AnyValue) -> bool {
    use AnyValue::{Array, Bool, Bytes, Double, Empty, Int, KvList, String};
    let ordering = match (left, right) {
        (Empty, Empty) => Some(std::cmp::Ordering::Equal),
        (Bool(a), Bool(b)) => a.partial_cmp(b),
        (Int(a), Int(b)) => a.partial_cmp(b),
        (Int(a), Double(b)) => (*a as f64).partial_cmp(b),
        (Double(a), Int(b)) => a.partial_cmp(&(*b as f64)),
        (Double(a), Double(b)) => a.partial_cmp(b),
        (String(a), String(b)) => a.partial_cmp(b),
        (Bytes(a), Bytes(b)) => a.partial_cmp(b),
        (Array(_), Array(_)) | (KvList(_), KvList(_)) => {
            return match op {
                CompareOp::Equal => left == right,
                CompareOp::NotEqual => left != right,
                _ => false,
            };
        }
        _ => None,
    };
    match (op, ordering) {
        (CompareOp::Equal, ordering) => ordering.is_some_and(|o| o.is_eq()),
        (CompareOp::NotEqual, ordering) => !ordering.is_some_and(|o| o.is_eq()),
        (CompareOp::Less, ordering) => ordering.is_some_and(|o| o.is_lt()),
        (CompareOp::LessOrEqual, ordering) => ordering.is_some_and(|o| o.is_le()),
        (CompareOp::Greater, ordering) => ordering.is_some_and(|o| o.is_gt()),
        (CompareOp::GreaterOrEqual, ordering) => ordering.is_some_and(|o| o.is_ge()),
    }
}

fn value(node: &Node, row: Row<'_>) -> Answer {
    Ok(match &node.kind {
        NodeKind::Nil => AnyValue::Empty,
        NodeKind::Bool(value) => AnyValue::Bool(*value),
        NodeKind::Int(value) => AnyValue::Int(*value),
        NodeKind::Double(value) => AnyValue::Double(*value),
        NodeKind::Text(text) => AnyValue::String(text.clone()),
        NodeKind::Bytes(bytes) => AnyValue::Bytes(bytes.clone()),
        NodeKind::List(values) => AnyValue::Array(
            values
                .iter()
                .map(|node| value(node, row))
                .collect::<Result<_, _>>()?,
        ),
        NodeKind::Map(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(key, node)| Ok((key.clone(), value(node, row)?)));
            AnyValue::KvList(pairs.collect::<Result<_, _>>()?)
        }
        NodeKind::Name(name) => AnyValue::Int(i64::from(name == "SPAN_KIND_SERVER") * 2),
        NodeKind::Path(path) => return of_path(path, row),
        NodeKind::Call(call) => return of_call(call, row),
        NodeKind::Math(first, rest) => {
            let mut sum = value(first, row)?;
            for (op, node) in rest {
                sum = calculate(*op, &sum, &value(node, row)?)?;
            }
            sum
        }
        other => unreachable!("{other:?} is not written by chance"),
    })
}

fn calculate(op: MathOp, left: &AnyValue, right: &AnyValue) -> Answer {
    let double = |value: &AnyValue| match value {
        AnyValue::Int(value) => Ok(*value as f64),
        AnyValue::Double(value) => Ok(*value),
        _ => Err(Fails),
    };
    if let (AnyValue::Int(a), AnyValue::Int(b)) = (left, right) {
        return Ok(AnyValue::Int(match op {
            MathOp::Add => a.wrapping_add(*b),
            MathOp::Subtract => a.wrapping_sub(*b),
            MathOp::Multiply => a.wrapping_mul(*b),
            MathOp::Divide if *b == 0 => return Err(Fails),
            MathOp::Divide => a.wrapping_div(*b),
        }));
    }
    let (a, b) = (double(left)?, double(right)?);
    Ok(AnyValue::Double(match op {
        MathOp::Add => a + b,
        MathOp::Subtract => a - b,
        MathOp::Multiply => a * b,
        MathOp::Divide if b == 0.0 => return Err(Fails),
        MathOp::Divide => a / b,
    }))
}

fn of_path(path: &Path, row: Row<'_>) -> Answer {
    let (span, text) = (row.span, |text: &str| Ok(AnyValue::String(text.to_owned())));
    let event = row.event.map(|index| &span.events[index]);
    let [context, field, ..] = &path.parts[..] else {
        unreachable!("{path} has no context");
    };
    let attributes = match (context.name.as_str(), field.name.as_str()) {
        ("span", "attributes") => &span.attributes,
        ("resource", "attributes") => &span.resource,
        ("spanevent", "attributes") => &event.expect("an event").attributes,
        ("span", "name") => return text(&span.name),
        ("span", "kind") => return Ok(AnyValue::Int(span.kind.to_otlp().into())),
        ("span", "trace_state") => return text(&span.trace_state),
        ("scope", "name") => return text(&span.scope_name),
        ("spanevent", "name") => return text(&event.expect("an event").name),
        ("span", "status") if path.parts[2].name == "code" => {
            return Ok(AnyValue::Int(span.status.to_otlp().into()));
        }
        ("span", "status") => return text(&span.status_message),
        _ => unreachable!("{path} is not written by chance"),
    };
    let mut found = AnyValue::KvList(attributes.clone());
    for key in &field.keys {
        found = match (found, &key.kind) {
            (AnyValue::Empty, _) => AnyValue::Empty,
            (AnyValue::KvList(pairs), NodeKind::Text(key)) => {
                let found = pairs.into_iter().find(|(known, _)| known == key);
                found.map_or(AnyValue::Empty, |(_, value)| value)
            }
            (AnyValue::Array(values), NodeKind::Int(index)) => {
                values.get(*index as usize).cloned().ok_or(Fails)?
            }
            _ => return Err(Fails),
        };
    }
    Ok(found)
}

fn of_call(call: &Call, row: Row<'_>) -> Answer {
    let argument = |index: usize| value(&call.arguments[index].value, row);
    let text = |index: usize| match argument(index)? {
        AnyValue::String(text) => Ok(text),
        _ => Err(Fails),
    };
    Ok(match call.name.as_str() {
        "IsString" => AnyValue::Bool(matches!(argument(0)?, AnyValue::String(_))),
        "IsMatch" => AnyValue::Bool(regex(&text(1)?).is_match(&text(0)?)),
        "HasPrefix" => AnyValue::Bool(text(0)?.starts_with(&text(1)?)),
        "ToUpperCase" => AnyValue::String(text(0)?.to_uppercase()),
        "Int" => match argument(0)? {
            AnyValue::Int(value) => AnyValue::Int(value),
            AnyValue::Double(value) => AnyValue::Int(value as i64),
            AnyValue::Bool(value) => AnyValue::Int(value.into()),
            AnyValue::String(text) => text.parse().map_or(AnyValue::Empty, AnyValue::Int),
            _ => AnyValue::Empty,
        },
        "Len" => AnyValue::Int(match argument(0)? {
            AnyValue::String(text) => text.len() as i64,
            AnyValue::Bytes(bytes) => bytes.len() as i64,
            AnyValue::Array(values) => values.len() as i64,
            AnyValue::KvList(pairs) => pairs.len() as i64,
            _ => return Err(Fails),
        }),
        "Coalesce" => {
            let NodeKind::List(values) = &call.arguments[0].value.kind else {
                unreachable!("values are a list")
            };
            let values: Vec<AnyValue> = values
                .iter()
                .map(|node| value(node, row))
                .collect::<Result<_, _>>()?;
            values
                .into_iter()
                .find(|value| *value != AnyValue::Empty)
                .unwrap_or(AnyValue::Empty)
        }
        other => unreachable!("{other} is not written by chance"),
    })
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("patterns by chance are right")
}

/// Runs a statement for one row; what fails leaves the span as it was.
pub(crate) fn run(
    statement: &Parsed,
    span: &mut TestSpan,
    event: Option<usize>,
) -> Result<bool, Fails> {
    let row = Row { span, event };
    if let Some(condition) = &statement.condition
        && !holds(condition, row)?
    {
        return Ok(false);
    }
    let arguments = &statement.editor.arguments;
    let NodeKind::Path(target) = &arguments[0].value.kind else {
        unreachable!("a target is a path")
    };
    let constant = |index: usize| match &arguments[index].value.kind {
        NodeKind::Text(text) => text.clone(),
        other => unreachable!("{other:?} is no text"),
    };
    match statement.editor.name.as_str() {
        "set" => {
            let new = value(&arguments[1].value, row)?;
            if new == AnyValue::Empty {
                return Ok(false);
            }
            set(target, span, event, new)?;
        }
        "append" => {
            let mut all = match of_path(target, row)? {
                AnyValue::Empty => Vec::new(),
                AnyValue::Array(values) => values,
                AnyValue::KvList(_) => return Err(Fails),
                other => vec![other],
            };
            match value(&arguments[1].value, row)? {
                AnyValue::Empty => return Err(Fails),
                other => all.push(other),
            }
            set(target, span, event, AnyValue::Array(all))?;
        }
        "merge_maps" => {
            let AnyValue::KvList(new) = value(&arguments[1].value, row)? else {
                return Err(Fails);
            };
            for (key, value) in new {
                put(map(target, span, event), &key, value);
            }
        }
        "delete_key" => map(target, span, event).retain(|(key, _)| *key != constant(1)),
        "keep_matching_keys" => {
            let pattern = regex(&constant(1));
            map(target, span, event).retain(|(key, _)| pattern.is_match(key));
        }
        "truncate_all" => {
            let NodeKind::Int(most) = arguments[1].value.kind else {
                unreachable!("a limit is a number")
            };
            for (_, value) in map(target, span, event) {
                if let AnyValue::String(text) = value {
                    while text.len() > most as usize {
                        text.pop();
                    }
                }
            }
        }
        "replace_all_patterns" => {
            let pattern = regex(&constant(2));
            for (_, value) in map(target, span, event) {
                if let AnyValue::String(text) = value {
                    *text = pattern.replace_all(text, constant(3).as_str()).into_owned();
                }
            }
        }
        other => unreachable!("{other} is not written by chance"),
    }
    Ok(true)
}

fn map<'s>(target: &Path, span: &'s mut TestSpan, event: Option<usize>) -> &'s mut Attributes {
    match target.parts[0].name.as_str() {
        "span" => &mut span.attributes,
        "resource" => &mut span.resource,
        _ => &mut span.events[event.expect("an event")].attributes,
    }
}

fn put(attributes: &mut Attributes, key: &str, value: AnyValue) {
    attributes.retain(|(known, _)| known != key);
    attributes.push((key.to_owned(), value));
}

fn set(
    target: &Path,
    span: &mut TestSpan,
    event: Option<usize>,
    value: AnyValue,
) -> Result<(), Fails> {
    let field = &target.parts[1];
    match (field.name.as_str(), &field.keys[..]) {
        ("attributes", [key]) => {
            let NodeKind::Text(key) = &key.kind else {
                unreachable!()
            };
            put(map(target, span, event), key, value);
        }
        ("attributes", [key, inner]) => {
            let (NodeKind::Text(key), NodeKind::Text(inner)) = (&key.kind, &inner.kind) else {
                unreachable!()
            };
            let attributes = map(target, span, event);
            let old = attributes.iter().find(|(known, _)| known == key);
            let mut pairs = match old.map_or(AnyValue::Empty, |(_, value)| value.clone()) {
                AnyValue::Empty => Vec::new(),
                AnyValue::KvList(pairs) => pairs,
                _ => return Err(Fails),
            };
            match pairs.iter_mut().find(|(known, _)| known == inner) {
                Some((_, old)) => *old = value,
                None => pairs.push((inner.clone(), value)),
            }
            put(attributes, key, AnyValue::KvList(pairs));
        }
        ("name", _) => match (value, event, target.parts[0].name.as_str()) {
            (AnyValue::String(name), Some(event), "spanevent") => span.events[event].name = name,
            (AnyValue::String(name), _, _) => span.name = name,
            _ => return Err(Fails),
        },
        ("status", _) => match value {
            AnyValue::String(message) => span.status_message = message,
            _ => return Err(Fails),
        },
        ("kind", _) => match value {
            AnyValue::Int(kind @ 0..=5) => span.kind = SpanKind::from_otlp(kind as i32),
            _ => return Err(Fails),
        },
        _ => unreachable!("{target} is not written by chance"),
    }
    Ok(())
}
