//! Buffers in which the values of one column are put in order before they are
//! encoded. Made once for a file: a column costs no allocation of its own.

use tracewell_parquet::{Cells, Values};

/// One column at a time; what it lends is gone when the next is gathered.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) present: Vec<u32>,
    pub(super) i32s: Vec<i32>,
    pub(super) i64s: Vec<i64>,
    pub(super) f64s: Vec<f64>,
    pub(super) bools: Vec<bool>,
    pub(super) ids_8: Vec<[u8; 8]>,
    pub(super) ids_16: Vec<[u8; 16]>,
    pub(super) codes: Vec<u32>,
    pub(super) texts: Texts,
}

/// Byte strings one after another, as the encoder takes them.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) ends: Vec<u32>,
    pub(super) bytes: Vec<u8>,
}

/// The byte strings of a column exceed what 32-bit offsets reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a column has more than 4 GiB in one row group; write fewer spans per block")]
pub(super) struct TooLarge;

impl Texts {
    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.bytes.clear();
    }

    /// Ends the byte string whose bytes were appended to `bytes`.
    pub(super) fn end(&mut self) -> Result<(), TooLarge> {
        let end = u32::try_from(self.bytes.len()).map_err(|_| TooLarge)?;
        self.ends.push(end);
        Ok(())
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), TooLarge> {
        self.bytes.extend_from_slice(text.as_bytes());
        self.end()
    }

    /// The byte strings themselves as the values of a column.
    pub(super) fn values(&self) -> Values<'_> {
        Values::Bytes {
            ends: &self.ends,
            bytes: &self.bytes,
        }
    }

    /// A column of these as dictionary.
    pub(super) fn coded<'b>(&'b self, codes: &'b [u32]) -> Values<'b> {
        Values::Coded {
            codes,
            ends: &self.ends,
            bytes: &self.bytes,
        }
    }
}

/// Replaces what is in a buffer.
pub(super) fn refill<T>(buffer: &mut Vec<T>, values: impl Iterator<Item = T>) -> &[T] {
    buffer.clear();
    buffer.extend(values);
    buffer
}

/// Replaces what is in both buffers by the rows that have a value, and the
/// values.
pub(super) fn refill_some<T>(
    present: &mut Vec<u32>,
    buffer: &mut Vec<T>,
    values: impl Iterator<Item = Option<T>>,
) {
    present.clear();
    buffer.clear();
    for (row, value) in values.enumerate() {
        if let Some(value) = value {
            present.push(row as u32);
            buffer.push(value);
        }
    }
}

/// A column that has a value in every row.
pub(super) fn full(values: Values<'_>) -> Cells<'_> {
    Cells {
        rows: values.len(),
        present: None,
        values,
    }
}

/// A column that has a value in these rows of so many.
pub(super) fn sparse<'b>(rows: usize, present: &'b [u32], values: Values<'b>) -> Cells<'b> {
    Cells {
        rows,
        present: (present.len() < rows).then_some(present),
        values,
    }
}
