//! Conditions of APIs that know no types: Jaeger's tags and Zipkin's
//! annotation queries, as TraceQL.
//!
//! A tag value is text whatever the attribute's type was, so `200` must find
//! the integer and the text. A few keys mean something else than an
//! attribute; they are those Jaeger's own stores know.

use crate::traceql::{AttributeScope, CompareOp, Expr, Field, Intrinsic, Literal};
use tracewell_model::{SpanKind, StatusCode};

/// The condition that a tag of this key has this value: the attribute of that
/// name, or what the name stands for (ADR-014).
#[must_use]
pub fn tag(key: &str, value: &str) -> Expr {
    if let ("error", Ok(wanted)) = (key, value.parse()) {
        // Whatever made the span fail (ADR-010).
        return intrinsic(Intrinsic::Error, Literal::Bool(wanted));
    }
    let mut any = attribute_is(AttributeScope::Any, key, value);
    any.extend(special(key, value));
    if let Some(key) = key.strip_prefix("resource.") {
        any.extend(attribute_is(AttributeScope::Resource, key, value));
    }
    match any.len() {
        1 => any.remove(0),
        _ => Expr::Or(any),
    }
}

/// The condition that a tag of this key has this value, or is a text that
/// contains it, whatever the case of its letters: how Tempo searched before it
/// had TraceQL.
#[must_use]
pub fn tag_containing(key: &str, value: &str) -> Expr {
    let field = match key {
        "name" => Field::Intrinsic(Intrinsic::Name),
        "root.name" => Field::Intrinsic(Intrinsic::RootName),
        "root.service.name" => Field::Intrinsic(Intrinsic::RootService),
        "status.code" => return tag("otel.status_code", value),
        _ => Field::Attribute {
            scope: AttributeScope::Any,
            key: key.to_owned(),
        },
    };
    let pattern = format!("(?is).*{}.*", regex::escape(value));
    let contains = Expr::compare(field, CompareOp::Matches, Literal::Text(pattern));
    match key {
        "name" | "root.name" | "root.service.name" => contains,
        _ => Expr::Or(vec![tag(key, value), contains]),
    }
}

/// The condition that the whole trace of a span lasts so long, in ns, both
/// included.
#[must_use]
pub fn trace_duration(at_least_ns: Option<i64>, at_most_ns: Option<i64>) -> Expr {
    duration_of(Intrinsic::TraceDuration, at_least_ns, at_most_ns)
}

/// The condition that a span belongs to this service.
#[must_use]
pub fn service(name: &str) -> Expr {
    let field = Field::Attribute {
        scope: AttributeScope::Resource,
        key: "service.name".to_owned(),
    };
    Expr::compare(field, CompareOp::Equal, Literal::Text(name.to_owned()))
}

/// The condition that a span has this name.
#[must_use]
pub fn operation(name: &str) -> Expr {
    intrinsic(Intrinsic::Name, Literal::Text(name.to_owned()))
}

/// The condition that a span has this name, whatever the case of its letters.
#[must_use]
pub fn operation_in_any_case(name: &str) -> Expr {
    in_any_case(Field::Intrinsic(Intrinsic::Name), name)
}

/// The condition that a span called this service, or was called by it, whatever
/// the case of its letters.
#[must_use]
pub fn peer_in_any_case(name: &str) -> Expr {
    let field = Field::Attribute {
        scope: AttributeScope::Span,
        key: "peer.service".to_owned(),
    };
    in_any_case(field, name)
}

fn in_any_case(field: Field, text: &str) -> Expr {
    let pattern = format!("(?i){}", regex::escape(text));
    Expr::compare(field, CompareOp::Matches, Literal::Text(pattern))
}

/// A term of Zipkin's that is one word: an attribute that is there, or the name
/// of an event.
#[must_use]
pub fn word(word: &str) -> Expr {
    if word == "error" {
        return intrinsic(Intrinsic::Error, Literal::Bool(true));
    }
    let field = Field::Attribute {
        scope: AttributeScope::Any,
        key: word.to_owned(),
    };
    let exists = Expr::Exists {
        field,
        source: Default::default(),
    };
    let event = intrinsic(Intrinsic::EventName, Literal::Text(word.to_owned()));
    Expr::Or(vec![exists, event])
}

/// The condition on the least and the greatest duration of a span, in ns,
/// both included.
#[must_use]
pub fn duration(at_least_ns: Option<i64>, at_most_ns: Option<i64>) -> Expr {
    duration_of(Intrinsic::Duration, at_least_ns, at_most_ns)
}

fn duration_of(of: Intrinsic, at_least_ns: Option<i64>, at_most_ns: Option<i64>) -> Expr {
    let bound = |op, ns| Expr::compare(Field::Intrinsic(of), op, Literal::DurationNs(ns));
    let least = at_least_ns.map(|ns| bound(CompareOp::GreaterOrEqual, ns));
    let most = at_most_ns.map(|ns| bound(CompareOp::LessOrEqual, ns));
    Expr::all_of(least.into_iter().chain(most).collect())
}

/// What tags stand for that Jaeger makes of a span's fields.
fn special(key: &str, value: &str) -> Option<Expr> {
    let text = || Literal::Text(value.to_owned());
    Some(match key {
        "span.kind" => intrinsic(Intrinsic::Kind, Literal::Kind(SpanKind::from_name(value)?)),
        "otel.status_code" | "span.status" => {
            let all = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
            let status = all
                .into_iter()
                .find(|status| status.name().eq_ignore_ascii_case(value))?;
            intrinsic(Intrinsic::Status, Literal::Status(status))
        }
        "otel.status_description" => intrinsic(Intrinsic::StatusMessage, text()),
        "otel.scope.name" | "otel.library.name" | "scope.name" => {
            intrinsic(Intrinsic::InstrumentationName, text())
        }
        "otel.scope.version" | "otel.library.version" | "scope.version" => {
            intrinsic(Intrinsic::InstrumentationVersion, text())
        }
        // Jaeger shows an event's name as its log field "event".
        "event" => intrinsic(Intrinsic::EventName, text()),
        _ => return None,
    })
}

/// The attribute has any value that would be written as this text.
fn attribute_is(scope: AttributeScope, key: &str, value: &str) -> Vec<Expr> {
    let key = key.to_owned();
    let field = Field::Attribute { scope, key };
    let equals = |value| Expr::compare(field.clone(), CompareOp::Equal, value);
    literals(value).into_iter().map(equals).collect()
}

fn intrinsic(intrinsic: Intrinsic, value: Literal) -> Expr {
    Expr::compare(Field::Intrinsic(intrinsic), CompareOp::Equal, value)
}

/// Every value that would be written as this text.
fn literals(text: &str) -> Vec<Literal> {
    let mut literals = vec![Literal::Text(text.to_owned())];
    if let Ok(value) = text.parse() {
        literals.push(Literal::Bool(value));
    }
    if let Ok(value) = text.parse() {
        // An integer literal is equal to doubles of that value, too.
        literals.push(Literal::Int(value));
    } else if let Some(value) = text.parse().ok().filter(|value: &f64| value.is_finite()) {
        literals.push(Literal::Float(value));
    }
    literals
}
