//! Static checks of one comparison, made while the parser still knows where
//! each side was written.
//!
//! A query that can never match because of a type is an error here rather than
//! an empty answer. **Attributes have no static type**: what they hold is known
//! only at run time, where a mismatch is simply false.

use std::ops::Range;

use super::ast::{CompareOp, Field, FieldType, Intrinsic, Literal, ValueExpr};
use super::error::{TraceQlError, cut, quoted};
use super::pattern::compile_pattern;

/// Checks `field op value`.
pub(super) fn comparison(
    field: (&Field, Range<usize>),
    op: CompareOp,
    value: (&Literal, Range<usize>),
) -> Result<(), TraceQlError> {
    let (field, field_range) = field;
    let (value, value_range) = value;
    let whole = field_range.start.min(value_range.start)..field_range.end.max(value_range.end);
    let field_type = static_type(field);

    if op.is_pattern() {
        let Literal::Text(pattern) = value else {
            let message = format!("`{op}` needs a pattern, not {}", describe_value(value));
            return Err(TraceQlError::new(value_range, message)
                .hint(format!("put it in double quotes: `\"{value}\"`")));
        };
        if !is_textual(field_type) {
            let message = format!(
                "`{field}` is {} and `{op}` works on text",
                describe(field_type)
            );
            return Err(TraceQlError::new(whole, message));
        }
        compile_pattern(pattern)
            .map_err(|error| TraceQlError::new(value_range, error.to_string()))?;
        return Ok(());
    }
    if !can_compare(field_type, value) {
        return Err(mismatch(field, field_type, op, value, whole));
    }
    if only_equality(value) && !matches!(op, CompareOp::Equal | CompareOp::NotEqual) {
        let message = format!("`{op}` does not work with {}", describe_value(value));
        return Err(TraceQlError::new(whole, message).hint("only `=` and `!=` do"));
    }
    match (field_type, value) {
        (Some(FieldType::TraceId), Literal::Text(id)) => hex_id(id, op, 32, value_range),
        (Some(FieldType::SpanId), Literal::Text(id)) => hex_id(id, op, 16, value_range),
        _ => Ok(()),
    }
}

/// Checks `name = value` of `with (…)`. Hints that nobody knows are for others.
pub(super) fn hint(name: &str, value: &Literal, range: Range<usize>) -> Result<(), TraceQlError> {
    let is_bool = matches!(value, Literal::Bool(_));
    let is_share = match value {
        Literal::Float(share) => *share > 0.0 && *share <= 1.0,
        Literal::Int(share) => *share == 1,
        _ => false,
    };
    let (is_right, wanted) = match name {
        "most_recent" | "extrapolate" => (is_bool, "`true` or `false`"),
        "sample" | "span_sample" | "trace_sample" => (
            is_bool || is_share,
            "`true`, `false`, or a share above 0 and up to 1, such as `0.1`",
        ),
        "exemplars" => (
            is_bool || matches!(value, Literal::Int(0..)),
            "`true`, `false` or a number",
        ),
        _ => return Ok(()),
    };
    match is_right {
        true => Ok(()),
        false => Err(
            TraceQlError::new(range, format!("the hint `{name}` cannot be {value}"))
                .hint(format!("it is {wanted}")),
        ),
    }
}

/// Checks `left op right` of values that are not a field and a literal.
pub(super) fn comparison_of_values(
    left: &ValueExpr,
    op: CompareOp,
    right: &ValueExpr,
    range: Range<usize>,
) -> Result<(), TraceQlError> {
    if op.is_pattern() {
        return Err(
            TraceQlError::new(range, format!("`{op}` compares a field with a pattern"))
                .hint(format!("write for example `name {op} \"GET .*\"`")),
        );
    }
    let (Some(left_type), Some(right_type)) = (type_of(left), type_of(right)) else {
        return Ok(());
    };
    if class(left_type) != class(right_type) {
        let message = format!(
            "{} is {} and cannot be compared with {}, which is {}",
            quoted(&left.to_string()),
            describe(Some(left_type)),
            quoted(&right.to_string()),
            describe(Some(right_type))
        );
        return Err(TraceQlError::new(range, message));
    }
    let has_order = !matches!(
        left_type,
        FieldType::Bool | FieldType::Status | FieldType::Kind
    );
    if !has_order && !op.is_equality() {
        let message = format!("`{op}` does not work with {}", describe(Some(left_type)));
        return Err(TraceQlError::new(range, message).hint("only `=` and `!=` do"));
    }
    Ok(())
}

