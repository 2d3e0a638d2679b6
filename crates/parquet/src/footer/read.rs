//! Reads the footer, which may be anything.

use super::{
    BOOLEAN, BYTE_ARRAY, DOUBLE, FIXED_LEN_BYTE_ARRAY, INT32, INT64, OPTIONAL, REQUIRED,
    UNCOMPRESSED, UTF8, ZSTD,
};
use crate::column::{Column, PhysicalType};
use crate::error::DecodeError;
use crate::thrift::{Kind, Reader};

/// What dictionaries may take when columns of a file that was read are written
/// again.
const MAX_DICTIONARY_BYTES: usize = 64 << 10;

/// Where a chunk is and how it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkPlace {
    /// Where its first page begins in the file.
    pub offset: u64,
    /// Bytes of all its pages.
    pub bytes: u64,
    /// Whether its pages are compressed (zstd).
    pub compressed: bool,
}

/// A row group of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowGroup {
    /// Its rows.
    pub rows: usize,
    /// One chunk per column.
    pub chunks: Vec<ChunkPlace>,
}

/// What a footer says.
#[derive(Debug, Default)]
pub(crate) struct Footer {
    pub(crate) columns: Vec<Column>,
    pub(crate) groups: Vec<RowGroup>,
    pub(crate) key_values: Vec<(String, String)>,
}

impl Footer {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "footer");
        let mut footer = Self::default();
        let mut last = 0;
        while let Some(field) = reader.field(&mut last)? {
            match field.id {
                2 => {
                    let elements = reader.list(field, Kind::Struct)?;
                    footer.columns = schema(&mut reader, elements)?;
                }
                4 => {
                    for _ in 0..reader.list(field, Kind::Struct)? {
                        footer.groups.push(row_group(&mut reader, &footer.columns)?);
                    }
                }
                5 => {
                    for _ in 0..reader.list(field, Kind::Struct)? {
                        footer.key_values.push(key_value(&mut reader)?);
                    }
                }
                _ => reader.skip(field)?,
            }
        }
        if footer.columns.is_empty() {
            return Err(reader.damaged("there are no columns"));
        }
        let groups = &footer.groups;
        for (index, column) in footer.columns.iter_mut().enumerate() {
            let mut chunks = groups.iter().filter_map(|group| group.chunks.get(index));
            column.compress = chunks.any(|chunk| chunk.compressed);
        }
        Ok(footer)
    }
}

fn schema(reader: &mut Reader<'_>, elements: usize) -> Result<Vec<Column>, DecodeError> {
    let mut columns = Vec::new();
    for index in 0..elements {
        let element = Element::read(reader)?;
        // The first is the root, which has all others as children.
        if index > 0 {
            columns.push(element.column(reader)?);
        }
    }
    Ok(columns)
}

#[derive(Default)]
struct Element<'a> {
    name: &'a [u8],
    type_number: Option<i32>,
    type_length: i32,
    repetition: Option<i32>,
    is_text: bool,
}

impl<'a> Element<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut element = Self::default();
        let mut last = 0;
        while let Some(field) = reader.field(&mut last)? {
            match field.id {
                1 => element.type_number = Some(reader.i32(field)?),
                2 => element.type_length = reader.i32(field)?,
                3 => element.repetition = Some(reader.i32(field)?),
                4 => element.name = reader.binary(field)?,
                6 => element.is_text |= reader.i32(field)? == UTF8,
                10 => {
                    reader.begin(field)?;
                    let mut last = 0;
                    while let Some(kind) = reader.field(&mut last)? {
                        element.is_text |= kind.id == 1;
                        reader.skip(kind)?;
                    }
                }
                _ => reader.skip(field)?,
            }
        }
        Ok(element)
    }

    fn column(self, reader: &Reader<'_>) -> Result<Column, DecodeError> {
        let name = text(self.name, reader)?;
        let unsupported = |what, found: String, supported| DecodeError::Unsupported {
            what,
            found: format!("{found} of column {name}"),
            supported,
        };
        let types = "BOOLEAN, INT32, INT64, DOUBLE, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY of 8 or 16";
        let physical = match (self.type_number, self.type_length) {
            (Some(BOOLEAN), _) => PhysicalType::Boolean,
            (Some(INT32), _) => PhysicalType::Int32,
            (Some(INT64), _) => PhysicalType::Int64,
            (Some(DOUBLE), _) => PhysicalType::Double,
            (Some(BYTE_ARRAY), _) => PhysicalType::ByteArray,
            (Some(FIXED_LEN_BYTE_ARRAY), 16) => PhysicalType::Fixed16,
            (Some(FIXED_LEN_BYTE_ARRAY), 8) => PhysicalType::Fixed8,
            (Some(number), length) => {
                let found = format!("{number} (length {length})");
                return Err(unsupported("physical type", found, types));
            }
            (None, _) => {
                let found = "group".to_owned();
                return Err(unsupported("schema element", found, "flat columns"));
            }
        };
        let nullable = match self.repetition {
            Some(REQUIRED) => false,
            Some(OPTIONAL) => true,
            other => {
                let found = format!("{other:?}");
                return Err(unsupported("repetition", found, "REQUIRED, OPTIONAL"));
            }
        };
        Ok(Column {
            name,
            physical,
            is_text: self.is_text && physical == PhysicalType::ByteArray,
            nullable,
            max_dictionary_bytes: MAX_DICTIONARY_BYTES,
            compress: false,
        })
    }
}

