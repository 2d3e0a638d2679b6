//! `Resource` and `InstrumentationScope` from the wire into a builder.
//!
//! A row is added only when everything in it is good, so a batch never holds
//! half a resource: attributes are read twice, once to check and once to add.
//! That is cheap, because the decoder asks once for each distinct resource.

use super::entity::check_entity_ref;
use super::fields::{Cursor, known};
use super::value::{attribute, check_attribute};
use crate::WireError;
use crate::otlp::intake::{Row, Verdict};
use crate::rejected::Fault;
use tracewell_model::{Level, SpanBatchBuilder};

const RESOURCE: u32 = known(&[1, 2, 3]);
const SCOPE: u32 = known(&[1, 2, 3, 4]);
const RESOURCE_ATTRIBUTES: u32 = 0x0a;
const SCOPE_ATTRIBUTES: u32 = 0x1a;

/// Adds a `Resource`.
pub(in crate::otlp) fn resource(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'_>,
    schema_url: &[u8],
) -> Result<Row, WireError> {
    let mut dropped = 0;
    let mut entity_refs = Vec::new();
    let mut fault = None;
    let (mut fields, mut index) = (message, 0);
    while !fields.is_done() {
        let before = fields;
        match fields.tag()? {
            RESOURCE_ATTRIBUTES => {
                fields
                    .message()
                    .and_then(|message| check_attribute(Level::Resource, message, &mut fault))
                    .map_err(|error| error.within_item("attributes", index))?;
                index += 1;
            }
            0x10 => dropped = fields.varint32()?,
            0x1a => {
                let verdict =
                    check_entity_ref(fields.message()?).map_err(|e| e.within("entity_refs"))?;
                fault = fault.or(verdict);
                let field_len = before.rest().len() - fields.rest().len();
                entity_refs.extend_from_slice(&before.rest()[..field_len]);
            }
            tag => fields.skip(tag, RESOURCE)?,
        }
    }
    if let Some(fault) = fault {
        return Ok(Err(fault));
    }
    let Ok(row) = builder.resource(schema_url, dropped, &entity_refs) else {
        return Ok(Err(Fault::not_utf8("schema_url of the resource")));
    };
    let added = add_attributes(builder, Level::Resource, row, message, RESOURCE_ATTRIBUTES)?;
    Ok(added.map_or(Ok(row), Err))
}

/// Adds an `InstrumentationScope`.
pub(in crate::otlp) fn scope(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'_>,
    schema_url: &[u8],
) -> Result<Row, WireError> {
    let (mut name, mut version): (&[u8], &[u8]) = (&[], &[]);
    let mut dropped = 0;
    let mut fault = None;
    let (mut fields, mut index) = (message, 0);
    while !fields.is_done() {
        match fields.tag()? {
            0x0a => name = fields.bytes()?,
            0x12 => version = fields.bytes()?,
            SCOPE_ATTRIBUTES => {
                fields
                    .message()
                    .and_then(|message| check_attribute(Level::Scope, message, &mut fault))
                    .map_err(|error| error.within_item("attributes", index))?;
                index += 1;
            }
            0x20 => dropped = fields.varint32()?,
            tag => fields.skip(tag, SCOPE)?,
        }
    }
    if let Some(fault) = fault {
        return Ok(Err(fault));
    }
    let Ok(row) = builder.scope(name, version, schema_url, dropped) else {
        return Ok(Err(Fault::not_utf8(
            "name, version or schema_url of the scope",
        )));
    };
    let added = add_attributes(builder, Level::Scope, row, message, SCOPE_ATTRIBUTES)?;
    Ok(added.map_or(Ok(row), Err))
}

/// Second reading: the attributes, known to be good.
fn add_attributes(
    builder: &mut SpanBatchBuilder,
    level: Level,
    row: u32,
    mut fields: Cursor<'_>,
    attributes_tag: u32,
) -> Result<Verdict, WireError> {
    let mut fault = None;
    while !fields.is_done() {
        match fields.tag()? {
            tag if tag == attributes_tag => {
                attribute(builder, level, row, fields.message()?, &mut fault)?;
            }
            tag => fields.skip(tag, 0)?,
        }
    }
    Ok(fault)
}
