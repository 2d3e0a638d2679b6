//! Writes a block: one batch, sorted, into a Parquet file and its index file.
//!
//! One column of one row group is in memory as Arrow at a time; the encoded
//! file is in memory whole until it is written, because the checksums of its
//! pages are only known where its footer is.

mod arrays;
mod attributes;
mod columns;
mod messages;
mod summary;
mod texts;

use std::path::Path;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowWriterOptions, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use tracewell_model::{SpanBatch, failure};

use super::schema::{
    DICTIONARY_PAGE_BYTES, Fixed, MESSAGE_DICTIONARY_PAGE_BYTES, PAGE_ROWS, ROW_GROUP_ROWS,
    VERSION, VERSION_KEY,
};
use super::{BlockError, block_name, index_name, parquet_name};
use crate::files::{FileError, Files, write_all_at};
use crate::manifest::BlockEntry;
use columns::Columns;

/// Writes the spans of a batch as block `number` into `dir` and answers what
/// the manifest needs to know. When it returns, both files are durable.
///
/// # Errors
/// The batch is empty or a column exceeds 2 GiB; or the disk refuses: then
/// files of the block may be left behind, which no manifest names.
pub fn write(
    files: &dyn Files,
    dir: &Path,
    number: u64,
    batch: &SpanBatch,
) -> Result<BlockEntry, BlockError> {
    let Some((min_start_ns, max_start_ns)) = batch.start_range_ns() else {
        return Err(BlockError::Empty);
    };
    let encode_error = |reason: String| BlockError::Encode { number, reason };
    let order = sorted_rows(batch);
    let failed = failure::failed_rows(batch);
    let columns =
        Columns::new(batch, &order, &failed).map_err(|error| encode_error(error.to_string()))?;
    let parquet = Bytes::from(encode(&columns).map_err(|error| encode_error(error.to_string()))?);
    let sidecar = summary::sidecar(batch, &order, &failed, &columns, &parquet)
        .map_err(|error| encode_error(error.to_string()))?;
    let index = sidecar.encode();
    let name = block_name(number);
    put(files, dir, &parquet_name(&name), &parquet)?;
    put(files, dir, &index_name(&name), &index)?;
    files
        .sync_dir(dir)
        .map_err(FileError::on("sync directory", dir))?;
    Ok(BlockEntry {
        name,
        bytes: (parquet.len() + index.len()) as u64,
        spans: sidecar.spans,
        traces: sidecar.traces,
        min_start_ns,
        max_start_ns,
        listed_ns: 0,
    })
}

/// Writes a file under a temporary name, syncs it, gives it its name.
fn put(files: &dyn Files, dir: &Path, name: &str, bytes: &[u8]) -> Result<(), FileError> {
    let (path, unfinished) = (dir.join(name), dir.join(format!("{name}.tmp")));
    let file = files
        .create(&unfinished)
        .map_err(FileError::on("create", &unfinished))?;
    write_all_at(&*file, bytes, 0).map_err(FileError::on("write", &unfinished))?;
    file.sync().map_err(FileError::on("sync", &unfinished))?;
    files
        .rename(&unfinished, &path)
        .map_err(FileError::on("rename", &unfinished))
}

/// Rows by trace id, start, span id; spans that agree in all keep their order.
fn sorted_rows(batch: &SpanBatch) -> Vec<u32> {
    let spans = batch.spans();
    let mut keys: Vec<(u128, u64, u64, u32)> = (0..batch.len())
        .map(|row| {
            let trace = u128::from_be_bytes(spans.trace_id[row].0);
            let span = u64::from_be_bytes(spans.span_id[row].0);
            (trace, spans.start_ns[row], span, row as u32)
        })
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(.., row)| row).collect()
}

/// The Parquet file.
fn encode(columns: &Columns<'_>) -> Result<Vec<u8>, ParquetError> {
    let schema: SchemaRef = Arc::new(Schema::new(columns.fields()));
    let options = ArrowWriterOptions::new()
        .with_properties(properties(&schema))
        .with_skip_arrow_metadata(true)
        .with_schema_root("spans".to_owned());
    let writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options)?;
    let (mut file, factory) = writer.into_serialized_writer()?;
    for (group, rows) in columns.row_groups().enumerate() {
        let mut row_group = file.next_row_group()?;
        let writers = factory.create_column_writers(group)?;
        for (index, mut writer) in writers.into_iter().enumerate() {
            let field: &Field = schema.field(index);
            let array = columns.array(index, group, rows.clone())?;
            for leaf in compute_leaves(field, &array)? {
                writer.write(&leaf)?;
            }
            writer.close()?.append_to_row_group(&mut row_group)?;
        }
        row_group.close()?;
    }
    file.into_inner()
}

fn properties(schema: &Schema) -> WriterProperties {
    let sorting = [Fixed::TraceId, Fixed::StartNs, Fixed::SpanId].map(|column| SortingColumn {
        column_idx: column.column() as i32,
        descending: false,
        nulls_first: false,
    });
    let version = KeyValue::new(VERSION_KEY.to_owned(), VERSION.to_string());
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("tracewell ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![version]))
        .set_sorting_columns(Some(sorting.to_vec()))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_PAGE_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for field in schema.fields() {
        // Not parsed: dots are part of our names.
        let path = || ColumnPath::new(vec![field.name().clone()]);
        let dictionary = matches!(
            field.data_type(),
            DataType::Dictionary(..) | DataType::Int32 | DataType::Float64
        );
        properties = properties.set_column_dictionary_enabled(path(), dictionary);
    }
    let path = |column: Fixed| ColumnPath::new(vec![column.name().to_owned()]);
    for column in [
        Fixed::TraceId,
        Fixed::StartNs,
        Fixed::DurationNs,
        Fixed::ServiceName,
        Fixed::Name,
    ] {
        properties =
            properties.set_column_statistics_enabled(path(column), EnabledStatistics::Page);
    }
    for column in [
        Fixed::SpanId,
        Fixed::ParentSpanId,
        Fixed::Resource,
        Fixed::Scope,
        Fixed::Attributes,
        Fixed::Events,
        Fixed::Links,
    ] {
        properties =
            properties.set_column_statistics_enabled(path(column), EnabledStatistics::None);
    }
    for column in [Fixed::Resource, Fixed::Scope] {
        properties = properties
            .set_column_dictionary_page_size_limit(path(column), MESSAGE_DICTIONARY_PAGE_BYTES);
    }
    properties
        .set_column_encoding(path(Fixed::TraceId), Encoding::DELTA_BYTE_ARRAY)
        .set_column_encoding(path(Fixed::StartNs), Encoding::DELTA_BINARY_PACKED)
        .build()
}
