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
        Values::F64(values) => {
            let plain = size_of_val(values);
            let pays = fixed_repeat(column, values, plain, distinct, f64::to_bits);
            (Encoding::Plain, pays)
        }
        Values::Coded { codes, ends, bytes } => {
            let most = column.max_dictionary_bytes.min(MAX_DICTIONARY_BYTES);
            let sizes = (most > 0).then(|| distinct.of_coded(codes, ends, bytes, most));
            let pays = sizes
                .flatten()
                .is_some_and(|sizes| dictionary_bytes(sizes.dictionary, distinct) < sizes.plain);
            (Encoding::Plain, pays)
        }
        Values::Bytes { ends, bytes } => {
            let most = column.max_dictionary_bytes.min(MAX_DICTIONARY_BYTES);
            let sizes = (most > 0).then(|| distinct.of_bytes(ends, bytes, most));
            let pays = sizes
                .flatten()
                .is_some_and(|sizes| dictionary_bytes(sizes.dictionary, distinct) < sizes.plain);
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

fn integers_repeat<T>(column: &Column, values: &[T], distinct: &mut Distinct) -> bool
where
    T: Integer + Fixed,
{
    let pages = values.chunks(PAGE_ROWS);
    let deltas = pages.map(delta::encoded_bytes).sum();
    fixed_repeat(column, values, deltas, distinct, |value| {
        value.value() as u64
    })
}

/// Whether a dictionary takes less than `otherwise` bytes.
fn fixed_repeat<T: Fixed>(
    column: &Column,
    values: &[T],
    otherwise: usize,
    distinct: &mut Distinct,
    key: impl Fn(T) -> u64,
) -> bool {
    let most = column.max_dictionary_bytes.min(MAX_DICTIONARY_BYTES);
    let most = most.min(otherwise) / T::BYTES;
    distinct.of_fixed(values, most, key).is_some()
        && dictionary_bytes(distinct.first.len() * T::BYTES, distinct) < otherwise
}

/// Bytes of a dictionary and of indices into it.
fn dictionary_bytes(entries: usize, distinct: &Distinct) -> usize {
    if distinct.first.len() <= 1 {
        // A single run per page.
        return entries + distinct.codes.len() / PAGE_ROWS * 3;
    }
    entries + distinct.codes.len() * width(distinct.first.len()) as usize / 8
}
