//! Writes the footer and the offset indexes before it.

use super::{
    BOOLEAN, BYTE_ARRAY, DOUBLE, FIXED_LEN_BYTE_ARRAY, INT32, INT64, OPTIONAL, REQUIRED,
    UNCOMPRESSED, UTF8, ZSTD,
};
use crate::chunk::{Bounds, EncodedChunk, Encoding};
use crate::column::{Column, PhysicalType};
use crate::page_header::RLE;
use crate::thrift::{Kind, Writer};

/// Who wrote the file, in the form that readers look for known bugs by.
const CREATED_BY: &str = concat!("tracewell version ", env!("CARGO_PKG_VERSION"));

/// A row group that was written.
#[derive(Debug)]
pub(crate) struct WrittenGroup {
    pub(crate) rows: usize,
    pub(crate) chunks: Vec<WrittenChunk>,
}

/// A chunk that was written.
#[derive(Debug)]
pub(crate) struct WrittenChunk {
    /// Where it begins in the file.
    start: u64,
    bytes: u64,
    uncompressed_bytes: u64,
    dictionary_bytes: u32,
    has_dictionary: bool,
    encoding: Encoding,
    compressed: bool,
    nulls: usize,
    bounds: Option<Bounds>,
    /// Bytes and rows of each data page.
    pages: Vec<(u32, u32)>,
    /// Where its offset index is in the file, and how long.
    offset_index: (u64, usize),
}

impl WrittenChunk {
    pub(crate) fn new(chunk: &EncodedChunk, start: u64) -> Self {
        let dictionary_pages = usize::from(chunk.has_dictionary);
        let (dictionary, data) = chunk
            .pages
            .split_at(dictionary_pages.min(chunk.pages.len()));
        Self {
            start,
            bytes: chunk.bytes.len() as u64,
            uncompressed_bytes: chunk.uncompressed_bytes,
            dictionary_bytes: dictionary.iter().map(|page| page.bytes).sum(),
            has_dictionary: chunk.has_dictionary,
            encoding: chunk.encoding,
            compressed: chunk.compressed,
            nulls: chunk.nulls,
            bounds: chunk.bounds.clone(),
            pages: data.iter().map(|page| (page.bytes, page.rows)).collect(),
            offset_index: (0, 0),
        }
    }

    fn data_start(&self) -> u64 {
        self.start + u64::from(self.dictionary_bytes)
    }

    /// Appends the offset index, which will be at `position` of the file.
    pub(crate) fn write_offset_index(&mut self, position: u64, out: &mut Vec<u8>) {
        let begin = out.len();
        let mut index = Writer::new(out);
        index.list(1, Kind::Struct, self.pages.len());
        let (mut offset, mut row) = (self.data_start(), 0);
        for (bytes, rows) in &self.pages {
            index.element_begin();
            index.i64(1, offset as i64);
            index.i32(2, *bytes as i32);
            index.i64(3, row);
            index.end();
            offset += u64::from(*bytes);
            row += i64::from(*rows);
        }
        index.end();
        self.offset_index = (position, out.len() - begin);
    }

    fn write(&self, column: &Column, rows: usize, out: &mut Writer<'_>) {
        out.element_begin();
        out.i64(2, 0);
        out.begin(3);
        out.i32(1, type_number(column.physical));
        let mut encodings = vec![RLE, self.encoding.number()];
        if self.has_dictionary {
            encodings.push(Encoding::Plain.number());
        }
        out.list(2, Kind::I32, encodings.len());
        encodings
            .into_iter()
            .for_each(|number| out.element_int(number.into()));
        out.list(3, Kind::Binary, 1);
        out.element_binary(column.name.as_bytes());
        out.i32(4, if self.compressed { ZSTD } else { UNCOMPRESSED });
        out.i64(5, rows as i64);
        out.i64(6, self.uncompressed_bytes as i64);
        out.i64(7, self.bytes as i64);
        out.i64(9, self.data_start() as i64);
        if self.has_dictionary {
            out.i64(11, self.start as i64);
        }
        out.begin(12);
        out.i64(3, self.nulls as i64);
        if let Some(bounds) = &self.bounds {
            out.binary(5, &bounds.max);
            out.binary(6, &bounds.min);
            out.bool(7, true);
            out.bool(8, true);
        }
        out.end();
        out.end();
        out.i64(4, self.offset_index.0 as i64);
        out.i32(5, self.offset_index.1 as i32);
        out.end();
    }
}

