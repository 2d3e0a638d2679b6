//! The index file of a block: what is in it, small enough to stay in memory.
//!
//! ```text
//!  0  magic "TWBLKIDX"
//!  8  u32 format version (1)
//! 12  u32 CRC-32C of the body
//! 16  body:
//!     counts      spans v | traces v | earliest start u64 | latest start u64
//!     parquet     file bytes u64 | pages end at u64 | u32 CRC-32C of the rest |
//!                 pages v | u32 CRC-32C per page, in the order of pages.rs
//!     row groups  count v | per group: rows v | earliest start u64 | latest start u64
//!     trace index stride v | trace id (16 bytes) of rows 0, stride, 2·stride, … and the last
//!     services    u8 1 if the column service_name tells all | count v |
//!                 per service: text | operations v |
//!                 per operation: text | kind v | spans v | failed v
//!     keys        count v | per key: level u8 | type u8 | text | attributes v |
//!                 of these outside a column v | column v (0 for none)
//!     trace filter  buckets v | traces of each v | u16 fingerprints
//! ```
//!
//! `v` is a LEB128 varint, text a varint length and UTF-8, other integers are
//! little-endian. Decoding trusts nothing: every count is checked against the
//! bytes that are left. **The layout never changes without a new version.**

mod decode;
mod encode;

use std::path::Path;

use tracewell_model::store::{AttributeKey, Operation};
use tracewell_model::{Level, TraceId};

use super::BlockError;
use super::schema::VERSION;
use super::trace_filter::TraceFilter;
use crate::files::{Access, FileError, Files, read_exact_at};

const MAGIC: &[u8; 8] = b"TWBLKIDX";
const HEADER_BYTES: usize = 16;

/// Rows between two entries of the trace index.
pub(super) const TRACE_STRIDE: usize = 1024;

/// Largest index file that is read: far beyond what a block of millions of
/// traces needs, so that a wrong size cannot ask for all memory.
const MAX_BYTES: u64 = 1 << 30;

/// What the index file says.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Sidecar {
    pub(super) spans: u64,
    pub(super) traces: u64,
    pub(super) min_start_ns: u64,
    pub(super) max_start_ns: u64,
    pub(super) parquet: ParquetChecks,
    pub(super) row_groups: Vec<RowGroup>,
    /// Ids of the rows 0, [`TRACE_STRIDE`], … and of the last row.
    pub(super) trace_index: Vec<TraceId>,
    /// Every resource has one `service.name` of text or none, so the column
    /// `service_name` says all there is to say of that key.
    pub(super) services_exact: bool,
    /// Grouped by service.
    pub(super) operations: Vec<Operation>,
    /// Sorted by key.
    pub(super) keys: Vec<KeyEntry>,
    pub(super) filter: TraceFilter,
}

/// Checksums of the Parquet file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct ParquetChecks {
    pub(super) file_bytes: u64,
    /// Where page indexes and footer begin.
    pub(super) pages_end: u64,
    /// CRC-32C from there to the end of the file.
    pub(super) tail_crc: u32,
    /// CRC-32C of every page.
    pub(super) page_crcs: Vec<u32>,
}

/// A row group of the Parquet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowGroup {
    pub(super) rows: usize,
    pub(super) min_start_ns: u64,
    pub(super) max_start_ns: u64,
}

/// An attribute key of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyEntry {
    pub(super) key: AttributeKey,
    /// Attributes of this key and type.
    pub(super) count: u64,
    /// How many of them are not in `column`.
    pub(super) elsewhere: u64,
    /// Its column in the Parquet file.
    pub(super) column: Option<usize>,
}

impl Sidecar {
    /// The file's bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let body = encode::body(self);
        let mut file = Vec::with_capacity(HEADER_BYTES + body.len());
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        file.extend_from_slice(&body);
        file
    }

    /// Reads what [`Sidecar::encode`] wrote; `path` is for the error.
    pub(super) fn decode(file: &[u8], path: &Path) -> Result<Self, BlockError> {
        let damaged = |reason: &str| BlockError::damaged(path, reason);
        let (header, body) = file
            .split_at_checked(HEADER_BYTES)
            .ok_or_else(|| damaged("shorter than its header"))?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        if &header[..8] != MAGIC {
            return Err(damaged("does not begin as an index file"));
        }
        let found = number(8);
        if found == 0 || found > VERSION {
            let path = path.to_path_buf();
            return Err(BlockError::Version { path, found });
        }
        if crc32c::crc32c(body) != number(12) {
            return Err(damaged("checksum does not match"));
        }
        decode::body(body).map_err(|reason| damaged(reason.0))
    }

    /// Entries of a key at a level, one per type.
    pub(super) fn entries<'a>(
        &'a self,
        level: Level,
        key: &'a str,
    ) -> impl Iterator<Item = &'a KeyEntry> {
        let of_key =
            move |entry: &KeyEntry| (entry.key.level, entry.key.key.as_str()).cmp(&(level, key));
        let first = self
            .keys
            .partition_point(move |entry| of_key(entry).is_lt());
        self.keys[first..]
            .iter()
            .take_while(move |entry| of_key(entry).is_eq())
    }

    /// Rows that may belong to a trace; empty when it is certainly not here.
    pub(super) fn rows_of(&self, id: TraceId) -> std::ops::Range<usize> {
        if self.spans == 0 || !self.filter.may_hold(id) {
            return 0..0;
        }
        // Entry i is row i * STRIDE, but the last entry is the last row.
        let before = self.trace_index.partition_point(|first| *first < id);
        let through = self.trace_index.partition_point(|first| *first <= id);
        let last_entry = self.trace_index.len() - 1;
        let from = before.saturating_sub(1) * TRACE_STRIDE;
        let to = if through > last_entry {
            self.spans as usize
        } else {
            through * TRACE_STRIDE
        };
        let outside = through == 0 || (before > last_entry);
        if outside {
            0..0
        } else {
            from..to.min(self.spans as usize)
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let operations = self.operations.iter().map(|operation| {
            size_of::<Operation>() + operation.service.len() + operation.name.len()
        });
        let keys = self
            .keys
            .iter()
            .map(|entry| size_of::<KeyEntry>() + entry.key.key.len());
        size_of::<Self>()
            + self.parquet.page_crcs.len() * 4
            + self.row_groups.len() * size_of::<RowGroup>()
            + self.trace_index.len() * 16
            + operations.sum::<usize>()
            + keys.sum::<usize>()
            + self.filter.memory_bytes()
    }
}

/// Reads an index file.
pub(super) fn load(files: &dyn Files, path: &Path) -> Result<Sidecar, BlockError> {
    let file = files
        .open(path, Access::Read)
        .map_err(FileError::on("open", path))?;
    let size = file
        .size()
        .map_err(FileError::on("get the size of", path))?;
    if size > MAX_BYTES {
        let reason = format!("{size} bytes are more than an index file can have ({MAX_BYTES})");
        return Err(BlockError::damaged(path, reason));
    }
    let mut bytes = vec![0; size as usize];
    read_exact_at(&*file, &mut bytes, 0).map_err(FileError::on("read", path))?;
    Sidecar::decode(&bytes, path)
}
