//! Reads rows of a block: the footer, columns of a row group, whole traces.

mod assemble;
mod columns;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{RowSet, SpanBatch, TraceId};

use super::pages::{self, PageChecks, PageFile, block_error};
use super::schema::{Fixed, ROW_GROUP_ROWS, VERSION, VERSION_KEY};
use super::sidecar::Sidecar;
use super::{Block, BlockError};
use crate::files::{Access, FileError, Files, read_exact_at};

/// What is needed to read columns: kept while the block is open.
#[derive(Debug)]
pub(super) struct Footer {
    metadata: ArrowReaderMetadata,
    file: PageFile,
    path: PathBuf,
    /// For each attribute column, its place in the index file's keys.
    keys: Vec<usize>,
    memory_bytes: usize,
}

impl Footer {
    /// Reads and checks the footer of the Parquet file at `path`.
    pub(super) fn read(
        files: &dyn Files,
        path: &Path,
        sidecar: &Sidecar,
    ) -> Result<Self, BlockError> {
        let damaged = |reason: &str| BlockError::damaged(path, reason);
        let expected = &sidecar.parquet;
        let file = files
            .open(path, Access::Read)
            .map_err(FileError::on("open", path))?;
        let size = file
            .size()
            .map_err(FileError::on("get the size of", path))?;
        if size != expected.file_bytes {
            let reason = format!("has {size} bytes, expected {}", expected.file_bytes);
            return Err(BlockError::damaged(path, reason));
        }
        let mut tail = vec![0; (size - expected.pages_end) as usize];
        read_exact_at(&*file, &mut tail, expected.pages_end)
            .map_err(FileError::on("read", path))?;
        if crc32c::crc32c(&tail) != expected.tail_crc {
            return Err(damaged("checksum of the footer does not match"));
        }
        let parsed = parse(tail, size).map_err(|error| block_error(error, path))?;
        check_version(&parsed, path)?;
        let keys = check_layout(&parsed, sidecar).map_err(damaged)?;
        let pages = pages::pages(&parsed).ok_or_else(|| damaged("pages are out of order"))?;
        let checks = PageChecks::new(pages, &expected.page_crcs)
            .ok_or_else(|| damaged("has more or fewer pages than checksums"))?;
        let memory_bytes = parsed.memory_size() + checks.memory_bytes();
        let metadata = arrow_metadata(parsed).map_err(|error| block_error(error, path))?;
        Ok(Self {
            metadata,
            file: PageFile::new(file, path, size, Arc::new(checks)),
            path: path.to_path_buf(),
            keys,
            memory_bytes,
        })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Every column of the file.
    pub(super) fn all_columns(&self) -> Vec<usize> {
        (0..Fixed::ALL.len() + self.keys.len()).collect()
    }
}

/// Reads columns of row groups, and counts the bytes.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    footer: &'a Footer,
    sidecar: &'a Sidecar,
    file: PageFile,
}

impl<'a> Reader<'a> {
    pub(super) fn new(footer: &'a Footer, sidecar: &'a Sidecar) -> Self {
        let file = footer.file.counting_anew();
        Self {
            footer,
            sidecar,
            file,
        }
    }

    /// Bytes read so far, as stored.
    pub(super) fn read_bytes(&self) -> u64 {
        self.file.read_bytes()
    }

    /// These columns (ascending) of these rows (ascending ranges within the
    /// row group), as a batch that is partial unless they are all columns.
    pub(super) fn batch(
        &self,
        group: usize,
        columns: &[usize],
        rows: &[Range<usize>],
    ) -> Result<SpanBatch, BlockError> {
        let arrays = self.arrays(group, columns, rows)?;
        let keys = |column: usize| {
            let place = self.footer.keys[column - Fixed::ALL.len()];
            &self.sidecar.keys[place].key
        };
        assemble::batch(columns, &arrays, keys)
            .map_err(|misfit| BlockError::damaged(&self.footer.path, misfit.0))
    }

