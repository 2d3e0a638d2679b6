//! Attribute values as OTLP types them.
//!
//! They exist so that a number stays a number from the call to the backend.
//! Static text must never be copied.

use std::borrow::Cow;

/// The value of an attribute (opentelemetry/proto/common/v1, `AnyValue`).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    I64(i64),
    /// A floating-point number.
    F64(f64),
    /// Text.
    Str(Cow<'static, str>),
    /// Values of one type.
    Array(Box<Array>),
}

/// An array whose elements have one type, as the specification of attributes
/// demands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Array {
    /// Truths.
    Bool(Vec<bool>),
    /// Whole numbers.
    I64(Vec<i64>),
    /// Floating-point numbers.
    F64(Vec<f64>),
    /// Texts.
    Str(Vec<Cow<'static, str>>),
}

/// An attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyValue {
    /// Its name, unique on its span.
    pub key: Cow<'static, str>,
    /// Its value.
    pub value: Value,
}

impl KeyValue {
    /// An attribute of a name and a value.
    pub fn new(key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> KeyValue {
        KeyValue {
            key: key.into(),
            value: value.into(),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.key.len() + self.value.heap_bytes()
    }
}

impl Value {
    /// Shortens texts, alone or in an array, to this many characters.
    pub(crate) fn truncate(&mut self, max_chars: usize) {
        match self {
            Value::Str(text) => truncate_text(text, max_chars),
            Value::Array(array) => {
                if let Array::Str(texts) = array.as_mut() {
                    for text in texts {
                        truncate_text(text, max_chars);
                    }
                }
            }
            Value::Bool(_) | Value::I64(_) | Value::F64(_) => {}
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Value::Str(text) => text.len(),
            Value::Array(array) => match array.as_ref() {
                Array::Bool(values) => values.len(),
                Array::I64(values) => values.len() * 8,
                Array::F64(values) => values.len() * 8,
                Array::Str(texts) => texts.iter().map(|text| text.len() + 24).sum(),
            },
            Value::Bool(_) | Value::I64(_) | Value::F64(_) => 0,
        }
    }
}

fn truncate_text(text: &mut Cow<'static, str>, max_chars: usize) {
    // As many bytes as allowed characters can never be too many characters.
    if text.len() <= max_chars {
        return;
    }
    if let Some((end, _)) = text.char_indices().nth(max_chars) {
        match text {
            Cow::Borrowed(text) => *text = &text[..end],
            Cow::Owned(text) => text.truncate(end),
        }
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident($convert:expr)),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Value {
                Value::$variant(($convert)(value))
            }
        }
    )*};
}

value_from! {
    bool => Bool(|value| value),
    i64 => I64(|value| value),
    i32 => I64(i64::from),
    i16 => I64(i64::from),
    i8 => I64(i64::from),
    u32 => I64(i64::from),
    u16 => I64(i64::from),
    u8 => I64(i64::from),
    f64 => F64(|value| value),
    f32 => F64(f64::from),
    &'static str => Str(Cow::Borrowed),
    String => Str(Cow::Owned),
    Cow<'static, str> => Str(|value| value),
    Vec<bool> => Array(|value| Box::new(Array::Bool(value))),
    Vec<i64> => Array(|value| Box::new(Array::I64(value))),
    Vec<f64> => Array(|value| Box::new(Array::F64(value))),
    Vec<Cow<'static, str>> => Array(|value| Box::new(Array::Str(value))),
}

impl From<Vec<String>> for Value {
    fn from(values: Vec<String>) -> Value {
        Value::Array(Box::new(Array::Str(
            values.into_iter().map(Cow::Owned).collect(),
        )))
    }
}

impl From<Vec<&'static str>> for Value {
    fn from(values: Vec<&'static str>) -> Value {
        Value::Array(Box::new(Array::Str(
            values.into_iter().map(Cow::Borrowed).collect(),
        )))
    }
}

/// A count. Above `i64::MAX` it is that: OTLP has no unsigned numbers.
impl From<usize> for Value {
    fn from(value: usize) -> Value {
        Value::I64(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

/// A number. Above `i64::MAX` it is that: OTLP has no unsigned numbers.
impl From<u64> for Value {
    fn from(value: u64) -> Value {
        Value::I64(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_characters_not_bytes() {
        for (text, max_chars, expect) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("äöü", 2, "äö"),
            ("äöü", 3, "äöü"),
            ("abc", 0, ""),
        ] {
            let mut borrowed = Value::from(text);
            borrowed.truncate(max_chars);
            assert_eq!(borrowed, Value::from(expect), "{text} to {max_chars}");
            let mut owned = Value::from(vec![text.to_owned()]);
            owned.truncate(max_chars);
            assert_eq!(owned, Value::from(vec![expect]), "[{text}] to {max_chars}");
        }
    }

    #[test]
    fn a_key_value_stays_small() {
        assert!(size_of::<KeyValue>() <= 56, "{}", size_of::<KeyValue>());
    }
}
