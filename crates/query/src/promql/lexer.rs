//! Text into tokens, each with the characters it was written with.

use super::error::PromQlError;
use std::ops::Range;

/// The longest that is read: 290 years.
const MAX_LENGTH_NS: u128 = i64::MAX as u128;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Number(f64),
    LengthNs(u64),
    Text(String),
    /// Operators and brackets.
    Sign(&'static str),
    End,
}

impl std::fmt::Display for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) => write!(out, "{word:?}"),
            Self::Number(number) => write!(out, "the number {number}"),
            Self::LengthNs(_) => out.write_str("a length of time"),
            Self::Text(_) => out.write_str("text in quotes"),
            Self::Sign(sign) => write!(out, "{sign:?}"),
            Self::End => out.write_str("the end of the query"),
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "=~", "!~", "!=", "==", "<=", ">=", "(", ")", "{", "}", "[", "]", ",", "=", "<", ">", "+", "-",
    "*", "/", "%", "^", "@", ":",
];

/// ns of the units of a length, longer names first.
const UNITS_NS: [(&str, u128); 7] = [
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
    ("y", 31_536_000_000_000_000),
];

/// All tokens; the last one is the end.
pub(super) fn tokenize(text: &[char]) -> Result<Vec<(Token, Range<usize>)>, PromQlError> {
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(c) = text.get(at) {
        let start = at;
        let token = match c {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '#' => {
                at += text[at..].iter().take_while(|c| **c != '\n').count();
                continue;
            }
            '"' | '\'' | '`' => quoted(text, &mut at)?,
            c if c.is_ascii_digit() || *c == '.' => number(text, &mut at)?,
            c if c.is_ascii_alphabetic() || *c == '_' => {
                let is_of_word = |c: &&char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
                let word: String = text[at..].iter().take_while(is_of_word).collect();
                at += word.len();
                match &*word.to_ascii_lowercase() {
                    "inf" => Token::Number(f64::INFINITY),
                    "nan" => Token::Number(f64::NAN),
                    _ => Token::Word(word),
                }
            }
            _ => {
                let is_here =
                    |sign: &&&str| sign.chars().eq(text[at..].iter().copied().take(sign.len()));
                let Some(sign) = SIGNS.iter().find(is_here) else {
                    let message = format!("unexpected character {c:?}");
                    return Err(PromQlError::at(text, &(at..at + 1), message));
                };
                at += sign.len();
                Token::Sign(sign)
            }
        };
        tokens.push((token, start..at));
    }
    tokens.push((Token::End, at..at));
    Ok(tokens)
}

/// A number, or a length of time.
fn number(text: &[char], at: &mut usize) -> Result<Token, PromQlError> {
    let start = *at;
    let mut written = String::new();
    while let Some(c) = text.get(*at) {
        let is_sign_of_exponent = matches!(c, '+' | '-') && written.ends_with(['e', 'E']);
        if !(c.is_ascii_alphanumeric() || *c == '.' || is_sign_of_exponent) {
            break;
        }
        written.push(*c);
        *at += 1;
    }
    if let Ok(number) = written.parse() {
        return Ok(Token::Number(number));
    }
    match length_ns(&written) {
        Some(ns) => Ok(Token::LengthNs(ns)),
        None => Err(PromQlError::at(
            text,
            &(start..*at),
            format!("bad number or duration {written:?}: write for example 0.9, 5m or 1h30m"),
        )),
    }
}

/// `1h30m`: whole numbers with units.
pub(super) fn length_ns(text: &str) -> Option<u64> {
    let (mut rest, mut sum_ns) = (text, 0_u128);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (name, unit_ns) = UNITS_NS.iter().find(|(name, _)| rest.starts_with(name))?;
        rest = &rest[name.len()..];
        sum_ns += u128::from(count) * unit_ns;
    }
    let is_one = !text.is_empty() && sum_ns <= MAX_LENGTH_NS;
    is_one.then_some(sum_ns as u64)
}

/// At a quote: the text, with Go's escapes unless the quote is a backtick.
fn quoted(text: &[char], at: &mut usize) -> Result<Token, PromQlError> {
    let (start, quote) = (*at, text[*at]);
    let mut read = Vec::new();
    *at += 1;
    loop {
        let bad = |message: &str| Err(PromQlError::at(text, &(start..start + 1), message));
        match text.get(*at) {
            None => return bad("the text has no closing quote"),
            Some('\n') if quote != '`' => return bad("the text has no closing quote on its line"),
            Some(c) if *c == quote => break,
            Some('\\') if quote != '`' => match escaped(&text[*at + 1..]) {
                Some((bytes, count)) => {
                    read.extend(bytes);
                    *at += 1 + count;
                    continue;
                }
                None => {
                    let range = *at..*at + 2;
                    let message = "unknown escape in text; a backslash is written \\\\";
                    return Err(PromQlError::at(text, &range, message));
                }
            },
            Some(c) => read.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        *at += 1;
    }
    *at += 1;
    let text = String::from_utf8(read).map_err(|_| {
        PromQlError::at(
            text,
            &(start..*at),
            "the escapes in this text are not utf-8",
        )
    })?;
    Ok(Token::Text(text))
}

/// What an escape behind its backslash stands for, and how many characters it has.
fn escaped(rest: &[char]) -> Option<(Vec<u8>, usize)> {
    let digits = |from: usize, count: usize, radix: u32| {
        let digits = rest.get(from..from + count)?;
        let digit = |sum: Option<u32>, c: &char| Some(sum? * radix + c.to_digit(radix)?);
        digits.iter().fold(Some(0), digit)
    };
    let byte = |code: u32, count: usize| Some((vec![u8::try_from(code).ok()?], count));
    let char = |code: u32, count: usize| {
        let c = char::from_u32(code)?;
        Some((c.encode_utf8(&mut [0; 4]).as_bytes().to_vec(), count))
    };
    match rest.first()? {
        'a' => byte(7, 1),
        'b' => byte(8, 1),
        'f' => byte(12, 1),
        'n' => byte(10, 1),
        'r' => byte(13, 1),
        't' => byte(9, 1),
        'v' => byte(11, 1),
        c @ ('\\' | '"' | '\'') => byte(u32::from(*c), 1),
        'x' => byte(digits(1, 2, 16)?, 3),
        'u' => char(digits(1, 4, 16)?, 5),
        'U' => char(digits(1, 8, 16)?, 9),
        '0'..='7' => byte(digits(0, 3, 8)?, 3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, ns) in [
            ("5m", Some(300_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("500ms", Some(500_000_000)),
            ("1d", Some(86_400_000_000_000)),
            ("m", None),
            ("5", None),
            ("", None),
            ("999999y", None),
        ] {
            assert_eq!(length_ns(text), ns, "{text}");
        }
    }

    #[test]
    fn texts_have_escapes_unless_they_are_raw() {
        for (written, read) in [
            (r#""a\"b""#, "a\"b"),
            (r#"'a"\\d'"#, "a\"\\d"),
            (r"`\d`", r"\d"),
            (r#""\u00e9\xc3\xa9\n""#, "éé\n"),
        ] {
            let text: Vec<char> = written.chars().collect();
            let tokens = tokenize(&text).unwrap();
            assert_eq!(tokens[0].0, Token::Text(read.to_owned()), "{written}");
        }
    }
}
