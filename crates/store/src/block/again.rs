//! A block whose index file is lost is written once more from its Parquet file.
//!
//! Everything that spans are is in the Parquet file; the index is only where
//! things are. Derived columns are not carried over: compaction makes them. The
//! old files are not touched.

use std::collections::HashMap;
use std::path::Path;

use tracewell_model::Level;
use tracewell_model::batch::columns::ValueType;

use super::choose::{self, KeyCount};
use super::span_file::read_span_file;
use super::{Birth, BlockError, BlockWriter, parquet_name};
use crate::files::Files;
use crate::manifest::BlockEntry;

/// Writes the spans of `name` as block `number` with this certificate, which
/// takes its place; one row group is in memory at a time.
///
/// # Errors
/// The Parquet file cannot be read whole, or the disk refuses.
pub(crate) fn write_again(
    files: &dyn Files,
    dir: &Path,
    name: &str,
    number: u64,
    birth: &Birth,
) -> Result<BlockEntry, BlockError> {
    let path = dir.join(parquet_name(name));
    let mut birth = birth.clone();
    // No list that knows only the old one proves that the new one may go.
    birth.parts.push(name.to_owned());
    let mut counts: HashMap<(Level, String, ValueType), u64> = HashMap::new();
    let mut spans = 0;
    let counted = read_span_file(files, &path, &mut |_, batch| {
        spans += batch.len() as u64;
        for count in choose::counts(&batch) {
            let key = (count.level, count.key.to_owned(), count.value_type);
            *counts.entry(key).or_default() += count.count;
        }
        Ok::<(), BlockError>(())
    });
    counted??;
    let counts = counts
        .iter()
        .map(|((level, key, value_type), count)| KeyCount {
            level: *level,
            key,
            value_type: *value_type,
            count: *count,
        });
    let chosen = choose::columns(counts, spans);
    let mut block = BlockWriter::create(files, dir, number, chosen, false)?;
    let written = read_span_file(files, &path, &mut |_, batch| {
        // The rows stand in the order of a block already.
        let order: Vec<u32> = (0..batch.len() as u32).collect();
        block.row_group(&batch, &order, None)
    });
    written??;
    block.finish(&birth)
}
