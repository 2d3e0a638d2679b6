//! How often each value of one attribute occurs, by side and moment (a *bucket*).
//!
//! **An attribute with more values than are looked at says only how many spans have
//! it**: what an id is, nobody compares, and the rest of the memory is for others.

use std::collections::HashMap;
use tracewell_model::values::Value;

type State = foldhash::fast::RandomState;

/// Values of an attribute, at most.
const MAX_VALUES: usize = 10_000;

/// Bytes of a value beside its key, which is kept once, and of a cell.
const VALUE_BYTES: usize = 160;
const CELL_BYTES: usize = 40;

/// The counts of one attribute.
#[derive(Debug)]
pub(super) struct Counts {
    numbers: HashMap<Vec<u8>, u32, State>,
    values: Vec<Value<'static>>,
    /// By number of the value and bucket.
    cells: HashMap<(u32, u32), f64, State>,
    /// By bucket.
    totals: Vec<f64>,
    key_bytes: usize,
    is_closed: bool,
    key: Vec<u8>,
}

impl Counts {
    pub(super) fn new(buckets: usize) -> Self {
        Self {
            numbers: HashMap::default(),
            values: Vec::new(),
            cells: HashMap::default(),
            totals: vec![0.0; buckets],
            key_bytes: 0,
            is_closed: false,
            key: Vec::new(),
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.values.len() * VALUE_BYTES
            + 2 * self.key_bytes
            + self.cells.len() * CELL_BYTES
            + self.totals.len() * 8
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Forgets the values.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        (self.numbers, self.cells) = Default::default();
        (self.values, self.key_bytes) = (Vec::new(), 0);
    }

    /// Adds what was tallied of these values; `buckets` are those of the tally.
    pub(super) fn take(
        &mut self,
        values: &[Option<Value<'_>>],
        tally: &mut Tally,
        buckets: &[u32],
    ) {
        tally.settle();
        for of_value in tally.filled.chunk_by(|a, b| a.0 == b.0) {
            let Some(value) = &values[of_value[0].0 as usize] else {
                continue;
            };
            let number = self.number(value);
            for (_, bucket, count) in of_value {
                let bucket = buckets[*bucket as usize];
                self.totals[bucket as usize] += count;
                if let Some(number) = number {
                    *self.cells.entry((number, bucket)).or_default() += count;
                }
            }
        }
    }

    /// `None` when the attribute has too many.
    fn number(&mut self, value: &Value<'_>) -> Option<u32> {
        if self.is_closed {
            return None;
        }
        self.key.clear();
        value.write_key(&mut self.key);
        if let Some(number) = self.numbers.get(&self.key) {
            return Some(*number);
        }
        if self.values.len() >= MAX_VALUES {
            self.close();
            return None;
        }
        let number = self.values.len() as u32;
        self.key_bytes += self.key.len();
        self.numbers.insert(self.key.clone(), number);
        self.values.push(value.clone().into_owned());
        Some(number)
    }

    /// Takes over what another counted.
    pub(super) fn merge(&mut self, other: Self) {
        let both = self.totals.iter_mut().zip(&other.totals);
        both.for_each(|(mine, theirs)| *mine += theirs);
        if other.is_closed {
            self.close();
        }
        let numbers: Vec<Option<u32>> = other.values.iter().map(|of| self.number(of)).collect();
        for ((number, bucket), count) in other.cells {
            if let (Some(number), false) = (numbers[number as usize], self.is_closed) {
                *self.cells.entry((number, bucket)).or_default() += count;
            }
        }
    }

    /// How many spans of a side have the attribute, by moment.
    pub(super) fn totals(&self, side: usize, steps: usize) -> Vec<f64> {
        self.totals[side * steps..(side + 1) * steps].to_vec()
    }

    /// The most frequent values of a side, and of equals those that come first, with
    /// their counts by moment; and whether there are no others.
    pub(super) fn most_frequent(
        &self,
        side: usize,
        steps: usize,
        most: usize,
    ) -> (Vec<(Value<'static>, Vec<f64>)>, bool) {
        let mut sums = vec![0.0; self.values.len()];
        let of_side = |bucket: u32| (bucket as usize).checked_sub(side * steps);
        let place = |bucket: u32| of_side(bucket).filter(|place| *place < steps);
        for ((number, bucket), count) in &self.cells {
            if place(*bucket).is_some() {
                sums[*number as usize] += count;
            }
        }
        let mut order: Vec<usize> = (0..sums.len()).filter(|of| sums[*of] > 0.0).collect();
        order.sort_by(|a, b| {
            let by_value = || self.values[*a].total_order(&self.values[*b]);
            sums[*b].total_cmp(&sums[*a]).then_with(by_value)
        });
        let are_all = order.len() <= most && !self.is_closed;
        order.truncate(most);
        let mut place_of = vec![None; sums.len()];
        for (place, number) in order.iter().enumerate() {
            place_of[*number] = Some(place);
        }
        let mut numbers = vec![vec![0.0; steps]; order.len()];
        for ((number, bucket), count) in &self.cells {
            if let (Some(of), Some(place)) = (place_of[*number as usize], place(*bucket)) {
                numbers[of][place] += count;
            }
        }
        let values = order.iter().map(|number| self.values[*number].clone());
        (values.zip(numbers).collect(), are_all)
    }
}

/// Counts by code of a chunk and bucket, while a chunk is counted: a table where that
/// is small, else a list that is sorted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    width: usize,
    table: Option<Vec<f64>>,
    /// Code, bucket, count; complete and in order once it is settled.
    filled: Vec<(u32, u32, f64)>,
}

impl Tally {
    /// For so many codes and buckets, of which about so many entries come.
    pub(super) fn begin(&mut self, codes: usize, width: usize, entries: usize) {
        self.width = width;
        self.filled.clear();
        let mut table = self.table.take().unwrap_or_default();
        let cells = codes.saturating_mul(width);
        self.table = (cells <= 8 * entries + 65_536).then(|| {
            table.clear();
            table.resize(cells, 0.0);
            table
        });
    }

    pub(super) fn add(&mut self, code: u32, bucket: u32, count: f64) {
        match &mut self.table {
            Some(table) => table[code as usize * self.width + bucket as usize] += count,
            None => self.filled.push((code, bucket, count)),
        }
    }

    /// A count for each bucket.
    pub(super) fn add_all(&mut self, code: u32, counts: &[f64]) {
        let counts = counts.iter().zip(0..).filter(|(count, _)| **count > 0.0);
        counts.for_each(|(count, bucket)| self.add(code, bucket, *count));
    }

    fn settle(&mut self) {
        let Some(table) = &self.table else {
            self.filled
                .sort_unstable_by_key(|(code, bucket, _)| (*code, *bucket));
            return;
        };
        for (code, counts) in (0..).zip(table.chunks(self.width)) {
            let counts = (0..).zip(counts).filter(|(_, count)| **count > 0.0);
            let filled = counts.map(|(bucket, count)| (code, bucket, *count));
            self.filled.extend(filled);
        }
    }
}
