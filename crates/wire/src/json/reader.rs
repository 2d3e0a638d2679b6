//! Reads JSON from where it stands: no tree, no copy but of escaped text.
//!
//! The text was checked as JSON before, so this looks only for what the caller
//! expects and says what stands there instead. `null` is an absent value, as
//! protobuf's JSON says. Recursion is the caller's; skipping needs none.

use crate::WireError;
use crate::error::{Position, Problem};
use std::borrow::Cow;

/// A place in a JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads `text`, which is JSON.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space; 0 at the end.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    /// The text that is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Steps over a whole value that stands next, which takes `bytes`.
    pub(crate) fn jump(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Bytes of the text that are not read yet.
    pub(crate) fn left(&self) -> usize {
        self.text.len() - self.at
    }

    #[cold]
    pub(crate) fn error(&self, problem: Problem) -> WireError {
        WireError::at(position(self.text, self.at), problem)
    }

    #[cold]
    fn wrong_type(&mut self, want: &'static str) -> WireError {
        let got = match self.peek() {
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a string",
            b't' | b'f' => "a truth value",
            b'n' => "null",
            0 => "the end of the text",
            _ => "a number",
        };
        self.error(Problem::Type { want, got })
    }

    fn expect(&mut self, byte: u8, want: &'static str) -> Result<(), WireError> {
        if self.peek() != byte {
            return Err(self.wrong_type(want));
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over `null`, if it stands here.
    pub(crate) fn null(&mut self) -> bool {
        let is_null = self.peek() == b'n';
        if is_null {
            self.at += "null".len();
        }
        is_null
    }

    /// Calls `each` with the name of every member; it must read the value.
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        if self.null() {
            return Ok(());
        }
        self.expect(b'{', "an object")?;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.expect(b':', "a colon")?;
            each(self, &name)?;
            if self.peek() != b',' {
                return self.expect(b'}', "the end of the object");
            }
            self.at += 1;
        }
    }

    /// Calls `each` with the number of every element; it must read it. Errors
    /// get `field` and the number around them.
    pub(crate) fn array(
        &mut self,
        field: &'static str,
        mut each: impl FnMut(&mut Self, usize) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        if self.null() {
            return Ok(());
        }
        self.expect(b'[', "an array").map_err(|e| e.within(field))?;
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            each(self, index).map_err(|error| error.within_item(field, index))?;
            if self.peek() != b',' {
                break;
            }
            self.at += 1;
        }
        self.expect(b']', "the end of the array")
    }

    /// A string; empty for `null`.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, WireError> {
        if self.null() {
            return Ok(Cow::Borrowed(""));
        }
        let (raw, is_escaped) = self.raw_string("a string")?;
        Ok(if is_escaped {
            Cow::Owned(unescape(raw))
        } else {
            Cow::Borrowed(raw)
        })
    }

    /// What stands between quotes, escapes and all, and whether it has any.
    fn raw_string(&mut self, want: &'static str) -> Result<(&'a str, bool), WireError> {
        self.expect(b'"', want)?;
        let rest = &self.text.as_bytes()[self.at..];
        let (mut len, mut is_escaped) = (0, false);
        loop {
            len += plain_bytes(&rest[len.min(rest.len())..]);
            match rest.get(len) {
                Some(b'"') => break,
                Some(_) => (len, is_escaped) = (len + 2, true),
                None => return Err(self.wrong_type(want)),
            }
        }
        let raw = &self.text[self.at..self.at + len];
        self.at += len + 1;
        Ok((raw, is_escaped))
    }

    /// A number, bare or in quotes; `None` for `null`.
    pub(crate) fn number(&mut self, want: &'static str) -> Result<Option<&'a str>, WireError> {
        if self.null() {
            return Ok(None);
        }
        match self.peek() {
            b'"' => self.raw_string(want).map(|(raw, _)| Some(raw)),
            b'-' | b'0'..=b'9' => {
                let rest = &self.text[self.at..];
                let is_part =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                let mut bytes = rest.as_bytes().iter();
                let len = bytes.position(|byte| !is_part(byte)).unwrap_or(rest.len());
                self.at += len;
                Ok(Some(&rest[..len]))
            }
            _ => Err(self.wrong_type(want)),
        }
    }

    /// A truth value; `None` for `null`.
    pub(crate) fn boolean(&mut self) -> Result<Option<bool>, WireError> {
        if self.null() {
            return Ok(None);
        }
        let value = self.peek() == b't';
        if !value && self.peek() != b'f' {
            return Err(self.wrong_type("true or false"));
        }
        self.at += if value { "true" } else { "false" }.len();
        Ok(Some(value))
    }

    /// Does a string stand here?
    pub(crate) fn is_string(&mut self) -> bool {
        self.peek() == b'"'
    }

    /// Does an array stand here?
    pub(crate) fn is_list(&mut self) -> bool {
        self.peek() == b'['
    }

    /// Steps over a value of any kind and depth, and answers its text.
    pub(crate) fn skip(&mut self) -> Result<&'a str, WireError> {
        self.peek();
        let (start, mut depth) = (self.at, 0usize);
        loop {
            match self.peek() {
                b'"' => drop(self.raw_string("a string")?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                b',' | b':' | b'}' | b']' | 0 => return Err(self.wrong_type("a value")),
                _ => {
                    let rest = &self.text.as_bytes()[self.at..];
                    let is_end = |byte: &u8| b",:]} \t\r\n".contains(byte);
                    self.at += rest.iter().position(is_end).unwrap_or(rest.len());
                }
            }
            if depth == 0 {
                return Ok(&self.text[start..self.at]);
            }
        }
    }
}

