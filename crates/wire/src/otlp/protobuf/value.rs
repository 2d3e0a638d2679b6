//! Attributes: `KeyValue` and `AnyValue` from the wire into a builder.
//!
//! Scalars are pushed as they are; arrays, lists and empty values are kept as
//! the bytes that came, once those are known to be well formed. Several
//! `value` fields in one `KeyValue` are merged as protobuf says.

use super::repair;
use crate::WireError;
use crate::error::Problem;
use crate::fields::{Cursor, known};
use crate::mend;
use crate::notes::Notes;
use tracewell_model::any_value::AnyValueError;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::batch::intern::NotUtf8;
use tracewell_model::{AnyValue, Level, SpanBatchBuilder};

const KEY_VALUE: u32 = known(&[1, 2]);
const ANY_VALUE: u32 = known(&[1, 2, 3, 4, 5, 6, 7]);

/// Reads one `KeyValue` and adds it to the owner `row` of `level`.
#[inline]
pub(super) fn attribute(
    builder: &mut SpanBatchBuilder,
    level: Level,
    row: u32,
    message: Cursor<'_>,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    let owner = (level, row);
    if let Some(Ok(())) = usual(builder, owner, message.rest()) {
        return Ok(());
    }
    unusual(builder, owner, message, notes)
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

/// Any other `KeyValue`, among them those with a text that is not UTF-8.
#[inline(never)]
fn unusual(
    builder: &mut SpanBatchBuilder,
    owner: (Level, u32),
    mut message: Cursor<'_>,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
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
    let repaired;
    let value = match any_value(value)? {
        Some(value) => value,
        None => {
            let mut out = Vec::new();
            repair::any_value(&mut out, value, 0, notes)?;
            repaired = out;
            last_value(Cursor::new(&repaired, value.offset()))?
        }
    };
    mend::attribute(builder, owner, key, value, notes, 0)
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

/// Reads an `AnyValue`; `None` when something within it must be put right. A
/// text that is the value itself is checked later, in its column.
fn any_value(message: Cursor<'_>) -> Result<Option<RawValue<'_>>, WireError> {
    let mut fields = message;
    if fields.is_done() {
        return Ok(Some(RawValue::Other(&[])));
    }
    match scalar(&mut fields)? {
        Some(value) if fields.is_done() => return Ok(Some(value)),
        _ => {}
    }
    match AnyValue::check_sent(message.rest()) {
        Ok(()) => last_value(message).map(Some),
        Err(AnyValueError::Malformed) => Err(message.error(Problem::Value)),
        Err(AnyValueError::Utf8 | AnyValueError::Depth | AnyValueError::Unknown) => Ok(None),
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

/// Arrays and lists, known to be good; of several fields the last counts.
fn last_value(message: Cursor<'_>) -> Result<RawValue<'_>, WireError> {
    let whole = message.rest();
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
    Ok(last)
}
