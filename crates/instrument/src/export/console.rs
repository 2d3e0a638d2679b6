//! Spans as lines of text, for a first look without a backend.
//!
//! It exists for `OTEL_TRACES_EXPORTER=console`. The form of its lines is for
//! people and no contract.

use crate::record::SpanData;
use std::io::Write;

/// Writes one line per span to standard output.
#[derive(Debug, Default)]
pub(crate) struct Console;

impl Console {
    pub(super) fn write(&self, spans: &[Box<SpanData>]) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        for span in spans {
            let milliseconds = span.duration_ns() as f64 / 1e6;
            let SpanData {
                context,
                name,
                kind,
                status,
                ..
            } = span.as_ref();
            write!(
                out,
                "{} {} {:?} {name:?}",
                context.trace_id, context.span_id, kind
            )?;
            write!(
                out,
                " parent={} {milliseconds:.3}ms {status:?}",
                span.parent_span_id
            )?;
            for attribute in &span.attributes {
                write!(out, " {}={:?}", attribute.key, attribute.value)?;
            }
            writeln!(out)?;
        }
        out.flush()
    }
}
