//! A whole file, read by its footer: to import it or to verify it.
//!
//! Reads flat columns of the types, encodings and codecs that are written
//! here, and names what it cannot read. The bytes may be anything.

use std::io;
use std::ops::Range;

use crate::column::{Column, DecodedCells};
use crate::decode::ChunkDecoder;
use crate::error::DecodeError;
use crate::footer::MAGIC;
use crate::footer::read::{Footer, RowGroup};
use crate::page_header::{PageHeader, PageKind};

/// Bytes of the footer's length and the magic after it.
const TAIL_BYTES: u64 = 8;

/// Bytes that can be read anywhere.
pub trait ReadAt {
    /// How many there are.
    ///
    /// # Errors
    /// They cannot be counted.
    fn size(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// They cannot be read, or there are fewer.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl<T: AsRef<[u8]>> ReadAt for T {
    fn size(&self) -> io::Result<u64> {
        Ok(self.as_ref().len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = self
            .as_ref()
            .get(start..)
            .and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes could not be read.
    #[error("cannot read {bytes} bytes at {offset}: {source}")]
    Source {
        /// Where.
        offset: u64,
        /// How many.
        bytes: u64,
        /// Why.
        source: io::Error,
    },
    /// The file is no Parquet file, or an encrypted one.
    #[error("not a parquet file: {0}")]
    NotParquet(&'static str),
    /// What it holds is damaged or not supported.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// There is no such row group or column.
    #[error("row group {group}, column {column}: the file has no such chunk")]
    NoChunk {
        /// The row group asked for.
        group: usize,
        /// The column asked for.
        column: usize,
    },
}

/// The pages of one chunk.
#[derive(Clone, Debug)]
pub struct ChunkPages {
    /// The column as this chunk stores it.
    pub column: Column,
    bytes: Vec<u8>,
    dictionary: Option<Range<usize>>,
    pages: Vec<Range<usize>>,
    page_rows: Vec<usize>,
}

impl ChunkPages {
    /// The dictionary page, if there is one.
    #[must_use]
    pub fn dictionary(&self) -> Option<&[u8]> {
        self.dictionary.clone().map(|page| &self.bytes[page])
    }

    /// The data pages, headers included.
    #[must_use]
    pub fn pages(&self) -> Vec<&[u8]> {
        self.pages
            .iter()
            .map(|page| &self.bytes[page.clone()])
            .collect()
    }

    /// Rows of each data page.
    #[must_use]
    pub fn page_rows(&self) -> &[usize] {
        &self.page_rows
    }

    /// Finds the pages in the bytes of a chunk.
    fn split(column: Column, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let mut chunk = Self {
            column,
            bytes,
            dictionary: None,
            pages: Vec::new(),
            page_rows: Vec::new(),
        };
        let mut at = 0;
        while at < chunk.bytes.len() {
            let index = chunk.pages.len();
            let within = |error: DecodeError| {
                error.within(
                    &chunk.column.name,
                    format_args!("page {index} at byte {at}"),
                )
            };
            let header = PageHeader::read(&chunk.bytes[at..]).map_err(within)?;
            let end = at + header.bytes + header.stored;
            if end > chunk.bytes.len() {
                let error = DecodeError::damaged("page header", 0, "page is longer than its chunk");
                return Err(within(error));
            }
            match header.kind {
                PageKind::Data { rows, .. } => {
                    chunk.pages.push(at..end);
                    chunk.page_rows.push(rows);
                }
                PageKind::Dictionary { .. } if at == 0 => chunk.dictionary = Some(at..end),
                PageKind::Dictionary { .. } => {
                    let reason = "a dictionary page that is not the first";
                    return Err(within(DecodeError::damaged("page header", 0, reason)));
                }
                PageKind::Other => {}
            }
            at = end;
        }
        Ok(chunk)
    }
}

/// An open file.
pub struct FileReader<'a> {
    source: &'a dyn ReadAt,
    size: u64,
    footer: Footer,
}

impl std::fmt::Debug for FileReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("FileReader");
        debug
            .field("size", &self.size)
            .field("footer", &self.footer);
        debug.finish_non_exhaustive()
    }
}

impl<'a> FileReader<'a> {
    /// Reads the footer.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or names something that is not supported.
    pub fn open(source: &'a dyn ReadAt) -> Result<Self, ReadError> {
        let size = source.size().map_err(|error| ReadError::Source {
            offset: 0,
            bytes: 0,
            source: error,
        })?;
        let body = size.checked_sub(MAGIC.len() as u64 + TAIL_BYTES);
        let body = body.ok_or(ReadError::NotParquet("too short"))?;
        let tail = read(source, size - TAIL_BYTES, TAIL_BYTES)?;
        let (length, magic) = tail.split_at(4);
        if magic == b"PARE" {
            return Err(ReadError::NotParquet("its footer is encrypted"));
        }
        if magic != MAGIC || read(source, 0, MAGIC.len() as u64)? != MAGIC {
            return Err(ReadError::NotParquet("does not begin and end with PAR1"));
        }
        let length = u64::from(u32::from_le_bytes(length.try_into().unwrap_or_default()));
        if length > body {
            return Err(ReadError::NotParquet("the footer is longer than the file"));
        }
        let footer = Footer::read(&read(source, size - TAIL_BYTES - length, length)?)?;
        Ok(Self {
            source,
            size,
            footer,
        })
    }

