//! The pages of a chunk, one after another, each compressed by itself.
//!
//! ```text
//! data page        header │ levels (4 bytes of length, hybrid) if nullable │ values
//! dictionary page  header │ entries, PLAIN
//! ```

use std::ops::Range;

use super::choose::{Choice, Dictionary};
use super::compress::Compressor;
use super::entry;
use crate::chunk::{MAX_PAGE_BYTES, PAGE_ROWS, PageInfo};
use crate::column::{Cells, Column, Values};
use crate::error::EncodeError;
use crate::page_header::{PageHeader, PageKind};
use crate::plain::Fixed;
use crate::{bits, delta, delta_bytes, hybrid};

pub(super) struct PageWriter<'a> {
    pub(super) column: &'a Column,
    pub(super) compressor: &'a mut Compressor,
    pub(super) body: &'a mut Vec<u8>,
    pub(super) lengths: &'a mut Vec<i32>,
    pub(super) bytes: Vec<u8>,
    pub(super) pages: Vec<PageInfo>,
    pub(super) uncompressed_bytes: u64,
}

impl PageWriter<'_> {
    /// The page with the distinct values.
    pub(super) fn dictionary(
        &mut self,
        values: &Values<'_>,
        dictionary: &Dictionary<'_>,
    ) -> Result<(), EncodeError> {
        self.body.clear();
        let entries = dictionary.first.iter().map(|index| *index as usize);
        match *values {
            Values::I32(values) => entries.for_each(|index| values[index].put(self.body)),
            Values::I64(values) => entries.for_each(|index| values[index].put(self.body)),
            Values::F64(values) => entries.for_each(|index| values[index].put(self.body)),
            Values::Coded { ends, bytes, .. } | Values::Bytes { ends, bytes } => {
                entries.for_each(|index| put_bytes(entry(ends, bytes, index), self.body));
            }
            // Never chosen for a dictionary.
            Values::Bool(_) | Values::Fixed16(_) | Values::Fixed8(_) => {}
        }
        let kind = PageKind::Dictionary {
            entries: dictionary.first.len(),
            sorted: matches!(values, Values::Coded { .. } | Values::Bytes { .. }),
        };
        self.finish_page(kind, 0, 0, dictionary.first.len())
    }

    /// All data pages.
    pub(super) fn data(
        &mut self,
        cells: &Cells<'_>,
        choice: &Choice<'_>,
    ) -> Result<(), EncodeError> {
        let mut value = 0;
        for row in (0..cells.rows).step_by(PAGE_ROWS) {
            let rows = row..(row + PAGE_ROWS).min(cells.rows);
            let values = match cells.present {
                None => rows.clone(),
                Some(present) => {
                    let until = |found: &u32| (*found as usize) < rows.end;
                    value..value + present[value..].partition_point(until)
                }
            };
            value = values.end;
            self.body.clear();
            if self.column.nullable {
                let present = cells.present.map(|present| &present[values.clone()]);
                self.levels(rows.clone(), present);
            }
            let levels = self.body.len();
            self.values(&cells.values, values.clone(), choice, row)?;
            let kind = PageKind::Data {
                rows: rows.len(),
                encoding: choice.encoding,
            };
            self.finish_page(kind, row, levels, values.len())?;
        }
        Ok(())
    }

    fn levels(&mut self, rows: Range<usize>, present: Option<&[u32]>) {
        let mut words = [0_u64; PAGE_ROWS / 64];
        match present {
            None => words.fill(u64::MAX),
            Some(present) => {
                for row in present {
                    let row = *row as usize - rows.start;
                    words[row / 64] |= 1 << (row % 64);
                }
            }
        }
        self.body.extend([0; 4]);
        hybrid::encode_levels(&words, rows.len(), self.body);
        let length = self.body.len() as u32 - 4;
        self.body[..4].copy_from_slice(&length.to_le_bytes());
    }

    fn values(
        &mut self,
        values: &Values<'_>,
        range: Range<usize>,
        choice: &Choice<'_>,
        row: usize,
    ) -> Result<(), EncodeError> {
        if let Some(dictionary) = &choice.dictionary {
            let width = dictionary.width();
            self.body.push(width as u8);
            hybrid::encode(&dictionary.codes[range], width, self.body);
            return Ok(());
        }
        match *values {
            Values::Bool(values) => {
                let bits = values[range].iter().map(|value| u64::from(*value));
                bits::pack(bits, 1, self.body);
            }
            Values::I32(values) => delta::encode(&values[range], self.body),
            Values::I64(values) => delta::encode(&values[range], self.body),
            Values::F64(values) => values[range].iter().for_each(|value| value.put(self.body)),
            Values::Fixed16(values) => {
                delta_bytes::encode(&values[range], self.lengths, self.body);
            }
            Values::Fixed8(values) => self.body.extend_from_slice(values[range].as_flattened()),
            Values::Coded { codes, ends, bytes } => {
                let values = codes[range]
                    .iter()
                    .map(|code| entry(ends, bytes, *code as usize));
                self.byte_arrays(values, row)?;
            }
            Values::Bytes { ends, bytes } => {
                self.byte_arrays(range.map(|index| entry(ends, bytes, index)), row)?;
            }
        }
        Ok(())
    }

    fn byte_arrays<'v>(
        &mut self,
        values: impl Iterator<Item = &'v [u8]>,
        row: usize,
    ) -> Result<(), EncodeError> {
        for value in values {
            // Before it is copied: one value can be met 4,096 times.
            self.check_size(self.body.len() + value.len(), row)?;
            put_bytes(value, self.body);
        }
        Ok(())
    }

    fn check_size(&self, bytes: usize, row: usize) -> Result<(), EncodeError> {
        if bytes <= MAX_PAGE_BYTES {
            return Ok(());
        }
        Err(EncodeError::PageTooLarge {
            column: self.column.name.clone(),
            row,
            bytes,
        })
    }

    /// Ends the page in `body`, whose first `levels` bytes are levels.
    fn finish_page(
        &mut self,
        kind: PageKind,
        row: usize,
        levels: usize,
        values: usize,
    ) -> Result<(), EncodeError> {
        self.check_size(self.body.len(), row)?;
        let body = if self.column.compress {
            let compressed = self.compressor.compress(self.body, levels);
            compressed.map_err(|reason| EncodeError::Zstd {
                column: self.column.name.clone(),
                reason,
            })?
        } else {
            &*self.body
        };
        let header = PageHeader {
            kind,
            uncompressed: self.body.len(),
            stored: body.len(),
            bytes: 0,
        };
        let start = self.bytes.len();
        header.write(&mut self.bytes);
        self.uncompressed_bytes += (self.bytes.len() - start + self.body.len()) as u64;
        self.bytes.extend_from_slice(body);
        let page = &self.bytes[start..];
        self.pages.push(PageInfo {
            bytes: page.len() as u32,
            crc: crc32c::crc32c(page),
            rows: match kind {
                PageKind::Data { rows, .. } => rows as u32,
                _ => 0,
            },
            values: values as u32,
        });
        Ok(())
    }
}

fn put_bytes(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    out.extend_from_slice(value);
}
