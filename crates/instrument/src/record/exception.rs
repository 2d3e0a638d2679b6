//! An error as the attributes of an `exception` event.
//!
//! It exists so that an error reads the same whether it was handed to a span, to
//! an event of `tracing`, or unwound it (semantic conventions, exceptions on
//! spans). It must never follow a chain of causes without end.

use super::value::KeyValue;
use std::error::Error;
use std::fmt::Debug;

/// How far a chain of causes is followed.
const MAX_CAUSES: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Exception {
    /// Empty where it is not known.
    pub(crate) type_name: String,
    pub(crate) message: String,
    /// Its causes, or where it happened; may be empty.
    pub(crate) stacktrace: String,
}

impl Exception {
    pub(crate) fn of<E: Error + ?Sized>(error: &E) -> Exception {
        let name = std::any::type_name::<E>();
        Exception {
            type_name: if name.starts_with("dyn ") {
                type_in_debug(&error)
            } else {
                name.to_owned()
            },
            message: error.to_string(),
            stacktrace: causes_of(error),
        }
    }

    /// One of which only a text is known.
    #[cfg(feature = "tracing")]
    pub(crate) fn of_text(message: String) -> Exception {
        Exception {
            type_name: leading_type(&message).to_owned(),
            message,
            ..Exception::default()
        }
    }

    pub(crate) fn into_attributes(self) -> Vec<KeyValue> {
        let attributes = [
            ("exception.type", self.type_name),
            ("exception.message", self.message),
            ("exception.stacktrace", self.stacktrace),
        ];
        attributes
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(key, text)| KeyValue::new(key, text))
            .collect()
    }
}

/// The type of an error behind a pointer, from how it derives `Debug`: its name,
/// or that of its variant.
fn type_in_debug(error: &dyn Debug) -> String {
    leading_type(&format!("{error:?}")).to_owned()
}

/// `ParseIntError` of `ParseIntError { kind: Empty }`; empty for a text that
/// does not begin like one.
fn leading_type(text: &str) -> &str {
    // The one of the standard library that does not derive it.
    let of_io = ["Custom { kind: ", "Os { code: ", "Kind("];
    if of_io.iter().any(|begin| text.starts_with(begin)) {
        return "std::io::Error";
    }
    let is_in_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let end = text.find(|c| !is_in_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is_type = name.starts_with(char::is_uppercase) && !name.ends_with(':');
    let is_debug = rest.is_empty() || rest.starts_with('(') || rest.starts_with(" {");
    if is_type && is_debug { name } else { "" }
}

fn causes_of<E: Error + ?Sized>(error: &E) -> String {
    let mut text = String::new();
    let mut next = error.source();
    for _ in 0..MAX_CAUSES {
        let Some(cause) = next else { break };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("caused by: ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::leading_type;

    #[test]
    fn a_type_is_read_from_debug_and_not_from_prose() {
        for (text, expected) in [
            ("ParseIntError { kind: Empty }", "ParseIntError"),
            ("NotFound", "NotFound"),
            ("Declined(Card(7))", "Declined"),
            ("Custom { kind: Other, error: \"no\" }", "std::io::Error"),
            ("Card declined", ""),
            ("No: it failed", ""),
            ("\"text\"", ""),
            ("it failed", ""),
            ("", ""),
        ] {
            assert_eq!(leading_type(text), expected, "{text}");
        }
    }
}