    fn arrays(
        &self,
        group: usize,
        columns: &[usize],
        rows: &[Range<usize>],
    ) -> Result<RecordBatch, BlockError> {
        let count: usize = rows.iter().map(ExactSizeIterator::len).sum();
        let group_rows = self.sidecar.row_groups[group].rows;
        let metadata = &self.footer.metadata;
        // By place: names with dots would be taken for paths.
        let mask = ProjectionMask::roots(metadata.parquet_schema(), columns.iter().copied());
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), metadata.clone())
                .with_row_groups(vec![group])
                .with_projection(mask)
                .with_batch_size(count.max(1));
        if count < group_rows {
            let ranges = rows.iter().cloned();
            let selection = RowSelection::from_consecutive_ranges(ranges, group_rows);
            builder = builder.with_row_selection(selection);
        }
        let damaged = |error| block_error(error, &self.footer.path);
        let mut batches = builder.build().map_err(damaged)?;
        let read = batches.next().transpose();
        let read = read.map_err(|error| damaged(ParquetError::from(error)))?;
        read.filter(|batch| batch.num_rows() == count && batch.num_columns() == columns.len())
            .ok_or_else(|| BlockError::damaged(&self.footer.path, "has fewer rows than it says"))
    }
}

impl Block {
    /// The spans of these traces that are here, each trace once, ordered by
    /// start and span id, in no order of traces. Exact duplicates are kept.
    ///
    /// # Errors
    /// The disk fails, the files are damaged, or `cancelled` was set.
    pub fn traces(
        &self,
        ids: &[TraceId],
        cancelled: &AtomicBool,
    ) -> Result<Vec<(TraceId, SpanBatch)>, BlockError> {
        let mut wanted: Vec<(TraceId, Range<usize>)> = ids
            .iter()
            .map(|id| (*id, self.sidecar.rows_of(*id)))
            .filter(|(_, rows)| !rows.is_empty())
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        wanted.sort_unstable_by_key(|(id, _)| *id);
        wanted.dedup_by_key(|(id, _)| *id);
        let reader = Reader::new(self.footer()?, &self.sidecar);
        let mut runs: BTreeMap<usize, Vec<(TraceId, Range<usize>)>> = BTreeMap::new();
        for (id, rows) in wanted {
            for (group, rows) in self.split_by_group(rows) {
                check(cancelled)?;
                let run = run_of(&reader, group, rows, id)?;
                if !run.is_empty() {
                    runs.entry(group).or_default().push((id, run));
                }
            }
        }
        let columns = reader.footer.all_columns();
        let mut found: BTreeMap<TraceId, BatchJoiner> = BTreeMap::new();
        for (group, runs) in runs {
            check(cancelled)?;
            let ranges: Vec<Range<usize>> = runs.iter().map(|(_, run)| run.clone()).collect();
            let batch = reader.batch(group, &columns, &ranges)?;
            let mut first = 0;
            for (id, run) in runs {
                let rows =
                    RowSet::from_fn(batch.len(), |row| (first..first + run.len()).contains(&row));
                first += run.len();
                let joiner = found.entry(id).or_default();
                joiner
                    .append_rows(&batch, &rows)
                    .map_err(|error| BlockError::damaged(&self.path, error))?;
            }
        }
        Ok(found
            .into_iter()
            .map(|(id, joiner)| (id, joiner.finish()))
            .collect())
    }

    /// Rows of the block as rows of its row groups.
    fn split_by_group(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
        let mut first = 0;
        let groups = self.sidecar.row_groups.iter().enumerate();
        groups.filter_map(move |(index, group)| {
            let (from, to) = (first, first + group.rows);
            first = to;
            let (start, end) = (rows.start.max(from), rows.end.min(to));
            (start < end).then(|| (index, start - from..end - from))
        })
    }
}

/// Where the rows of a trace are among these rows of a row group.
fn run_of(
    reader: &Reader<'_>,
    group: usize,
    rows: Range<usize>,
    id: TraceId,
) -> Result<Range<usize>, BlockError> {
    let first = rows.start;
    let columns = [Fixed::TraceId.column()];
    let batch = reader.batch(group, &columns, std::slice::from_ref(&rows))?;
    let ids = &batch.spans().trace_id;
    let (from, to) = (
        ids.partition_point(|other| *other < id),
        ids.partition_point(|other| *other <= id),
    );
    Ok(first + from..first + to)
}

