//! Attributes: `KeyValue` and `AnyValue` from the wire into a builder.
//!
//! Scalars are pushed as they are; arrays, lists and empty values are kept as
//! the bytes that came, once those are known to be well formed. Several
//! `value` fields in one `KeyValue` are merged as protobuf says.

use super::fields::{Cursor, known};
use crate::WireError;
use crate::error::Problem;
use crate::otlp::intake::Verdict;
use crate::rejected::{Fault, FaultProblem, RejectReason};
use tracewell_model::any_value::AnyValueError;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::batch::intern::NotUtf8;
use tracewell_model::{AnyValue, Level, SpanBatchBuilder};

const KEY_VALUE: u32 = known(&[1, 2]);
const ANY_VALUE: u32 = known(&[1, 2, 3, 4, 5, 6, 7]);

/// How an attribute of a level is called in messages.
pub(in crate::otlp) fn field_name(level: Level) -> &'static str {
    match level {
        Level::Span => "an attribute of the span",
        Level::Resource => "an attribute of the resource",
        Level::Scope => "an attribute of the scope",
        Level::Event => "an attribute of an event",
        Level::Link => "an attribute of a link",
    }
}

/// Reads one `KeyValue` and adds it to the owner `row` of `level`; what costs
/// the span goes to `fault`.
#[inline]
pub(super) fn attribute(
    builder: &mut SpanBatchBuilder,
    level: Level,
    row: u32,
    message: Cursor<'_>,
    fault: &mut Verdict,
) -> Result<(), WireError> {
    let owner = (level, row);
    if let Some(added) = usual(builder, owner, message.rest()) {
        if added.is_err() {
            fault.get_or_insert(Fault::not_utf8(field_name(level)));
        }
        return Ok(());
    }
    unusual(builder, owner, message, fault)
}

/// A `KeyValue` as every encoder writes it: a key of less than 128 bytes, then
/// a scalar, and nothing else. Most of the time of decoding is spent here, so
/// it takes no detour by way of cursors, and each type has its own way into
/// the builder. `None` says nothing but "unusual".
#[inline(always)]
fn usual(
    builder: &mut SpanBatchBuilder,
    (level, row): (Level, u32),
    bytes: &[u8],
) -> Option<Result<(), NotUtf8>> {
    let (key, rest) = short_text(bytes)?;
    let value = match rest {
        [0x12, len, value @ ..] if *len < 0x80 && usize::from(*len) == value.len() => value,
        [0x12, low, high, value @ ..]
            if *low >= 0x80
                && *high < 0x80
                && usize::from(low & 0x7f) | usize::from(*high) << 7 == value.len() =>
        {
            value
        }
        _ => return None,
    };
    match value {
        [0x0a, len, text @ ..] if *len < 0x80 && usize::from(*len) == text.len() => {
            Some(builder.attribute(level, row, key, RawValue::Str(text)))
        }
        [0x18, number @ ..] => {
            let number = short_varint(number)? as i64;
            Some(builder.attribute(level, row, key, RawValue::Int(number)))
        }
        _ => None,
    }
}

/// Any other `KeyValue`.
#[inline(never)]
fn unusual(
    builder: &mut SpanBatchBuilder,
    (level, row): (Level, u32),
    message: Cursor<'_>,
    fault: &mut Verdict,
) -> Result<(), WireError> {
    let mut is_utf8 = true;
    let bad = with_key_value(level, message, |key, value| {
        is_utf8 = builder.attribute(level, row, key, value).is_ok();
    })?;
    let bad = bad.or((!is_utf8).then(|| Fault::not_utf8(field_name(level))));
    if let Some(bad) = bad {
        fault.get_or_insert(bad);
    }
    Ok(())
}

/// Reads one `KeyValue` without adding it anywhere.
pub(super) fn check_attribute(
    level: Level,
    message: Cursor<'_>,
    fault: &mut Verdict,
) -> Result<(), WireError> {
    let mut is_good = true;
    let is_utf8 = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
    let bad = with_key_value(level, message, |key, value| {
        is_good = is_utf8(key) && !matches!(value, RawValue::Str(text) if !is_utf8(text));
    })?;
    let bad = bad.or((!is_good).then(|| Fault::not_utf8(field_name(level))));
    if let Some(bad) = bad {
        fault.get_or_insert(bad);
    }
    Ok(())
}

