//! Spans as `Span` of `model.proto` and as `PostSpansRequest`: the reverse of
//! the decoder beside it.
//!
//! What Jaeger's model has no place for is listed in `docs/protocols/jaeger.md`;
//! **a span is never left out, and never guessed at**.

use tracewell_model::batch::view::BatchView;
use tracewell_model::{Level, SpanBatch, SpanRef, TraceId};

use crate::fields::{put_bytes, put_message, put_present_bytes, put_u32, put_u64};
use crate::jaeger::shown::{self, Process, Reference, ReferenceType, Tag, TagValue};

/// The bit that W3C's and Jaeger's flags have in common. Others mean one
/// thing here and another there.
const SAMPLED: u32 = 1;

const SECOND_NS: u64 = 1_000_000_000;

/// Requests with the spans in these rows: one for each process, as a request
/// has one batch and a batch one process.
#[must_use]
pub fn encode(batch: &SpanBatch, rows: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let view = BatchView::new(batch);
    let mut spans: Vec<SpanRef<'_>> = rows.into_iter().map(|row| view.span(row)).collect();
    // Stable: within a process they stay in their order.
    spans.sort_by_key(|span| span.resource_row());
    let processes = spans.chunk_by(|a, b| a.resource_row() == b.resource_row());
    let request = |spans: &[SpanRef<'_>]| {
        let mut out = Vec::new();
        put_message(&mut out, 0x0a, |out| {
            for span in spans {
                put_message(out, 0x0a, |out| put_sent(out, *span));
            }
            put_process(out, 0x12, &Process::new(&view, spans[0].resource_row()));
        });
        out
    };
    processes.map(request).collect()
}

/// Each span by itself, as `Span` with its process, and its trace.
#[must_use]
pub fn encode_spans(batch: &SpanBatch) -> Vec<(TraceId, Vec<u8>)> {
    let view = BatchView::new(batch);
    let resources = 0..batch.level_len(Level::Resource);
    let processes: Vec<_> = resources.map(|row| Process::new(&view, row)).collect();
    let encode = |span: SpanRef<'_>| {
        let mut out = Vec::new();
        put_sent(&mut out, span);
        put_process(&mut out, 0x52, &processes[span.resource_row()]);
        (span.trace_id(), out)
    };
    view.spans().map(encode).collect()
}

/// A span of a request: with its flags, and with its own warnings alone.
fn put_sent(out: &mut Vec<u8>, span: SpanRef<'_>) {
    put_span(out, span);
    put_u32(out, 0x28, span.flags() & SAMPLED);
    put_warnings(out, &shown::stored_warnings(span));
}

/// A span of a `SpansResponseChunk`: with its process and all that is to be said
/// of it, and, as in Jaeger's own answers, without flags.
pub fn put_span_of_chunk(out: &mut Vec<u8>, span: SpanRef<'_>, process: &Process<'_>) {
    put_message(out, 0x0a, |out| {
        put_span(out, span);
        put_process(out, 0x52, process);
        put_warnings(out, &shown::warnings(span));
    });
}

fn put_span(out: &mut Vec<u8>, span: SpanRef<'_>) {
    put_bytes(out, 0x0a, &span.trace_id().0);
    put_bytes(out, 0x12, &span.span_id().0);
    put_bytes(out, 0x1a, span.name().as_bytes());
    for reference in shown::references(span) {
        put_message(out, 0x22, |out| put_reference(out, &reference));
    }
    put_message(out, 0x32, |out| put_time(out, span.start_ns()));
    put_message(out, 0x3a, |out| put_time(out, span.duration_ns()));
    for tag in shown::tags(span) {
        put_message(out, 0x42, |out| put_tag(out, &tag));
    }
    for log in shown::logs(span) {
        put_message(out, 0x4a, |out| {
            put_message(out, 0x0a, |out| put_time(out, log.time_ns));
            for field in &log.fields {
                put_message(out, 0x12, |out| put_tag(out, field));
            }
        });
    }
}

fn put_process(out: &mut Vec<u8>, tag: u8, process: &Process<'_>) {
    put_message(out, tag, |out| {
        put_bytes(out, 0x0a, process.service.as_bytes());
        for tag in &process.tags {
            put_message(out, 0x12, |out| put_tag(out, tag));
        }
    });
}

fn put_warnings(out: &mut Vec<u8>, warnings: &[String]) {
    for warning in warnings {
        put_present_bytes(out, 0x62, warning.as_bytes());
    }
}

fn put_reference(out: &mut Vec<u8>, reference: &Reference) {
    put_bytes(out, 0x0a, &reference.trace_id.0);
    put_bytes(out, 0x12, &reference.span_id.0);
    let is_follower = reference.reference_type == ReferenceType::FollowsFrom;
    put_u32(out, 0x18, u32::from(is_follower));
}

/// `Timestamp` or `Duration`: both are seconds and nanoseconds.
fn put_time(out: &mut Vec<u8>, ns: u64) {
    put_u64(out, 0x08, ns / SECOND_NS);
    put_u64(out, 0x10, ns % SECOND_NS);
}

fn put_tag(out: &mut Vec<u8>, tag: &Tag<'_>) {
    put_bytes(out, 0x0a, tag.key.as_bytes());
    match &tag.value {
        TagValue::Text(text) => put_bytes(out, 0x1a, text.as_bytes()),
        TagValue::Bool(value) => {
            put_u32(out, 0x10, 1);
            put_u32(out, 0x20, u32::from(*value));
        }
        TagValue::Int(value) => {
            put_u32(out, 0x10, 2);
            put_u64(out, 0x28, *value as u64);
        }
        TagValue::Double(value) => {
            put_u32(out, 0x10, 3);
            out.push(0x31);
            out.extend_from_slice(&value.to_le_bytes());
        }
        TagValue::Binary(bytes) => {
            put_u32(out, 0x10, 4);
            put_bytes(out, 0x3a, bytes);
        }
    }
}