pub(super) fn check(cancelled: &AtomicBool) -> Result<(), BlockError> {
    if cancelled.load(Ordering::Relaxed) {
        return Err(BlockError::Cancelled);
    }
    Ok(())
}

fn parse(tail: Vec<u8>, file_bytes: u64) -> Result<ParquetMetaData, ParquetError> {
    let mut reader =
        ParquetMetaDataReader::new().with_offset_index_policy(PageIndexPolicy::Required);
    reader.try_parse_sized(&Bytes::from(tail), file_bytes)?;
    reader.finish()
}

fn check_version(metadata: &ParquetMetaData, path: &Path) -> Result<(), BlockError> {
    let pairs = metadata
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten();
    let mut versions = pairs.filter(|pair| pair.key == VERSION_KEY);
    let version = versions
        .next()
        .and_then(|pair| pair.value.as_deref()?.parse().ok());
    match version {
        Some(1..=VERSION) => Ok(()),
        Some(found) if found > VERSION => {
            let path = path.to_path_buf();
            Err(BlockError::Version { path, found })
        }
        _ => Err(BlockError::damaged(path, format!("lacks {VERSION_KEY}"))),
    }
}

/// Compares with the index file and answers the key of each attribute column.
fn check_layout(metadata: &ParquetMetaData, sidecar: &Sidecar) -> Result<Vec<usize>, &'static str> {
    let schema = metadata.file_metadata().schema_descr();
    let leaves = schema.columns();
    if schema.root_schema().get_fields().len() != leaves.len() || leaves.len() < Fixed::ALL.len() {
        return Err("is not a table of spans");
    }
    for (column, leaf) in Fixed::ALL.into_iter().zip(leaves) {
        let fits = leaf.physical_type() == column.physical_type() && leaf.max_rep_level() == 0;
        if leaf.name() != column.name() || !fits {
            return Err("is not a table of spans");
        }
    }
    let groups = metadata
        .row_groups()
        .iter()
        .map(|group| group.num_rows() as usize);
    let fits = |rows: usize| rows <= ROW_GROUP_ROWS;
    if !groups
        .clone()
        .eq(sidecar.row_groups.iter().map(|group| group.rows))
        || !groups.into_iter().all(fits)
    {
        return Err("has other row groups than its index file says");
    }
    let mut keys = vec![usize::MAX; leaves.len() - Fixed::ALL.len()];
    for (place, entry) in sidecar.keys.iter().enumerate() {
        if let Some(column) = entry.column {
            let key = keys.get_mut(column - Fixed::ALL.len());
            *key.ok_or("lacks a column that its index file names")? = place;
        }
    }
    if keys.contains(&usize::MAX) {
        return Err("has a column that its index file does not name");
    }
    Ok(keys)
}

/// Asks for dictionaries where all pages of a column are dictionary codes:
/// elsewhere the reader would have to build one.
fn arrow_metadata(metadata: ParquetMetaData) -> Result<ArrowReaderMetadata, ParquetError> {
    let metadata = Arc::new(metadata);
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let plain = ArrowReaderMetadata::try_new(metadata.clone(), options.clone())?;
    let fields = plain
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let codes_only = metadata.row_groups().iter().all(|group| {
                let column = group.column(index);
                let mask = column.page_encoding_stats_mask();
                column.dictionary_page_offset().is_some()
                    && mask.is_some_and(|mask| mask.is_only(Encoding::RLE_DICTIONARY))
            });
            match field.data_type() {
                values @ (DataType::Utf8 | DataType::Binary) if codes_only => {
                    let dictionary =
                        DataType::Dictionary(Box::new(DataType::Int32), Box::new(values.clone()));
                    Arc::new(Field::new(field.name(), dictionary, field.is_nullable()))
                }
                _ => field.clone(),
            }
        });
    let hinted = Schema::new(fields.collect::<Vec<_>>());
    ArrowReaderMetadata::try_new(metadata, options.with_schema(Arc::new(hinted)))
}
