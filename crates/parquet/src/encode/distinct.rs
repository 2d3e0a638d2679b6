//! Which values are distinct, and every value as a number among them. For
//! coded text only dictionary entries are hashed, never rows. Gives up as soon
//! as a limit shows that no dictionary will come of it.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::entry;
use crate::delta::Integer;

/// No number yet.
const NONE: u32 = u32::MAX;

/// Working memory and its last result.
#[derive(Default)]
pub(super) struct Distinct {
    hasher: foldhash::fast::RandomState,
    table: HashTable<u32>,
    /// Number of each entry of the caller's dictionary.
    numbers: Vec<u32>,
    /// The distinct value of each row, numbered in the order of first use.
    pub(super) codes: Vec<u32>,
    /// Where each distinct value is found first: entry of the caller's
    /// dictionary, or index among the values.
    pub(super) first: Vec<u32>,
    /// Bytes of each distinct value as a dictionary stores it.
    sizes: Vec<u32>,
    /// Beginning and number of each distinct value, to be sorted.
    order: Vec<(u128, u32)>,
}

/// Integers within so many of one another are numbered by a table instead of
/// hashes: kinds, flags, status codes, depths.
const MAX_SPREAD: i64 = 4096;

/// What it would take to store values with a dictionary and without.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Bytes of the dictionary.
    pub(super) dictionary: usize,
    /// Bytes of all values, one after another.
    pub(super) plain: usize,
}

impl Distinct {
    fn clear(&mut self) {
        self.table.clear();
        self.codes.clear();
        self.first.clear();
        self.sizes.clear();
    }

    /// Numbers fixed-size values by the bits that `key` gives; `None` if more
    /// than `most` are distinct.
    pub(super) fn of_fixed<T: Copy>(
        &mut self,
        values: &[T],
        most: usize,
        key: impl Fn(T) -> u64,
    ) -> Option<()> {
        self.clear();
        self.codes.reserve(values.len());
        let (hasher, first) = (&self.hasher, &mut self.first);
        let mut before = None;
        for (index, value) in values.iter().enumerate() {
            let bits = key(*value);
            // Neighbours are often equal: rows are sorted by trace.
            if let Some((_, code)) = before.filter(|(same, _)| *same == bits) {
                self.codes.push(code);
                continue;
            }
            let bits_of = |code: &u32| key(values[first[*code as usize] as usize]);
            let found = self.table.entry(
                hasher.hash_one(bits),
                |code| bits_of(code) == bits,
                |code| hasher.hash_one(bits_of(code)),
            );
            let code = match found {
                hashbrown::hash_table::Entry::Occupied(code) => *code.get(),
                hashbrown::hash_table::Entry::Vacant(vacant) => {
                    let code = first.len() as u32;
                    if first.len() == most {
                        return None;
                    }
                    vacant.insert(code);
                    first.push(index as u32);
                    code
                }
            };
            before = Some((bits, code));
            self.codes.push(code);
        }
        Some(())
    }

    /// Numbers integers; `None` as above.
    pub(super) fn of_integers<T: Integer>(&mut self, values: &[T], most: usize) -> Option<()> {
        let numbers = || values.iter().map(|value| value.value());
        let (least, greatest) = (numbers().min()?, numbers().max()?);
        match greatest.checked_sub(least) {
            Some(spread) if spread < MAX_SPREAD => {}
            _ => return self.of_fixed(values, most, |value| value.value() as u64),
        }
        self.clear();
        self.numbers.clear();
        self.numbers.resize(MAX_SPREAD as usize, NONE);
        let (table, first) = (&mut self.numbers, &mut self.first);
        self.codes
            .extend(numbers().enumerate().map(|(index, value)| {
                let number = &mut table[(value - least) as usize];
                if *number == NONE {
                    *number = first.len() as u32;
                    first.push(index as u32);
                }
                *number
            }));
        (self.first.len() <= most).then_some(())
    }

