//! Ids as hexadecimal text.
//!
//! It exists because each format has its own idea of length and case. It must
//! never take a sign, a space or a digit too many, as `from_str_radix` would.

use crate::context::{SpanId, TraceId};

/// Which digits a format allows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// W3C: lower case only.
    Lower,
    /// The rest.
    Any,
}

/// The number that `text` spells, of at most 32 digits.
pub(super) fn parse(text: &str, case: Case) -> Option<u128> {
    if text.is_empty() || text.len() > 32 {
        return None;
    }
    text.bytes().try_fold(0u128, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' if case == Case::Any => byte - b'A' + 10,
            _ => return None,
        };
        Some((number << 4) | u128::from(digit))
    })
}

/// A valid trace id of 1 to 32 digits.
pub(super) fn trace_id(text: &str, case: Case) -> Option<TraceId> {
    parse(text, case).map(TraceId).filter(|id| id.is_valid())
}

/// A valid span id of 1 to 16 digits.
pub(super) fn span_id(text: &str, case: Case) -> Option<SpanId> {
    if text.len() > 16 {
        return None;
    }
    parse(text, case)
        .map(|number| SpanId(number as u64))
        .filter(|id| id.is_valid())
}

/// A byte of 1 or 2 digits.
pub(super) fn byte(text: &str, case: Case) -> Option<u8> {
    if text.len() > 2 {
        return None;
    }
    parse(text, case).map(|number| number as u8)
}