/// Checks that `op` can calculate with it.
pub(super) fn number(
    value: &ValueExpr,
    op: impl std::fmt::Display,
    range: Range<usize>,
) -> Result<(), TraceQlError> {
    match type_of(value) {
        None | Some(FieldType::Int | FieldType::Duration) => Ok(()),
        Some(other) => {
            let text = quoted(&value.to_string());
            let message = format!(
                "{text} is {} and `{op}` works on numbers",
                describe(Some(other))
            );
            Err(TraceQlError::new(range, message))
        }
    }
}

/// The type of a value, where it is known before the search.
fn type_of(value: &ValueExpr) -> Option<FieldType> {
    match value {
        ValueExpr::Field(field) => static_type(field),
        ValueExpr::Negated(_) | ValueExpr::Calculated { .. } => Some(FieldType::Int),
        ValueExpr::Condition(_) => Some(FieldType::Bool),
        ValueExpr::Literal(literal) => Some(match literal {
            Literal::Text(_) => FieldType::Text,
            Literal::Int(_) | Literal::Float(_) => FieldType::Int,
            Literal::DurationNs(_) => FieldType::Duration,
            Literal::Bool(_) => FieldType::Bool,
            Literal::Status(_) => FieldType::Status,
            Literal::Kind(_) => FieldType::Kind,
        }),
    }
}

/// The types that compare with each other, under one of them.
fn class(field_type: FieldType) -> FieldType {
    match field_type {
        FieldType::TraceId | FieldType::SpanId => FieldType::Text,
        FieldType::Duration => FieldType::Int,
        other => other,
    }
}

/// Checks `field = nil` (`missing`) or `field != nil`.
pub(super) fn existence(
    field: &Field,
    missing: bool,
    range: Range<usize>,
) -> Result<(), TraceQlError> {
    match field {
        Field::Intrinsic(intrinsic) if missing && !intrinsic.can_be_missing() => {
            let (owner, plural) = match intrinsic {
                Intrinsic::EventName | Intrinsic::EventTimeSinceStart => ("event", "events"),
                Intrinsic::LinkTraceId | Intrinsic::LinkSpanId => ("link", "links"),
                _ => ("span", ""),
            };
            let message = format!("`{field}` is never nil: every {owner} has it");
            let error = TraceQlError::new(range, message);
            Err(match plural {
                "" => error,
                plural => error.hint(format!("spans without {plural}: `!({field} != nil)`")),
            })
        }
        _ => Ok(()),
    }
}

/// Checks that `field` alone is a condition.
pub(super) fn condition(field: &Field, range: Range<usize>) -> Result<(), TraceQlError> {
    match static_type(field) {
        None | Some(FieldType::Bool) => Ok(()),
        Some(other) => {
            let message = format!("`{field}` is {}, not a condition", describe(Some(other)));
            Err(TraceQlError::new(range, message).hint(format!(
                "compare it, for example `{}`",
                example(field, other)
            )))
        }
    }
}

fn static_type(field: &Field) -> Option<FieldType> {
    match field {
        Field::Intrinsic(intrinsic) => Some(intrinsic.field_type()),
        Field::Attribute { .. } | Field::ParentAttribute { .. } => None,
    }
}

fn can_compare(field: Option<FieldType>, value: &Literal) -> bool {
    match field {
        None => !matches!(value, Literal::Status(_) | Literal::Kind(_)),
        Some(FieldType::Text | FieldType::TraceId | FieldType::SpanId) => {
            matches!(value, Literal::Text(_))
        }
        Some(FieldType::Int | FieldType::Duration) => {
            matches!(
                value,
                Literal::Int(_) | Literal::Float(_) | Literal::DurationNs(_)
            )
        }
        Some(FieldType::Bool) => matches!(value, Literal::Bool(_)),
        Some(FieldType::Status) => matches!(value, Literal::Status(_)),
        Some(FieldType::Kind) => matches!(value, Literal::Kind(_)),
    }
}

