//! A batch as several messages, none larger than its readers take.
//!
//! Clients of gRPC refuse messages of more than 4 MiB unless told otherwise.
//! So messages are cut by bytes, whatever spans are like: what a message will
//! need is measured on its spans before it is written. A span is **never
//! cut**: one that is too large by itself is alone in its message.

use std::ops::ControlFlow;

use super::encode::{SpanAttributes, encode_spans, put_span};
use super::parts::{write_resource, write_scope};
use crate::otlp::Links;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatch, SpanRef};

/// Tags and lengths of the three messages around a span, at most.
const HEADERS_BYTES: usize = 3 * 6;

pub(super) fn encode_chunks<B>(
    batch: &SpanBatch,
    links: Links,
    chunk_bytes: usize,
    mut each: impl FnMut(Vec<u8>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let view = BatchView::new(batch);
    let spans: Vec<SpanRef<'_>> = view.spans().collect();
    let attributes = SpanAttributes::new(batch);
    let mut rest = &spans[..];
    while !rest.is_empty() {
        let (chunk, others) =
            rest.split_at(spans_within(chunk_bytes, (&view, &attributes), rest, links));
        each(encode_spans(&view, &attributes, chunk, links))?;
        rest = others;
    }
    ControlFlow::Continue(())
}

/// How many spans, but at least one, fit into so many bytes.
fn spans_within(
    bytes: usize,
    (view, attributes): (&BatchView<'_>, &SpanAttributes<'_>),
    spans: &[SpanRef<'_>],
    links: Links,
) -> usize {
    let (mut scratch, mut needed) = (Vec::new(), 0);
    let (mut resource, mut scope) = (None, None);
    for (count, span) in spans.iter().enumerate() {
        scratch.clear();
        if resource != Some(span.resource_row()) {
            (resource, scope) = (Some(span.resource_row()), None);
            write_resource(&mut scratch, view, span.resource_row());
        }
        if scope != Some(span.scope_row()) {
            scope = Some(span.scope_row());
            write_scope(&mut scratch, view, span.scope_row());
        }
        put_span(&mut scratch, span, attributes, links);
        needed += scratch.len() + HEADERS_BYTES;
        if needed > bytes && count > 0 {
            return count;
        }
    }
    spans.len()
}
