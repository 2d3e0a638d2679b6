//! A Parquet file of spans by itself: read by its footer, without an index and
//! without a store, to import it.
//!
//! Columns are found by name. Columns that are not ours are passed, and so are
//! the derived ones: a store derives its own. Columns that may be null may be
//! missing, so a file that another program has made from ours can be read as
//! long as its encodings are those that are known here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracewell_model::SpanBatch;
use tracewell_model::batch::Level;
use tracewell_model::batch::columns::ValueType;
use tracewell_model::store::AttributeKey;
use tracewell_parquet::{ChunkDecoder, Column, FileReader, PhysicalType, ReadAt};

use super::BlockError;
use super::read::batch_of;
use super::schema::{Fixed, VERSION, VERSION_KEY, attribute_of_column};
use crate::files::{Access, File, FileError, Files, read_exact_at};

/// An open file.
pub(super) struct Source(pub(super) Arc<dyn File>);

impl ReadAt for Source {
    fn size(&self) -> std::io::Result<u64> {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        read_exact_at(&*self.0, buffer, offset)
    }
}

/// Reads a file of spans, one row group after another.
///
/// # Errors
/// The file cannot be read, is damaged, lacks a column or is of a later
/// version.
pub fn read_span_file<E>(
    files: &dyn Files,
    path: &Path,
    each: &mut dyn FnMut(usize, SpanBatch) -> Result<(), E>,
) -> Result<Result<(), E>, BlockError> {
    let file = files.open(path, Access::Read);
    let source = Source(file.map_err(FileError::on("open", path))?);
    let damaged = |error: &dyn std::fmt::Display| BlockError::damaged(path, error);
    let reader = FileReader::open(&source).map_err(|error| damaged(&error))?;
    let columns = SpanColumnsOfFile::find(&reader, path)?;
    let mut decoder = ChunkDecoder::new();
    for (group, row_group) in reader.row_groups().iter().enumerate() {
        let mut cells = Vec::with_capacity(columns.places.len());
        for (in_file, place) in &columns.places {
            let read = reader.cells(&mut decoder, group, *in_file);
            cells.push((*place, read.map_err(|error| damaged(&error))?));
        }
        let key_of = |place: usize| columns.keys.get(place - Fixed::ALL.len());
        let batch = batch_of(path, cells, row_group.rows, key_of)?;
        if let Err(stop) = each(group, batch) {
            return Ok(Err(stop));
        }
    }
    Ok(Ok(()))
}

/// Which columns of a file are those of spans.
struct SpanColumnsOfFile {
    /// Number in the file, and the place that assembling knows it by.
    places: Vec<(usize, usize)>,
    /// Keys of the attribute columns, the first behind the fixed places.
    keys: Vec<AttributeKey>,
}

impl SpanColumnsOfFile {
    fn find(reader: &FileReader<'_>, path: &Path) -> Result<Self, BlockError> {
        let version = reader.key_value(VERSION_KEY);
        if let Some(found) = version.and_then(|text| text.parse().ok())
            && found > VERSION
        {
            let path = PathBuf::from(path);
            return Err(BlockError::Version { path, found });
        }
        let mut places = Vec::new();
        for fixed in &Fixed::ALL[..Fixed::ParentRow.column()] {
            let definition = fixed.definition();
            let found = reader
                .columns()
                .iter()
                .position(|column| column.name == definition.name);
            match found {
                Some(at) if reader.columns()[at].physical == definition.physical => {
                    places.push((at, fixed.column()));
                }
                Some(_) => {
                    let reason = format!("column {} has another type", definition.name);
                    return Err(BlockError::damaged(path, reason));
                }
                None if fixed.is_nullable() => {}
                None => {
                    let reason = format!(
                        "it has no column {}, so it is no file of spans",
                        definition.name
                    );
                    return Err(BlockError::damaged(path, reason));
                }
            }
        }
        let mut keys = Vec::new();
        for (at, column) in reader.columns().iter().enumerate() {
            if let Some(key) = attribute_key(column) {
                places.push((at, Fixed::ALL.len() + keys.len()));
                keys.push(key);
            }
        }
        Ok(Self { places, keys })
    }
}

fn attribute_key(column: &Column) -> Option<AttributeKey> {
    let value_type = match column.physical {
        PhysicalType::ByteArray if column.is_text => ValueType::Str,
        PhysicalType::Int64 => ValueType::Int,
        PhysicalType::Double => ValueType::Double,
        PhysicalType::Boolean => ValueType::Bool,
        _ => return None,
    };
    let key = attribute_of_column(&column.name, value_type)?;
    Some(AttributeKey {
        level: Level::Span,
        key: key.to_owned(),
        value_type,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block;
    use crate::files::faulty::FaultyFiles;
    use crate::files::{ensure_dir, write_all_at};
    use tracewell_parquet::FileWriter;
    use tracewell_testkit::Random;
    use tracewell_testkit::spans::{batch, flatten};

    fn read(files: &dyn Files, path: &Path) -> Result<Vec<SpanBatch>, String> {
        let mut batches = Vec::new();
        let read = read_span_file(files, path, &mut |_, batch| {
            batches.push(batch);
            Ok::<(), ()>(())
        });
        match read {
            Ok(Ok(())) => Ok(batches),
            Ok(Err(())) => unreachable!("nothing stops the reading"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_block_is_read_without_its_index() {
        let files = FaultyFiles::new();
        let dir = Path::new("/files");
        ensure_dir(&files, dir).unwrap();
        let mut spans = Random::new(5).spans(500, 1_700_000_000_000_000_000);
        block::write(&files, dir, 1, &block::Birth::default(), &batch(&spans)).unwrap();
        files.remove(&dir.join("0000000001.index")).unwrap();
        let batches = read(&files, &dir.join("0000000001.parquet")).unwrap();
        let mut found: Vec<_> = batches.iter().flat_map(flatten).collect();
        found.sort_by_key(|span| (span.trace_id, span.span_id));
        spans.sort_by_key(|span| (span.trace_id, span.span_id));
        assert_eq!(found, spans);
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        let files = FaultyFiles::new();
        let with = |key_values: &[(&str, &str)]| {
            let columns = vec![Fixed::Name.definition()];
            let writer = FileWriter::new(Vec::new(), columns, &[]).unwrap();
            writer.finish(key_values).unwrap()
        };
        let (one_column, newer) = (with(&[]), with(&[(VERSION_KEY, "99")]));
        for (bytes, reason) in [
            (&b"rubbish"[..], "not a parquet file: too short"),
            (b"PAR1 that is none at all", "not a parquet file"),
            (
                &one_column,
                "it has no column trace_id, so it is no file of spans",
            ),
            (&newer, "has format version 99"),
        ] {
            let path = Path::new("/file");
            let file = files.create(path).unwrap();
            write_all_at(&*file, bytes, 0).unwrap();
            let error = read(&files, path).unwrap_err();
            assert!(error.contains(reason), "{error}");
            files.remove(path).unwrap();
        }
    }
}
