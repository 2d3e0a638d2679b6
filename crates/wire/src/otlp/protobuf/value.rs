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

/// Reads one `KeyValue` and adds it to the owner `row` of `level`.
#[inline]
pub(super) fn attribute(
    builder: &mut SpanBatchBuilder,
    level: Level,
    row: u32,
    message: Cursor<'_>,
) -> Result<Verdict, WireError> {
    with_key_value(level, message, |key, value| {
        builder
            .attribute(level, row, key, value)
            .err()
            .map(|_| Fault::not_utf8(field_name(level)))
    })
}

/// Reads one `KeyValue` without adding it anywhere.
pub(super) fn check_attribute(level: Level, message: Cursor<'_>) -> Result<Verdict, WireError> {
    with_key_value(level, message, |key, value| {
        let text = if let RawValue::Str(text) = value {
            text
        } else {
            &[]
        };
        let is_utf8 = |bytes| std::str::from_utf8(bytes).is_ok();
        (!is_utf8(key) || !is_utf8(text)).then(|| Fault::not_utf8(field_name(level)))
    })
}

#[inline]
fn with_key_value(
    level: Level,
    mut message: Cursor<'_>,
    each: impl FnOnce(&[u8], RawValue<'_>) -> Verdict,
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
        let whole = [value.rest(), &merged].concat();
        let value = Cursor::new(&whole, value.offset());
        return Ok(match any_value(level, value)? {
            Ok(value) => each(key, value),
            Err(fault) => Some(fault),
        });
    }
    Ok(match any_value(level, value)? {
        Ok(value) => each(key, value),
        Err(fault) => Some(fault),
    })
}

/// Reads an `AnyValue`; text is not checked yet, nested values are.
#[inline]
fn any_value(level: Level, message: Cursor<'_>) -> Result<Result<RawValue<'_>, Fault>, WireError> {
    let mut fields = message;
    if fields.is_done() {
        return Ok(Ok(RawValue::Other(&[])));
    }
    let value = scalar(&mut fields)?;
    match value {
        Some(value) if fields.is_done() => Ok(Ok(value)),
        _ => unusual_value(level, message),
    }
}

/// The field that comes next, if it is one of a scalar.
#[inline]
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
