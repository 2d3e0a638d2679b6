//! Spans as messages of api_v2.

use std::ops::ControlFlow;

use prost::Message;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatch, SpanRef as StoredSpan};

use super::messages::{
    KeyValue, Log, Process, Span, SpanRef, SpanRefType, SpansResponseChunk, ValueType,
};
use crate::jaeger::grpc::call::CHUNK_BYTES;
use crate::jaeger::grpc::times::{duration, timestamp};
use crate::jaeger::span::{self, Reference, ReferenceType, Tag, TagValue};

/// Tag and length of a span within its chunk, at most.
const HEADER_BYTES: usize = 6;

/// Hands out the spans of a trace by start, some at a time.
pub(super) fn for_each_chunk(
    batch: &SpanBatch,
    mut each: impl FnMut(SpansResponseChunk) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let view = BatchView::new(batch);
    let (mut spans, mut bytes) = (Vec::new(), 0);
    for row in crate::by_start::rows_by_start(batch) {
        let span = span_message(&view, view.span(row));
        let span_bytes = span.encoded_len() + HEADER_BYTES;
        if bytes + span_bytes > CHUNK_BYTES && !spans.is_empty() {
            bytes = 0;
            let spans = std::mem::take(&mut spans);
            each(SpansResponseChunk { spans })?;
        }
        bytes += span_bytes;
        spans.push(span);
    }
    if spans.is_empty() {
        return ControlFlow::Continue(());
    }
    each(SpansResponseChunk { spans })
}

fn span_message(view: &BatchView<'_>, span: StoredSpan<'_>) -> Span {
    let process = span::Process::new(view, span.resource_row());
    Span {
        trace_id: span.trace_id().0.to_vec(),
        span_id: span.span_id().0.to_vec(),
        operation_name: span.name().to_owned(),
        references: span::references(span).iter().map(reference).collect(),
        flags: 0,
        start_time: Some(timestamp(span.start_ns())),
        duration: Some(duration(span.duration_ns())),
        tags: span::tags(span).iter().map(key_value).collect(),
        logs: span::logs(span).iter().map(log).collect(),
        process: Some(Process {
            service_name: process.service.to_owned(),
            tags: process.tags.iter().map(key_value).collect(),
        }),
        process_id: String::new(),
        warnings: span::warnings(span),
    }
}

fn reference(reference: &Reference) -> SpanRef {
    let ref_type = match reference.reference_type {
        ReferenceType::ChildOf => SpanRefType::ChildOf,
        ReferenceType::FollowsFrom => SpanRefType::FollowsFrom,
    };
    SpanRef {
        trace_id: reference.trace_id.0.to_vec(),
        span_id: reference.span_id.0.to_vec(),
        ref_type: ref_type.into(),
    }
}

fn log(log: &span::Log<'_>) -> Log {
    Log {
        timestamp: Some(timestamp(log.time_ns)),
        fields: log.fields.iter().map(key_value).collect(),
    }
}

fn key_value(tag: &Tag<'_>) -> KeyValue {
    let mut message = KeyValue {
        key: tag.key.to_owned(),
        ..KeyValue::default()
    };
    let v_type = match &tag.value {
        TagValue::Text(text) => {
            message.v_str = text.clone().into_owned();
            ValueType::String
        }
        TagValue::Bool(value) => {
            message.v_bool = *value;
            ValueType::Bool
        }
        TagValue::Int(value) => {
            message.v_int64 = *value;
            ValueType::Int64
        }
        TagValue::Double(value) => {
            message.v_float64 = *value;
            ValueType::Float64
        }
        TagValue::Binary(bytes) => {
            message.v_binary = bytes.to_vec();
            ValueType::Binary
        }
    };
    message.set_v_type(v_type);
    message
}
