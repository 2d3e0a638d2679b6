//! SHA-256 in place of a value, in hexadecimal digits: as the Collector has it since
//! 0.75, and over the same bytes, so that both know a user by the same digits.

use ring::digest::{SHA256, digest};
use tracewell_model::{AnyValue, ValueRef};

pub(super) fn of_text(text: &str) -> String {
    digits(text.as_bytes())
}

/// Numbers are hashed as 8 bytes, little endian; what has no bytes of its own (lists,
/// maps) becomes the empty text, as nothing of it may be seen.
pub(super) fn of(value: ValueRef<'_>) -> AnyValue {
    AnyValue::String(match value {
        ValueRef::Str(text) => of_text(text),
        ValueRef::Bool(value) => digits(&[u8::from(value)]),
        ValueRef::Int(value) => digits(&value.to_le_bytes()),
        ValueRef::Double(value) => digits(&value.to_le_bytes()),
        ValueRef::Bytes(_) | ValueRef::Other(_) => String::new(),
    })
}

fn digits(bytes: &[u8]) -> String {
    match bytes {
        [] => String::new(),
        _ => hexadecimal(digest(&SHA256, bytes).as_ref()),
    }
}

/// Two digits for each byte.
pub(in crate::processors) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
