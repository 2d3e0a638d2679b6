//! Which series a span counts for: one for each combination of values.
//!
//! Within a chunk values are numbers into dictionaries, and a combination is one
//! number in mixed radix; **only once for each combination of a chunk** are the
//! values themselves looked at.

use std::collections::HashMap;
use tracewell_model::values::{CodedValues, Value};

type State = foldhash::fast::RandomState;

/// Combinations up to which a chunk has a table of all of them, unless it has
/// more rows.
const SMALL_TABLE: u64 = 4_096;

/// A series that is not to be had.
pub(super) const NONE: u32 = u32::MAX;

/// The values of each series.
#[derive(Debug, Default)]
pub(super) struct Groups {
    numbers: HashMap<Vec<u8>, u32, State>,
    values: Vec<Vec<Option<Value<'static>>>>,
    key: Vec<u8>,
}

impl Groups {
    /// How many series there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The values of all series, by number.
    pub(super) fn into_values(self) -> Vec<Vec<Option<Value<'static>>>> {
        self.values
    }

    /// The number of the series with these values. A new one only if it may be
    /// (`add`, which gets the bytes of its key).
    pub(super) fn number<'v>(
        &mut self,
        values: impl Iterator<Item = Option<&'v Value<'v>>> + Clone,
        add: &mut dyn FnMut(usize) -> bool,
    ) -> u32 {
        write_key(values.clone(), &mut self.key);
        if let Some(number) = self.numbers.get(&self.key) {
            return *number;
        }
        if !add(self.key.len()) {
            return NONE;
        }
        let number = self.values.len() as u32;
        self.numbers.insert(self.key.clone(), number);
        let owned = values.map(|value| value.map(|value| value.clone().into_owned()));
        self.values.push(owned.collect());
        number
    }

    /// The number of the series of each of these rows.
    pub(super) fn numbers(
        &mut self,
        columns: &[CodedValues<'_>],
        rows: &[u32],
        add: &mut dyn FnMut(usize) -> bool,
    ) -> Vec<u32> {
        let (combinations, most) = combine(columns, rows);
        let mut table = Table::new(most, rows.len());
        let of_rows = combinations.into_iter().zip(rows);
        let number = |(combination, row): (u64, &u32)| {
            table.get_or_insert(combination, || {
                let of_row = columns.iter().map(|column| column.of_row(*row as usize));
                self.number(of_row, add)
            })
        };
        of_rows.map(number).collect()
    }
}

/// One that tells values from others.
pub(super) fn write_key<'v>(
    values: impl Iterator<Item = Option<&'v Value<'v>>>,
    key: &mut Vec<u8>,
) {
    key.clear();
    for value in values {
        match value {
            Some(value) => value.write_key(key),
            None => key.push(u8::MAX),
        }
    }
}

/// A number for the combination of each row, below the second.
fn combine(columns: &[CodedValues<'_>], rows: &[u32]) -> (Vec<u64>, u64) {
    let (mut combinations, mut most) = (vec![0_u64; rows.len()], 1_u64);
    for column in columns {
        if most > u64::from(u32::MAX) {
            most = renumber(&mut combinations);
        }
        // Neither is above 2^32.
        let radix = column.values.len() as u64;
        for (combination, row) in combinations.iter_mut().zip(rows) {
            *combination = *combination * radix + u64::from(column.codes[*row as usize]);
        }
        most *= radix;
    }
    (combinations, most)
}

/// Numbers them by first occurrence; how many there are.
fn renumber(combinations: &mut [u64]) -> u64 {
    let mut known: HashMap<u64, u64, State> = HashMap::default();
    for combination in combinations {
        let next = known.len() as u64;
        *combination = *known.entry(*combination).or_insert(next);
    }
    known.len() as u64
}

/// What was found of a combination.
enum Table {
    Dense(Vec<u32>),
    Hashed(HashMap<u64, u32, State>),
}

/// In a dense table: not looked at yet.
const UNKNOWN: u32 = u32::MAX - 1;

impl Table {
    fn new(most: u64, rows: usize) -> Self {
        if most <= SMALL_TABLE.max(rows as u64) {
            Self::Dense(vec![UNKNOWN; most as usize])
        } else {
            Self::Hashed(HashMap::default())
        }
    }

    fn get_or_insert(&mut self, combination: u64, number: impl FnOnce() -> u32) -> u32 {
        match self {
            Self::Dense(table) => {
                let known = &mut table[combination as usize];
                if *known == UNKNOWN {
                    *known = number();
                }
                *known
            }
            Self::Hashed(table) => *table.entry(combination).or_insert_with(number),
        }
    }
}
