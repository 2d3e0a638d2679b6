//! Baggage as a header for each entry, `prefix-key: value`, as the formats from
//! before W3C's send it.
//!
//! It must never read more than the W3C form may carry.

use super::{
    Baggage, BaggageEntry, Extract, Inject, MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS, percent,
};

/// Writes entries until the limits are reached; `encoded` makes a header of a
/// value.
pub(super) fn inject(
    baggage: &Baggage,
    prefix: &str,
    encoded: fn(&str) -> String,
    carrier: &mut dyn Inject,
) {
    let mut bytes_left = MAX_BAGGAGE_BYTES;
    for entry in baggage.iter().take(MAX_BAGGAGE_MEMBERS) {
        let value = encoded(&entry.value);
        match bytes_left.checked_sub(entry.key.len() + value.len()) {
            Some(left) => bytes_left = left,
            None => return,
        }
        carrier.set(&format!("{prefix}{}", entry.key), &value);
    }
}

/// Reads entries, likewise; what is percent-encoded is decoded.
pub(super) fn extract(carrier: &dyn Extract, prefix: &'static str, baggage: &mut Baggage) {
    let mut bytes_left = MAX_BAGGAGE_BYTES;
    carrier.with_prefix(prefix, &mut |key, value| {
        let Some(left) = bytes_left.checked_sub(key.len() + value.len()) else {
            return;
        };
        if key.is_empty() || baggage.len() >= MAX_BAGGAGE_MEMBERS {
            return;
        }
        bytes_left = left;
        baggage.set(BaggageEntry {
            key: key.to_owned(),
            value: percent::decode(value),
            metadata: None,
        });
    });
}
