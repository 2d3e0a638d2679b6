//! One JSON object with all traces, as `/api/traces` answers and Jaeger's UI
//! takes for upload.

use std::path::{Path, PathBuf};

use tracewell_api::write_trace;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{SpanBatch, TraceId};

use super::Writer;
use super::output_file::OutputFile;
use crate::cli::error::CliError;

/// A trace is written when the next one begins.
pub(super) struct JaegerFile {
    out: OutputFile,
    trace: BatchJoiner,
    id: Option<TraceId>,
    traces: u64,
}

impl JaegerFile {
    pub(super) fn create(path: Option<&Path>) -> Result<Self, CliError> {
        let mut out = OutputFile::create(path)?;
        out.write(b"{\"data\":[")?;
        Ok(Self {
            out,
            trace: BatchJoiner::new(),
            id: None,
            traces: 0,
        })
    }

    fn end_trace(&mut self) -> Result<(), CliError> {
        let trace = std::mem::take(&mut self.trace);
        if trace.is_empty() {
            return Ok(());
        }
        let separator: &[u8] = if self.traces == 0 { b"\n" } else { b",\n" };
        self.traces += 1;
        self.out.write(separator)?;
        let trace = trace.finish();
        self.out.put(|out| write_trace(out, &trace))
    }
}

impl Writer for JaegerFile {
    fn part(&mut self, _message: &[u8], spans: &SpanBatch) -> Result<(), CliError> {
        let id = spans.spans().trace_id.first().copied();
        if id != self.id {
            self.end_trace()?;
            self.id = id;
        }
        self.trace.append(spans).map_err(|error| {
            CliError::Failed(format!("a trace is too large for one JSON object: {error}"))
        })
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<PathBuf>, CliError> {
        self.end_trace()?;
        self.out
            .write(b"\n],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}\n")?;
        self.out.finish()
    }
}
