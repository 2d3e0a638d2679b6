//! When two resources, or two scopes, are the same.
//!
//! Requests repeat their resources, each in tables of its own; joined, equal
//! ones become one row. Equal means equal to the last bit, whatever the order
//! of attributes.

use crate::batch::Level;
use crate::batch::builder::RawValue;
use crate::batch::view::{BatchView, ValueRef};

/// Bytes that are equal exactly for equal resources (or scopes).
pub(super) fn identity(
    view: &BatchView<'_>,
    level: Level,
    row: usize,
    parts: &[&[u8]],
    dropped: u32,
) -> Vec<u8> {
    let mut key = dropped.to_le_bytes().to_vec();
    let mut put = |bytes: &[u8]| {
        key.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        key.extend_from_slice(bytes);
    };
    parts.iter().for_each(|part| put(part));
    // One buffer for all attributes, so that few small pieces are allocated:
    // this is asked for each resource of each batch that is joined.
    let (mut pieces, mut ends) = (Vec::with_capacity(512), Vec::with_capacity(32));
    for (name, value) in view.attributes(level, row) {
        pieces.extend_from_slice(&(name.len() as u32).to_le_bytes());
        pieces.extend_from_slice(name.as_bytes());
        put_value(&mut pieces, value);
        ends.push(pieces.len());
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut attributes: Vec<&[u8]> = starts
        .zip(&ends)
        .map(|(start, end)| &pieces[start..*end])
        .collect();
    attributes.sort_unstable();
    attributes.into_iter().for_each(put);
    key
}

/// The type, then the value.
fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    out.push(RawValue::from(value).value_type() as u8);
    match value {
        ValueRef::Str(text) => out.extend_from_slice(text.as_bytes()),
        ValueRef::Int(value) => out.extend_from_slice(&value.to_le_bytes()),
        ValueRef::Double(value) => out.extend_from_slice(&value.to_le_bytes()),
        ValueRef::Bool(value) => out.push(u8::from(value)),
        ValueRef::Bytes(bytes) | ValueRef::Other(bytes) => out.extend_from_slice(bytes),
    }
}