fn row_group(reader: &mut Reader<'_>, columns: &[Column]) -> Result<RowGroup, DecodeError> {
    let mut chunks = Vec::new();
    let mut rows = None;
    let mut last = 0;
    while let Some(field) = reader.field(&mut last)? {
        match field.id {
            1 => {
                for index in 0..reader.list(field, Kind::Struct)? {
                    let name = columns.get(index).map_or("", |column| &column.name);
                    chunks.push(chunk(reader, name)?);
                }
            }
            3 => rows = usize::try_from(reader.i64(field)?).ok(),
            _ => reader.skip(field)?,
        }
    }
    let rows = rows.ok_or_else(|| reader.damaged("row group without a number of rows"))?;
    if chunks.len() != columns.len() {
        return Err(reader.damaged("row group has not one chunk per column"));
    }
    Ok(RowGroup { rows, chunks })
}

fn chunk(reader: &mut Reader<'_>, name: &str) -> Result<ChunkPlace, DecodeError> {
    let mut place = None;
    let mut last = 0;
    while let Some(field) = reader.field(&mut last)? {
        match field.id {
            3 => {
                reader.begin(field)?;
                place = Some(chunk_metadata(reader, name)?);
            }
            _ => reader.skip(field)?,
        }
    }
    place.ok_or_else(|| reader.damaged("column chunk without metadata"))
}

fn chunk_metadata(reader: &mut Reader<'_>, name: &str) -> Result<ChunkPlace, DecodeError> {
    let (mut codec, mut bytes, mut data, mut dictionary) = (None, None, None, None);
    let mut last = 0;
    while let Some(field) = reader.field(&mut last)? {
        match field.id {
            4 => codec = Some(reader.i32(field)?),
            7 => bytes = Some(reader.i64(field)?),
            9 => data = Some(reader.i64(field)?),
            11 => dictionary = Some(reader.i64(field)?),
            _ => reader.skip(field)?,
        }
    }
    let compressed = match codec {
        Some(UNCOMPRESSED) => false,
        Some(ZSTD) => true,
        other => {
            return Err(DecodeError::Unsupported {
                what: "codec",
                found: format!("{other:?} of column {name}"),
                supported: "UNCOMPRESSED (0), ZSTD (6)",
            });
        }
    };
    let size = |size: Option<i64>| {
        let size = size.and_then(|size| u64::try_from(size).ok());
        size.ok_or_else(|| reader.damaged("column chunk has no place"))
    };
    let data = size(data)?;
    // Some writers say 0 for none.
    let dictionary = dictionary.and_then(|offset| u64::try_from(offset).ok());
    let dictionary = dictionary.filter(|offset| *offset > 0);
    Ok(ChunkPlace {
        offset: dictionary.map_or(data, |offset| offset.min(data)),
        bytes: size(bytes)?,
        compressed,
    })
}

fn key_value(reader: &mut Reader<'_>) -> Result<(String, String), DecodeError> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut last = 0;
    while let Some(field) = reader.field(&mut last)? {
        match field.id {
            1 => key = reader.binary(field)?,
            2 => value = reader.binary(field)?,
            _ => reader.skip(field)?,
        }
    }
    Ok((text(key, reader)?, text(value, reader)?))
}

fn text(bytes: &[u8], reader: &Reader<'_>) -> Result<String, DecodeError> {
    let text = simdutf8::basic::from_utf8(bytes);
    let text = text.map_err(|_| reader.damaged("a name is not UTF-8"))?;
    Ok(text.to_owned())
}
