//! What the parser says when something is missing, unknown or in the wrong
//! place.
//!
//! Kept apart so that the grammar stays readable. **Nothing here consumes a
//! token that the grammar still needs**: every function ends the parse.

use std::ops::Range;

use super::super::error::{TraceQlError, cut, quoted};
use super::super::lexer::{Token, TokenKind};
use super::super::vocabulary;
use super::Parser;
use super::expression::Wanted;

impl Parser {
    /// `token` stands where an operand should.
    pub(super) fn no_operand(&self, token: Token, wanted: Wanted) -> TraceQlError {
        let found = match token.kind {
            TokenKind::Invalid(error) => return error,
            other => other,
        };
        let message = match wanted {
            Wanted::Condition => format!("expected a condition, found {found}"),
            Wanted::ValueAfter(op) => format!("expected a value after `{op}`, found {found}"),
        };
        TraceQlError::new(token.range, message)
    }

    /// A bare word that is none of the language's.
    pub(super) fn unknown_word(
        &self,
        word: &str,
        range: Range<usize>,
        wanted: Wanted,
    ) -> TraceQlError {
        if word == "parent" {
            return TraceQlError::new(range, "`parent` alone is no field")
                .hint("`span:parentID` is its id, `parent.key` an attribute of it");
        }
        if let Wanted::ValueAfter(_) = wanted {
            let error = TraceQlError::new(range, format!("unknown value {}", quoted(word)));
            return error.hint(match vocabulary::nearest_value(word) {
                Some(near) => format!("did you mean `{near}`? text stands in double quotes"),
                None => format!("text stands in double quotes: `\"{}\"`", cut(word)),
            });
        }
        let error = TraceQlError::new(range, format!("unknown name {}", quoted(word)));
        error.hint(match vocabulary::nearest_intrinsic(word) {
            _ if word.eq_ignore_ascii_case("not") => "negation is written `!( … )`".to_owned(),
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let word = cut(word);
                format!("attributes begin with a dot or a scope: `.{word}` or `span.{word}`")
            }
        })
    }

    /// The next token follows an operand, and cannot.
    pub(super) fn unexpected_after_operand(&mut self) -> TraceQlError {
        let Token { kind, range } = self.take();
        let error = |message: String| TraceQlError::new(range.clone(), message);
        match kind {
            TokenKind::Invalid(error) => error,
            TokenKind::End => error(format!("the closing `{}` is missing", self.closing)),
            TokenKind::RightParenthesis => error("this `)` closes nothing".to_owned()),
            TokenKind::Pipe if self.closing == "}" => {
                error("`|` is not an operator inside the braces".to_owned())
                    .hint("write `||` for or")
            }
            TokenKind::Structural(op) => {
                error(format!("`{op}` stands between filters, not inside one"))
                    .hint(format!("write `{{ … }} {op} {{ … }}`"))
            }
            other => {
                let hint = match &other {
                    TokenKind::Word(word) => foreign_word(word),
                    _ => None,
                };
                let closing = self.closing;
                let error = error(format!(
                    "expected an operator or `{closing}`, found {other}"
                ));
                match hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
        }
    }
}

/// What a word between operands was meant to be: mostly operators that other
/// languages write so.
fn foreign_word(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "and" => Some("write `&&` for and"),
        "or" => Some("write `||` for or"),
        "is" | "eq" | "equals" => Some("write `=`"),
        "not" | "ne" => Some("write `!=`, or `!( … )` around a condition"),
        "in" => Some("write `.key = \"a\" || .key = \"b\"`, or `.key =~ \"a|b\"`"),
        "like" | "contains" | "matches" => Some("write `=~ \".*part.*\"`"),
        "exists" => Some("write `!= nil`"),
        _ if vocabulary::is_unit(word) => Some("durations have no space: `10ms`"),
        _ => None,
    }
}
