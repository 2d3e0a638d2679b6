//! Conditions, by binding power (Pratt's method).
//!
//! `&&` and `||` have the same power, as in TraceQL: `a || b && c` is
//! `(a || b) && c`.

use std::ops::Range;

use tracewell_model::values::Arithmetic;
use tracewell_model::{SpanKind, StatusCode};

use super::super::ast::{CompareOp, Expr, Field, Literal, ValueExpr};
use super::super::error::TraceQlError;
use super::super::lexer::{Token, TokenKind};
use super::super::vocabulary;
use super::Parser;
use super::comparison::compare;
use super::operand::{LogicalOp, Operand, OperandKind, calculate, join};

/// How tightly `!` binds: looser than `*`, tighter than `+`, as in TraceQL.
const NOT_POWER: u8 = 4;

/// An operator between two operands.
#[derive(Debug, Clone, Copy)]
enum Infix {
    Logical(LogicalOp),
    Compare(CompareOp),
    Arithmetic(Arithmetic),
}

impl Infix {
    fn of(token: &TokenKind) -> Option<Self> {
        match token {
            TokenKind::And => Some(Self::Logical(LogicalOp::And)),
            TokenKind::Or => Some(Self::Logical(LogicalOp::Or)),
            TokenKind::Compare(op) => Some(Self::Compare(*op)),
            TokenKind::Arithmetic(op) => Arithmetic::from_symbol(*op).map(Self::Arithmetic),
            _ => None,
        }
    }

    /// The higher, the tighter; equal powers associate to the left, but for
    /// `^`.
    fn power(self) -> u8 {
        match self {
            Self::Logical(_) => 1,
            Self::Compare(_) => 2,
            Self::Arithmetic(op) => arithmetic_power(op),
        }
    }

    /// That of its right side.
    fn right_power(self) -> u8 {
        match self {
            Self::Arithmetic(Arithmetic::Power) => self.power(),
            _ => self.power() + 1,
        }
    }
}

/// What would make sense at a place, for the message when it is not there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Condition,
    /// The right side of this operator, whose left side is a field.
    ValueAfter(CompareOp),
}

impl Parser {
    /// Everything between the braces; leaves the closing one.
    pub(super) fn conditions(&mut self) -> Result<Expr, TraceQlError> {
        self.closing = "}";
        let operand = self.expression(0, Wanted::Condition)?;
        // A missing operator after a lone value is the more useful complaint.
        if self.peek().kind != TokenKind::RightBrace {
            return Err(self.unexpected_after_operand());
        }
        operand.into_condition().map(|condition| condition.expr)
    }

    /// A value up to the `)` or `,` behind it, which it leaves.
    pub(super) fn value(&mut self) -> Result<(ValueExpr, Range<usize>), TraceQlError> {
        self.closing = ")";
        let operand = self.expression(0, Wanted::Condition)?;
        if !matches!(
            self.peek().kind,
            TokenKind::RightParenthesis | TokenKind::Comma
        ) {
            return Err(self.unexpected_after_operand());
        }
        let range = operand.range.clone();
        operand.into_value().map(|(value, _)| (value, range))
    }

    /// An operand and all operators after it that bind at least as tightly as
    /// `min_power`.
    fn expression(&mut self, min_power: u8, wanted: Wanted) -> Result<Operand, TraceQlError> {
        let mut left = self.operand(wanted)?;
        let mut list_of = None;
        while let Some(infix) = Infix::of(&self.peek().kind).filter(|i| i.power() >= min_power) {
            let operator = self.take();
            let right_power = infix.right_power();
            left = match infix {
                Infix::Logical(op) => {
                    let right = self.expression(right_power, Wanted::Condition)?;
                    let joined = join(left, op, right, list_of == Some(op))?;
                    list_of = Some(op);
                    joined
                }
                Infix::Compare(op) => {
                    let wanted = match left.kind {
                        OperandKind::Field(_) | OperandKind::ErrorWord => Wanted::ValueAfter(op),
                        _ => Wanted::Condition,
                    };
                    let right = self.expression(right_power, wanted)?;
                    compare(left, op, operator.range, right)?
                }
                Infix::Arithmetic(op) => {
                    let right = self.nested(&operator.range, |parser| {
                        parser.expression(right_power, Wanted::Condition)
                    })?;
                    calculate(left, op, operator.range, right)?
                }
            };
        }
        Ok(left)
    }

