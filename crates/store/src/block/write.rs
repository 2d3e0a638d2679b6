//! Writes a block: row groups of sorted spans into a Parquet file, and what is
//! in them into its index file.
//!
//! The Parquet file goes to the disk while it is written: encoded columns of
//! one row group are in memory, never the whole file. Spans stay in the
//! columns they came in; only values are gathered, one column at a time, in
//! the order of the block. It never decides which spans belong into a block.

mod apart;
mod attributes;
mod cells;
mod columns;
mod derived;
mod file;
mod messages;
mod order;
mod rows;
mod services;
mod source;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::Path;

use tracewell_model::SpanBatch;
use tracewell_model::batch::Level;
use tracewell_model::store::AttributeKey;
use tracewell_parquet::{ChunkEncoder, Column, EncodeError, EncodedChunk, FileWriter, WriteError};

use super::birth::{BIRTH_KEY, Birth};
use super::choose::{self, ChosenColumn};
use super::index::{GroupFacts, IndexBuilder};
use super::schema::{self, Fixed, ROW_GROUP_ROWS, VERSION, VERSION_KEY};
use super::{BlockError, block_name, index_name, parquet_name};
use crate::files::{FileError, Files};
use crate::manifest::BlockEntry;
use apart::Apart;
use attributes::Rest;
use cells::Buffers;
use columns::FixedColumns;
use file::{Sink, Unfinished};
use rows::{Rows, Spread};
use source::Source;

pub(crate) use derived::DerivedRows;
pub(super) use file::UNFINISHED_SUFFIX;

/// Writes the spans of a batch as block `number` into `dir`, with its
/// certificate of birth, and answers what the manifest needs to know. When it returns, both files are durable.
///
/// # Errors
/// The batch is empty or does not fit the format, or the disk refuses; no
/// manifest names what may then be left behind.
pub fn write(
    files: &dyn Files,
    dir: &Path,
    number: u64,
    birth: &Birth,
    batch: &SpanBatch,
) -> Result<BlockEntry, BlockError> {
    if batch.is_empty() {
        return Err(BlockError::Empty);
    }
    let order = order::block_order(batch);
    let chosen = choose::columns(choose::counts(batch), batch.len() as u64);
    let mut block = BlockWriter::create(files, dir, number, chosen, false)?;
    let few = order.parts().filter(|rows| apart::are_few(rows, batch));
    let apart = Apart::new(batch, few).map_err(|error| block.misfit(error))?;
    let chosen = block.chosen.clone();
    let source = |batch| Source::new(batch, &chosen);
    let all = source(batch).map_err(|error| block.misfit(error))?;
    let few = source(&apart.batch).map_err(|error| block.misfit(error))?;
    for rows in order.parts() {
        if apart::are_few(rows, batch) {
            for rows in apart.places(rows).chunks(ROW_GROUP_ROWS) {
                block.rows_of(&few, rows, None)?;
            }
        } else {
            for rows in rows.chunks(ROW_GROUP_ROWS) {
                block.rows_of(&all, rows, None)?;
            }
        }
    }
    block.finish(birth)
}

/// A block that is being written, one row group after another. Dropped before
/// [`BlockWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct BlockWriter<'a> {
    number: u64,
    chosen: Vec<ChosenColumn>,
    columns: Vec<Column>,
    has_derived: bool,
    unfinished: Unfinished<'a>,
    file: FileWriter<Sink>,
    encoder: ChunkEncoder,
    buffers: Buffers,
    spread: Spread,
    rest: Rest,
    name: String,
    index: IndexBuilder,
}

