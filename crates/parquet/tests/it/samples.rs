//! Columns and cells made by chance, and cells as plain values to compare.

use std::ops::Range;

use proptest::prelude::*;
use tracewell_parquet::{Cells, Column, DecodedCells, DecodedValues, PhysicalType, Values};

/// How a sample looks; all else follows from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) physical: PhysicalType,
    pub(crate) is_text: bool,
    pub(crate) nullable: bool,
    pub(crate) compress: bool,
    pub(crate) rows: usize,
    /// Of 100 rows, so many have a value; 0 and 100 exactly.
    pub(crate) density: u64,
    /// Nulls and equal values come in stretches of about so many rows.
    pub(crate) stretch: u64,
    /// So many different values at most.
    pub(crate) distinct: u64,
    pub(crate) max_dictionary_bytes: usize,
    pub(crate) seed: u64,
}

pub(crate) const TYPES: [PhysicalType; 7] = [
    PhysicalType::Boolean,
    PhysicalType::Int32,
    PhysicalType::Int64,
    PhysicalType::Double,
    PhysicalType::ByteArray,
    PhysicalType::Fixed16,
    PhysicalType::Fixed8,
];

pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    let kind = (
        prop::sample::select(TYPES.to_vec()),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let rows = prop_oneof![0..200_usize, 4000..4200_usize, 1..14_000_usize];
    let density = prop_oneof![Just(0_u64), Just(100), 1..20_u64, 0..100_u64];
    let stretch = prop_oneof![Just(1_u64), 1..30_u64, 100..6000_u64];
    let distinct = prop_oneof![Just(1_u64), 2..5_u64, 10..2000_u64, Just(u64::MAX)];
    let dictionary = prop::sample::select(vec![0, 100, 64 << 10]);
    (
        kind,
        rows,
        density,
        stretch,
        distinct,
        dictionary,
        any::<u64>(),
    )
        .prop_map(
            |(kind, rows, density, stretch, distinct, max_dictionary_bytes, seed)| Shape {
                physical: kind.0,
                is_text: kind.1 && kind.0 == PhysicalType::ByteArray,
                nullable: kind.2,
                compress: kind.3,
                rows,
                density,
                stretch,
                distinct,
                max_dictionary_bytes,
                seed,
            },
        )
}

/// Numbers that look random and are the same on every machine.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

impl Shape {
    pub(crate) fn column(&self) -> Column {
        Column {
            name: "sample".to_owned(),
            physical: self.physical,
            is_text: self.is_text,
            nullable: self.nullable,
            max_dictionary_bytes: self.max_dictionary_bytes,
            compress: self.compress,
        }
    }

    /// Cells of that shape. Byte arrays are coded with a dictionary in which
    /// entries are unused and equal.
    pub(crate) fn cells(&self) -> DecodedCells {
        let mut chance = Chance(self.seed);
        let mut present = Vec::new();
        let mut row = 0;
        while row < self.rows as u64 {
            let end = row + 1 + chance.below(self.stretch);
            if chance.below(100) < self.density {
                present.extend((row..end.min(self.rows as u64)).map(|row| row as u32));
            }
            row = end;
        }
        if !self.nullable {
            present = (0..self.rows as u32).collect();
        }
        let mut numbers = Vec::new();
        while numbers.len() < present.len() {
            let number = chance.below(self.distinct);
            let times = 1 + chance.below(self.stretch) as usize;
            let times = times.min(present.len() - numbers.len());
            numbers.extend(std::iter::repeat_n(number, times));
        }
        let is_full = present.len() == self.rows && (!self.nullable || self.seed.is_multiple_of(2));
        DecodedCells {
            rows: self.rows,
            present: (!is_full).then_some(present),
            values: self.values(&numbers),
        }
    }

