//! What stands behind a backslash in Go's regular expressions.

use super::character::character;
use super::class;
use super::rest::Rest;

/// What it means.
pub(super) enum Escaped {
    /// A character.
    Char(char),
    /// Half of a character of UTF-16, which no text contains.
    Surrogate,
    /// The characters between `\Q` and `\E`.
    Quoted(String),
    /// A class or an assertion, in Rust's syntax.
    Other(String),
}

/// After a backslash outside of brackets.
///
/// # Errors
/// Go knows no such escape.
pub(super) fn escape(rest: &mut Rest) -> Result<Escaped, String> {
    // Word boundaries, like words, are those of ASCII.
    let assertion = match rest.peek() {
        Some('A') => r"\A",
        Some('z') => r"\z",
        Some('b') => r"(?-u:\b)",
        Some('B') => r"(?-u:\B)",
        Some('Q') => {
            rest.take();
            // Go takes one without an end, but not where Tempo puts an anchor
            // behind it.
            let text = rest.take_until(r"\E");
            return text
                .map(Escaped::Quoted)
                .ok_or_else(|| "`\\Q` wants an end, `\\E`".to_owned());
        }
        _ => {
            if let Some(class) = class::escaped(rest)? {
                return Ok(Escaped::Other(format!("[{class}]")));
            }
            return Ok(match char::from_u32(character(rest)?) {
                Some(c) => Escaped::Char(c),
                None => Escaped::Surrogate,
            });
        }
    };
    rest.take();
    Ok(Escaped::Other(assertion.to_owned()))
}
