//! A set of row numbers of one table: what a filter answers.
//!
//! One bit a row. Sets that meet must come from tables of one length.

use std::ops::Range;

/// A set of rows out of `0..len`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    words: Vec<u64>,
    len: usize,
}

impl RowSet {
    /// No row of `len`.
    #[must_use]
    pub fn none(len: usize) -> Self {
        Self {
            words: vec![0; len.div_ceil(64)],
            len,
        }
    }

    /// Every row of `len`.
    #[must_use]
    pub fn all(len: usize) -> Self {
        let mut set = Self {
            words: vec![u64::MAX; len.div_ceil(64)],
            len,
        };
        set.clear_tail();
        set
    }

    /// The rows for which `test` holds.
    #[must_use]
    pub fn from_fn(len: usize, mut test: impl FnMut(usize) -> bool) -> Self {
        let mut set = Self::none(len);
        for (index, word) in set.words.iter_mut().enumerate() {
            let first = index * 64;
            for bit in 0..64.min(len - first) {
                *word |= u64::from(test(first + bit)) << bit;
            }
        }
        set
    }

    /// The rows of a range.
    #[must_use]
    pub fn from_range(len: usize, rows: Range<usize>) -> Self {
        let mut set = Self::none(len);
        rows.for_each(|row| set.insert(row));
        set
    }

    /// Rows of the table this set speaks of.
    #[must_use]
    pub fn table_len(&self) -> usize {
        self.len
    }

    /// Adds a row.
    pub fn insert(&mut self, row: usize) {
        debug_assert!(row < self.len, "row {row} of {}", self.len);
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Takes a row out.
    pub fn remove(&mut self, row: usize) {
        debug_assert!(row < self.len, "row {row} of {}", self.len);
        self.words[row / 64] &= !(1 << (row % 64));
    }

    /// Is the row in the set?
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        self.words
            .get(row / 64)
            .is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Is no row in the set?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Keeps the rows that are in both.
    pub fn intersect(&mut self, other: &Self) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(a, b)| *a &= b);
    }

    /// Adds the rows of the other.
    pub fn unite(&mut self, other: &Self) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(a, b)| *a |= b);
    }

    /// Swaps what is in for what is out.
    pub fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.clear_tail();
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    index * 64 + bit
                })
            })
        })
    }

    fn clear_tail(&mut self) {
        let used = self.len % 64;
        if used != 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_over_lengths_around_a_word() {
        for len in [0, 1, 63, 64, 65, 130] {
            let even = RowSet::from_fn(len, |row| row % 2 == 0);
            assert_eq!(
                even.iter().collect::<Vec<_>>(),
                (0..len).step_by(2).collect::<Vec<_>>()
            );
            let mut odd = even.clone();
            odd.invert();
            assert_eq!(odd.count() + even.count(), len);
            odd.unite(&even);
            assert_eq!(odd, RowSet::all(len));
            odd.intersect(&RowSet::none(len));
            assert!(odd.is_empty());
        }
    }
}
