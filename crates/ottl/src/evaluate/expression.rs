//! Values of expressions, by row.

use std::borrow::Cow;
use std::sync::Arc;

use tracewell_model::{AnyValue, RowSet};

use super::column::{by_row, combined};
use super::{Column, Scene, owners, projected};
use crate::ast::MathOp;
use crate::context::Context;
use crate::plan::{Expression, ExpressionKind};
use crate::value::{Outcome, Value};

impl<'b> Scene<'b> {
    /// The values of these rows of `at`; of others they mean nothing.
    pub(crate) fn column(self, of: &'b Expression, at: Context, rows: &RowSet) -> Column<'b> {
        match of.at {
            Some(upper) if upper != at => {
                let owners = owners(self.batch, at, upper);
                let len = self.batch.level_len(upper.level());
                self.column(of, upper, &projected(rows, &owners, len))
                    .spread(&owners)
            }
            _ => self.column_here(of, at, rows),
        }
    }

    fn column_here(self, of: &'b Expression, at: Context, rows: &RowSet) -> Column<'b> {
        let columns = |parts: &'b [Expression]| {
            let columns = parts.iter().map(|part| self.column(part, at, rows));
            columns.collect::<Vec<_>>()
        };
        match &of.kind {
            ExpressionKind::Constant(value) => Column::one(Ok(value.lent())),
            ExpressionKind::Now => Column::one(Ok(Value::TimeNs(self.now_ns as i64))),
            ExpressionKind::Field(field) => self.field(*field, rows),
            ExpressionKind::Attribute(context, key) => self.attribute(*context, key),
            ExpressionKind::Index { of, keys, may_lack } => {
                let mut column = self.column(of, at, rows);
                for key in keys {
                    let pair = [column, self.column(key, at, rows)];
                    column = combined(&pair, rows, |values| {
                        at_key(values[0], values[1], *may_lack).map_err(Into::into)
                    });
                }
                column
            }
            ExpressionKind::Math(first, rest) => {
                let mut column = self.column(first, at, rows);
                for (op, value) in rest {
                    let pair = [column, self.column(value, at, rows)];
                    column = combined(&pair, rows, |values| calculated(*op, values[0], values[1]));
                }
                column
            }
            ExpressionKind::Negated(of) => {
                self.column(of, at, rows).map(rows, |value| match value {
                    Value::Int(value) => Ok(Value::Int(value.wrapping_neg())),
                    Value::Double(value) => Ok(Value::Double(-value)),
                    other => Err(format!("`-` needs a number, found {}", other.type_name()).into()),
                })
            }
            ExpressionKind::List(parts) => combined(&columns(parts), rows, |values| {
                let values = values.iter().map(|value| value.to_any());
                Ok(Value::List(Arc::new(values.collect::<Result<_, _>>()?)))
            }),
            ExpressionKind::Map(pairs) => {
                let columns: Vec<_> = pairs
                    .iter()
                    .map(|(_, value)| self.column(value, at, rows))
                    .collect();
                combined(&columns, rows, |values| {
                    let pairs = pairs.iter().zip(values);
                    let pairs = pairs.map(|((key, _), value)| Ok((key.clone(), value.to_any()?)));
                    Ok(Value::Map(Arc::new(pairs.collect::<Result<_, String>>()?)))
                })
            }
            ExpressionKind::Call(function, parts) => {
                let columns = columns(parts);
                let call = |values: &[&Value<'b>]| function.call(values).map_err(Into::into);
                // Where no argument names rows, the function does: another value each.
                match of.at {
                    Some(_) if parts.iter().all(|part| part.at.is_none()) => {
                        by_row(&columns, rows, call)
                    }
                    _ => combined(&columns, rows, call),
                }
            }
        }
    }
}

/// What stands under a key of a map or an index of a list.
pub(crate) fn at_key<'n>(
    of: &Value<'_>,
    key: &Value<'_>,
    may_lack: bool,
) -> Result<Value<'n>, String> {
    let found = match (of, key) {
        (Value::Nil, _) if may_lack => return Ok(Value::Nil),
        (Value::Map(pairs), Value::Text(key)) => {
            let found = pairs.iter().find(|(known, _)| known == key);
            found.map(|(_, value)| value)
        }
        (Value::List(values), Value::Int(index)) => {
            let found = usize::try_from(*index)
                .ok()
                .and_then(|index| values.get(index));
            return found.map(lifted).ok_or_else(|| {
                format!(
                    "index {index} is not within the {} values of the list",
                    values.len()
                )
            });
        }
        // Only a trace state is text that has keys.
        (Value::Text(_), Value::Text(_)) if may_lack => {
            return Err("a text has no keys".to_owned());
        }
        (of, key) => {
            return Err(format!(
                "{} is not indexed by {}",
                of.type_name(),
                key.type_name()
            ));
        }
    };
    match found {
        Some(value) => Ok(lifted(value)),
        None if may_lack => Ok(Value::Nil),
        None => Err("the map that a converter gave has no such key".to_owned()),
    }
}

fn lifted<'n>(value: &AnyValue) -> Value<'n> {
    match value {
        AnyValue::String(text) => Value::Text(Cow::Owned(text.clone())),
        other => Value::of_any(other.clone()),
    }
}

/// Whole numbers stay whole and wrap around; times and durations only add and
/// subtract.
fn calculated<'n>(op: MathOp, left: &Value<'_>, right: &Value<'_>) -> Outcome<'n> {
    let double = |a: f64, b: f64| match op {
        MathOp::Add => Ok(Value::Double(a + b)),
        MathOp::Subtract => Ok(Value::Double(a - b)),
        MathOp::Multiply => Ok(Value::Double(a * b)),
        MathOp::Divide if b == 0.0 => Err("a division by zero".into()),
        MathOp::Divide => Ok(Value::Double(a / b)),
    };
    let time = |ns: Option<i64>, of: fn(i64) -> Value<'n>| {
        ns.map(of)
            .ok_or_else(|| "the time or duration does not fit".into())
    };
    match (op, left, right) {
        (_, Value::Int(a), Value::Int(b)) => Ok(Value::Int(match op {
            MathOp::Add => a.wrapping_add(*b),
            MathOp::Subtract => a.wrapping_sub(*b),
            MathOp::Multiply => a.wrapping_mul(*b),
            MathOp::Divide if *b == 0 => return Err("a division by zero".into()),
            MathOp::Divide => a.wrapping_div(*b),
        })),
        (_, Value::Int(a), Value::Double(b)) => double(*a as f64, *b),
        (_, Value::Double(a), Value::Int(b)) => double(*a, *b as f64),
        (_, Value::Double(a), Value::Double(b)) => double(*a, *b),
        (MathOp::Add, Value::TimeNs(a), Value::DurationNs(b))
        | (MathOp::Add, Value::DurationNs(a), Value::TimeNs(b)) => {
            time(a.checked_add(*b), Value::TimeNs)
        }
        (MathOp::Subtract, Value::TimeNs(a), Value::TimeNs(b))
        | (MathOp::Subtract, Value::DurationNs(a), Value::DurationNs(b)) => {
            time(a.checked_sub(*b), Value::DurationNs)
        }
        (MathOp::Subtract, Value::TimeNs(a), Value::DurationNs(b)) => {
            time(a.checked_sub(*b), Value::TimeNs)
        }
        (MathOp::Add, Value::DurationNs(a), Value::DurationNs(b)) => {
            time(a.checked_add(*b), Value::DurationNs)
        }
        (op, left, right) => Err(format!(
            "`{}` is not defined for {} and {}",
            op.sign(),
            left.type_name(),
            right.type_name()
        )
        .into()),
    }
}
