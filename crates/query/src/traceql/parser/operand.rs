//! What stands on either side of an operator, and how operands become
//! conditions and calculations.
//!
//! A bare field is a condition or one side of a comparison depending on what
//! follows; this file and `comparison` hold that knowledge, **so the tree never
//! has to.**

use std::ops::Range;

use tracewell_model::values::Arithmetic;

use super::super::MAX_NESTING;
use super::super::ast::{CompareOp, Expr, Field, Intrinsic, Literal, ValueExpr};
use super::super::error::{TraceQlError, quoted};
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
    /// More than a field or a literal, and the levels of tree it has.
    Calculation {
        value: ValueExpr,
        height: usize,
    },
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
    pub(super) fn condition_with(
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

    fn calculation_with(
        value: ValueExpr,
        height: usize,
        range: Range<usize>,
    ) -> Result<Self, TraceQlError> {
        if height > MAX_NESTING {
            return Err(too_deep(range));
        }
        Ok(Self {
            kind: OperandKind::Calculation { value, height },
            range,
        })
    }

    /// This operand where a value is wanted, and the levels of tree it has.
    pub(super) fn into_value(self) -> Result<(ValueExpr, usize), TraceQlError> {
        let condition = |value| (ValueExpr::Literal(Literal::Bool(value)), 0);
        Ok(match self.kind {
            OperandKind::Field(field) => (ValueExpr::Field(field), 0),
            OperandKind::Value(value) => (ValueExpr::Literal(value), 0),
            OperandKind::ErrorWord => (ValueExpr::Field(error_field()), 0),
            OperandKind::Calculation { value, height } => (value, height),
            OperandKind::Condition(Condition { expr, height }) => match expr {
                Expr::True => condition(true),
                Expr::False => condition(false),
                expr if height < MAX_NESTING => (ValueExpr::Condition(Box::new(expr)), height + 1),
                _ => return Err(too_deep(self.range)),
            },
            OperandKind::Nil => {
                return Err(TraceQlError::new(self.range, "`nil` is no value here"));
            }
        })
    }

    /// `-` before this operand, the sign at `start`.
    pub(super) fn minus(self, start: usize) -> Result<Self, TraceQlError> {
        let (inner, range) = (self.range.clone(), start..self.range.end);
        let (value, height) = self.into_value()?;
        validate::number(&value, '-', inner)?;
        if let ValueExpr::Literal(literal) = &value {
            let negated = literal.to_value().negated();
            let literal = negated.and_then(|value| Literal::of_number(&value));
            let kind = OperandKind::Value(literal.ok_or_else(|| {
                TraceQlError::new(range.clone(), "the number does not fit in 64 bits")
            })?);
            return Ok(Self { kind, range });
        }
        Self::calculation_with(ValueExpr::Negated(Box::new(value)), height + 1, range)
    }

    /// Whether `!` before it makes a condition that may be compared further.
    pub(super) fn is_boolean(&self) -> bool {
        match &self.kind {
            OperandKind::Condition(_) | OperandKind::ErrorWord => true,
            OperandKind::Field(field) => validate::condition(field, self.range.clone()).is_ok(),
            OperandKind::Value(value) => matches!(value, Literal::Bool(_)),
            OperandKind::Calculation { .. } | OperandKind::Nil => false,
        }
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
            OperandKind::Calculation { value, .. } => Err(TraceQlError::new(
                self.range,
                format!(
                    "{} is a number, not a condition",
                    quoted(&value.to_string())
                ),
            )
            .hint("compare it, for example `duration - .wait > 100ms`")),
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
pub(super) fn calculate(
    left: Operand,
    op: Arithmetic,
    op_range: Range<usize>,
    right: Operand,
) -> Result<Operand, TraceQlError> {
    let range = left.range.start..right.range.end;
    let (left_range, right_range) = (left.range.clone(), right.range.clone());
    let (left, left_height) = left.into_value()?;
    let (right, right_height) = right.into_value()?;
    validate::number(&left, op.symbol(), left_range)?;
    validate::number(&right, op.symbol(), right_range)?;
    if let (ValueExpr::Literal(left), ValueExpr::Literal(right)) = (&left, &right) {
        let literal = constant(op, left, right, op_range)?;
        let kind = OperandKind::Value(literal);
        return Ok(Operand { kind, range });
    }
    let value = ValueExpr::Calculated {
        op,
        left: Box::new(left),
        right: Box::new(right),
    };
    Operand::calculation_with(value, left_height.max(right_height) + 1, range)
}

/// `left op right` of two numbers that are written in the query.
pub(super) fn constant(
    op: Arithmetic,
    left: &Literal,
    right: &Literal,
    op_range: Range<usize>,
) -> Result<Literal, TraceQlError> {
    let value = op.of(&left.to_value(), &right.to_value());
    let literal = value.and_then(|value| Literal::of_number(&value));
    literal.ok_or_else(|| {
        let message = format!("`{left} {} {right}` has no value", op.symbol());
        TraceQlError::new(op_range, message)
    })
}

pub(super) fn error_field() -> Field {
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