impl<'a> BlockWriter<'a> {
    /// Begins block `number` in `dir`, with a column for each of the `chosen`
    /// attributes. `has_derived` says whether every row group will come with
    /// its derived columns, or none.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn create(
        files: &'a dyn Files,
        dir: &Path,
        number: u64,
        chosen: Vec<ChosenColumn>,
        has_derived: bool,
    ) -> Result<Self, BlockError> {
        let name = block_name(number);
        let mut unfinished = Unfinished::new(files, dir);
        let sink = unfinished.create(&parquet_name(&name))?;
        let columns = columns_of(&chosen).ok_or_else(|| BlockError::Encode {
            number,
            reason: "a chosen attribute has a type without columns".to_owned(),
        })?;
        let path = unfinished.path(&parquet_name(&name));
        let file = FileWriter::new(sink, columns.clone(), &[])
            .map_err(|error| refused(number, &path, error))?;
        let attribute = |column: &ChosenColumn| AttributeKey {
            level: Level::Span,
            key: column.key.clone(),
            value_type: column.value_type,
        };
        let index = IndexBuilder::new(chosen.iter().map(attribute).collect(), has_derived);
        Ok(Self {
            number,
            chosen,
            columns,
            has_derived,
            unfinished,
            file,
            encoder: ChunkEncoder::new(),
            buffers: Buffers::default(),
            spread: Spread::default(),
            rest: Rest::default(),
            name,
            index,
        })
    }

    /// Writes the rows `order` of a batch as the next row group. Rows MUST come
    /// in the order of the block: by standing and earliest start of their trace
    /// in the whole block, trace id, start, span id. Costs in proportion to the whole batch.
    ///
    /// # Errors
    /// More than [`ROW_GROUP_ROWS`] rows, rows that do not exist, derived
    /// columns that do not fit them; or the disk refuses. The writer is of no
    /// use afterwards.
    pub(crate) fn row_group(
        &mut self,
        batch: &SpanBatch,
        order: &[u32],
        derived: Option<&DerivedRows>,
    ) -> Result<(), BlockError> {
        let source = Source::new(batch, &self.chosen).map_err(|error| self.misfit(error))?;
        self.rows_of(&source, order, derived)
    }

    fn rows_of(
        &mut self,
        source: &Source<'_>,
        order: &[u32],
        derived: Option<&DerivedRows>,
    ) -> Result<(), BlockError> {
        if order.is_empty() {
            return Ok(());
        }
        if order.len() > ROW_GROUP_ROWS {
            let reason = format!(
                "a row group of {} rows, at most {ROW_GROUP_ROWS} fit",
                order.len()
            );
            return Err(self.misfit(reason));
        }
        let Some(rows) = Rows::new(source.batch, order) else {
            return Err(self.misfit("a row that the batch does not have"));
        };
        let fits = derived.is_none_or(|derived| derived.fits(rows.len()));
        if derived.is_some() != self.has_derived || !fits {
            return Err(self.misfit("derived columns that do not fit the rows"));
        }
        let chunks = self
            .encode(source, &rows, derived)
            .map_err(|error| self.misfit(error))?;
        let path = self.unfinished.path(&parquet_name(&self.name));
        let offset = self.file.position();
        self.file
            .row_group(&chunks, rows.len())
            .map_err(|error| refused(self.number, &path, error))?;
        self.index.row_group(&GroupFacts {
            batch: source.batch,
            order,
            failed: &source.failed,
            chunks: &chunks,
            offset,
            services_exact: source.services.exact,
            named: &source.services.named,
        });
        Ok(())
    }

    /// All columns of a row group, in file order.
    fn encode(
        &mut self,
        source: &Source<'_>,
        rows: &Rows<'_>,
        derived: Option<&DerivedRows>,
    ) -> Result<Vec<EncodedChunk>, Misfit> {
        let (fixed, of_attributes) = self.columns.split_at(Fixed::ALL.len());
        let (out, spread) = (&mut self.buffers, &mut self.spread);
        // First, because what does not fit these goes to a fixed column.
        let mut attributes = Vec::with_capacity(of_attributes.len());
        self.rest.clear();
        let chosen = self.chosen.iter().zip(&source.chosen);
        for ((chosen, index), column) in chosen.zip(of_attributes) {
            let from = (*index, chosen.value_type);
            let cells = attributes::cells(source, from, rows, spread, out, &mut self.rest);
            attributes.push(self.encoder.encode(column, &cells)?);
        }
        self.rest.add_columnless(source, rows);
        let mut chunks = Vec::with_capacity(self.columns.len());
        let gathered = FixedColumns {
            source,
            rows,
            derived,
        };
        for (which, column) in Fixed::ALL.into_iter().zip(fixed) {
            let cells = match which {
                Fixed::Attributes => self.rest.messages(source.batch, rows.len(), out)?,
                _ => gathered.cells(which, spread, out)?,
            };
            chunks.push(self.encoder.encode(column, &cells)?);
        }
        chunks.append(&mut attributes);
        Ok(chunks)
    }

    /// Completes both files; when it returns, they are durable under their
    /// names.
    ///
    /// # Errors
    /// The block has no rows, or the disk refuses.
    pub(crate) fn finish(mut self, birth: &Birth) -> Result<BlockEntry, BlockError> {
        if self.index.rows() == 0 {
            return Err(BlockError::Empty);
        }
        let (parquet, index) = (parquet_name(&self.name), index_name(&self.name));
        let version = VERSION.to_string();
        let path = self.unfinished.path(&parquet);
        let sink = self
            .file
            .finish(&[(VERSION_KEY, &version), (BIRTH_KEY, &birth.encode())])
            .map_err(|error| refused(self.number, &path, error))?;
        self.unfinished.sync(&parquet, &sink)?;
        let (bytes, totals) = self.index.finish(sink.len(), sink.crc());
        let mut of_index = self.unfinished.create(&index)?;
        of_index
            .write_all(&bytes)
            .map_err(FileError::on("write", &self.unfinished.path(&index)))?;
        self.unfinished.sync(&index, &of_index)?;
        self.unfinished.rename(&parquet)?;
        self.unfinished.rename(&index)?;
        self.unfinished.keep()?;
        Ok(BlockEntry {
            name: self.name,
            bytes: sink.len() + of_index.len(),
            spans: totals.spans,
            traces: totals.traces,
            min_start_ns: totals.min_start_ns,
            max_start_ns: totals.max_start_ns,
            listed_ns: birth.listed_ns,
        })
    }

    fn misfit(&self, reason: impl ToString) -> BlockError {
        BlockError::Encode {
            number: self.number,
            reason: reason.to_string(),
        }
    }
}

/// What the disk said, or what does not fit a file.
fn refused(number: u64, path: &Path, error: WriteError) -> BlockError {
    match error {
        WriteError::Sink(error) => FileError::on("write", path)(error).into(),
        other => BlockError::Encode {
            number,
            reason: other.to_string(),
        },
    }
}

/// Why cells did not become columns.
#[derive(Debug, thiserror::Error)]
enum Misfit {
    #[error(transparent)]
    TooLarge(#[from] cells::TooLarge),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

fn columns_of(chosen: &[ChosenColumn]) -> Option<Vec<Column>> {
    let fixed = Fixed::ALL
        .into_iter()
        .map(|column| Some(column.definition()));
    let attributes = chosen
        .iter()
        .map(|column| schema::attribute_column(&column.name, column.value_type));
    fixed.chain(attributes).collect()
}
