//! The footer of a file: what its columns are and where their pages lie.
//! Structures of the format's `parquet.thrift`, with the fields used here:
//!
//! ```text
//! FileMetaData    1 version  2 schema  3 rows  4 row groups  5 key-values
//!                 6 created by  7 column orders
//! SchemaElement   1 type  2 type length  3 repetition  4 name  5 children
//!                 6 converted type  10 logical type (1 = string)
//! RowGroup        1 columns  2 bytes uncompressed  3 rows  4 sorting columns
//!                 5 offset  6 bytes
//! SortingColumn   1 column  2 descending  3 nulls first
//! ColumnChunk     2 offset (0)  3 metadata  4, 5 offset index: offset, length
//! ColumnMetaData  1 type  2 encodings  3 path  4 codec  5 values (with nulls)
//!                 6 bytes uncompressed  7 bytes  9 first data page
//!                 11 dictionary page  12 statistics
//! Statistics      3 nulls  5 largest  6 smallest  7, 8 whether those are exact
//! OffsetIndex     1 page locations
//! PageLocation    1 offset  2 bytes  3 first row
//! KeyValue        1 key  2 value
//! ```

pub(crate) mod read;
pub(crate) mod write;

/// First and last bytes of a file.
pub(crate) const MAGIC: &[u8; 4] = b"PAR1";

/// `CompressionCodec` numbers.
const UNCOMPRESSED: i32 = 0;
const ZSTD: i32 = 6;

/// `FieldRepetitionType` numbers.
const REQUIRED: i32 = 0;
const OPTIONAL: i32 = 1;

/// `ConvertedType` number of text.
const UTF8: i32 = 0;

/// `Type` numbers.
const BOOLEAN: i32 = 0;
const INT32: i32 = 1;
const INT64: i32 = 2;
const DOUBLE: i32 = 5;
const BYTE_ARRAY: i32 = 6;
const FIXED_LEN_BYTE_ARRAY: i32 = 7;
