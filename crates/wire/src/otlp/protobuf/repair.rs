//! Texts and nested values that are not as they must be, put right.
//!
//! None of this is on the way of a request that is well formed.

use crate::WireError;
use crate::error::Problem;
use crate::fields::{Cursor, put_message, put_present_bytes};
use crate::notes::Notes;
use crate::repaired::{CUT, Repair};
use tracewell_model::any_value::MAX_DEPTH;

/// Writes the fields of an `AnyValue` whose texts or depth are not right.
pub(super) fn any_value(
    out: &mut Vec<u8>,
    message: Cursor<'_>,
    depth: usize,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    let malformed = message.error(Problem::Value);
    let mut fields = message;
    while !fields.is_done() {
        let before = fields;
        match fields.tag()? {
            0x0a => put_text(out, 0x0a, fields.bytes()?, notes)?,
            tag @ (0x2a | 0x32) => {
                let items = fields.message()?;
                if depth >= MAX_DEPTH && !items.is_done() {
                    notes.repaired.count(Repair::Nesting, 1);
                    put_present_bytes(out, 0x0a, CUT.as_bytes());
                } else {
                    nested(out, tag as u8, |out| {
                        list(out, tag, items, depth + 1, notes)
                    })?;
                }
            }
            tag @ (0x10 | 0x18 | 0x21 | 0x3a) => {
                fields.skip(tag, 0)?;
                out.extend_from_slice(read_since(&before, &fields));
            }
            tag if (1..=7).contains(&(tag >> 3)) => return Err(malformed),
            tag => fields.skip(tag, 0)?,
        }
        notes
            .buffer(out.capacity())
            .map_err(|full| full.at_byte(fields.offset()))?;
    }
    Ok(())
}

/// The items of an `ArrayValue` or a `KeyValueList`.
fn list(
    out: &mut Vec<u8>,
    kind: u32,
    mut items: Cursor<'_>,
    depth: usize,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    while !items.is_done() {
        match items.tag()? {
            0x0a => {
                let item = items.message()?;
                nested(out, 0x0a, |out| match kind {
                    0x2a => any_value(out, item, depth, notes),
                    _ => key_value(out, item, depth, notes),
                })?;
            }
            tag => items.skip(tag, 0)?,
        }
        notes
            .buffer(out.capacity())
            .map_err(|full| full.at_byte(items.offset()))?;
    }
    Ok(())
}

fn key_value(
    out: &mut Vec<u8>,
    mut pair: Cursor<'_>,
    depth: usize,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    while !pair.is_done() {
        match pair.tag()? {
            0x0a => put_text(out, 0x0a, pair.bytes()?, notes)?,
            0x12 => {
                let value = pair.message()?;
                nested(out, 0x12, |out| any_value(out, value, depth, notes))?;
            }
            tag => pair.skip(tag, 0)?,
        }
    }
    Ok(())
}

/// A text field with U+FFFD for what is not UTF-8.
pub(super) fn put_text(
    out: &mut Vec<u8>,
    tag: u8,
    bytes: &[u8],
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    if std::str::from_utf8(bytes).is_ok() {
        put_present_bytes(out, tag, bytes);
    } else {
        let text = notes.utf8(bytes).map_err(|full| full.at_byte(0))?;
        put_present_bytes(out, tag, text.as_bytes());
    }
    Ok(())
}

/// A message field whose content can fail.
pub(super) fn nested(
    out: &mut Vec<u8>,
    tag: u8,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let mut written = Ok(());
    put_message(out, tag, |out| written = write(out));
    written
}

/// What was read from `before` to `after`, two places of one message.
pub(super) fn read_since<'a>(before: &Cursor<'a>, after: &Cursor<'a>) -> &'a [u8] {
    let len = before.rest().len() - after.rest().len();
    &before.rest()[..len]
}