/// Bytes before the first quote, backslash or control character. Most strings
/// are short: eight bytes at a time beat what needs setting up.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest byte with its high bit set is the first that is below.
        let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & (EACH << 7);
        let found = below(word ^ (EACH * u64::from(b'"')), 1)
            | below(word ^ (EACH * u64::from(b'\\')), 1)
            | below(word, 0x20);
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let in_tail = tail
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    words.len() * 8 + in_tail.unwrap_or(tail.len())
}

/// Line and column of a byte in a text.
fn position(text: &str, at: usize) -> Position {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n');
    Position::Text {
        line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
        column: 1 + before.len() - line_start.map_or(0, |newline| newline + 1),
    }
}

/// Resolves escapes. Half of a surrogate pair becomes U+FFFD: JavaScript
/// makes such text when it cuts an attribute to a length.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(slash) = rest.find('\\') {
        out.push_str(&rest[..slash]);
        let mut escape = rest[slash + 1..].chars();
        let letter = escape.next();
        rest = escape.as_str();
        match letter {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let unit = code_unit(&mut rest);
                let mut after = rest;
                let low = match (unit, after.strip_prefix("\\u")) {
                    (0xd800..=0xdbff, Some(tail)) => {
                        after = tail;
                        code_unit(&mut after)
                    }
                    _ => 0,
                };
                if (0xdc00..=0xdfff).contains(&low) {
                    rest = after;
                    let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                } else {
                    out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.push_str(rest);
    out
}

/// Takes four hexadecimal digits off the front.
fn code_unit(rest: &mut &str) -> u32 {
    let digits = rest.get(..4).unwrap_or_default();
    *rest = &rest[digits.len()..];
    u32::from_str_radix(digits, 16).unwrap_or(u32::from(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        for (text, want) in [
            (r#""plain é""#, "plain é"),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r#""\u00e9\ud83e\uDD80""#, "é🦀"),
            (r#""cut \ud83e""#, "cut \u{fffd}"),
            (r#""\ud83e\u0041\udd80x""#, "\u{fffd}A\u{fffd}x"),
        ] {
            assert_eq!(Reader::new(text).string().unwrap(), want);
        }
    }

    #[test]
    fn a_string_of_any_length_ends_at_its_quote() {
        for (before, after) in (0..20).flat_map(|before| (0..20).map(move |after| (before, after)))
        {
            let (before, after) = ("é".repeat(before), "x".repeat(after));
            for (escape, meant) in [("", ""), (r"\\", r"\"), (r#"\""#, "\""), (r"\n", "\n")] {
                let text = format!(r#""{before}{escape}{after}","{after}""#);
                let read = Reader::new(&text).string().unwrap();
                assert_eq!(read, format!("{before}{meant}{after}"), "{text}");
            }
        }
    }

    #[test]
    fn any_value_is_stepped_over() {
        for value in [
            r#"{"a":[1,{"b":"}]\"\\"}],"c":null}"#,
            "[]",
            "-1.5e+3",
            "true",
            r#""x\\""#,
        ] {
            let text = format!(" {value} ,");
            let mut reader = Reader::new(&text);
            assert_eq!(reader.skip().unwrap(), value);
            assert_eq!(reader.peek(), b',');
        }
    }
}
