//! Parquet without Arrow: column chunks from and to plain vectors, and the
//! file around them.
//!
//! Why our own: spans are kept as columns with dictionaries already, most of
//! them sparse. A general writer takes such columns apart row by row and
//! builds its dictionaries anew; this one renumbers what is used and packs
//! bits. Files follow the format (<https://github.com/apache/parquet-format>)
//! and open in any reader.
//!
//! Flat columns only. Opens no file: bytes in, bytes out. Never panics on
//! bytes from outside, and never knows what a span is.

mod bits;
mod chunk;
mod column;
mod decode;
mod delta;
mod delta_bytes;
mod encode;
mod error;
mod file_reader;
mod file_writer;
mod footer;
mod hybrid;
mod page_header;
mod plain;
mod thrift;

pub use chunk::{
    Bounds, EncodedChunk, Encoding, MAX_PAGE_BYTES, MAX_PAGE_ROWS, PAGE_ROWS, PageInfo,
};
pub use column::{Cells, Column, DecodedCells, DecodedValues, PhysicalType, Values};
pub use decode::{ChunkDecoder, Dictionary};
pub use encode::ChunkEncoder;
pub use error::{DecodeError, EncodeError};
pub use file_reader::{ChunkPages, FileReader, ReadAt, ReadError};
pub use file_writer::{FileWriter, WriteError};
pub use footer::read::{ChunkPlace, RowGroup};
