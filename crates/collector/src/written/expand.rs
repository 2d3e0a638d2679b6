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
use super::yaml::{Entry, Node, Spanned};

/// Replaces all references in a tree; `variable` is the environment. Answers
/// what there is to warn of.
pub fn expand(
    node: &mut Spanned<Node>,
    variable: &dyn Fn(&str) -> Option<String>,
    reading: &Reading,
) -> Vec<String> {
    let mut warnings = Vec::new();
    walk(node, variable, reading, &mut warnings);
    warnings
}

fn walk(
    node: &mut Spanned<Node>,
    variable: &dyn Fn(&str) -> Option<String>,
    reading: &Reading,
    warnings: &mut Vec<String>,
) {
    let location = node.referenced;
    match &mut node.value {
        Node::Null => {}
        Node::Scalar(text) if text.contains('$') => {
            match expanded(text, variable, warnings) {
                Ok(new) if new.is_empty() => node.value = Node::Null,
                Ok(new) => *text = new,
                Err(why) => reading.mistake(location, why),
            };
        }
        Node::Scalar(_) => {}
        Node::List(items) => {
            for item in items {
                walk(item, variable, reading, warnings);
            }
        }
        Node::Mapping(entries) => {
            for (_, value) in entries as &mut Vec<Entry> {
                walk(value, variable, reading, warnings);
            }
        }
    }
}

fn expanded(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let behind = &rest[dollar + 1..];
        if let Some(after) = behind.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = behind.strip_prefix('{') {
            let Some((reference, after)) = after.split_once('}') else {
                return Err(format!(
                    "{text:?} has ${{ without a }}; write $$ for a dollar sign"
                ));
            };
            out.push_str(&value(reference, variable, warnings)?);
            rest = after;
        } else {
            // The Collector leaves a bare dollar sign alone.
            out.push('$');
            rest = behind;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn value(
    reference: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Result<String, String> {
    let name = match reference.split_once(':') {
        Some(("env", name)) => name,
        Some((scheme, _)) if is_name(scheme) && !reference.contains(":-") => {
            return Err(format!(
                "${{{reference}}}: values come from the environment alone; write ${{env:NAME}}, not {scheme}"
            ));
        }
        _ => reference,
    };
    let (name, default) = match name.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (name, None),
    };
    if !is_name(name) {
        return Err(format!(
            "${{{reference}}}: {name:?} is no name of a variable"
        ));
    }
    Ok(match (variable(name), default) {
        (Some(value), _) => value,
        (None, Some(default)) => default.to_owned(),
        (None, None) => {
            warnings.push(format!(
                "the variable {name} of ${{{reference}}} is not set"
            ));
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
                Err(
                    "${file:/etc/x}: values come from the environment alone; write ${env:NAME}, not file",
                ),
            ),
            ("${1X}", Err("${1X}: \"1X\" is no name of a variable")),
            (
                "${HOST",
                Err("\"${HOST\" has ${ without a }; write $$ for a dollar sign"),
            ),
        ];
        for (text, expected) in table {
            let got = expanded(text, &variable, &mut Vec::new());
            assert_eq!(got.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }
}
