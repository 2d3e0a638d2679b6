//! What a file consists of: records, each a piece that can be read by itself.
//!
//! A record is as much as is in memory of a file at a time, so its size has a
//! limit. Whoever reads records says which one is broken and whether what
//! follows it can still be found.

use std::fmt;

/// Bytes of one record, decompressed. Exports stay far below; a larger one is
/// most likely no record at all.
pub(super) const MAX_RECORD_BYTES: usize = 256 << 20;

/// What the bytes of a record are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `TracesData` in protobuf.
    OtlpProtobuf,
    /// `TracesData` in JSON.
    OtlpJson,
    /// A trace in the JSON of Jaeger's UI.
    JaegerJson,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the record in its file, from 1.
    pub(super) record: u64,
    /// Bytes before it, after decompression.
    pub(super) byte: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} (byte {})", self.record, self.byte)
    }
}

/// Why the next record cannot be had.
#[derive(Debug)]
pub(super) enum Fault {
    /// This one cannot; the next begins where it should.
    Skipped(String),
    /// Nothing after this place can be told apart any more.
    Lost(String),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Lost(match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "the file ends too early".to_owned(),
            _ => format!("the file cannot be read on: {error}"),
        })
    }
}

/// The records of a file, one after another.
pub(super) trait Records {
    /// Puts the next record into `bytes`, which is empty, and says what it is;
    /// `None` at the end.
    ///
    /// # Errors
    /// See [`Fault`]; after [`Fault::Lost`] it is not called again.
    fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Kind>, Fault>;

    /// Bytes before the record that was read last, or that is broken.
    fn byte(&self) -> u64;

    /// Objects that were passed because they hold metrics, logs or profiles.
    fn passed(&self) -> u64 {
        0
    }
}

/// More than a record may have.
pub(super) fn too_large(what: &str) -> String {
    format!("{what} is larger than {} MiB", MAX_RECORD_BYTES >> 20)
}