    fn values(&self, numbers: &[u64]) -> DecodedValues {
        let spread = |number: &u64| Chance(*number).next();
        let numbers = numbers.iter();
        match self.physical {
            PhysicalType::Boolean => DecodedValues::Bool(numbers.map(|n| n % 2 == 1).collect()),
            PhysicalType::Int32 => DecodedValues::I32(numbers.map(|n| spread(n) as i32).collect()),
            PhysicalType::Int64 => DecodedValues::I64(numbers.map(|n| spread(n) as i64).collect()),
            PhysicalType::Double => {
                DecodedValues::F64(numbers.map(|n| f64::from_bits(spread(n))).collect())
            }
            PhysicalType::Fixed16 => DecodedValues::Fixed16(
                numbers
                    .map(|n| (u128::from(spread(n)) << 64 | u128::from(*n)).to_be_bytes())
                    .collect(),
            ),
            PhysicalType::Fixed8 => {
                DecodedValues::Fixed8(numbers.map(|n| spread(n).to_be_bytes()).collect())
            }
            PhysicalType::ByteArray => {
                let entries = self.distinct.clamp(1, 5000) * 2 + 1;
                let (mut ends, mut bytes) = (Vec::new(), Vec::new());
                for entry in 0..entries {
                    bytes.extend(self.byte_array(entry / 2));
                    ends.push(bytes.len() as u32);
                }
                let code = |n: &u64| (spread(n) % (entries - 1)) as u32;
                DecodedValues::Coded {
                    codes: numbers.map(code).collect(),
                    ends,
                    bytes,
                }
            }
        }
    }

    fn byte_array(&self, number: u64) -> Vec<u8> {
        let length = Chance(number).below(20) as usize;
        if !self.is_text {
            return number.to_le_bytes().repeat(3)[..length].to_vec();
        }
        let letters = "é€x😀".chars().cycle().skip(length).take(length % 5);
        format!("{}{number}", letters.collect::<String>()).into_bytes()
    }
}

/// The rows of `cells`, each as the bytes of its value.
pub(crate) fn rows_of(cells: &Cells<'_>) -> Vec<Option<Vec<u8>>> {
    let entry = |ends: &[u32], bytes: &[u8], index: usize| {
        let start = if index == 0 {
            0
        } else {
            ends[index - 1] as usize
        };
        bytes[start..ends[index] as usize].to_vec()
    };
    let value = |index: usize| match cells.values {
        Values::Bool(values) => vec![u8::from(values[index])],
        Values::I32(values) => values[index].to_le_bytes().to_vec(),
        Values::I64(values) => values[index].to_le_bytes().to_vec(),
        Values::F64(values) => values[index].to_le_bytes().to_vec(),
        Values::Fixed16(values) => values[index].to_vec(),
        Values::Fixed8(values) => values[index].to_vec(),
        Values::Coded { codes, ends, bytes } => entry(ends, bytes, codes[index] as usize),
        Values::Bytes { ends, bytes } => entry(ends, bytes, index),
    };
    match cells.present {
        None => (0..cells.rows).map(|index| Some(value(index))).collect(),
        Some(present) => {
            let mut rows = vec![None; cells.rows];
            for (index, row) in present.iter().enumerate() {
                rows[*row as usize] = Some(value(index));
            }
            rows
        }
    }
}

/// Ascending ranges within `rows`, some empty, some touching.
pub(crate) fn ranges(rows: usize, seed: u64) -> Vec<Range<usize>> {
    let mut chance = Chance(seed);
    let reach = [3, 100, 10_000][chance.below(3) as usize];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < rows {
        let start = (at + chance.below(reach) as usize).min(rows);
        let end = (start + chance.below(reach) as usize).min(rows);
        ranges.push(start..end);
        at = end.max(at + 1);
    }
    ranges.retain(|range| range.start <= range.end);
    let mut end = 0;
    ranges.retain(|range| {
        let fits = range.start >= end;
        end = end.max(range.end);
        fits
    });
    ranges
}
