//! `Resource.entity_refs`: kept as it came, never interpreted.
//!
//! A reference says which attributes of the resource identify an entity. We
//! pass them on; until something here uses them, columns would be waste.

use super::repair;
use crate::WireError;
use crate::fields::{Cursor, known, put_present_bytes};
use crate::notes::Notes;

const ENTITY_REF: u32 = known(&[1, 2, 3, 4]);

/// Texts of an `EntityRef`: schema URL, type, id keys, description keys. Of
/// the first two the last counts.
pub(in crate::otlp) type EntityTexts<'a> = [Vec<&'a str>; 4];

/// Appends one `EntityRef` as a field of its resource. It must be well formed,
/// because an encoder would pass its faults on to others.
pub(super) fn keep(
    out: &mut Vec<u8>,
    message: Cursor<'_>,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    let mut is_utf8 = true;
    for_each_text(message, |_, text| {
        is_utf8 &= std::str::from_utf8(text).is_ok();
        Ok(())
    })?;
    if is_utf8 {
        put_present_bytes(out, 0x1a, message.rest());
        return Ok(());
    }
    repair::nested(out, 0x1a, |out| {
        for_each_text(message, |field, text| {
            repair::put_text(out, (field as u8 + 1) << 3 | 2, text, notes)
        })
    })
}

/// Reads the fields `entity_refs` of a resource, which were checked before;
/// should they be damaged, what cannot be read is left out.
pub(in crate::otlp) fn entity_refs(encoded: &[u8]) -> Vec<EntityTexts<'_>> {
    let mut entities = Vec::new();
    let mut fields = Cursor::new(encoded, 0);
    while let Ok(0x1a) = fields.tag()
        && let Ok(message) = fields.message()
    {
        let mut entity = EntityTexts::default();
        let read = for_each_text(message, |field, text| {
            if let Ok(text) = std::str::from_utf8(text) {
                entity[field].push(text);
            }
            Ok(())
        });
        if read.is_ok() {
            entities.push(entity);
        }
    }
    entities
}

/// Calls `each` with the place of a field in [`EntityTexts`] and its text.
fn for_each_text<'a>(
    mut fields: Cursor<'a>,
    mut each: impl FnMut(usize, &'a [u8]) -> Result<(), WireError>,
) -> Result<(), WireError> {
    while !fields.is_done() {
        match fields.tag()? {
            tag @ (0x0a | 0x12 | 0x1a | 0x22) => {
                each((tag >> 3) as usize - 1, fields.bytes()?)?;
            }
            tag => fields.skip(tag, ENTITY_REF)?,
        }
    }
    Ok(())
}
