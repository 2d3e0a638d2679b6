//! Reads every byte of a block and compares what its parts say of one another.
//! Changes nothing.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use tracewell_model::TraceId;
use tracewell_parquet::PAGE_ROWS;

use super::read::{Reader, check};
use super::schema::Fixed;
use super::{Block, BlockError};
use crate::files::{FileError, read_exact_at};

/// What was read of a block that is sound.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedBlock {
    /// Spans decoded, with every column.
    pub spans: u64,
    /// Traces found through the index.
    pub traces: u64,
    /// Bytes of pages whose checksum was right and which decode.
    pub page_bytes: u64,
}

impl Block {
    /// Is only the index file damaged? Then the Parquet file is whole, and the
    /// block can be written again from it. Answers what is wrong.
    ///
    /// # Errors
    /// The Parquet file is damaged as well, or the disk refuses.
    pub(crate) fn index_damage(&self) -> Result<Option<BlockError>, BlockError> {
        let Err(damage) = self.index.verify() else {
            return Ok(None);
        };
        self.verify_checksum(&AtomicBool::new(false))?;
        Ok(Some(damage))
    }

    /// Has this index file changed places with that of one of these blocks,
    /// which look the same from outside? Reads all of the Parquet file.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn index_of_another(&self, alike: &[Block]) -> Result<bool, BlockError> {
        let crc = self.parquet_crc(&AtomicBool::new(false))?;
        let is_own = crc == self.index.core.parquet_crc;
        Ok(!is_own && alike.iter().any(|of| of.index.core.parquet_crc == crc))
    }

    /// Reads and decodes all there is.
    ///
    /// # Errors
    /// The first thing that is wrong, or `cancelled` was set.
    pub fn verify(&self, cancelled: &AtomicBool) -> Result<VerifiedBlock, BlockError> {
        self.index.verify()?;
        self.verify_checksum(cancelled)?;
        let reader = Reader::new(self);
        let mut verified = VerifiedBlock::default();
        let mut seen = HashSet::new();
        let mut last = None;
        for (group, rows) in self.group_rows().enumerate() {
            for derived in Fixed::ParentRow.column()..Fixed::ALL.len() {
                check(cancelled)?;
                reader.cells(group, derived, None)?;
            }
            check(cancelled)?;
            let batch = reader.batch(group, &self.span_columns(), None)?;
            if batch.len() != rows {
                return Err(self.wrong("a row group has another number of rows"));
            }
            for (row, id) in batch.spans().trace_id.iter().enumerate() {
                if last.replace(*id) == Some(*id) {
                    continue;
                }
                if !seen.insert(*id) {
                    return Err(self.wrong(&format!("trace {id} is not one run of rows")));
                }
                self.verify_trace(*id, group, row / PAGE_ROWS)?;
            }
            verified.spans += rows as u64;
        }
        verified.traces = seen.len() as u64;
        verified.page_bytes = reader.read_bytes();
        if (verified.spans, verified.traces) != (self.meta.spans, self.meta.traces) {
            return Err(self.wrong("the number of spans or traces is another than stated"));
        }
        Ok(verified)
    }

    /// The whole Parquet file, what other programs read of it included.
    fn verify_checksum(&self, cancelled: &AtomicBool) -> Result<(), BlockError> {
        if self.parquet_crc(cancelled)? != self.index.core.parquet_crc {
            return Err(self.wrong("checksum of the file does not match"));
        }
        Ok(())
    }

    fn parquet_crc(&self, cancelled: &AtomicBool) -> Result<u32, BlockError> {
        let mut buffer = vec![0; 1 << 20];
        let (mut at, mut crc) = (0, 0);
        while at < self.index.core.parquet_bytes {
            check(cancelled)?;
            let left = self.index.core.parquet_bytes - at;
            let part = &mut buffer[..left.min(1 << 20) as usize];
            read_exact_at(&*self.parquet, part, at).map_err(FileError::on("read", &self.path))?;
            crc = crc32c::crc32c_append(crc, part);
            at += part.len() as u64;
        }
        Ok(crc)
    }

    fn verify_trace(&self, id: TraceId, group: usize, page: usize) -> Result<(), BlockError> {
        if self.index.pages_of(id)?.contains(&(group, page)) {
            return Ok(());
        }
        Err(self.wrong(&format!("the index does not lead to trace {id}")))
    }

    fn wrong(&self, reason: &str) -> BlockError {
        BlockError::damaged(&self.path, reason)
    }
}
