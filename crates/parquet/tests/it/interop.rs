//! The official implementation reads our files, and we read its files: the
//! outside check that both follow the format.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;
use tracewell_parquet::{
    ChunkDecoder, ChunkEncoder, DecodedCells, DecodedValues, FileReader, FileWriter, PhysicalType,
};

use crate::samples::{self, Chance, Shape, rows_of};

/// Columns of every type and sparsity with cells of `rows` rows.
fn sample(rows: usize, seed: u64) -> Vec<(Shape, DecodedCells)> {
    let mut columns = Vec::new();
    let mut chance = Chance(seed);
    for physical in samples::TYPES {
        for (nullable, density) in [(false, 100), (true, 100), (true, 0), (true, 11), (true, 90)] {
            for distinct in [1, 1000, u64::MAX] {
                let shape = Shape {
                    physical,
                    is_text: physical == PhysicalType::ByteArray && distinct == 1000,
                    nullable,
                    compress: distinct > 1,
                    rows,
                    density,
                    stretch: 1 + chance.below(40),
                    distinct,
                    max_dictionary_bytes: 64 << 10,
                    seed: chance.next(),
                };
                columns.push((shape.clone(), shape.cells()));
            }
        }
    }
    columns
}

fn write_ours(groups: &[Vec<(Shape, DecodedCells)>]) -> Vec<u8> {
    let mut columns: Vec<_> = groups[0].iter().map(|(shape, _)| shape.column()).collect();
    for (index, column) in columns.iter_mut().enumerate() {
        column.name = format!("c.{index}");
    }
    let mut encoder = ChunkEncoder::new();
    let mut writer = FileWriter::new(Vec::new(), columns.clone(), &[0]).unwrap();
    for group in groups {
        let chunks: Vec<_> = std::iter::zip(&columns, group)
            .map(|(column, (_, cells))| encoder.encode(column, &cells.as_cells()).unwrap())
            .collect();
        writer.row_group(&chunks, group[0].1.rows).unwrap();
    }
    writer.finish(&[("tracewell.block.version", "1")]).unwrap()
}

/// The rows of an array of Arrow, each as the bytes of its value.
fn rows_of_array(array: &dyn Array) -> Vec<Option<Vec<u8>>> {
    let value = |row: usize| -> Vec<u8> {
        match array.data_type() {
            DataType::Boolean => vec![u8::from(array.as_boolean().value(row))],
            DataType::Int32 => array
                .as_primitive::<Int32Type>()
                .value(row)
                .to_le_bytes()
                .into(),
            DataType::Int64 => array
                .as_primitive::<Int64Type>()
                .value(row)
                .to_le_bytes()
                .into(),
            DataType::Float64 => array
                .as_primitive::<Float64Type>()
                .value(row)
                .to_le_bytes()
                .into(),
            DataType::Utf8 => array.as_string::<i32>().value(row).into(),
            DataType::Binary => array.as_binary::<i32>().value(row).into(),
            DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().value(row).into(),
            other => panic!("unexpected type {other}"),
        }
    };
    (0..array.len())
        .map(|row| array.is_valid(row).then(|| value(row)))
        .collect()
}

fn bits(cells: &DecodedCells) -> Vec<Option<Vec<u8>>> {
    rows_of(&cells.as_cells())
}

#[test]
fn the_official_reader_reads_our_files() {
    let groups = [sample(9_001, 1), sample(4_096, 2), sample(1, 3)];
    let file = Bytes::from(write_ours(&groups));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let rows: usize = groups.iter().map(|group| group[0].1.rows).sum();
    assert_eq!(reader.metadata().file_metadata().num_rows(), rows as i64);
    let key_values = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    assert_eq!(key_values[0].key, "tracewell.block.version");
    let batches = reader.with_batch_size(rows).build().unwrap();
    let mut read = vec![Vec::new(); groups[0].len()];
    for batch in batches.map(Result::unwrap) {
        for (rows, array) in read.iter_mut().zip(batch.columns()) {
            rows.extend(rows_of_array(array));
        }
    }
    for (index, read) in read.into_iter().enumerate() {
        let written: Vec<_> = groups
            .iter()
            .flat_map(|group| bits(&group[index].1))
            .collect();
        assert!(read == written, "column {index}: {:?}", groups[0][index].0);
    }
}

