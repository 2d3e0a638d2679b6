//! Text literals: `"…"` with Go's escapes and `` `…` `` without any.
//!
//! **A text never spans lines unless it is raw**, so that a forgotten quote is
//! found on the line where it is missing.

use super::super::ast::Literal;
use super::{Lexer, TraceQlError};

impl Lexer {
    /// At `"`: the text with its escapes resolved.
    pub(super) fn quoted_text(&mut self) -> Result<String, TraceQlError> {
        let start = self.at;
        self.at += 1;
        // Bytes, because `\xc3\xa9` writes one character in two escapes.
        let mut bytes = Vec::new();
        loop {
            match self.peek(0) {
                None | Some('\n') => {
                    return Err(
                        TraceQlError::new(start..self.at, "the text has no closing quote")
                            .hint("end it with `\"`; a line break inside is written `\\n`"),
                    );
                }
                Some('"') => break,
                Some('\\') => self.escape(&mut bytes)?,
                Some(c) => {
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        String::from_utf8(bytes).map_err(|_| {
            TraceQlError::new(
                start..self.at,
                "the escapes in this text do not form valid utf-8",
            )
        })
    }

    /// At `` ` ``: everything up to the next one, as it stands.
    pub(super) fn raw_text(&mut self) -> Result<String, TraceQlError> {
        let start = self.at;
        self.at += 1;
        while let Some(c) = self.peek(0) {
            self.at += 1;
            if c == '`' {
                return Ok(self.chars[start + 1..self.at - 1].iter().collect());
            }
        }
        Err(
            TraceQlError::new(start..self.at, "the text has no closing backtick")
                .hint("end it with a backtick"),
        )
    }

    /// At `'` or a typographic quote. The error covers the whole text when
    /// its end can be found, so that the hint can show the repaired one.
    pub(super) fn wrong_quotes(&self, opening: char) -> TraceQlError {
        let closes = |c: char| {
            if opening == '\'' {
                c == '\''
            } else {
                is_typographic_quote(c)
            }
        };
        let rest = &self.chars[self.at + 1..];
        let message = match opening {
            '\'' => "single quotes do not quote text",
            _ => "typographic quotes do not quote text",
        };
        let Some(length) = rest.iter().position(|c| closes(*c) || *c == '\n') else {
            return TraceQlError::new(self.at..self.at + 1, message)
                .hint("put text in double quotes");
        };
        let inner: String = rest[..length].iter().collect();
        let error = TraceQlError::new(self.at..self.at + length + 2, message);
        match rest[length] {
            '\n' => TraceQlError {
                span: self.at..self.at + 1,
                ..error
            }
            .hint("put text in double quotes"),
            _ if length > 40 => error.hint("put text in double quotes"),
            _ => error.hint(format!("write `{}`", Literal::Text(inner))),
        }
    }

    /// At `\`: appends what the escape stands for.
    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), TraceQlError> {
        let start = self.at;
        let named = self.peek(1).unwrap_or('\0');
        self.at += 2;
        let code = match named {
            'a' => 0x07,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'v' => 0x0b,
            '\\' => 0x5c,
            '"' => 0x22,
            'x' => self.digits(start, 16, 2)?,
            'u' => self.digits(start, 16, 4)?,
            'U' => self.digits(start, 16, 8)?,
            '0'..='7' => {
                self.at -= 1;
                self.digits(start, 8, 3)?
            }
            _ => {
                let end = self.at.min(self.chars.len());
                return Err(TraceQlError::new(start..end, "unknown escape in text")
                    .hint("a backslash is written `\\\\`; text in backticks has no escapes"));
            }
        };
        if matches!(named, 'u' | 'U') {
            let c = char::from_u32(code).ok_or_else(|| {
                TraceQlError::new(start..self.at, "the escape is not a unicode character")
            })?;
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            let byte = u8::try_from(code).map_err(|_| {
                TraceQlError::new(
                    start..self.at,
                    "the escape is larger than one byte, `\\377`",
                )
            })?;
            bytes.push(byte);
        }
        Ok(())
    }

    /// Exactly `count` digits of an escape that began at `start`.
    fn digits(&mut self, start: usize, radix: u32, count: usize) -> Result<u32, TraceQlError> {
        let mut value = 0;
        for _ in 0..count {
            let Some(digit) = self.peek(0).and_then(|c| c.to_digit(radix)) else {
                let base = if radix == 8 { "octal" } else { "hexadecimal" };
                let message = format!("the escape needs {count} {base} digits");
                return Err(TraceQlError::new(start..self.at, message));
            };
            // Eight hexadecimal digits fill 32 bits exactly.
            value = value * radix + digit;
            self.at += 1;
        }
        Ok(value)
    }
}

fn is_typographic_quote(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}')
}
