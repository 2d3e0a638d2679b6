//! Conditions, by binding power (Pratt's method).
//!
//! `&&` and `||` have the same power, as in TraceQL: `a || b && c` is
//! `(a || b) && c`. Arithmetic has its place in the table and is refused when
//! met; giving it a meaning is one arm in [`Parser::expression`].

use std::ops::Range;

use tracewell_model::{SpanKind, StatusCode};

use super::super::MAX_NESTING;
use super::super::ast::{CompareOp, Expr, Field, Literal};
use super::super::error::TraceQlError;
use super::super::lexer::{Token, TokenKind};
use super::super::vocabulary;
use super::Parser;
use super::operand::{LogicalOp, Operand, OperandKind, compare, join, too_deep};

/// How tightly `!` binds: looser than `*`, tighter than `+`, as in TraceQL.
const NOT_POWER: u8 = 4;

/// An operator between two operands.
#[derive(Debug, Clone, Copy)]
enum Infix {
    Logical(LogicalOp),
    Compare(CompareOp),
    Arithmetic(char),
}

impl Infix {
    fn of(token: &TokenKind) -> Option<Self> {
        match token {
            TokenKind::And => Some(Self::Logical(LogicalOp::And)),
            TokenKind::Or => Some(Self::Logical(LogicalOp::Or)),
            TokenKind::Compare(op) => Some(Self::Compare(*op)),
            TokenKind::Arithmetic(op) => Some(Self::Arithmetic(*op)),
            _ => None,
        }
    }

    /// The higher, the tighter; equal powers associate to the left.
    fn power(self) -> u8 {
        match self {
            Self::Logical(_) => 1,
            Self::Compare(_) => 2,
            Self::Arithmetic('+' | '-') => 3,
            Self::Arithmetic('^') => 6,
            Self::Arithmetic(_) => 5,
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
        let operand = self.expression(0, Wanted::Condition)?;
        // A missing operator after a lone value is the more useful complaint.
        if self.peek().kind != TokenKind::RightBrace {
            return Err(self.unexpected_after_operand());
        }
        operand.into_condition().map(|condition| condition.expr)
    }

    /// An operand and all operators after it that bind at least as tightly as
    /// `min_power`.
    fn expression(&mut self, min_power: u8, wanted: Wanted) -> Result<Operand, TraceQlError> {
        let mut left = self.operand(wanted)?;
        let mut list_of = None;
        while let Some(infix) = Infix::of(&self.peek().kind).filter(|i| i.power() >= min_power) {
            let operator = self.take();
            let right_power = infix.power() + 1;
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
                Infix::Arithmetic(op) => return Err(arithmetic(op, operator.range)),
            };
        }
        Ok(left)
    }

    /// One operand with its prefixes.
    fn operand(&mut self, wanted: Wanted) -> Result<Operand, TraceQlError> {
        let token = self.take();
        let range = token.range;
        let kind = match token.kind {
            TokenKind::Not => return self.negation(range.start),
            TokenKind::LeftParenthesis => return self.parenthesised(range, wanted),
            TokenKind::Arithmetic('-') => return self.negative_number(range),
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
        let operand = self.expression(NOT_POWER, Wanted::Condition)?;
        if let TokenKind::Compare(op) = self.peek().kind {
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
        if self.open_parentheses == MAX_NESTING {
            return Err(too_deep(opening));
        }
        self.open_parentheses += 1;
        let mut operand = self.expression(0, wanted)?;
        self.open_parentheses -= 1;
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
    fn negative_number(&mut self, minus: Range<usize>) -> Result<Operand, TraceQlError> {
        match self.peek().kind {
            TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::DurationNs(_) => {
                let token = self.take();
                let range = minus.start..token.range.end;
                let kind = OperandKind::Value(number(&token.kind, true, &range)?);
                Ok(Operand { kind, range })
            }
            _ => Err(arithmetic('-', minus)),
        }
    }
}

fn arithmetic(op: char, range: Range<usize>) -> TraceQlError {
    TraceQlError::new(range, format!("arithmetic ('{op}') is not supported yet"))
}

/// The value of a number token with its sign.
fn number(
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