#[test]
fn the_official_reader_skips_pages_by_our_offset_index() {
    let group = sample(20_000, 4);
    let file = Bytes::from(write_ours(std::slice::from_ref(&group)));
    // A column index is not written; the offset index must be there.
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let metadata = ArrowReaderMetadata::load(&file, options).unwrap();
    let pages = &metadata.metadata().offset_index().unwrap()[0];
    assert!(
        pages
            .iter()
            .all(|column| column.page_locations().len() == 5)
    );
    let ranges = [4_100..4_200, 12_287..12_290, 19_999..20_000];
    let selection = RowSelection::from_consecutive_ranges(ranges.clone().into_iter(), 20_000);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let mut reader = reader
        .with_row_selection(selection)
        .with_batch_size(1000)
        .build()
        .unwrap();
    let batch = reader.next().unwrap().unwrap();
    for (index, array) in batch.columns().iter().enumerate() {
        let written = bits(&group[index].1);
        let wanted: Vec<_> = ranges
            .iter()
            .flat_map(|range| written[range.clone()].to_vec())
            .collect();
        assert!(rows_of_array(array) == wanted, "column {index}");
    }
}

#[test]
fn the_official_reader_sees_our_statistics() {
    let group = sample(5_000, 5);
    let file = Bytes::from(write_ours(std::slice::from_ref(&group)));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let metadata = reader.metadata().row_group(0);
    assert_eq!(metadata.sorting_columns().unwrap()[0].column_idx, 0);
    for (chunk, (shape, cells)) in metadata.columns().iter().zip(&group) {
        let statistics = chunk.statistics().unwrap();
        let nulls = bits(cells).iter().filter(|row| row.is_none()).count();
        assert_eq!(statistics.null_count_opt(), Some(nulls as u64));
        match (&cells.values, statistics) {
            (DecodedValues::I32(values), Statistics::Int32(found)) => {
                assert_eq!(found.min_opt(), values.iter().min());
                assert_eq!(found.max_opt(), values.iter().max());
            }
            (DecodedValues::I64(values), Statistics::Int64(found)) => {
                assert_eq!(found.min_opt(), values.iter().min());
                assert_eq!(found.max_opt(), values.iter().max());
            }
            (DecodedValues::Coded { .. }, found) if shape.is_text => {
                let rows = bits(cells);
                assert_eq!(
                    found.min_bytes_opt(),
                    rows.iter().flatten().min().map(|text| &**text)
                );
                assert_eq!(
                    found.max_bytes_opt(),
                    rows.iter().flatten().max().map(|text| &**text)
                );
            }
            (_, found) => assert_eq!(found.min_bytes_opt(), None),
        }
    }
}

fn array_of(shape: &Shape, cells: &DecodedCells) -> ArrayRef {
    let rows = bits(cells);
    let rows = || rows.iter().map(|row| row.as_deref());
    fn number<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap()
    }
    let fixed = |size| {
        arrow_array::FixedSizeBinaryArray::try_from_sparse_iter_with_size(rows(), size).unwrap()
    };
    match shape.physical {
        PhysicalType::Boolean => Arc::new(
            rows()
                .map(|row| row.map(|b| b[0] == 1))
                .collect::<arrow_array::BooleanArray>(),
        ),
        PhysicalType::Int32 => Arc::new(
            rows()
                .map(|row| row.map(|b| i32::from_le_bytes(number(b))))
                .collect::<arrow_array::Int32Array>(),
        ),
        PhysicalType::Int64 => Arc::new(
            rows()
                .map(|row| row.map(|b| i64::from_le_bytes(number(b))))
                .collect::<arrow_array::Int64Array>(),
        ),
        PhysicalType::Double => Arc::new(
            rows()
                .map(|row| row.map(|b| f64::from_le_bytes(number(b))))
                .collect::<arrow_array::Float64Array>(),
        ),
        PhysicalType::ByteArray if shape.is_text => Arc::new(
            rows()
                .map(|row| row.map(|b| str::from_utf8(b).unwrap()))
                .collect::<arrow_array::StringArray>(),
        ),
        PhysicalType::ByteArray => Arc::new(rows().collect::<arrow_array::BinaryArray>()),
        PhysicalType::Fixed16 => Arc::new(fixed(16)),
        PhysicalType::Fixed8 => Arc::new(fixed(8)),
    }
}

