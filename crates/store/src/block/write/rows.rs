//! The rows of a batch that become a row group, and what columns with gaps
//! look like in that order.

use tracewell_model::SpanBatch;

/// Place of a row that is not in the row group.
const ELSEWHERE: u32 = u32::MAX;

/// Rows of a batch in the order of a row group.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    /// The batch's row of each row of the group.
    pub(super) order: &'a [u32],
    /// For each row of the batch, its row in the group.
    places: Vec<u32>,
}

impl<'a> Rows<'a> {
    /// Rows `order` of the batch; `None` if one does not exist.
    pub(super) fn new(batch: &SpanBatch, order: &'a [u32]) -> Option<Self> {
        let mut places = vec![ELSEWHERE; batch.len()];
        for (place, row) in order.iter().enumerate() {
            *places.get_mut(*row as usize)? = place as u32;
        }
        Some(Self { order, places })
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Rows of the batch in the order of the group.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().map(|row| *row as usize)
    }

    /// Where the batch's row stands in the group.
    pub(super) fn place(&self, row: u32) -> Option<u32> {
        Some(self.places[row as usize]).filter(|place| *place != ELSEWHERE)
    }
}

/// Brings a sparse column into the order of the row group at the cost of its
/// entries: most columns are empty in most rows.
#[derive(Debug, Default)]
pub(super) struct Spread {
    /// One bit for each row of the group that has an entry; clear between uses.
    words: Vec<u64>,
    /// The entry of each such row; the others hold what was there before.
    entry_of: Vec<u32>,
    /// Rows of the group with an entry, ascending.
    pub(super) present: Vec<u32>,
    /// The entry of each of them.
    pub(super) entries: Vec<u32>,
}

impl Spread {
    /// Fills `present` and `entries` for the column whose entries belong to
    /// these rows of the batch, ascending. A row's second and further entries
    /// go to `more` as (row of the group, entry).
    pub(super) fn fill(&mut self, rows: &Rows<'_>, owners: &[u32], mut more: impl FnMut(u32, u32)) {
        self.words.resize(rows.len().div_ceil(64), 0);
        self.entry_of.resize(rows.len(), 0);
        let mut previous = None;
        for (entry, owner) in owners.iter().enumerate() {
            let again = previous == Some(*owner);
            previous = Some(*owner);
            let Some(place) = rows.place(*owner) else {
                continue;
            };
            if again {
                more(place, entry as u32);
            } else {
                self.words[place as usize / 64] |= 1 << (place % 64);
                self.entry_of[place as usize] = entry as u32;
            }
        }
        self.collect();
    }

    fn collect(&mut self) {
        self.present.clear();
        self.entries.clear();
        for (index, word) in self.words.iter_mut().enumerate() {
            let mut rest = std::mem::take(word);
            while rest != 0 {
                let place = index * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                self.present.push(place as u32);
                self.entries.push(self.entry_of[place]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tracewell_testkit::{TestSpan, batch};

    use super::*;

    #[test]
    fn entries_follow_their_rows_into_the_group() {
        let spans: Vec<TestSpan> = (0..200).map(|n| TestSpan::new(1, n, "a", "b", n)).collect();
        let batch = batch(&spans);
        let order = [150, 7, 3, 199];
        let rows = Rows::new(&batch, &order).unwrap();
        let mut spread = Spread::default();
        let mut more = Vec::new();
        spread.fill(&rows, &[3, 7, 7, 8, 150, 150, 150], |row, entry| {
            more.push((row, entry))
        });
        assert_eq!(
            (&spread.present[..], &spread.entries[..]),
            (&[0, 1, 2][..], &[4, 1, 0][..])
        );
        assert_eq!(more, [(1, 2), (0, 5), (0, 6)]);
        spread.fill(&rows, &[199], |_, _| panic!("no row has two"));
        assert_eq!(
            (&spread.present[..], &spread.entries[..]),
            (&[3][..], &[0][..])
        );
        assert!(Rows::new(&batch, &[200]).is_none());
    }
}
