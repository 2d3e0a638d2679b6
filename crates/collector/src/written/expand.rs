//! `${env:NAME:-default}` within values, as the Collector replaces it.
//!
//! | written | becomes |
//! |---|---|
//! | `${NAME}`, `${env:NAME}` | the variable; nothing, with a warning, where it is not set |
//! | `${env:NAME:-text}` | the variable, or `text` |
//! | `$$` | `$` |
//!
//! A value that is nothing but one reference to an empty variable is no value.
//! What a variable holds is **never expanded again**.

use super::fields::Reading;
use super::yaml::{Entry, Node, Sort, Spanned};

/// Replaces all references in a tree; `variable` is the environment.
pub fn expand(
    node: &mut Spanned<Node>,
    variable: &dyn Fn(&str) -> Option<String>,
    reading: &Reading,
) {
    let location = node.referenced;
    match &mut node.value {
        Node::Null => {}
        Node::Scalar(text, sort) if text.contains('$') => {
            let is_one_reference = text.starts_with("${") && text.find('}') == Some(text.len() - 1);
            match expanded(text, variable, reading) {
                Ok(new) if new.is_empty() => node.value = Node::Null,
                Ok(new) => {
                    if is_one_reference {
                        *sort = Sort::of(&new);
                    }
                    *text = new;
                }
                Err(why) => reading.mistake(location, why),
            };
        }
        Node::Scalar(..) => {}
        Node::List(items) => {
            for item in items {
                expand(item, variable, reading);
            }
        }
        Node::Mapping(entries) => {
            for (_, value) in entries as &mut Vec<Entry> {
                expand(value, variable, reading);
            }
        }
    }
}

fn expanded(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    reading: &Reading,
) -> Result<String, String> {
    let (out, rest) = until(None, text, variable, reading)?;
    debug_assert!(rest.is_empty(), "nothing ends the outermost text");
    Ok(out)
}

/// Expands up to `end`, or all of it; what is left stands behind the end.
fn until<'t>(
    end: Option<char>,
    text: &'t str,
    variable: &dyn Fn(&str) -> Option<String>,
    reading: &Reading,
) -> Result<(String, &'t str), String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.find(|c| c == '$' || Some(c) == end) {
        out.push_str(&rest[..next]);
        let behind = &rest[next + 1..];
        if !rest[next..].starts_with('$') {
            return Ok((out, behind));
        }
        if let Some(after) = behind.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = behind.strip_prefix('{') {
            // One may stand in another: `${A:-${B}}`. Depth is that of the text.
            let (reference, after) = until(Some('}'), after, variable, reading)?;
            out.push_str(&value(&reference, variable, reading)?);
            rest = after;
        } else {
            // The Collector leaves a bare dollar sign alone.
            out.push('$');
            rest = behind;
        }
    }
    if end.is_some() {
        // The text may hold a secret.
        return Err("a ${ has no }; write $$ for a dollar sign".to_owned());
    }
    out.push_str(rest);
    Ok((out, ""))
}

fn value(
    reference: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    reading: &Reading,
) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let name = match name.split_once(':') {
        Some(("env", name)) => name,
        Some((scheme, _)) => {
            return Err(format!(
                "values come from the environment alone; write ${{env:NAME}}, not {scheme}"
            ));
        }
        None => name,
    };
    if !is_name(name) {
        return Err(format!("{name:?} is no name of a variable"));
    }
    Ok(match (variable(name), default) {
        (Some(value), _) => value,
        (None, Some(default)) => default.to_owned(),
        (None, None) => {
            reading.warn(format!("the variable {name} is not set"));
            String::new()
        }
    })
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_as_the_collector_does_it() {
        let variable = |name: &str| match name {
            "HOST" => Some("jaeger".to_owned()),
            "EMPTY" => Some(String::new()),
            "MONEY" => Some("${HOST}".to_owned()),
            "NAME_OF" => Some("HOST".to_owned()),
            _ => None,
        };
        let table = [
            ("${env:HOST}:14250", Ok("jaeger:14250")),
            ("${HOST}", Ok("jaeger")),
            ("${env:GONE:-localhost}:1", Ok("localhost:1")),
            ("${GONE:-a:-b}", Ok("a:-b")),
            ("${env:EMPTY:-x}", Ok("")),
            ("${env:MONEY}", Ok("${HOST}")),
            ("a$$b$c", Ok("a$b$c")),
            ("$${HOST}", Ok("${HOST}")),
            ("${GONE}", Ok("")),
            (
                "${file:/etc/x}",
                Err("values come from the environment alone; write ${env:NAME}, not file"),
            ),
            ("${GONE:-${env:HOST}}!", Ok("jaeger!")),
            ("${env:${NAME_OF}}", Ok("jaeger")),
            ("${GONE:-$${HOST}}", Ok("${HOST}")),
            ("${HOST", Err("a ${ has no }; write $$ for a dollar sign")),
        ];
        for (text, expected) in table {
            let got = expanded(text, &variable, &Reading::new(std::path::Path::new("x")));
            assert_eq!(got.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }
}
