//! Why there is no answer: what is wrong with the query, and where.

use std::ops::Range;
use tracewell_model::StoreError;

/// Why a query was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: parse error: {message}", .line, .column)]
pub struct PromQlError {
    /// What is wrong, and what to write instead: one line.
    pub message: String,
    /// Where, counted from 1.
    pub line: usize,
    /// The character of the line, counted from 1.
    pub column: usize,
}

impl PromQlError {
    /// At a range of characters of the text.
    pub(super) fn at(text: &[char], range: &Range<usize>, message: impl Into<String>) -> Self {
        let before = &text[..range.start.min(text.len())];
        let line = 1 + before.iter().filter(|c| **c == '\n').count();
        let column = 1 + before.iter().rev().take_while(|c| **c != '\n').count();
        Self {
            message: message.into(),
            line,
            column,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The query cannot be answered: a line for who wrote it.
    #[error("{0}")]
    Query(String),
    /// The store has none.
    #[error(transparent)]
    Store(#[from] StoreError),
}
