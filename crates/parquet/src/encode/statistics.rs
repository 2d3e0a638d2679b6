//! Smallest and largest value of a chunk, so that readers can pass over row
//! groups: of integers and of short texts.

use super::choose::{Choice, Dictionary};
use super::entry;
use crate::chunk::Bounds;
use crate::column::{Column, Values};

/// Longer texts get no bounds: a footer is no place for them.
const MAX_TEXT_BYTES: usize = 64;

pub(super) fn bounds(column: &Column, values: &Values<'_>, choice: &Choice<'_>) -> Option<Bounds> {
    let dictionary = choice.dictionary.as_ref();
    match *values {
        Values::I32(values) => {
            of_integers(values, dictionary, |value| value.to_le_bytes().to_vec())
        }
        Values::I64(values) => {
            of_integers(values, dictionary, |value| value.to_le_bytes().to_vec())
        }
        Values::Coded { codes, ends, bytes } if column.is_text => {
            let entries = dictionary.map_or(codes, |dictionary| dictionary.first);
            of_texts(
                entries
                    .iter()
                    .map(|code| entry(ends, bytes, *code as usize)),
            )
        }
        Values::Bytes { ends, bytes } if column.is_text => match dictionary {
            Some(dictionary) => {
                let entries = dictionary.first.iter();
                of_texts(entries.map(|index| entry(ends, bytes, *index as usize)))
            }
            None => of_texts((0..ends.len()).map(|index| entry(ends, bytes, index))),
        },
        _ => None,
    }
}

fn of_integers<T: Copy + Ord>(
    values: &[T],
    dictionary: Option<&Dictionary<'_>>,
    store: impl Fn(T) -> Vec<u8>,
) -> Option<Bounds> {
    let (min, max) = match dictionary {
        Some(dictionary) => {
            let entries = dictionary.first.iter().map(|index| values[*index as usize]);
            (entries.clone().min()?, entries.max()?)
        }
        None => (values.iter().copied().min()?, values.iter().copied().max()?),
    };
    Some(Bounds {
        min: store(min),
        max: store(max),
    })
}

fn of_texts<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone) -> Option<Bounds> {
    let (min, max) = (texts.clone().min()?, texts.max()?);
    let short = min.len() <= MAX_TEXT_BYTES && max.len() <= MAX_TEXT_BYTES;
    short.then(|| Bounds {
        min: min.to_vec(),
        max: max.to_vec(),
    })
}
