//! Tokens into the tree: the outside of a query (braces and what may follow
//! them) here, conditions inside the braces in `parser/expression.rs`.
//!
//! Everything of TraceQL that is still to come is recognised and refused by
//! name. **Nothing is skipped or guessed**: a query is understood whole or not
//! at all.

mod complaint;
mod expression;
mod operand;

use std::mem;

use super::ast::{Expr, Query};
use super::error::TraceQlError;
use super::lexer::{Token, TokenKind};
use super::vocabulary;

/// Parses a whole query; `tokens` end with `End` or `Invalid`.
pub(super) fn parse(tokens: Vec<Token>) -> Result<Query, TraceQlError> {
    Parser {
        tokens,
        at: 0,
        open_parentheses: 0,
    }
    .query()
}

struct Parser {
    tokens: Vec<Token>,
    /// The next token. Never past the last one.
    at: usize,
    open_parentheses: usize,
}

impl Parser {
    fn query(mut self) -> Result<Query, TraceQlError> {
        if self.peek().kind != TokenKind::LeftBrace {
            return Err(self.no_filter());
        }
        self.take();
        let filter = if self.peek().kind == TokenKind::RightBrace {
            Expr::True
        } else {
            self.conditions()?
        };
        self.take();
        match self.peek().kind {
            TokenKind::End => Ok(Query { filter }),
            _ => Err(self.after_filter()),
        }
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at]
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

    /// The query does not begin with `{`.
    fn no_filter(&mut self) -> TraceQlError {
        let Token { kind, range } = self.take();
        match kind {
            TokenKind::Invalid(error) => error,
            TokenKind::End => {
                TraceQlError::new(range, "the query is empty").hint("`{ }` finds every span")
            }
            TokenKind::LeftParenthesis => TraceQlError::new(
                range,
                "parentheses around spansets ('(') are not supported yet",
            ),
            other => TraceQlError::new(range, format!("a query begins with `{{`, not {other}"))
                .hint("put the conditions in braces: `{ name = \"GET /\" }`"),
        }
    }

    /// Something follows the closing brace.
    fn after_filter(&mut self) -> TraceQlError {
        let Token { kind, range } = self.take();
        let not_yet =
            |what: String| TraceQlError::new(range.clone(), format!("{what} not supported yet"));
        match kind {
            TokenKind::Invalid(error) => error,
            TokenKind::Pipe => match &self.peek().kind {
                TokenKind::Word(word) if vocabulary::METRICS_FUNCTIONS.contains(&word.as_str()) => {
                    not_yet(format!("metrics ('| {word}') are"))
                }
                _ => not_yet("pipelines ('|') are".to_owned()),
            },
            TokenKind::And | TokenKind::Or => {
                let op = if kind == TokenKind::And { "&&" } else { "||" };
                not_yet(format!("combining spansets ('{op}') is")).hint(format!(
                    "conditions on one span stand in one pair of braces: `{{ … {op} … }}`"
                ))
            }
            TokenKind::Structural(op) => not_yet(format!("structural operators ('{op}') are")),
            TokenKind::Compare(op) => not_yet(format!("structural operators ('{op}') are")),
            TokenKind::Word(word) if word == "with" => {
                not_yet("query hints ('with') are".to_owned())
            }
            TokenKind::RightBrace => TraceQlError::new(range, "this `}` closes nothing"),
            other => TraceQlError::new(range, format!("unexpected {other} after the filter"))
                .hint("a query is one filter: `{ … }`"),
        }
    }
}