    /// One operand with its prefixes.
    pub(super) fn operand(&mut self, wanted: Wanted) -> Result<Operand, TraceQlError> {
        let token = self.take();
        let range = token.range;
        let kind = match token.kind {
            TokenKind::Not => return self.negation(range.start),
            TokenKind::LeftParenthesis => return self.parenthesised(range, wanted),
            TokenKind::Arithmetic('-') => return self.negative(range),
            TokenKind::Text(text) => OperandKind::Value(Literal::Text(text)),
            TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::DurationNs(_) => {
                OperandKind::Value(number(&token.kind, false, &range)?)
            }
            TokenKind::Field(field) => OperandKind::Field(field),
            TokenKind::Word(word) => match word_operand(&word) {
                Some(kind) => kind,
                None => return Err(self.unknown_word(&word, range, wanted)),
            },
            other => return Err(self.no_operand(Token { kind: other, range }, wanted)),
        };
        Ok(Operand { kind, range })
    }

    /// After the first `!`, which stood at `start`. A loop, so that a thousand
    /// of them are not a thousand calls deep.
    fn negation(&mut self, start: usize) -> Result<Operand, TraceQlError> {
        let mut count = 1;
        while self.peek().kind == TokenKind::Not {
            self.take();
            count += 1;
        }
        let operand = self.nested(&(start..start + 1), |parser| {
            parser.expression(NOT_POWER, Wanted::Condition)
        })?;
        if let TokenKind::Compare(op) = self.peek().kind
            && !operand.is_boolean()
        {
            let message = format!("`!` binds tighter than `{op}`");
            return Err(TraceQlError::new(start..start + 1, message)
                .hint("put the comparison in parentheses: `!( … )`"));
        }
        operand.negated(count, start)
    }

    /// After `(`, which stood at `opening`.
    fn parenthesised(
        &mut self,
        opening: Range<usize>,
        wanted: Wanted,
    ) -> Result<Operand, TraceQlError> {
        let mut operand = self.nested(&opening, |parser| parser.expression(0, wanted))?;
        match self.peek().kind {
            TokenKind::RightParenthesis => {
                operand.range = opening.start..self.take().range.end;
                Ok(operand)
            }
            TokenKind::End | TokenKind::RightBrace => {
                Err(TraceQlError::new(opening, "this `(` is not closed"))
            }
            _ => Err(self.unexpected_after_operand()),
        }
    }

    /// After a `-` where an operand begins.
    fn negative(&mut self, minus: Range<usize>) -> Result<Operand, TraceQlError> {
        match self.peek().kind {
            TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::DurationNs(_) => {
                let token = self.take();
                let range = minus.start..token.range.end;
                let kind = OperandKind::Value(number(&token.kind, true, &range)?);
                Ok(Operand { kind, range })
            }
            TokenKind::Arithmetic('-') | TokenKind::Not => {
                // A thousand of them would be a thousand calls deep.
                let range = minus.start..self.peek().range.end;
                Err(TraceQlError::new(range, "two signs in a row")
                    .hint("put parentheses between them: `-(-1)`"))
            }
            _ => {
                let operand = self.nested(&minus, |parser| {
                    parser.expression(NOT_POWER, Wanted::Condition)
                })?;
                operand.minus(minus.start)
            }
        }
    }
}

/// How tightly arithmetic binds, here and between spansets.
pub(super) fn arithmetic_power(op: Arithmetic) -> u8 {
    match op {
        Arithmetic::Add | Arithmetic::Subtract => 3,
        Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::Remainder => 5,
        Arithmetic::Power => 6,
    }
}

/// The value of a number token with its sign.
pub(super) fn number(
    token: &TokenKind,
    negative: bool,
    range: &Range<usize>,
) -> Result<Literal, TraceQlError> {
    let signed = |magnitude: u64| {
        let value = if negative {
            0_i64.checked_sub_unsigned(magnitude)
        } else {
            i64::try_from(magnitude).ok()
        };
        value.ok_or_else(|| TraceQlError::new(range.clone(), "the number does not fit in 64 bits"))
    };
    match token {
        TokenKind::Float(value) => Ok(Literal::Float(if negative { -value } else { *value })),
        TokenKind::DurationNs(magnitude) => signed(*magnitude).map(Literal::DurationNs),
        TokenKind::Int(magnitude) => signed(*magnitude).map(Literal::Int),
        other => Err(TraceQlError::new(
            range.clone(),
            format!("expected a number, found {other}"),
        )),
    }
}

/// A bare word of the language.
fn word_operand(word: &str) -> Option<OperandKind> {
    let value = match word {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "nil" => return Some(OperandKind::Nil),
        "error" => return Some(OperandKind::ErrorWord),
        "ok" => Literal::Status(StatusCode::Ok),
        "unset" => Literal::Status(StatusCode::Unset),
        "minInt" => Literal::Int(i64::MIN),
        "maxInt" => Literal::Int(i64::MAX),
        _ => match SpanKind::from_name(word) {
            Some(kind) => Literal::Kind(kind),
            None => {
                return vocabulary::intrinsic(word)
                    .map(|intrinsic| OperandKind::Field(Field::Intrinsic(intrinsic)));
            }
        },
    };
    Some(OperandKind::Value(value))
}
