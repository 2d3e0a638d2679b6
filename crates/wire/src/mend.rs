//! Adds to a batch what may not be UTF-8.
//!
//! Each function tries once with the bytes as they came. Only when that fails
//! wrong bytes become U+FFFD, and are counted. `offset` is the place that an
//! error names.

use crate::WireError;
use crate::error::Problem;
use crate::notes::Notes;
use tracewell_model::batch::builder::{LinkHeader, RawValue};
use tracewell_model::{Level, SpanBatchBuilder, SpanHeader};

/// Adds an attribute to the owner `row` of `level`.
#[inline]
pub(crate) fn attribute(
    builder: &mut SpanBatchBuilder,
    owner: (Level, u32),
    key: &[u8],
    value: RawValue<'_>,
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<(), WireError> {
    match builder.attribute(owner.0, owner.1, key, value) {
        Ok(()) => Ok(()),
        Err(_) => attribute_mended(builder, owner, key, value, notes, offset),
    }
}

#[cold]
fn attribute_mended(
    builder: &mut SpanBatchBuilder,
    (level, row): (Level, u32),
    key: &[u8],
    value: RawValue<'_>,
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<(), WireError> {
    let key = text(key, notes, offset)?;
    let mended;
    let value = match value {
        RawValue::Str(bytes) => {
            mended = text(bytes, notes, offset)?;
            RawValue::Str(mended.as_bytes())
        }
        other => other,
    };
    let added = builder.attribute(level, row, key.as_bytes(), value);
    added.map_err(|_| still_wrong(offset))
}

/// Adds the span that was begun.
#[inline]
pub(crate) fn span(
    builder: &mut SpanBatchBuilder,
    header: &SpanHeader<'_>,
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<(), WireError> {
    match builder.span(header) {
        Ok(()) => Ok(()),
        Err(_) => span_mended(builder, header, notes, offset),
    }
}

#[cold]
fn span_mended(
    builder: &mut SpanBatchBuilder,
    header: &SpanHeader<'_>,
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<(), WireError> {
    let name = text(header.name, notes, offset)?;
    let trace_state = text(header.trace_state, notes, offset)?;
    let status_message = text(header.status_message, notes, offset)?;
    let header = SpanHeader {
        name: name.as_bytes(),
        trace_state: trace_state.as_bytes(),
        status_message: status_message.as_bytes(),
        ..*header
    };
    builder.span(&header).map_err(|_| still_wrong(offset))
}

/// Adds an event to the span that was begun.
#[inline]
pub(crate) fn event(
    builder: &mut SpanBatchBuilder,
    time_ns: u64,
    name: &[u8],
    dropped: u32,
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<(), WireError> {
    if builder.event(time_ns, name, dropped).is_ok() {
        return Ok(());
    }
    let name = text(name, notes, offset)?;
    let added = builder.event(time_ns, name.as_bytes(), dropped);
    added.map(drop).map_err(|_| still_wrong(offset))
}

/// Adds a link to the span that was begun and answers its row.
#[inline]
pub(crate) fn link(
    builder: &mut SpanBatchBuilder,
    header: &LinkHeader<'_>,
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<u32, WireError> {
    if let Ok(row) = builder.link(header) {
        return Ok(row);
    }
    let trace_state = text(header.trace_state, notes, offset)?;
    let header = LinkHeader {
        trace_state: trace_state.as_bytes(),
        ..*header
    };
    builder.link(&header).map_err(|_| still_wrong(offset))
}

/// Adds a resource and answers its row.
pub(crate) fn resource(
    builder: &mut SpanBatchBuilder,
    schema_url: &[u8],
    dropped: u32,
    entity_refs: &[u8],
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<u32, WireError> {
    if let Ok(row) = builder.resource(schema_url, dropped, entity_refs) {
        return Ok(row);
    }
    let schema_url = text(schema_url, notes, offset)?;
    let added = builder.resource(schema_url.as_bytes(), dropped, entity_refs);
    added.map_err(|_| still_wrong(offset))
}

/// Adds a scope and answers its row.
pub(crate) fn scope(
    builder: &mut SpanBatchBuilder,
    [name, version, schema_url]: [&[u8]; 3],
    dropped: u32,
    notes: &mut Notes<'_>,
    offset: usize,
) -> Result<u32, WireError> {
    if let Ok(row) = builder.scope(name, version, schema_url, dropped) {
        return Ok(row);
    }
    let name = text(name, notes, offset)?;
    let version = text(version, notes, offset)?;
    let schema_url = text(schema_url, notes, offset)?;
    let [name, version, schema_url] = [&name, &version, &schema_url].map(|text| text.as_bytes());
    let added = builder.scope(name, version, schema_url, dropped);
    added.map_err(|_| still_wrong(offset))
}

fn text(bytes: &[u8], notes: &mut Notes<'_>, offset: usize) -> Result<String, WireError> {
    notes.utf8(bytes).map_err(|full| full.at_byte(offset))
}

/// Cannot be: a mended text is UTF-8.
fn still_wrong(offset: usize) -> WireError {
    WireError::at_byte(offset, Problem::NotUtf8)
}
