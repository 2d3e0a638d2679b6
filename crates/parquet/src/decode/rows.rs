//! Which wanted rows have a value, and which values of a page those are.

use super::Scratch;
use crate::bits;
use crate::column::Column;
use crate::error::DecodeError;
use crate::hybrid::{Run, Runs};

const PART: &str = "definition levels";

/// Wanted rows so far.
#[derive(Default)]
pub(super) struct Rows {
    rows: usize,
    /// Only once a null was met.
    present: Option<Vec<u32>>,
}

/// Where the values of a page are.
#[derive(Clone, Copy)]
pub(super) struct PageValues {
    /// Where they begin in the body.
    pub(super) start: usize,
    /// How many there are, wanted or not.
    pub(super) count: usize,
}

impl Rows {
    /// Reads the levels of a page of `rows` rows, adds its wanted rows and
    /// puts the values that they have into `scratch.values`.
    pub(super) fn page(
        &mut self,
        column: &Column,
        body: &[u8],
        rows: usize,
        scratch: &mut Scratch,
    ) -> Result<PageValues, DecodeError> {
        let wanted: usize = scratch.rows.iter().map(ExactSizeIterator::len).sum();
        if u32::try_from(self.rows + wanted).is_err() {
            return Err(DecodeError::damaged(PART, 0, "more than 2^32 rows at once"));
        }
        let mut start = 0;
        let mut count = rows;
        if column.nullable {
            let length = body
                .first_chunk()
                .map(|length| u32::from_le_bytes(*length) as usize);
            let levels = length.and_then(|length| body[4..].get(..length));
            let levels = levels.ok_or_else(|| DecodeError::damaged(PART, 0, "end too early"))?;
            start = 4 + levels.len();
            count = read_levels(levels, rows, &mut scratch.present)?;
        }
        scratch.values.clear();
        if count == rows {
            self.all(wanted);
            scratch.values.extend_from_slice(&scratch.rows);
            return Ok(PageValues { start, count });
        }
        let (mut row, mut value) = (0, 0);
        for range in &scratch.rows {
            value += bits::count_range(&scratch.present, row, range.start);
            let first = value;
            value += self.some(&scratch.present, range.start, range.end);
            row = range.end;
            if first < value {
                scratch.values.push(first..value);
            }
        }
        Ok(PageValues { start, count })
    }

    fn all(&mut self, rows: usize) {
        if let Some(present) = &mut self.present {
            present.extend((self.rows..self.rows + rows).map(|row| row as u32));
        }
        self.rows += rows;
    }

    /// Adds the rows `from..to` of a page and says how many have a value.
    fn some(&mut self, words: &[u64], from: usize, to: usize) -> usize {
        let found = bits::count_range(words, from, to);
        if found == to - from {
            self.all(found);
            return found;
        }
        let rows = self.rows;
        let present = self
            .present
            .get_or_insert_with(|| (0..rows as u32).collect());
        present.reserve(found);
        bits::for_each_set(words, from, to, |row| {
            present.push((rows + row - from) as u32)
        });
        self.rows += to - from;
        found
    }

    pub(super) fn finish(self) -> (usize, Option<Vec<u32>>) {
        (self.rows, self.present)
    }
}

/// Puts the levels of `rows` rows into `words` as bits and counts the set
/// ones. If all are set, `words` is left as it was.
fn read_levels(levels: &[u8], rows: usize, words: &mut Vec<u64>) -> Result<usize, DecodeError> {
    let mut runs = Runs::new(levels, 1, rows, PART);
    let mut row = 0;
    while let Some(run) = runs.next()? {
        match run {
            Run::Equal(1, count) if count == rows => return Ok(rows),
            Run::Equal(0 | 1, _) | Run::Packed(..) => {}
            Run::Equal(..) => return Err(DecodeError::damaged(PART, row, "level above 1")),
        }
        if row == 0 {
            words.clear();
            words.resize(rows.div_ceil(64), 0);
        }
        match run {
            Run::Equal(0, count) => row += count,
            Run::Equal(_, count) => {
                bits::set_range(words, row, row + count);
                row += count;
            }
            Run::Packed(bytes, count) => {
                put_bits(words, row, &bytes[..count.div_ceil(8)]);
                row += count;
            }
        }
    }
    Ok(bits::count_range(words, 0, rows))
}

/// Puts bits into `words` from `row` on; what falls beyond the end is dropped.
fn put_bits(words: &mut [u64], row: usize, bytes: &[u8]) {
    let (first, shift) = (row / 64, row % 64);
    for (index, chunk) in bytes.chunks(8).enumerate() {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        if let Some(low) = words.get_mut(first + index) {
            *low |= word << shift;
        }
        if let Some(high) = words.get_mut(first + index + 1).filter(|_| shift > 0) {
            *high |= word >> (64 - shift);
        }
    }
}
