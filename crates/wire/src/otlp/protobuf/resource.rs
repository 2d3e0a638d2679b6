//! `Resource` and `InstrumentationScope` from the wire into a builder: one
//! pass, attributes as they are met, the row itself last.
//!
//! A malformed message leaves attributes without a row behind; whoever gets
//! the error gives the builder up.

use super::entity;
use super::fields::{Cursor, known};
use super::value::attribute;
use crate::WireError;
use crate::error::Problem;
use crate::otlp::notes::Notes;
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
    if let Ok(row) = builder.resource(schema_url, dropped, &entity_refs) {
        return Ok(row);
    }
    let schema_url = repaired(schema_url, notes, &message)?;
    let added = builder.resource(schema_url.as_bytes(), dropped, &entity_refs);
    added.map_err(|_| message.error(Problem::NotUtf8))
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
    if let Ok(row) = builder.scope(name, version, schema_url, dropped) {
        return Ok(row);
    }
    let name = repaired(name, notes, &message)?;
    let version = repaired(version, notes, &message)?;
    let schema_url = repaired(schema_url, notes, &message)?;
    let [name, version, schema_url] = [&name, &version, &schema_url].map(|text| text.as_bytes());
    let added = builder.scope(name, version, schema_url, dropped);
    added.map_err(|_| message.error(Problem::NotUtf8))
}

fn repaired(
    bytes: &[u8],
    notes: &mut Notes<'_>,
    message: &Cursor<'_>,
) -> Result<String, WireError> {
    notes
        .utf8(bytes)
        .map_err(|full| full.at_byte(message.offset()))
}