    /// Renumbers byte arrays in their order: neighbours share beginnings,
    /// which makes a dictionary smaller and faster to decompress.
    pub(super) fn sort(&mut self, ends: &[u32], bytes: &[u8]) {
        let value = |index: u32| entry(ends, bytes, index as usize);
        self.order.clear();
        self.order
            .extend(self.first.iter().zip(0..).map(|(index, number)| {
                let value = value(*index);
                let mut beginning = [0; 16];
                let length = value.len().min(16);
                beginning[..length].copy_from_slice(&value[..length]);
                (u128::from_be_bytes(beginning), number)
            }));
        let first = &self.first;
        self.order.sort_unstable_by(|(a, first_a), (b, first_b)| {
            let whole = |number: u32| value(first[number as usize]);
            a.cmp(b).then_with(|| whole(*first_a).cmp(whole(*first_b)))
        });
        // `sizes` are not needed any more: it holds the new numbers.
        self.numbers.clear();
        self.numbers
            .extend(self.order.iter().map(|(_, number)| first[*number as usize]));
        for ((_, before), now) in self.order.iter().zip(0..) {
            self.sizes[*before as usize] = now;
        }
        std::mem::swap(&mut self.first, &mut self.numbers);
        for code in &mut self.codes {
            *code = self.sizes[*code as usize];
        }
    }

    /// Numbers byte arrays, given as codes into a dictionary (checked before);
    /// `None` if the distinct ones take more than `most_bytes`.
    pub(super) fn of_coded(
        &mut self,
        codes: &[u32],
        ends: &[u32],
        bytes: &[u8],
        most_bytes: usize,
    ) -> Option<Sizes> {
        self.clear();
        self.numbers.clear();
        self.numbers.resize(ends.len(), NONE);
        self.codes.reserve(codes.len());
        let mut sizes = Sizes {
            dictionary: 0,
            plain: 0,
        };
        for code in codes {
            let mut number = self.numbers[*code as usize];
            if number == NONE {
                number = self.number_of(*code, ends, bytes, &mut sizes);
                if sizes.dictionary > most_bytes {
                    return None;
                }
                self.numbers[*code as usize] = number;
            }
            sizes.plain += self.sizes[number as usize] as usize;
            self.codes.push(number);
        }
        Some(sizes)
    }

    /// Numbers byte arrays by their content; `None` as above.
    pub(super) fn of_bytes(
        &mut self,
        ends: &[u32],
        bytes: &[u8],
        most_bytes: usize,
    ) -> Option<Sizes> {
        self.clear();
        let mut sizes = Sizes {
            dictionary: 0,
            plain: 0,
        };
        for index in 0..ends.len() as u32 {
            let number = self.number_of(index, ends, bytes, &mut sizes);
            if sizes.dictionary > most_bytes {
                return None;
            }
            sizes.plain += self.sizes[number as usize] as usize;
            self.codes.push(number);
        }
        Some(sizes)
    }

    /// The number of the entry at `index`, by its content.
    fn number_of(&mut self, index: u32, ends: &[u32], bytes: &[u8], sizes: &mut Sizes) -> u32 {
        let (hasher, first) = (&self.hasher, &mut self.first);
        let value = entry(ends, bytes, index as usize);
        let content = |number: &u32| entry(ends, bytes, first[*number as usize] as usize);
        let found = self.table.entry(
            hasher.hash_one(value),
            |number| content(number) == value,
            |number| hasher.hash_one(content(number)),
        );
        match found {
            hashbrown::hash_table::Entry::Occupied(number) => *number.get(),
            hashbrown::hash_table::Entry::Vacant(vacant) => {
                let number = first.len() as u32;
                vacant.insert(number);
                first.push(index);
                let size = value.len() as u32 + 4;
                self.sizes.push(size);
                sizes.dictionary += size as usize;
                number
            }
        }
    }
}
