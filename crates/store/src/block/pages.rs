//! The bytes of a Parquet file, checked before anybody decodes them.
//!
//! Parquet decoders expect well-formed pages, and some panic on others. So the
//! index file keeps a CRC-32C of every page, and of the file's tail with its
//! page indexes and footer. Pages are numbered by row group, then column, then
//! place, the dictionary page of a column first.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::BlockError;
use crate::files::{File, FileError, read_exact_at};

/// A page, header included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) offset: u64,
    pub(super) bytes: u32,
}

/// All pages of a file in the order of their numbers; `None` when the offset
/// indexes do not describe such a file.
pub(super) fn pages(metadata: &ParquetMetaData) -> Option<Vec<Page>> {
    let mut pages = Vec::new();
    for (group, indexes) in metadata.row_groups().iter().zip(metadata.offset_index()?) {
        if indexes.len() != group.columns().len() {
            return None;
        }
        for (column, index) in group.columns().iter().zip(indexes) {
            let (start, _) = column.byte_range();
            let first = index.page_locations().first()?;
            let dictionary_bytes = u64::try_from(first.offset).ok()?.checked_sub(start)?;
            if dictionary_bytes > 0 {
                let bytes = u32::try_from(dictionary_bytes).ok()?;
                pages.push(Page {
                    offset: start,
                    bytes,
                });
            }
            for location in index.page_locations() {
                pages.push(Page {
                    offset: u64::try_from(location.offset).ok()?,
                    bytes: u32::try_from(location.compressed_page_size).ok()?,
                });
            }
        }
    }
    pages
        .is_sorted_by(|a, b| a.offset + u64::from(a.bytes) <= b.offset)
        .then_some(pages)
}

/// Which bytes are pages, and their checksums.
#[derive(Debug)]
pub(super) struct PageChecks {
    pages: Vec<(Page, u32)>,
}

impl PageChecks {
    /// `None` when there are not as many checksums as pages.
    pub(super) fn new(pages: Vec<Page>, crcs: &[u32]) -> Option<Self> {
        let pairs = || pages.iter().copied().zip(crcs.iter().copied());
        (pages.len() == crcs.len()).then(|| Self {
            pages: pairs().collect(),
        })
    }

    fn crc(&self, offset: u64, bytes: usize) -> Option<u32> {
        let place = self
            .pages
            .binary_search_by_key(&offset, |(page, _)| page.offset)
            .ok()?;
        let (page, crc) = self.pages[place];
        (page.bytes as usize == bytes).then_some(crc)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.pages.len() * size_of::<(Page, u32)>()
    }
}

/// A Parquet file that gives out whole, checked pages and nothing else.
#[derive(Debug, Clone)]
pub(super) struct PageFile {
    file: Arc<dyn File>,
    path: PathBuf,
    file_bytes: u64,
    checks: Arc<PageChecks>,
    read_bytes: Arc<AtomicU64>,
}

impl PageFile {
    pub(super) fn new(
        file: Arc<dyn File>,
        path: &Path,
        file_bytes: u64,
        checks: Arc<PageChecks>,
    ) -> Self {
        Self {
            file,
            path: path.to_path_buf(),
            file_bytes,
            checks,
            read_bytes: Arc::default(),
        }
    }

    /// The same file with a counter of its own.
    pub(super) fn counting_anew(&self) -> Self {
        Self {
            read_bytes: Arc::default(),
            ..self.clone()
        }
    }

    /// Bytes that this handle and its clones have read.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    fn damaged(&self, reason: String) -> ParquetError {
        ParquetError::External(Box::new(BlockError::damaged(&self.path, reason)))
    }
}

impl Length for PageFile {
    fn len(&self) -> u64 {
        self.file_bytes
    }
}

impl ChunkReader for PageFile {
    type T = std::io::Empty;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Err(self.damaged(format!(
            "the page at byte {start} has no place in the index"
        )))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let crc = self.checks.crc(start, length);
        let crc = crc.ok_or_else(|| self.damaged(format!("there is no page at byte {start}")))?;
        let mut bytes = vec![0; length];
        read_exact_at(&*self.file, &mut bytes, start).map_err(|error| {
            let error = FileError::on("read", &self.path)(error);
            ParquetError::External(Box::new(BlockError::from(error)))
        })?;
        self.read_bytes.fetch_add(length as u64, Ordering::Relaxed);
        if crc32c::crc32c(&bytes) != crc {
            let reason = format!("checksum of the page at byte {start} does not match");
            return Err(self.damaged(reason));
        }
        Ok(bytes.into())
    }
}

/// What a Parquet error says about a file: the error underneath where it is
/// ours, else that the file is damaged.
pub(super) fn block_error(error: ParquetError, path: &Path) -> BlockError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<BlockError>() {
            Ok(ours) => *ours,
            Err(other) => BlockError::damaged(path, other),
        },
        other => BlockError::damaged(path, other),
    }
}