/// A file by the official writer.
fn write_theirs(group: &[(Shape, DecodedCells)], properties: WriterProperties) -> Vec<u8> {
    let arrays: Vec<_> = group
        .iter()
        .map(|(shape, cells)| array_of(shape, cells))
        .collect();
    let fields = arrays
        .iter()
        .zip(group)
        .enumerate()
        .map(|(index, (array, (shape, _)))| {
            Field::new(
                format!("c{index}"),
                array.data_type().clone(),
                shape.nullable,
            )
        });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn we_read_files_of_the_official_writer() {
    let group = sample(9_000, 6);
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder;
    let variants = [
        // Pages far longer than ours; dictionaries that overflow within a chunk.
        properties().set_compression(zstd),
        properties()
            .set_compression(Compression::UNCOMPRESSED)
            .set_dictionary_page_size_limit(2000),
        properties()
            .set_compression(zstd)
            .set_dictionary_enabled(false)
            .set_data_page_row_count_limit(777),
    ];
    for properties in variants {
        let properties = properties.set_max_row_group_row_count(Some(4000)).build();
        let file = write_theirs(&group, properties);
        let reader = FileReader::open(&file).unwrap();
        assert_eq!(reader.row_groups().len(), 3);
        let mut decoder = ChunkDecoder::new();
        for (index, (shape, cells)) in group.iter().enumerate() {
            assert_eq!(reader.columns()[index].physical, shape.physical);
            assert_eq!(reader.columns()[index].is_text, shape.is_text);
            assert_eq!(reader.columns()[index].nullable, shape.nullable);
            let read: Vec<_> = (0..3)
                .flat_map(|group| bits(&reader.cells(&mut decoder, group, index).unwrap()))
                .collect();
            assert!(read == bits(cells), "column {index}: {shape:?}");
        }
    }
}

#[test]
fn we_read_deltas_of_the_official_writer() {
    let group: Vec<_> = sample(9_000, 7)
        .into_iter()
        .filter(|(shape, _)| matches!(shape.physical, PhysicalType::Int32 | PhysicalType::Int64))
        .collect();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED);
    let file = write_theirs(&group, properties.build());
    let reader = FileReader::open(&file).unwrap();
    for (index, (shape, cells)) in group.iter().enumerate() {
        let read = reader.cells(&mut ChunkDecoder::new(), 0, index).unwrap();
        assert!(bits(&read) == bits(cells), "column {index}: {shape:?}");
    }
}

#[test]
fn what_is_not_supported_is_named() {
    let group = sample(10, 8);
    let v2 = WriterProperties::builder()
        .set_writer_version(parquet::file::properties::WriterVersion::PARQUET_2_0);
    let file = write_theirs(&group, v2.build());
    let reader = FileReader::open(&file).unwrap();
    let error = reader
        .cells(&mut ChunkDecoder::new(), 0, 0)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("page type DATA_PAGE_V2 is not supported"),
        "{error}"
    );

    let list = Field::new_list("tags", Field::new_list_field(DataType::Int32, true), true);
    let cases = [
        (list, "schema element group of column tags is not supported"),
        (
            Field::new("f", DataType::Float32, true),
            "physical type 4 (length 0) of column f",
        ),
        (
            Field::new("d", DataType::FixedSizeBinary(5), true),
            "physical type 7 (length 5) of column d",
        ),
    ];
    for (field, message) in cases {
        let schema = Arc::new(Schema::new(vec![field]));
        let writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
        let error = FileReader::open(&writer.into_inner().unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
}