/// Field 1, of less than 128 bytes, and what follows it.
#[inline(always)]
fn short_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes {
        [0x0a, len, rest @ ..] if *len < 0x80 => rest.split_at_checked(usize::from(*len)),
        _ => None,
    }
}

/// A number of at most three bytes that fills `bytes`.
#[inline(always)]
fn short_varint(bytes: &[u8]) -> Option<u64> {
    let low = |byte: u8| u64::from(byte & 0x7f);
    match *bytes {
        [a] if a < 0x80 => Some(low(a)),
        [a, b] if a >= 0x80 && b < 0x80 => Some(low(a) | low(b) << 7),
        [a, b, c] if a >= 0x80 && b >= 0x80 && c < 0x80 => {
            Some(low(a) | low(b) << 7 | low(c) << 14)
        }
        _ => None,
    }
}

/// Reads any `KeyValue`; `each` gets it unless its value has a fault.
fn with_key_value(
    level: Level,
    mut message: Cursor<'_>,
    each: impl FnOnce(&[u8], RawValue<'_>),
) -> Result<Verdict, WireError> {
    let mut key: &[u8] = &[];
    let mut value = Cursor::new(&[], message.offset());
    let mut merged = Vec::new();
    while !message.is_done() {
        match message.tag()? {
            0x0a => key = message.bytes()?,
            0x12 if value.is_done() => value = message.message()?,
            0x12 => merged.extend_from_slice(message.bytes()?),
            tag => message.skip(tag, KEY_VALUE)?,
        }
    }
    if !merged.is_empty() {
        merged.splice(0..0, value.rest().iter().copied());
        value = Cursor::new(&merged, value.offset());
    }
    Ok(match any_value(level, value)? {
        Ok(value) => {
            each(key, value);
            None
        }
        Err(fault) => Some(fault),
    })
}

/// Reads an `AnyValue`; text is not checked yet, nested values are.
fn any_value(level: Level, message: Cursor<'_>) -> Result<Result<RawValue<'_>, Fault>, WireError> {
    let mut fields = message;
    if fields.is_done() {
        return Ok(Ok(RawValue::Other(&[])));
    }
    match scalar(&mut fields)? {
        Some(value) if fields.is_done() => Ok(Ok(value)),
        _ => unusual_value(level, message),
    }
}

/// The field that comes next, if it is one of a scalar.
fn scalar<'a>(fields: &mut Cursor<'a>) -> Result<Option<RawValue<'a>>, WireError> {
    Ok(Some(match fields.tag()? {
        0x0a => RawValue::Str(fields.bytes()?),
        0x10 => RawValue::Bool(fields.varint()? != 0),
        0x18 => RawValue::Int(fields.varint()? as i64),
        0x21 => RawValue::Double(f64::from_bits(fields.fixed64()?)),
        0x3a => RawValue::Bytes(fields.bytes()?),
        0x2a | 0x32 => {
            fields.bytes()?;
            return Ok(None);
        }
        tag => {
            fields.skip(tag, ANY_VALUE)?;
            return Ok(None);
        }
    }))
}

/// Arrays and lists; several fields, of which the last known one counts.
fn unusual_value(
    level: Level,
    message: Cursor<'_>,
) -> Result<Result<RawValue<'_>, Fault>, WireError> {
    let whole = message.rest();
    match AnyValue::check(whole) {
        Ok(()) => {}
        Err(AnyValueError::Malformed) => return Err(message.error(Problem::Value)),
        Err(AnyValueError::Utf8) => return Ok(Err(Fault::not_utf8(field_name(level)))),
        Err(AnyValueError::Depth) => {
            let (reason, problem) = (RejectReason::Nesting, FaultProblem::TooDeep);
            return Ok(Err(Fault::new(reason, field_name(level), problem)));
        }
    }
    let mut last = RawValue::Other(whole);
    let mut fields = message;
    while !fields.is_done() {
        let mut tag = fields;
        let number = tag.tag()? >> 3;
        let value = scalar(&mut fields)?;
        if (1..=7).contains(&number) {
            last = value.unwrap_or(RawValue::Other(whole));
        }
    }
    Ok(Ok(last))
}