fn is_textual(field: Option<FieldType>) -> bool {
    matches!(
        field,
        None | Some(FieldType::Text | FieldType::TraceId | FieldType::SpanId)
    )
}

fn only_equality(value: &Literal) -> bool {
    matches!(
        value,
        Literal::Bool(_) | Literal::Status(_) | Literal::Kind(_)
    )
}

/// An id that is not hexadecimal or too long equals none.
fn hex_id(
    id: &str,
    op: CompareOp,
    max_digits: usize,
    range: Range<usize>,
) -> Result<(), TraceQlError> {
    let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
    let hex = !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !equality || (hex && id.len() <= max_digits) {
        return Ok(());
    }
    let message = format!(
        "the id `{}` is not 1 to {max_digits} hexadecimal digits",
        cut(id)
    );
    let error = TraceQlError::new(range, message);
    Err(if id.is_empty() {
        error.hint("a missing id is `nil`, without quotes")
    } else {
        error
    })
}

fn mismatch(
    field: &Field,
    field_type: Option<FieldType>,
    op: CompareOp,
    value: &Literal,
    range: Range<usize>,
) -> TraceQlError {
    let Some(known) = field_type else {
        let message = format!("an attribute never holds {}", describe_value(value));
        return TraceQlError::new(range, message).hint(match value {
            Literal::Status(_) => {
                format!("write `status {op} {value}` for the span's status, `\"{value}\"` for text")
            }
            _ => format!("write `kind {op} {value}` for the span's kind, `\"{value}\"` for text"),
        });
    };
    let message = format!(
        "`{field}` is {} and cannot be compared with {}",
        describe(field_type),
        describe_value(value)
    );
    // `kind = "server"` needs no new value, only no quotes.
    let unquoted = match (known, value) {
        (FieldType::Status | FieldType::Kind | FieldType::Bool, Literal::Text(text)) => {
            Some(text.to_lowercase()).filter(|text| values(known).contains(&text.as_str()))
        }
        _ => None,
    };
    let hint = match (unquoted, known) {
        (Some(word), _) => format!("without quotes: `{field} {op} {word}`"),
        (None, FieldType::Status | FieldType::Kind | FieldType::Bool) => {
            format!("values are {}", values(known).join(", "))
        }
        (None, FieldType::Text) => {
            format!("text stands in double quotes: `{field} {op} \"{value}\"`")
        }
        _ => format!("for example `{}`", example(field, known)),
    };
    TraceQlError::new(range, message).hint(hint)
}

/// All values of the types that have few.
fn values(field_type: FieldType) -> &'static [&'static str] {
    match field_type {
        FieldType::Status => &["ok", "error", "unset"],
        FieldType::Kind => &[
            "unspecified",
            "internal",
            "server",
            "client",
            "producer",
            "consumer",
        ],
        FieldType::Bool => &["true", "false"],
        _ => &[],
    }
}

fn describe(field_type: Option<FieldType>) -> &'static str {
    match field_type {
        None => "an attribute",
        Some(FieldType::Text) => "text",
        Some(FieldType::Int) => "a number",
        Some(FieldType::Duration) => "a duration",
        Some(FieldType::Bool) => "true or false",
        Some(FieldType::Status) => "a status",
        Some(FieldType::Kind) => "a span kind",
        Some(FieldType::TraceId) => "a trace id",
        Some(FieldType::SpanId) => "a span id",
    }
}

fn describe_value(value: &Literal) -> &'static str {
    match value {
        Literal::Text(_) => "text",
        Literal::Int(_) | Literal::Float(_) => "a number",
        Literal::DurationNs(_) => "a duration",
        Literal::Bool(_) => "true or false",
        Literal::Status(_) => "a status",
        Literal::Kind(_) => "a span kind",
    }
}

fn example(field: &Field, field_type: FieldType) -> String {
    match field_type {
        FieldType::Text => format!("{field} = \"checkout\""),
        FieldType::Int => format!("{field} > 10"),
        FieldType::Duration => format!("{field} > 100ms"),
        FieldType::Bool => format!("{field} = true"),
        FieldType::Status => format!("{field} = error"),
        FieldType::Kind => format!("{field} = server"),
        FieldType::TraceId | FieldType::SpanId => format!("{field} = \"5b8efff798038103\""),
    }
}
