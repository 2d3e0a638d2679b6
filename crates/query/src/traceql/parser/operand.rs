//! What stands on either side of an operator, and how two of them become a
//! condition.
//!
//! A bare field is a condition or one side of a comparison depending on what
//! follows, and the word `error` is an intrinsic or a status depending on the
//! other side; this file holds that knowledge, **so the tree never has to.**

use std::ops::Range;

use tracewell_model::StatusCode;

use super::super::MAX_NESTING;
use super::super::ast::{CompareOp, Expr, Field, FieldType, Intrinsic, Literal};
use super::super::error::{TraceQlError, cut};
use super::super::validate;

/// One side of an operator, and where it was written.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) kind: OperandKind,
    pub(super) range: Range<usize>,
}

#[derive(Debug)]
pub(super) enum OperandKind {
    Condition(Condition),
    Field(Field),
    Value(Literal),
    Nil,
    /// `error`, not yet known to be the intrinsic or the status.
    ErrorWord,
}

/// A condition and the levels of tree below it.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) expr: Expr,
    pub(super) height: usize,
}

/// `&&` or `||`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogicalOp {
    And,
    Or,
}

impl Operand {
    fn condition_with(
        expr: Expr,
        height: usize,
        range: Range<usize>,
    ) -> Result<Self, TraceQlError> {
        if height > MAX_NESTING {
            return Err(too_deep(range));
        }
        Ok(Self {
            kind: OperandKind::Condition(Condition { expr, height }),
            range,
        })
    }

    /// This operand where a condition is wanted.
    pub(super) fn into_condition(self) -> Result<Condition, TraceQlError> {
        let leaf = |expr| Ok(Condition { expr, height: 0 });
        match self.kind {
            OperandKind::Condition(condition) => Ok(condition),
            OperandKind::Field(field) => leaf(boolean(field, true, self.range)?),
            OperandKind::ErrorWord => leaf(boolean(error_field(), true, self.range)?),
            OperandKind::Value(Literal::Bool(true)) => leaf(Expr::True),
            OperandKind::Value(Literal::Bool(false)) => leaf(Expr::False),
            OperandKind::Value(Literal::Text(_)) => Err(TraceQlError::new(
                self.range,
                "text alone is not a condition",
            )
            .hint("compare it with a field, for example `name = \"GET /\"`")),
            OperandKind::Value(value) => Err(TraceQlError::new(
                self.range,
                format!("`{value}` alone is not a condition"),
            )
            .hint("compare it with a field, for example `duration > 100ms`")),
            OperandKind::Nil => Err(TraceQlError::new(
                self.range,
                "`nil` alone is not a condition",
            )
            .hint("`.key != nil` finds spans that have a key")),
        }
    }

    /// `!` written `count` times before this operand, the first at `start`.
    ///
    /// Before a boolean field this compares rather than negates: `!.a` wants
    /// an `.a` that is false, and a span without `.a` has none.
    pub(super) fn negated(self, count: usize, start: usize) -> Result<Self, TraceQlError> {
        let range = start..self.range.end;
        let field = match self.kind {
            OperandKind::Field(field) => field,
            OperandKind::ErrorWord => error_field(),
            _ => {
                let Condition { mut expr, height } = self.into_condition()?;
                if height + count > MAX_NESTING {
                    return Err(too_deep(range));
                }
                for _ in 0..count {
                    expr = Expr::Not(Box::new(expr));
                }
                return Self::condition_with(expr, height + count, range);
            }
        };
        let expr = boolean(field, count.is_multiple_of(2), range.clone())?;
        Self::condition_with(expr, 0, range)
    }
}

/// `left op right`, where `extend` says that `left` is a list made by the same
/// operator without parentheses.
pub(super) fn join(
    left: Operand,
    op: LogicalOp,
    right: Operand,
    extend: bool,
) -> Result<Operand, TraceQlError> {
    let range = left.range.start..right.range.end;
    let left = left.into_condition()?;
    let right = right.into_condition()?;
    let (all, below) = match left.expr {
        Expr::And(mut all) | Expr::Or(mut all) if extend => {
            all.push(right.expr);
            // The list itself is one of the levels of `left`.
            (all, (left.height - 1).max(right.height))
        }
        expr => (vec![expr, right.expr], left.height.max(right.height)),
    };
    let expr = match op {
        LogicalOp::And => Expr::And(all),
        LogicalOp::Or => Expr::Or(all),
    };
    Operand::condition_with(expr, below + 1, range)
}

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
        (OperandKind::Condition(_), _) => {
            return Err(
                TraceQlError::new(op_range, format!("`{op}` cannot compare a condition"))
                    .hint("join comparisons with `&&`: `duration > 1s && duration < 2s`"),
            );
        }
        (_, OperandKind::Condition(_)) => {
            return Err(TraceQlError::new(
                right.range,
                format!("`{op}` compares with a value, not with a condition"),
            )
            .hint("join comparisons with `&&` or `||`"));
        }
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
        (OperandKind::Field(_), OperandKind::Field(_)) => {
            return Err(TraceQlError::new(
                range,
                format!("comparing two fields ('{op}') is not supported yet"),
            )
            .hint("compare a field with a value"));
        }
        _ => {
            return Err(
                TraceQlError::new(range, "both sides of the comparison are fixed values")
                    .hint("compare a field with a value, for example `duration > 100ms`"),
            );
        }
    };
    Operand::condition_with(expr, 0, range)
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

fn error_field() -> Field {
    Field::Intrinsic(Intrinsic::Error)
}

/// `field` alone, wanted to be `value`.
fn boolean(field: Field, value: bool, range: Range<usize>) -> Result<Expr, TraceQlError> {
    validate::condition(&field, range.clone())?;
    Ok(Expr::Compare {
        field,
        op: CompareOp::Equal,
        value: Literal::Bool(value),
        source: range.into(),
    })
}

/// The error of everything nested too deep.
pub(super) fn too_deep(range: Range<usize>) -> TraceQlError {
    TraceQlError::new(
        range,
        format!("the query is nested more than {MAX_NESTING} levels deep"),
    )
}