/// The footer, without its length and the magic after it.
pub(crate) fn footer(
    columns: &[Column],
    sorting: &[usize],
    groups: &[WrittenGroup],
    key_values: &[(&str, &str)],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Writer::new(&mut bytes);
    out.i32(1, 2);
    out.list(2, Kind::Struct, columns.len() + 1);
    out.element_begin();
    out.binary(4, b"schema");
    out.i32(5, columns.len() as i32);
    out.end();
    columns
        .iter()
        .for_each(|column| schema_element(column, &mut out));
    let rows: usize = groups.iter().map(|group| group.rows).sum();
    out.i64(3, rows as i64);
    out.list(4, Kind::Struct, groups.len());
    groups
        .iter()
        .for_each(|group| row_group(group, columns, sorting, &mut out));
    out.list(5, Kind::Struct, key_values.len());
    for (key, value) in key_values {
        out.element_begin();
        out.binary(1, key.as_bytes());
        out.binary(2, value.as_bytes());
        out.end();
    }
    out.binary(6, CREATED_BY.as_bytes());
    // Bounds are in the order of the type: without this, readers ignore them.
    out.list(7, Kind::Struct, columns.len());
    for _ in columns {
        out.element_begin();
        out.begin(1);
        out.end();
        out.end();
    }
    out.end();
    bytes
}

fn schema_element(column: &Column, out: &mut Writer<'_>) {
    out.element_begin();
    out.i32(1, type_number(column.physical));
    match column.physical {
        PhysicalType::Fixed16 => out.i32(2, 16),
        PhysicalType::Fixed8 => out.i32(2, 8),
        _ => {}
    }
    out.i32(3, if column.nullable { OPTIONAL } else { REQUIRED });
    out.binary(4, column.name.as_bytes());
    if column.is_text {
        out.i32(6, UTF8);
        out.begin(10);
        out.begin(1);
        out.end();
        out.end();
    }
    out.end();
}

fn row_group(group: &WrittenGroup, columns: &[Column], sorting: &[usize], out: &mut Writer<'_>) {
    let sum = |of: fn(&WrittenChunk) -> u64| group.chunks.iter().map(of).sum::<u64>() as i64;
    out.element_begin();
    out.list(1, Kind::Struct, group.chunks.len());
    for (column, chunk) in columns.iter().zip(&group.chunks) {
        chunk.write(column, group.rows, out);
    }
    out.i64(2, sum(|chunk| chunk.uncompressed_bytes));
    out.i64(3, group.rows as i64);
    if !sorting.is_empty() {
        out.list(4, Kind::Struct, sorting.len());
        for column in sorting {
            out.element_begin();
            out.i32(1, *column as i32);
            out.bool(2, false);
            out.bool(3, false);
            out.end();
        }
    }
    out.i64(
        5,
        group.chunks.first().map_or(0, |chunk| chunk.start) as i64,
    );
    out.i64(6, sum(|chunk| chunk.bytes));
    out.end();
}

fn type_number(physical: PhysicalType) -> i32 {
    match physical {
        PhysicalType::Boolean => BOOLEAN,
        PhysicalType::Int32 => INT32,
        PhysicalType::Int64 => INT64,
        PhysicalType::Double => DOUBLE,
        PhysicalType::ByteArray => BYTE_ARRAY,
        PhysicalType::Fixed16 | PhysicalType::Fixed8 => FIXED_LEN_BYTE_ARRAY,
    }
}
