//! Classes of characters: `[…]`, `\d`, `\pL`, from Go's syntax to Rust's.
//!
//! Characters are written as numbers, so that none of them means anything in
//! Rust's brackets, where `[`, `&&`, `--` and `~~` do.

use super::character::character;
use super::rest::Rest;

/// A class that no character is in.
pub(super) const NOTHING: &str = r"[^\x{0}-\x{10FFFF}]";

/// What stands between `[:` and `:]`, with or without `^`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// The general categories of Unicode and their aliases, without marks between
/// words. All other names are those of scripts.
const CATEGORIES: [&str; 78] = [
    "c",
    "cc",
    "cf",
    "cn",
    "co",
    "l",
    "lc",
    "ll",
    "lm",
    "lo",
    "lt",
    "lu",
    "m",
    "mc",
    "me",
    "mn",
    "n",
    "nd",
    "nl",
    "no",
    "p",
    "pc",
    "pd",
    "pe",
    "pf",
    "pi",
    "po",
    "ps",
    "s",
    "sc",
    "sk",
    "sm",
    "so",
    "z",
    "zl",
    "zp",
    "zs",
    "other",
    "control",
    "cntrl",
    "format",
    "unassigned",
    "privateuse",
    "letter",
    "casedletter",
    "lowercaseletter",
    "modifierletter",
    "otherletter",
    "titlecaseletter",
    "uppercaseletter",
    "mark",
    "combiningmark",
    "spacingmark",
    "enclosingmark",
    "nonspacingmark",
    "number",
    "decimalnumber",
    "digit",
    "letternumber",
    "othernumber",
    "punctuation",
    "punct",
    "connectorpunctuation",
    "dashpunctuation",
    "closepunctuation",
    "finalpunctuation",
    "initialpunctuation",
    "otherpunctuation",
    "openpunctuation",
    "symbol",
    "currencysymbol",
    "modifiersymbol",
    "mathsymbol",
    "othersymbol",
    "separator",
    "lineseparator",
    "paragraphseparator",
    "spaceseparator",
];

/// A character by itself.
pub(super) fn literal(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        c.to_string()
    } else {
        format!(r"\x{{{:X}}}", u32::from(c))
    }
}

/// After a backslash: what is to stand in brackets for `\d`, `\pL` and the
/// like; `None` and nothing taken when it is no class.
///
/// # Errors
/// There is no property of that name.
pub(super) fn escaped(rest: &mut Rest) -> Result<Option<String>, String> {
    let class = match rest.peek() {
        Some('d') => "0-9",
        Some('D') => "[^0-9]",
        Some('s') => r"\t\n\f\r\x{20}",
        Some('S') => r"[^\t\n\f\r\x{20}]",
        Some('w') => "0-9A-Za-z_",
        Some('W') => "[^0-9A-Za-z_]",
        Some('p') => return property(rest, false).map(Some),
        Some('P') => return property(rest, true).map(Some),
        _ => return Ok(None),
    };
    rest.take();
    Ok(Some(class.to_owned()))
}

/// At the `p` or `P`.
fn property(rest: &mut Rest, mut is_negated: bool) -> Result<String, String> {
    rest.take();
    let name = if rest.skip("{") {
        rest.take_until("}")
    } else {
        rest.take().map(String::from)
    };
    let Some(whole) = name else {
        return Err("`\\p` wants a letter or `{…}`".to_owned());
    };
    let mut name = whole.as_str();
    if let Some(positive) = name.strip_prefix('^') {
        is_negated = !is_negated;
        name = positive;
    }
    let unknown = || {
        format!(
            "there is no category and no script `{}`",
            whole.escape_debug()
        )
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_- ".contains(c);
    if !name.chars().all(is_plain) {
        return Err(unknown());
    }
    let short: String = name.chars().filter(|c| !"_- ".contains(*c)).collect();
    let letter = if is_negated { 'P' } else { 'p' };
    Ok(match short.to_ascii_lowercase().as_str() {
        "any" | "ascii" | "assigned" => format!(r"\{letter}{{{short}}}"),
        // Halves of characters of UTF-16 are in no text.
        "cs" | "surrogate" if is_negated => r"\x{0}-\x{10FFFF}".to_owned(),
        "cs" | "surrogate" => NOTHING.to_owned(),
        category if CATEGORIES.contains(&category) => format!(r"\{letter}{{gc={short}}}"),
        "" => return Err(unknown()),
        // Whether there is such a script, the compiler knows.
        _ => format!(r"\{letter}{{sc={short}}}"),
    })
}

/// After `[`: the class with its brackets.
///
/// # Errors
/// It is not closed, or what is in it means nothing.
pub(super) fn bracketed(rest: &mut Rest) -> Result<String, String> {
    let is_negated = rest.skip("^");
    let mut class = String::new();
    let mut is_first = true;
    while is_first || rest.peek() != Some(']') {
        is_first = false;
        if rest.peek() == Some('[') && rest.peek_at(1) == Some(':') && named(rest, &mut class)? {
            continue;
        }
        if rest.peek() == Some('\\') {
            rest.take();
            match escaped(rest)? {
                Some(escaped) => class.push_str(&escaped),
                None => range(rest, true, &mut class)?,
            }
            continue;
        }
        range(rest, false, &mut class)?;
    }
    rest.take();
    Ok(match (class.is_empty(), is_negated) {
        (true, false) => NOTHING.to_owned(),
        (true, true) => r"[\x{0}-\x{10FFFF}]".to_owned(),
        (false, false) => format!("[{class}]"),
        (false, true) => format!("[^{class}]"),
    })
}

/// At `[:`: adds the named class. Without `:]` they are two characters.
fn named(rest: &mut Rest, class: &mut String) -> Result<bool, String> {
    let from = rest.mark();
    rest.skip("[:");
    let Some(name) = rest.take_until(":]") else {
        rest.back_to(from);
        return Ok(false);
    };
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(&name)) {
        return Err(format!("there is no class `[:{}:]`", name.escape_debug()));
    }
    class.push_str(&format!("[:{name}:]"));
    Ok(true)
}

/// A character or two with `-` between them; behind the backslash of the first
/// if `is_escaped`.
fn range(rest: &mut Rest, is_escaped: bool, class: &mut String) -> Result<(), String> {
    let first = if is_escaped {
        character(rest)?
    } else {
        one(rest)?
    };
    let mut last = first;
    // `[a-]` is two characters.
    if rest.peek() == Some('-') && rest.peek_at(1).is_some_and(|next| next != ']') {
        rest.take();
        last = one(rest)?;
        if last < first {
            return Err("a range in brackets goes from large to small".to_owned());
        }
    }
    // Halves of characters of UTF-16 are in no text.
    let from = if char::from_u32(first).is_some() {
        first
    } else {
        0xe000
    };
    let to = if char::from_u32(last).is_some() {
        last
    } else {
        0xd7ff
    };
    if from <= to {
        class.push_str(&format!(r"\x{{{from:X}}}-\x{{{to:X}}}"));
    }
    Ok(())
}

fn one(rest: &mut Rest) -> Result<u32, String> {
    match rest.take() {
        Some('\\') => character(rest),
        Some(c) => Ok(u32::from(c)),
        None => Err("a bracket is not closed".to_owned()),
    }
}
