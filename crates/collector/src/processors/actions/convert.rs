//! Values of another type, as the Collector converts them. **What cannot be converted
//! stays as it is.**

use tracewell_model::{AnyValue, ValueRef};

/// The type that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Converted {
    /// Integer.
    Int,
    /// Double.
    Double,
    /// Text.
    String,
}

impl Converted {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "int" => Ok(Self::Int),
            "double" => Ok(Self::Double),
            "string" => Ok(Self::String),
            _ => Err(format!("{text:?} is not one of int, double, string")),
        }
    }
}

/// `None`: it is of this type already, or cannot become one.
pub(super) fn converted(value: ValueRef<'_>, to: Converted) -> Option<AnyValue> {
    Some(match (to, value) {
        (Converted::Int, ValueRef::Str(text)) => AnyValue::Int(text.parse().ok()?),
        // Towards zero, and to the nearest there is.
        (Converted::Int, ValueRef::Double(value)) => AnyValue::Int(value as i64),
        (Converted::Int, ValueRef::Bool(value)) => AnyValue::Int(i64::from(value)),
        (Converted::Double, ValueRef::Str(text)) => AnyValue::Double(text.parse().ok()?),
        (Converted::Double, ValueRef::Int(value)) => AnyValue::Double(value as f64),
        (Converted::Double, ValueRef::Bool(value)) => AnyValue::Double(f64::from(u8::from(value))),
        (Converted::String, ValueRef::Int(value)) => AnyValue::String(value.to_string()),
        (Converted::String, ValueRef::Double(value)) => AnyValue::String(value.to_string()),
        (Converted::String, ValueRef::Bool(value)) => AnyValue::String(value.to_string()),
        _ => return None,
    })
}
