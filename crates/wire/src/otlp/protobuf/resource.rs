//! `Resource` and `InstrumentationScope` from the wire into a builder: one
//! pass, attributes as they are met, the row itself last.
//!
//! A malformed message leaves attributes without a row behind; whoever gets
//! the error gives the builder up.

use super::entity;
use super::value::attribute;
use crate::WireError;
use crate::fields::{Cursor, known};
use crate::mend;
use crate::notes::Notes;
use tracewell_model::{Level, SpanBatchBuilder};

const RESOURCE: u32 = known(&[1, 2, 3]);
const SCOPE: u32 = known(&[1, 2, 3, 4]);

/// Adds a `Resource`.
pub(in crate::otlp) fn resource(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'_>,
    schema_url: &[u8],
    notes: &mut Notes<'_>,
) -> Result<u32, WireError> {
    let mut dropped = 0;
    let mut entity_refs = Vec::new();
    let row = builder.next_row(Level::Resource);
    let (mut fields, mut index) = (message, 0);
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(notes, builder)?;
        }
        match fields.tag()? {
            0x0a => {
                fields
                    .message()
                    .and_then(|message| attribute(builder, Level::Resource, row, message, notes))
                    .map_err(|error| error.within_item("attributes", index))?;
                index += 1;
            }
            0x10 => dropped = fields.varint32()?,
            0x1a => fields
                .message()
                .and_then(|message| entity::keep(&mut entity_refs, message, notes))
                .map_err(|e| e.within("entity_refs"))?,
            tag => fields.skip(tag, RESOURCE)?,
        }
    }
    let offset = message.offset();
    mend::resource(builder, schema_url, dropped, &entity_refs, notes, offset)
}

/// Adds an `InstrumentationScope`.
pub(in crate::otlp) fn scope(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'_>,
    schema_url: &[u8],
    notes: &mut Notes<'_>,
) -> Result<u32, WireError> {
    let (mut name, mut version): (&[u8], &[u8]) = (&[], &[]);
    let mut dropped = 0;
    let row = builder.next_row(Level::Scope);
    let (mut fields, mut index) = (message, 0);
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(notes, builder)?;
        }
        match fields.tag()? {
            0x0a => name = fields.bytes()?,
            0x12 => version = fields.bytes()?,
            0x1a => {
                fields
                    .message()
                    .and_then(|message| attribute(builder, Level::Scope, row, message, notes))
                    .map_err(|error| error.within_item("attributes", index))?;
                index += 1;
            }
            0x20 => dropped = fields.varint32()?,
            tag => fields.skip(tag, SCOPE)?,
        }
    }
    let texts = [name, version, schema_url];
    mend::scope(builder, texts, dropped, notes, message.offset())
}
