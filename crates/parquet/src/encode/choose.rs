//! The encoding of a chunk: whichever takes fewer bytes before compression.

use super::distinct::Distinct;
use crate::bits;
use crate::chunk::{Encoding, MAX_PAGE_ROWS, PAGE_ROWS};
use crate::column::{Column, Values};
use crate::delta::{self, Integer};
use crate::plain::Fixed;

/// What was chosen.
pub(super) struct Choice<'a> {
    pub(super) encoding: Encoding,
    /// If a dictionary pays.
    pub(super) dictionary: Option<Dictionary<'a>>,
}

/// The distinct values of a chunk and where they occur.
pub(super) struct Dictionary<'a> {
    /// The entry of each value.
    pub(super) codes: &'a [u32],
    /// Where each entry is found among what the caller gave.
    pub(super) first: &'a [u32],
}

impl Dictionary<'_> {
    /// Bits of an index.
    pub(super) fn width(&self) -> u32 {
        width(self.first.len())
    }
}

/// Bits of an index into `entries` entries; never 0, which not every reader
/// takes.
fn width(entries: usize) -> u32 {
    bits::width_of(entries.saturating_sub(1) as u64).max(1)
}

/// Readers take no dictionary with more entries than
/// [`MAX_PAGE_ROWS`](crate::MAX_PAGE_ROWS); no entry is smaller than 4 bytes.
const MAX_DICTIONARY_BYTES: usize = MAX_PAGE_ROWS * 4;

pub(super) fn choose<'a>(
    column: &Column,
    values: &Values<'_>,
    distinct: &'a mut Distinct,
) -> Choice<'a> {
    let (without, has_dictionary) = match *values {
        Values::Bool(_) | Values::Fixed8(_) => (Encoding::Plain, false),
        Values::Fixed16(_) => (Encoding::DeltaByteArray, false),
        Values::I32(values) => {
            let pays = integers_repeat(column, values, distinct);
            (Encoding::DeltaBinaryPacked, pays)
        }
        Values::I64(values) => {
            let pays = integers_repeat(column, values, distinct);
            (Encoding::DeltaBinaryPacked, pays)
        }
        Values::F64(values) => (Encoding::Plain, doubles_repeat(column, values, distinct)),
        Values::Coded { ends, bytes, .. } | Values::Bytes { ends, bytes } => {
            let most = column.max_dictionary_bytes.min(MAX_DICTIONARY_BYTES);
            let sizes = match *values {
                _ if most == 0 => None,
                Values::Coded { codes, .. } => distinct.of_coded(codes, ends, bytes, most),
                _ => distinct.of_bytes(ends, bytes, most),
            };
            let pays = sizes
                .is_some_and(|sizes| dictionary_bytes(sizes.dictionary, distinct) < sizes.plain);
            if pays {
                distinct.sort(ends, bytes);
            }
            (Encoding::Plain, pays)
        }
    };
    if !has_dictionary {
        return Choice {
            encoding: without,
            dictionary: None,
        };
    }
    Choice {
        encoding: Encoding::RleDictionary,
        dictionary: Some(Dictionary {
            codes: &distinct.codes,
            first: &distinct.first,
        }),
    }
}

/// Whether a dictionary takes less than differences do.
fn integers_repeat<T: Integer + Fixed>(
    column: &Column,
    values: &[T],
    distinct: &mut Distinct,
) -> bool {
    let pages = values.chunks(PAGE_ROWS);
    let deltas = pages.map(delta::encoded_bytes).sum();
    let most = most_entries::<T>(column, deltas);
    distinct.of_integers(values, most).is_some()
        && dictionary_bytes(distinct.first.len() * T::BYTES, distinct) < deltas
}

/// Whether a dictionary takes less than the values themselves.
fn doubles_repeat(column: &Column, values: &[f64], distinct: &mut Distinct) -> bool {
    let plain = size_of_val(values);
    let most = most_entries::<f64>(column, plain);
    distinct.of_fixed(values, most, f64::to_bits).is_some()
        && dictionary_bytes(distinct.first.len() * f64::BYTES, distinct) < plain
}

/// Entries of a dictionary that is not larger than the column allows nor than
/// what takes `otherwise` bytes.
fn most_entries<T: Fixed>(column: &Column, otherwise: usize) -> usize {
    let most = column.max_dictionary_bytes.min(MAX_DICTIONARY_BYTES);
    most.min(otherwise) / T::BYTES
}

/// Bytes of a dictionary and of indices into it.
fn dictionary_bytes(entries: usize, distinct: &Distinct) -> usize {
    if distinct.first.len() <= 1 {
        // A single run per page.
        return entries + distinct.codes.len() / PAGE_ROWS * 3;
    }
    entries + distinct.codes.len() * width(distinct.first.len()) as usize / 8
}
