//! OTLP as files have it: protobuf with the length of each message in front,
//! or one JSON object a line. The Collector writes and reads both.

use std::path::{Path, PathBuf};

use tracewell_model::SpanBatch;
use tracewell_wire::otlp;

use super::Writer;
use super::output_file::OutputFile;
use crate::cli::error::CliError;

/// Messages as they came, each behind its 32-bit big-endian length.
pub(super) struct Protobuf(OutputFile);

impl Protobuf {
    pub(super) fn create(path: Option<&Path>) -> Result<Self, CliError> {
        Ok(Self(OutputFile::create(path)?))
    }
}

impl Writer for Protobuf {
    fn part(&mut self, message: &[u8], _spans: &SpanBatch) -> Result<(), CliError> {
        let length = u32::try_from(message.len()).map_err(|_| {
            CliError::Failed("a record is larger than 4 GiB and has no length".to_owned())
        })?;
        self.0.write(&length.to_be_bytes())?;
        self.0.write(message)
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>, CliError> {
        self.0.finish()
    }
}

/// One `TracesData` a line.
pub(super) struct JsonLines(OutputFile);

impl JsonLines {
    pub(super) fn create(path: Option<&Path>) -> Result<Self, CliError> {
        Ok(Self(OutputFile::create(path)?))
    }
}

impl Writer for JsonLines {
    fn part(&mut self, _message: &[u8], spans: &SpanBatch) -> Result<(), CliError> {
        let mut line = otlp::json::encode(spans);
        line.push(b'\n');
        self.0.write(&line)
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>, CliError> {
        self.0.finish()
    }
}
