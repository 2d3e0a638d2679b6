//! Text to tokens.
//!
//! Signs are operators here: whether `-1` is a number or a subtraction is for
//! the parser to know. **No text makes it panic.**

use std::ops::Range;

use crate::mistake::Wrong;

/// Longest statement that is read.
pub(crate) const MAX_TEXT_BYTES: usize = 64 * 1024;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name or a keyword.
    Word(String),
    Text(String),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
    /// Punctuation and operators, as they are written.
    Sign(&'static str),
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) at: Range<usize>,
}

/// Longest first.
const SIGNS: &[&str] = &[
    "==", "!=", ">=", "<=", "=>", ">", "<", "+", "-", "*", "/", "=", "(", ")", "[", "]", "{", "}",
    ",", ".", ":",
];

/// The tokens of a text, and one `End`.
pub(crate) fn tokens(text: &str) -> Result<Vec<Placed>, Wrong> {
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("the text is longer than {MAX_TEXT_BYTES} bytes");
        return Err(Wrong::new(0..0, message));
    }
    let mut tokens = Vec::new();
    let mut from = 0;
    while let Some(first) = text[from..].chars().next() {
        if first.is_whitespace() {
            from += first.len_utf8();
            continue;
        }
        let (token, length) = token(text, from, first)?;
        let at = from..from + length;
        from = at.end;
        tokens.push(Placed { token, at });
    }
    tokens.push(Placed {
        token: Token::End,
        at: text.len()..text.len(),
    });
    Ok(tokens)
}

fn token(text: &str, from: usize, first: char) -> Result<(Token, usize), Wrong> {
    let rest = &text[from..];
    if first.is_ascii_alphabetic() {
        let length = length_while(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        return Ok((Token::Word(rest[..length].to_owned()), length));
    }
    let second = rest[first.len_utf8()..].chars().next();
    if first.is_ascii_digit() || first == '.' && second.is_some_and(|c| c.is_ascii_digit()) {
        return number(rest, from);
    }
    if first == '"' {
        return quoted(rest, from);
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    let at = from..from + first.len_utf8();
    let hint = match first {
        '\'' => ", text stands in double quotes",
        '&' => ", write `and`",
        '|' => ", write `or`",
        '!' => ", write `not`",
        '_' => ", names begin with a letter",
        _ => "",
    };
    Err(Wrong::new(at, format!("unexpected `{first}`{hint}")))
}

fn length_while(text: &str, test: impl Fn(char) -> bool) -> usize {
    text.find(|c| !test(c)).unwrap_or(text.len())
}

fn number(rest: &str, from: usize) -> Result<(Token, usize), Wrong> {
    let digits = |text: &str| length_while(text, |c| c.is_ascii_digit());
    if let Some(hex) = rest.strip_prefix("0x") {
        let length = length_while(hex, |c| c.is_ascii_hexdigit());
        let at = from..from + 2 + length;
        let bytes = bytes_of_hex(&hex[..length])
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| Wrong::new(at, "bytes need an even number of hexadecimal digits"))?;
        return Ok((Token::Bytes(bytes), 2 + length));
    }
    let mut length = digits(rest);
    let fraction = rest[length..].strip_prefix('.').map_or(0, digits);
    if fraction == 0 {
        let at = from..from + length;
        let too_large = |_| Wrong::new(at, "the number does not fit into 64 bits");
        return Ok((
            Token::Int(rest[..length].parse().map_err(too_large)?),
            length,
        ));
    }
    length += 1 + fraction;
    if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let count = digits(&exponent[sign..]);
        if count > 0 {
            length += 1 + sign + count;
        }
    }
    let at = from..from + length;
    let number = rest[..length].parse();
    Ok((
        Token::Double(number.map_err(|_| Wrong::new(at, "this is not a number"))?),
        length,
    ))
}

/// The bytes of an even number of hexadecimal digits.
pub(crate) fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[a, b]| Some(digit(*a)? << 4 | digit(*b)?));
    bytes
        .collect::<Option<Vec<u8>>>()
        .filter(|_| rest.is_empty())
}

fn quoted(rest: &str, from: usize) -> Result<(Token, usize), Wrong> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Text(text), index + 1)),
            '\\' => {
                let Some((_, escaped)) = chars.next() else {
                    break;
                };
                let mut hex = |count: usize| {
                    let digits: String = chars.by_ref().take(count).map(|(_, c)| c).collect();
                    u32::from_str_radix(&digits, 16)
                        .ok()
                        .filter(|_| digits.len() == count)
                };
                let meant = match escaped {
                    'a' => Some('\u{7}'),
                    'b' => Some('\u{8}'),
                    'f' => Some('\u{c}'),
                    'n' => Some('\n'),
                    'r' => Some('\r'),
                    't' => Some('\t'),
                    'v' => Some('\u{b}'),
                    '\\' | '"' => Some(escaped),
                    'x' => hex(2).filter(|code| *code < 0x80).and_then(char::from_u32),
                    'u' => hex(4).and_then(char::from_u32),
                    'U' => hex(8).and_then(char::from_u32),
                    _ => None,
                };
                text.push(meant.ok_or_else(|| {
                    let at = from + index..from + index + 1 + escaped.len_utf8();
                    let message = format!(
                        "`\\{escaped}` means nothing in a text, write `\\\\{escaped}` for a backslash"
                    );
                    Wrong::new(at, message)
                })?);
            }
            c => text.push(c),
        }
    }
    Err(Wrong::new(
        from..from + 1,
        "the text that begins here has no closing `\"`",
    ))
}
