//! The spans of a trace as messages of api_v2.

use std::ops::ControlFlow;

use tracewell_model::SpanBatch;
use tracewell_model::batch::view::BatchView;
use tracewell_wire::jaeger::protobuf::put_span_of_chunk;
use tracewell_wire::jaeger::shown::Process;

use crate::grpc_call::CHUNK_BYTES;

/// Hands out the spans of a trace by start, some at a time: each a
/// `SpansResponseChunk`.
pub(super) fn for_each_chunk(
    batch: &SpanBatch,
    mut each: impl FnMut(Vec<u8>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let view = BatchView::new(batch);
    let (mut chunk, mut span_bytes) = (Vec::new(), Vec::new());
    for row in crate::by_start::rows_by_start(batch) {
        let span = view.span(row);
        span_bytes.clear();
        put_span_of_chunk(
            &mut span_bytes,
            span,
            &Process::new(&view, span.resource_row()),
        );
        if chunk.len() + span_bytes.len() > CHUNK_BYTES && !chunk.is_empty() {
            each(std::mem::take(&mut chunk))?;
        }
        chunk.extend_from_slice(&span_bytes);
    }
    if chunk.is_empty() {
        return ControlFlow::Continue(());
    }
    each(chunk)
}
