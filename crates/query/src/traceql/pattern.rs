//! Regular expressions of `=~` and `!~`: one way to compile them.
//!
//! It exists so that the check at parse time and the matching at run time can
//! never disagree. Patterns are Go's (ADR-013). A pattern always matches the
//! whole text, never a part, and can never take more memory than stated here.

mod character;
mod class;
mod escape;
mod rest;
mod translate;

use regex::{Regex, RegexBuilder};

/// The most memory one compiled pattern may take, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1 << 20;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is not a regular expression.
    #[error("the pattern is not a valid regular expression: {reason}")]
    Syntax {
        /// What the compiler says, in one line.
        reason: String,
    },
    /// It is one, but a huge one.
    #[error("the pattern needs more than {MAX_PATTERN_BYTES} bytes of memory when compiled")]
    TooBig,
}

/// Compiles the pattern of `=~` or `!~`: Go's syntax, anchored at both ends,
/// `.` matches line breaks too (messages with stack traces have many).
///
/// # Errors
///
/// If the pattern is malformed or compiles to more than [`MAX_PATTERN_BYTES`].
pub fn compile_pattern(pattern: &str) -> Result<Regex, PatternError> {
    let translated =
        translate::translate(pattern).map_err(|reason| PatternError::Syntax { reason })?;
    RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES)
        .dot_matches_new_line(true)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooBig,
            other => PatternError::Syntax {
                reason: one_line(&other.to_string()),
            },
        })
}

/// The compiler draws the pattern with a caret over several lines and ends
/// with `error: …`; only that is of use in a message.
fn one_line(drawing: &str) -> String {
    let last = drawing
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or(drawing);
    last.trim().trim_start_matches("error: ").to_owned()
}
