//! Spans on their way out.
//!
//! It exists to join the recorder to the exporter. It must never be known to
//! the recorder, which records without an exporter too.

use super::encode::encode_spans;
use super::source::Source;
use super::worker_handle::FlushError;
use crate::record::{Core, SpanData};
use crate::statistics::Counters;
use std::io::{self, Write};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

impl Source for Core {
    type Item = Box<SpanData>;

    const ITEMS: &'static str = "spans";
    const ADVICE: &'static str = "; over HTTP spans go to /v1/traces, which is added to \
        OTEL_EXPORTER_OTLP_ENDPOINT and not to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    // A proxy may answer so while it waits for a backend that restarts.
    const REST: Duration = Duration::ZERO;

    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn is_failing(&self) -> &AtomicBool {
        &self.is_failing
    }

    fn has_batch(&self) -> bool {
        self.queue().has_batch()
    }

    fn take(&self, max: usize, max_bytes: usize) -> Vec<Box<SpanData>> {
        self.queue().take(max, max_bytes)
    }

    fn bytes_of(span: &Box<SpanData>) -> usize {
        span.memory_bytes()
    }

    fn recycle(&self, spans: Vec<Box<SpanData>>) {
        self.queue().recycle(spans);
    }

    async fn filled(&self) {
        self.queue().filled().await;
    }

    fn gather(&self) -> bool {
        Core::gather(self)
    }

    fn follow_wall_clock(&self) {
        Core::follow_wall_clock(self);
    }

    fn close(&self) {
        Core::close(self);
    }

    fn encode(&self, resource: &[u8], spans: &[Box<SpanData>]) -> Vec<u8> {
        encode_spans(resource, &self.scopes(), spans)
    }

    fn write_lines(&self, out: &mut dyn Write, spans: &[Box<SpanData>]) -> io::Result<()> {
        spans.iter().try_for_each(|span| write_line(out, span))
    }

    fn lost(spans: u64, why: String) -> FlushError {
        FlushError::Failed { spans, why }
    }
}

/// The form is for people and no contract.
fn write_line(out: &mut dyn Write, span: &SpanData) -> io::Result<()> {
    let milliseconds = span.duration_ns() as f64 / 1e6;
    let SpanData {
        context,
        parent_span_id,
        name,
        kind,
        status,
        ..
    } = span;
    let (trace_id, span_id) = (context.trace_id, context.span_id);
    write!(out, "{trace_id} {span_id} {kind:?} {name:?}")?;
    write!(
        out,
        " parent={parent_span_id} {milliseconds:.3}ms {status:?}"
    )?;
    for attribute in &span.attributes {
        write!(out, " {}={:?}", attribute.key, attribute.value)?;
    }
    writeln!(out)
}
