//! Pieces of OTLP messages, as stored in columns of Parquet blocks.

use crate::WireError;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatchBuilder, SpanRef, ValueRef};

/// Appends a `ResourceSpans` with only `resource` and `schema_url`.
pub fn write_resource(out: &mut Vec<u8>, view: &BatchView<'_>, row: usize) {
    unimplemented!("{} {} {row}", out.len(), view.batch().len())
}

/// Appends a `ScopeSpans` with only `scope` and `schema_url`.
pub fn write_scope(out: &mut Vec<u8>, view: &BatchView<'_>, row: usize) {
    unimplemented!("{} {} {row}", out.len(), view.batch().len())
}

/// Appends a `Span` with only `attributes`.
pub fn write_span_attributes<'a>(
    out: &mut Vec<u8>,
    attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) {
    unimplemented!("{} {}", out.len(), attributes.count())
}

/// Appends a `Span` with only `events`.
pub fn write_span_events(out: &mut Vec<u8>, span: &SpanRef<'_>) {
    unimplemented!("{} {}", out.len(), span.row())
}

/// Appends a `Span` with only `links`.
pub fn write_span_links(out: &mut Vec<u8>, span: &SpanRef<'_>) {
    unimplemented!("{} {}", out.len(), span.row())
}

/// Reads what [`write_resource`] wrote and answers the row of the resource.
///
/// # Errors
/// The bytes are malformed, or hold what a request would have been refused for.
pub fn read_resource(builder: &mut SpanBatchBuilder, bytes: &[u8]) -> Result<u32, WireError> {
    unimplemented!("{} {}", builder.len(), bytes.len())
}

/// Reads what [`write_scope`] wrote and answers the row of the scope.
///
/// # Errors
/// As for [`read_resource`].
pub fn read_scope(builder: &mut SpanBatchBuilder, bytes: &[u8]) -> Result<u32, WireError> {
    unimplemented!("{} {}", builder.len(), bytes.len())
}

/// Reads attributes, events and links of a `Span` for the builder's next
/// span. May be called several times before
/// [`SpanBatchBuilder::span`], for bytes of each of the `write_span_*` functions.
///
/// # Errors
/// As for [`read_resource`]; the builder's next span was abandoned.
pub fn read_span_parts(builder: &mut SpanBatchBuilder, bytes: &[u8]) -> Result<(), WireError> {
    unimplemented!("{} {}", builder.len(), bytes.len())
}