    /// The columns in file order. `compress` says whether any chunk is.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.footer.columns
    }

    /// The row groups in file order.
    #[must_use]
    pub fn row_groups(&self) -> &[RowGroup] {
        &self.footer.groups
    }

    /// The value that the file's metadata has for `key`.
    #[must_use]
    pub fn key_value(&self, key: &str) -> Option<&str> {
        let mut pairs = self.footer.key_values.iter();
        pairs
            .find(|(found, _)| found == key)
            .map(|(_, value)| &**value)
    }

    /// Reads the pages of one chunk.
    ///
    /// # Errors
    /// There is no such chunk, or its bytes are not there or not pages whose
    /// rows are those of the row group.
    pub fn chunk(&self, group: usize, column: usize) -> Result<ChunkPages, ReadError> {
        let found = self.footer.groups.get(group);
        let found = found.and_then(|found| Some((found, found.chunks.get(column)?)));
        let (row_group, place) = found.ok_or(ReadError::NoChunk { group, column })?;
        let column = &self.footer.columns[column];
        let damaged = |reason| {
            let error = DecodeError::damaged("chunk", 0, reason);
            error.within(&column.name, format_args!("row group {group}"))
        };
        let end = place.offset.checked_add(place.bytes);
        if end.is_none_or(|end| end > self.size) {
            return Err(damaged("lies beyond the end of the file").into());
        }
        let bytes = read(self.source, place.offset, place.bytes)?;
        let stored = Column {
            compress: place.compressed,
            ..column.clone()
        };
        let chunk = ChunkPages::split(stored, bytes);
        let chunk =
            chunk.map_err(|error| error.within(&column.name, format_args!("row group {group}")))?;
        if chunk.page_rows.iter().sum::<usize>() != row_group.rows {
            return Err(damaged("its pages have another number of rows than the group").into());
        }
        Ok(chunk)
    }

    /// Reads and decodes all rows of one chunk.
    ///
    /// # Errors
    /// As for [`FileReader::chunk`], and if the pages cannot be decoded.
    pub fn cells(
        &self,
        decoder: &mut ChunkDecoder,
        group: usize,
        column: usize,
    ) -> Result<DecodedCells, ReadError> {
        let chunk = self.chunk(group, column)?;
        let pages = chunk.pages();
        Ok(decoder.decode(&chunk.column, chunk.dictionary(), &pages, None)?)
    }
}

/// Reads bytes that are known to be within the source.
fn read(source: &dyn ReadAt, offset: u64, bytes: u64) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError::Source {
        offset,
        bytes,
        source,
    };
    let length = usize::try_from(bytes).map_err(|_| failed(io::ErrorKind::OutOfMemory.into()))?;
    let mut buffer = vec![0; length];
    source.read_at(offset, &mut buffer).map_err(failed)?;
    Ok(buffer)
}
