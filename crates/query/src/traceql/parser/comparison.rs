//! How two operands become a comparison.
//!
//! A field and a literal become the form that stores look up; **everything
//! else is a comparison of two values.** The word `error` is an intrinsic or a
//! status depending on the other side.

use std::ops::Range;

use tracewell_model::StatusCode;
use tracewell_model::values::compares;

use super::super::ast::{CompareOp, Expr, Field, FieldType, Literal, ValueExpr};
use super::super::error::{TraceQlError, cut};
use super::super::validate;
use super::operand::{Operand, OperandKind, error_field};

/// `left op right` with `op` at `op_range`.
pub(super) fn compare(
    left: Operand,
    op: CompareOp,
    op_range: Range<usize>,
    right: Operand,
) -> Result<Operand, TraceQlError> {
    let range = left.range.start..right.range.end;
    let (left, right) = settle_error_word(left, right);
    let expr = match (left.kind, right.kind) {
        (OperandKind::Field(field), OperandKind::Value(value)) => {
            validate::comparison((&field, left.range), op, (&value, right.range))?;
            Expr::Compare {
                field,
                op,
                value,
                source: range.clone().into(),
            }
        }
        (OperandKind::Value(value), OperandKind::Field(field)) => {
            let Some(op) = op.flipped() else {
                let field = cut(&field.to_string());
                return Err(
                    TraceQlError::new(range, format!("the pattern of `{op}` stands left"))
                        .hint(format!("the field comes first: `{field} {op} \"…\"`")),
                );
            };
            validate::comparison((&field, right.range), op, (&value, left.range))?;
            Expr::Compare {
                field,
                op,
                value,
                source: range.clone().into(),
            }
        }
        (OperandKind::Field(field), OperandKind::Nil)
        | (OperandKind::Nil, OperandKind::Field(field)) => existence(field, op, &range)?,
        // Whatever it is compared with, nil compares as false.
        (OperandKind::Nil, OperandKind::Nil) if op.is_equality() => Expr::False,
        (left_kind, right_kind) => {
            let left = Operand {
                kind: left_kind,
                range: left.range,
            };
            let right = Operand {
                kind: right_kind,
                range: right.range,
            };
            return compare_values(left, op, op_range, right);
        }
    };
    Operand::condition_with(expr, 0, range)
}

/// The same where there is more than a field and a literal.
fn compare_values(
    left: Operand,
    op: CompareOp,
    op_range: Range<usize>,
    right: Operand,
) -> Result<Operand, TraceQlError> {
    let range = left.range.start..right.range.end;
    let is_nil = |operand: &Operand| matches!(operand.kind, OperandKind::Nil);
    if is_nil(&left) || is_nil(&right) {
        let message = format!("`{op}` compares a field with nil, nothing else");
        return Err(TraceQlError::new(range, message).hint("write for example `.key != nil`"));
    }
    let is_condition = |operand: &Operand| matches!(operand.kind, OperandKind::Condition(_));
    let conditions = (is_condition(&left), is_condition(&right));
    let right_range = right.range.clone();
    let (left, left_height) = left.into_value()?;
    let (right, right_height) = right.into_value()?;
    match (
        validate::comparison_of_values(&left, op, &right, range.clone()),
        conditions,
    ) {
        (Err(_), (true, _)) => {
            return Err(
                TraceQlError::new(op_range, format!("`{op}` cannot compare a condition"))
                    .hint("join comparisons with `&&`: `duration > 1s && duration < 2s`"),
            );
        }
        (Err(_), (_, true)) => {
            return Err(TraceQlError::new(
                right_range,
                format!("`{op}` compares with a value, not with a condition"),
            )
            .hint("join comparisons with `&&` or `||`"));
        }
        (checked, _) => checked?,
    }
    if let (ValueExpr::Literal(left), ValueExpr::Literal(right)) = (&left, &right)
        && let Some(op) = op.on_values()
    {
        let expr = match compares(op, &left.to_value(), &right.to_value()) {
            true => Expr::True,
            false => Expr::False,
        };
        return Operand::condition_with(expr, 0, range);
    }
    let expr = Expr::CompareValues {
        left,
        op,
        right,
        source: range.clone().into(),
    };
    Operand::condition_with(expr, left_height.max(right_height), range)
}

fn existence(field: Field, op: CompareOp, range: &Range<usize>) -> Result<Expr, TraceQlError> {
    let missing = match op {
        CompareOp::Equal => true,
        CompareOp::NotEqual => false,
        _ => {
            return Err(
                TraceQlError::new(range.clone(), format!("`{op}` does not work with nil"))
                    .hint("only `=` and `!=` do"),
            );
        }
    };
    validate::existence(&field, missing, range.clone())?;
    let source = range.clone().into();
    Ok(if missing {
        Expr::Missing { field, source }
    } else {
        Expr::Exists { field, source }
    })
}

/// `error` beside a field is a status, unless that field cannot have one and
/// stands to the right (`error = .failed` reads as two fields); beside a value
/// it is the intrinsic.
fn settle_error_word(mut left: Operand, mut right: Operand) -> (Operand, Operand) {
    let status = || OperandKind::Value(Literal::Status(StatusCode::Error));
    if matches!(left.kind, OperandKind::ErrorWord) {
        left.kind = match &right.kind {
            OperandKind::Field(Field::Intrinsic(other))
                if other.field_type() == FieldType::Status =>
            {
                status()
            }
            _ => OperandKind::Field(error_field()),
        };
    }
    if matches!(right.kind, OperandKind::ErrorWord) {
        right.kind = match &left.kind {
            OperandKind::Field(_) => status(),
            _ => OperandKind::Field(error_field()),
        };
    }
    (left, right)
}
