//! Pieces of OTLP messages, as stored in columns of Parquet blocks.
//!
//! Each piece is a message of opentelemetry-proto with only some of its
//! fields, so any OTLP library reads it, and pieces of one span may be
//! concatenated. **No form of our own is ever written.**

use super::decode::Envelope;
use super::encode::{put_attributes, put_events, put_links, put_resource, put_scope};
use super::{resource, span};
use crate::WireError;
use crate::error::Problem;
use crate::fields::{Cursor, put_bytes};
use crate::notes::Notes;
use crate::otlp::Links;
use crate::room::Room;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatchBuilder, SpanHeader, SpanRef, ValueRef};

/// Appends a `ResourceSpans` with only `resource` and `schema_url`.
pub fn write_resource(out: &mut Vec<u8>, view: &BatchView<'_>, row: usize) {
    put_resource(out, view, row);
    let url = view.batch().resources().schema_url.get(row);
    put_bytes(out, 0x1a, url.as_bytes());
}

/// Appends a `ScopeSpans` with only `scope` and `schema_url`.
pub fn write_scope(out: &mut Vec<u8>, view: &BatchView<'_>, row: usize) {
    put_scope(out, view, row);
    let url = view.batch().scopes().schema_url.get(row);
    put_bytes(out, 0x1a, url.as_bytes());
}

/// Appends a `Span` with only `attributes`.
pub fn write_span_attributes<'a>(
    out: &mut Vec<u8>,
    attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) {
    put_attributes(out, 0x4a, attributes);
}

/// Appends a `Span` with only `events`.
pub fn write_span_events(out: &mut Vec<u8>, span: &SpanRef<'_>) {
    put_events(out, span);
}

/// Appends a `Span` with only `links`.
pub fn write_span_links(out: &mut Vec<u8>, span: &SpanRef<'_>) {
    put_links(out, span, Links::All);
}

/// Reads what [`write_resource`] wrote and answers the row of the resource.
///
/// # Errors
/// The bytes are malformed, or hold what was never written; the builder is of
/// no use any more.
pub fn read_resource(builder: &mut SpanBatchBuilder, bytes: &[u8]) -> Result<u32, WireError> {
    let envelope = Envelope::read(Cursor::new(bytes, 0), "resource")?;
    let mut notes = Notes::new(Room::unlimited());
    let (cursor, url) = (envelope.cursor(), envelope.schema_url);
    let row = resource::resource(builder, cursor, url, &mut notes)?;
    undamaged(&notes).map(|()| row)
}

/// Reads what [`write_scope`] wrote and answers the row of the scope.
///
/// # Errors
/// As for [`read_resource`].
pub fn read_scope(builder: &mut SpanBatchBuilder, bytes: &[u8]) -> Result<u32, WireError> {
    let envelope = Envelope::read(Cursor::new(bytes, 0), "scope")?;
    let mut notes = Notes::new(Room::unlimited());
    let (cursor, url) = (envelope.cursor(), envelope.schema_url);
    let row = resource::scope(builder, cursor, url, &mut notes)?;
    undamaged(&notes).map(|()| row)
}

/// Reads attributes, events and links of a `Span` for the builder's next
/// span. May be called several times before [`SpanBatchBuilder::span`], once
/// for each of the `write_span_*` functions. Other fields are ignored.
///
/// # Errors
/// As for [`read_resource`]; what the next span had so far was abandoned.
pub fn read_span_parts(builder: &mut SpanBatchBuilder, bytes: &[u8]) -> Result<(), WireError> {
    let (mut header, mut ids) = (SpanHeader::default(), span::RawIds::default());
    let (mut fault, mut notes) = (None, Notes::new(Room::unlimited()));
    let fields = Cursor::new(bytes, 0);
    let read = span::fields(
        builder,
        fields,
        &mut header,
        &mut ids,
        &mut fault,
        &mut notes,
    );
    let fault = fault.map_or(Ok(()), |fault| {
        Err(WireError::at_byte(0, Problem::Fault(fault)))
    });
    read.and(fault)
        .and(undamaged(&notes))
        .inspect_err(|_| builder.abandon_span())
}

/// Stored bytes were put right when they came in; what is not right now is
/// damage.
fn undamaged(notes: &Notes<'_>) -> Result<(), WireError> {
    match notes.repaired.iter().next() {
        None => Ok(()),
        Some((repair, _)) => Err(WireError::at_byte(0, Problem::Damaged(repair.name()))),
    }
}
