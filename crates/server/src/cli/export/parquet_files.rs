//! Parquet files with the columns of the store's blocks, written by the store
//! itself.
//!
//! A file holds as many spans as fit in memory with room to spare; the next
//! ones are numbered. Each has its name only when it is complete.

use std::fs;
use std::path::{Path, PathBuf};

use tracewell_model::SpanBatch;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_store::block;
use tracewell_store::files::DiskFiles;

use super::Writer;
use super::output_file::{cannot, unfinished};
use crate::cli::error::CliError;

/// Memory of the spans of one file, roughly.
const FILE_MEMORY_BYTES: usize = 96 << 20;

/// The only block in the directory where files are made.
const BLOCK: u64 = 1;

/// Spans until there are enough for a file.
pub(super) struct ParquetFiles {
    first: PathBuf,
    spans: BatchJoiner,
    memory_bytes: usize,
    written: Vec<PathBuf>,
}

impl ParquetFiles {
    pub(super) fn create(first: &Path) -> Self {
        Self {
            first: first.to_path_buf(),
            spans: BatchJoiner::new(),
            memory_bytes: 0,
            written: Vec::new(),
        }
    }

    fn end_file(&mut self) -> Result<(), CliError> {
        let spans = std::mem::take(&mut self.spans);
        self.memory_bytes = 0;
        if spans.is_empty() {
            return Ok(());
        }
        let path = numbered(&self.first, self.written.len() + 1);
        let dir = Workshop::create(&path)?;
        let entry = block::write(
            &DiskFiles,
            &dir.0,
            BLOCK,
            &block::Birth::default(),
            &spans.finish(),
        );
        let entry = entry.map_err(|error| CliError::Failed(format!("--output: {error}")))?;
        let made = dir.0.join(format!("{}.parquet", entry.name));
        fs::rename(&made, &path).map_err(|error| cannot("name", &path, &error))?;
        self.written.push(path);
        Ok(())
    }
}

impl Writer for ParquetFiles {
    fn part(&mut self, _message: &[u8], spans: &SpanBatch) -> Result<(), CliError> {
        let memory_bytes = spans.memory_bytes();
        if self.memory_bytes + memory_bytes > FILE_MEMORY_BYTES {
            self.end_file()?;
        }
        self.memory_bytes += memory_bytes;
        self.spans
            .append(spans)
            .map_err(|error| CliError::Failed(format!("--output: {error}")))
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<PathBuf>, CliError> {
        self.end_file()?;
        Ok(self.written)
    }
}

/// `traces.parquet`, `traces-2.parquet`, `traces-3.parquet`, …
fn numbered(first: &Path, number: usize) -> PathBuf {
    if number == 1 {
        return first.to_path_buf();
    }
    let stem = first.file_stem().unwrap_or_default().to_string_lossy();
    let name = match first.extension() {
        Some(extension) => format!("{stem}-{number}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number}"),
    };
    first.with_file_name(name)
}

/// The directory beside a file in which it is made; gone when dropped.
struct Workshop(PathBuf);

impl Workshop {
    fn create(path: &Path) -> Result<Self, CliError> {
        let dir = unfinished(path);
        fs::create_dir(&dir).map_err(|error| cannot("create", &dir, &error))?;
        Ok(Self(dir))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What is left of it cannot be taken for an export.
        let _left = fs::remove_dir_all(&self.0).is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_from_the_second_on() {
        for (first, number, expected) in [
            ("a/traces.parquet", 1, "a/traces.parquet"),
            ("a/traces.parquet", 2, "a/traces-2.parquet"),
            ("a.b/traces", 12, "a.b/traces-12"),
        ] {
            assert_eq!(numbered(Path::new(first), number), Path::new(expected));
        }
    }
}
