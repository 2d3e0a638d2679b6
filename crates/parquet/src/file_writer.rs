//! A whole file, streamed.
//!
//! ```text
//! PAR1 │ row group: chunks in column order │ … │ offset indexes │ footer │ its length │ PAR1
//! ```
//!
//! Row groups go to the sink as they come; only what the footer says of them
//! is kept. It never seeks and never syncs: that is the sink's owner's.

use std::io::{self, Write};

use crate::chunk::EncodedChunk;
use crate::column::Column;
use crate::footer::MAGIC;
use crate::footer::write::{WrittenChunk, WrittenGroup, footer};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The sink refused.
    #[error("cannot write: {0}")]
    Sink(#[from] io::Error),
    /// The chunks are not a row group of this file.
    #[error("row group {group}: {reason}")]
    Group {
        /// Which row group, from 0.
        group: usize,
        /// What does not fit.
        reason: String,
    },
}

/// Writes a file.
#[derive(Debug)]
pub struct FileWriter<W: Write> {
    sink: W,
    position: u64,
    columns: Vec<Column>,
    sorting: Vec<usize>,
    groups: Vec<WrittenGroup>,
}

impl<W: Write> FileWriter<W> {
    /// Begins a file with these columns. Rows of each group ascend by the
    /// columns with the numbers `sorting`, nulls last; empty = in no such
    /// order.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn new(mut sink: W, columns: Vec<Column>, sorting: &[usize]) -> Result<Self, WriteError> {
        sink.write_all(MAGIC)?;
        Ok(Self {
            sink,
            position: MAGIC.len() as u64,
            columns,
            sorting: sorting.to_vec(),
            groups: Vec::new(),
        })
    }

    /// Bytes written so far: where the next row group will begin.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Appends a row group of `rows` rows: one chunk per column, in their
    /// order, encoded with those very columns.
    ///
    /// # Errors
    /// The chunks do not fit the columns or the rows (nothing is written), or
    /// the sink refuses (the file is lost).
    pub fn row_group(&mut self, chunks: &[EncodedChunk], rows: usize) -> Result<(), WriteError> {
        let refuse = |reason| WriteError::Group {
            group: self.groups.len(),
            reason,
        };
        if rows == 0 {
            return Err(refuse("needs at least one row".to_owned()));
        }
        if chunks.len() != self.columns.len() {
            let (has, needs) = (chunks.len(), self.columns.len());
            return Err(refuse(format!("has {has} chunks for {needs} columns")));
        }
        for (chunk, column) in chunks.iter().zip(&self.columns) {
            if chunk.rows != rows {
                let (name, has) = (&column.name, chunk.rows);
                return Err(refuse(format!("column {name} has {has} rows, not {rows}")));
            }
            if chunk.compressed != column.compress || (chunk.nulls > 0 && !column.nullable) {
                let name = &column.name;
                return Err(refuse(format!(
                    "column {name} was encoded as another column"
                )));
            }
        }
        let mut written = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            self.sink.write_all(&chunk.bytes)?;
            written.push(WrittenChunk::new(chunk, self.position));
            self.position += chunk.bytes.len() as u64;
        }
        self.groups.push(WrittenGroup {
            rows,
            chunks: written,
        });
        Ok(())
    }

    /// Writes the footer with `key_values` and hands the sink back, flushed.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn finish(mut self, key_values: &[(&str, &str)]) -> Result<W, WriteError> {
        let mut tail = Vec::new();
        for chunk in self.groups.iter_mut().flat_map(|group| &mut group.chunks) {
            chunk.write_offset_index(self.position + tail.len() as u64, &mut tail);
        }
        let footer = footer(&self.columns, &self.sorting, &self.groups, key_values);
        tail.extend_from_slice(&footer);
        tail.extend_from_slice(&(footer.len() as u32).to_le_bytes());
        tail.extend_from_slice(MAGIC);
        self.sink.write_all(&tail)?;
        self.sink.flush()?;
        Ok(self.sink)
    }
}
