//! The error of this module: what is wrong, where, and what to write instead.
//!
//! It exists so that the UI can underline the place and a person can act
//! without opening the documentation. It never contains more than a short
//! piece of the query.

use std::fmt;
use std::ops::Range;

/// Words quoted from the query are cut to this many characters.
const MAX_QUOTED_CHARS: usize = 40;

/// Why a query was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceQlError {
    /// What is wrong: one line, lower case, no full stop.
    pub message: String,
    /// What to write instead, when that can be guessed.
    pub hint: Option<String>,
    /// Where: a range of characters (Unicode scalar values, not bytes) of the
    /// query. Empty and at the end when something is missing there.
    pub span: Range<usize>,
}

impl TraceQlError {
    /// An error without a hint.
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            span,
        }
    }

    /// The same error with what to write instead.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One line for places that have no room for structure: logs, a terminal, the
/// single string of a compatible API. Characters are counted from 1 here.
impl fmt::Display for TraceQlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {})", self.message, self.span.start + 1)?;
        match &self.hint {
            Some(hint) => write!(f, ": {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TraceQlError {}

/// A piece of the query in backticks, cut to a readable length.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", cut(text))
}

/// A piece of the query, cut to a readable length and on one line.
pub(super) fn cut(text: &str) -> String {
    let mut short = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == MAX_QUOTED_CHARS {
            short.push('…');
            break;
        }
        if c.is_control() {
            short.extend(c.escape_default());
        } else {
            short.push(c);
        }
    }
    short
}
