//! JSON from outside: checked as a whole, then read from where it stands.
//!
//! Who reads a body asks [`checked`] first; the [`Reader`] counts on it.

mod check;
pub(crate) mod members;
mod reader;
pub(crate) mod scalar;

use std::borrow::Cow;

pub(crate) use reader::Reader;

use crate::WireError;
use crate::error::{Position, Problem};
use crate::notes::Notes;

/// A body as text that is JSON. Bytes that are not UTF-8 are put right.
///
/// # Errors
/// The body is no JSON, or there is no room.
pub(crate) fn checked<'a>(
    body: &'a [u8],
    notes: &mut Notes<'_>,
) -> Result<Cow<'a, str>, WireError> {
    // Editors and PowerShell begin files with a byte order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = match simdutf8::basic::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(notes.utf8(body).map_err(|full| full.at_byte(0))?),
    };
    if check::is_json(&text) {
        return Ok(text);
    }
    // It knows what is wrong, and where.
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(syntax_error(&error)),
    }
}

fn syntax_error(error: &serde_json::Error) -> WireError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    // It says the place at the end; ours stands at the beginning.
    let what = text.split(" at line ").next().unwrap_or_default();
    let problem = Problem::Syntax(what.to_owned());
    WireError::at(Position::Text { line, column }, problem)
}
