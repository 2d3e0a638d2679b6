//! Regular expressions and globs.
//!
//! A pattern that is constant is compiled once. The syntax is that of RE2, as
//! everywhere in the product: **linear in the length of the text**, so no value
//! of a span can make it slow.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use tracewell_model::AnyValue;

use super::{Constants, Made, Signature, function, map, needs, text_in};
use crate::value::{Value, text_of};

pub(super) const FUNCTIONS: &[Signature] = &[
    function("IsMatch", &[needs("target"), needs("pattern")], is_match),
    function(
        "ExtractPatterns",
        &[needs("target"), needs("pattern")],
        extract,
    ),
];

/// A pattern, compiled where it is known.
#[derive(Debug)]
pub(crate) enum Pattern {
    Known(Regex),
    /// It comes with each row.
    Given,
}

impl Pattern {
    pub(crate) fn of(constant: Option<&Value<'static>>) -> Result<Self, String> {
        match constant {
            Some(Value::Text(pattern)) => Ok(Self::Known(compiled(pattern, KNOWN_BYTES)?)),
            Some(other) => Err(format!("a pattern is a text, found {}", other.type_name())),
            None => Ok(Self::Given),
        }
    }

    pub(crate) fn regex(&self, given: &Value<'_>) -> Result<Cow<'_, Regex>, String> {
        match self {
            Self::Known(regex) => Ok(Cow::Borrowed(regex)),
            Self::Given => compiled(text_in(given)?, GIVEN_BYTES).map(Cow::Owned),
        }
    }
}

/// Largest program of a pattern that somebody wrote into a configuration.
const KNOWN_BYTES: usize = 10 << 20;

/// And of one that comes with a span, which is compiled while spans wait.
const GIVEN_BYTES: usize = 64 << 10;

fn compiled(pattern: &str, most_bytes: usize) -> Result<Regex, String> {
    // Only what is said last: the lines before draw the pattern.
    let last = |error: regex::Error| {
        let text = error.to_string();
        text.lines().last().unwrap_or_default().to_owned()
    };
    let built = RegexBuilder::new(pattern).size_limit(most_bytes).build();
    built.map_err(|error| format!("{pattern:?} is no regular expression: {}", last(error)))
}

/// A pattern of `*`, `?`, `[a-z]` and `\` as a regular expression; `*` and `?` stop
/// at `/`.
pub(crate) fn glob(pattern: &str) -> Result<Regex, String> {
    let mut regex = String::from("(?s)^");
    let mut chars = pattern.chars().peekable();
    let malformed = || format!("{pattern:?} is no pattern such as `/user/*`");
    while let Some(c) = chars.next() {
        match c {
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '\\' => {
                let escaped = chars.next().ok_or_else(malformed)?;
                regex.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])));
            }
            '[' => {
                regex.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    regex.push('^');
                }
                loop {
                    match chars.next().ok_or_else(malformed)? {
                        ']' => break,
                        '-' => regex.push('-'),
                        '\\' => {
                            let escaped = chars.next().ok_or_else(malformed)?;
                            regex.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])));
                        }
                        c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
                    }
                }
                regex.push(']');
            }
            c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    Regex::new(&regex).map_err(|_| malformed())
}

fn is_match(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let pattern = Pattern::of(constants[1]).map_err(|message| (1, message))?;
    Ok(Made::Call(Box::new(move |a: &[&Value<'_>]| {
        let regex = pattern.regex(a[1])?;
        Ok(Value::Bool(match a[0] {
            Value::Text(text) => regex.is_match(text),
            other => text_of(other).is_some_and(|text| regex.is_match(&text)),
        }))
    })))
}

fn extract(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let pattern = Pattern::of(constants[1]).map_err(|message| (1, message))?;
    const NO_NAMES: &str = "the pattern names no group, write `(?P<name>...)`";
    if let Pattern::Known(regex) = &pattern
        && regex.capture_names().flatten().next().is_none()
    {
        return Err((1, NO_NAMES.into()));
    }
    Ok(Made::Call(Box::new(move |a: &[&Value<'_>]| {
        let (text, regex) = (text_in(a[0])?, pattern.regex(a[1])?);
        if regex.capture_names().flatten().next().is_none() {
            return Err(NO_NAMES.to_owned());
        }
        let Some(found) = regex.captures(text) else {
            return Ok(map(Vec::new()));
        };
        let pairs = regex.capture_names().flatten().map(|name| {
            let part = found.name(name).map_or("", |part| part.as_str());
            (name.to_owned(), AnyValue::String(part.to_owned()))
        });
        Ok(map(pairs.collect()))
    })))
}
