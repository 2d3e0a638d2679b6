//! Tokens into the tree: what there is of a query beside its pipeline here,
//! stages in `parser/pipeline.rs`, what stands between them in
//! `parser/spansets.rs`, metrics in `parser/metrics.rs`, conditions inside the
//! braces in `parser/expression.rs`.
//!
//! **Nothing is skipped or guessed**: a query is understood whole or not at
//! all.

mod comparison;
mod complaint;
mod expression;
mod metrics;
mod operand;
mod pipeline;
mod spansets;

use std::mem;
use std::ops::Range;

use super::MAX_NESTING;
use super::ast::{Expr, Hint, Literal, Query, Root};
use super::error::TraceQlError;
use super::lexer::{Token, TokenKind};
use super::validate;
use operand::OperandKind;

/// Parses a whole query; `tokens` end with `End` or `Invalid`.
pub(super) fn parse(tokens: Vec<Token>) -> Result<Query, TraceQlError> {
    Parser {
        tokens,
        at: 0,
        nesting: 0,
        closing: "}",
        limits: 0,
    }
    .query()
}

struct Parser {
    tokens: Vec<Token>,
    /// The next token. Never past the last one.
    at: usize,
    /// Calls within calls, as far as the text can make them many.
    nesting: usize,
    /// What ends the conditions that are read.
    closing: &'static str,
    /// `topk` and comparisons of series so far.
    limits: usize,
}

impl Parser {
    fn query(mut self) -> Result<Query, TraceQlError> {
        if !self.begins_query() {
            return Err(self.no_query());
        }
        let pipeline = self.pipeline()?;
        let root = pipeline.into_root()?;
        let hints = self.hints()?;
        match self.peek().kind {
            TokenKind::End => Ok(Query { root, hints }),
            _ => Err(self.after_query()),
        }
    }

    /// At the `{`: the condition, and where the braces stand.
    fn filter(&mut self) -> Result<(Expr, Range<usize>), TraceQlError> {
        let start = self.peek().range.start;
        self.expect(&TokenKind::LeftBrace)?;
        let filter = if self.peek().kind == TokenKind::RightBrace {
            Expr::True
        } else {
            self.conditions()?
        };
        let end = self.take().range.end;
        Ok((filter, start..end))
    }

    /// `with (name = value, …)`, if it is there.
    fn hints(&mut self) -> Result<Vec<Hint>, TraceQlError> {
        let mut hints = Vec::new();
        if !self.at_word("with") {
            return Ok(hints);
        }
        self.take();
        self.expect(&TokenKind::LeftParenthesis)?;
        loop {
            let Token { kind, range } = self.take();
            let TokenKind::Word(name) = kind else {
                let message = format!("expected the name of a hint, found {kind}");
                return Err(not_said(kind, range, message)
                    .hint("write for example `with (most_recent=true)`"));
            };
            self.expect(&TokenKind::Compare(super::ast::CompareOp::Equal))?;
            let start = self.peek().range.start;
            let value = self.literal()?;
            validate::hint(&name, &value, start..self.tokens[self.at - 1].range.end)?;
            hints.push(Hint { name, value });
            if !self.another()? {
                return Ok(hints);
            }
        }
    }

    /// One fixed value.
    fn literal(&mut self) -> Result<Literal, TraceQlError> {
        let operand = self.operand(expression::Wanted::Condition)?;
        match operand.kind {
            OperandKind::Value(value) => Ok(value),
            OperandKind::ErrorWord => Ok(Literal::Status(tracewell_model::StatusCode::Error)),
            _ => Err(TraceQlError::new(
                operand.range,
                "expected a fixed value, such as `10`, `5s`, `true` or `\"text\"`",
            )),
        }
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Word(found) if found == word)
    }

    /// The next token, moved out; the last one stays.
    fn take(&mut self) -> Token {
        let last = self.at + 1 == self.tokens.len();
        let token = &mut self.tokens[self.at];
        if last {
            return token.clone();
        }
        let range = token.range.clone();
        self.at += 1;
        Token {
            kind: mem::replace(&mut token.kind, TokenKind::End),
            range,
        }
    }

    /// Takes this token and no other; says where it stood.
    fn expect(&mut self, wanted: &TokenKind) -> Result<Range<usize>, TraceQlError> {
        let Token { kind, range } = self.take();
        if kind == *wanted {
            return Ok(range);
        }
        let message = format!("expected {wanted}, found {kind}");
        Err(not_said(kind, range, message))
    }

    /// In a list in parentheses: takes the `,` or the `)` and says whether
    /// more follows.
    fn another(&mut self) -> Result<bool, TraceQlError> {
        if self.peek().kind == TokenKind::Comma {
            self.take();
            return Ok(true);
        }
        self.expect(&TokenKind::RightParenthesis).map(|_| false)
    }

    /// What `inside` reads, unless that is a call too deep within others.
    fn nested<T>(
        &mut self,
        opening: &Range<usize>,
        inside: impl FnOnce(&mut Self) -> Result<T, TraceQlError>,
    ) -> Result<T, TraceQlError> {
        if self.nesting == MAX_NESTING {
            return Err(operand::too_deep(opening.clone()));
        }
        self.nesting += 1;
        let read = inside(self)?;
        self.nesting -= 1;
        Ok(read)
    }
}

/// The error of text that could not be read, else this one.
fn not_said(found: TokenKind, range: Range<usize>, message: String) -> TraceQlError {
    match found {
        TokenKind::Invalid(error) => error,
        _ => TraceQlError::new(range, message),
    }
}

/// What a pipeline was read as, before it is known what is wanted.
impl pipeline::Read {
    fn into_root(self) -> Result<Root, TraceQlError> {
        match self.term {
            spansets::Term::Metrics(metrics) => Ok(Root::Metrics(metrics)),
            _ => self.into_pipeline().map(Root::Search),
        }
    }
}
