//! A dictionary page by itself.

use std::slice;

use crate::column::{Column, PhysicalType};
use crate::error::DecodeError;
use crate::plain::{self, Fixed};

/// The distinct values of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum Dictionary {
    /// Of [`PhysicalType::Int32`].
    I32(Vec<i32>),
    /// Of [`PhysicalType::Int64`].
    I64(Vec<i64>),
    /// Of [`PhysicalType::Double`].
    F64(Vec<f64>),
    /// Of [`PhysicalType::Fixed16`].
    Fixed16(Vec<[u8; 16]>),
    /// Of [`PhysicalType::Fixed8`].
    Fixed8(Vec<[u8; 8]>),
    /// Of [`PhysicalType::ByteArray`]; valid UTF-8 each in a text column.
    Bytes {
        /// Where each entry ends in `bytes`.
        ends: Vec<u32>,
        /// The entries one after another.
        bytes: Vec<u8>,
    },
}

impl Dictionary {
    /// Entries.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Fixed16(values) => values.len(),
            Self::Fixed8(values) => values.len(),
            Self::Bytes { ends, .. } => ends.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The byte arrays in order; none if it holds other values.
    pub fn byte_arrays(&self) -> impl Iterator<Item = &[u8]> {
        let (ends, bytes): (&[u32], &[u8]) = match self {
            Self::Bytes { ends, bytes } => (ends, bytes),
            _ => (&[], &[]),
        };
        let mut start = 0;
        ends.iter().map(move |end| {
            let value = &bytes[start..*end as usize];
            start = *end as usize;
            value
        })
    }

    pub(super) fn read(column: &Column, body: &[u8], entries: usize) -> Result<Self, DecodeError> {
        Ok(match column.physical {
            PhysicalType::Boolean => return Err(no_booleans()),
            PhysicalType::Int32 => Self::I32(fixed(body, entries)?),
            PhysicalType::Int64 => Self::I64(fixed(body, entries)?),
            PhysicalType::Double => Self::F64(fixed(body, entries)?),
            PhysicalType::Fixed16 => Self::Fixed16(fixed(body, entries)?),
            PhysicalType::Fixed8 => Self::Fixed8(fixed(body, entries)?),
            PhysicalType::ByteArray => {
                let (mut ends, mut bytes) = (Vec::new(), Vec::new());
                byte_arrays(body, entries, &mut ends, &mut bytes)?;
                if column.is_text {
                    check_text(&ends, &bytes)?;
                }
                Self::Bytes { ends, bytes }
            }
        })
    }
}

pub(super) fn no_booleans() -> DecodeError {
    DecodeError::damaged("dictionary", 0, "booleans have none")
}

/// The entries of a dictionary of fixed-size values.
pub(super) fn fixed<T: Fixed>(body: &[u8], entries: usize) -> Result<Vec<T>, DecodeError> {
    let mut values = Vec::new();
    plain::select(body, entries, slice::from_ref(&(0..entries)), &mut values)?;
    Ok(values)
}

/// Entries up to this many bytes are copied at once.
const SHORT: usize = 16;

/// Appends the entries of a dictionary of byte arrays.
pub(super) fn byte_arrays(
    body: &[u8],
    entries: usize,
    ends: &mut Vec<u32>,
    bytes: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    // No value takes less than its length: not more can be there.
    let too_short = |at| DecodeError::damaged("dictionary", at, "ends before all entries");
    if entries > body.len() / 4 {
        return Err(too_short(0));
    }
    bytes.reserve(body.len() + SHORT);
    ends.reserve(entries);
    let mut rest = body;
    for _ in 0..entries {
        let (value, after) = split_entry(rest).ok_or_else(|| too_short(body.len() - rest.len()))?;
        let end = bytes.len() + value.len();
        match rest[4..].first_chunk::<SHORT>() {
            // Most entries: a copy of known size, cut, is no call.
            Some(short) if value.len() <= SHORT => {
                bytes.extend_from_slice(short);
                bytes.truncate(end);
            }
            _ => bytes.extend_from_slice(value),
        }
        ends.push(end as u32);
        rest = after;
    }
    Ok(())
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// That each entry is UTF-8: all of them are, and none begins within a
/// character.
pub(super) fn check_text(ends: &[u32], bytes: &[u8]) -> Result<(), DecodeError> {
    let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
        let at = simdutf8::compat::from_utf8(bytes).err();
        let at = at.map_or(0, |error| error.valid_up_to());
        return Err(DecodeError::damaged("text", at, "not UTF-8"));
    };
    match ends
        .iter()
        .find(|end| !text.is_char_boundary(**end as usize))
    {
        None => Ok(()),
        Some(end) => Err(DecodeError::damaged(
            "text",
            *end as usize,
            "ends within a character",
        )),
    }
}
