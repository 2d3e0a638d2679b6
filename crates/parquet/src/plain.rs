//! PLAIN: one value after another, little endian; byte arrays with four bytes
//! of length before each.

use std::ops::Range;

use crate::error::DecodeError;

const PART: &str = "plain values";

/// Values of as many bytes each.
pub(crate) trait Fixed: Copy + PartialEq {
    /// Bytes of a value.
    const BYTES: usize;
    /// Appends it.
    fn put(self, out: &mut Vec<u8>);
    /// The value of exactly that many bytes.
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! fixed {
    ($type:ty, $bytes:literal, |$value:ident| $to:expr, $from:expr) => {
        impl Fixed for $type {
            const BYTES: usize = $bytes;
            fn put(self, out: &mut Vec<u8>) {
                let $value = self;
                out.extend_from_slice(&$to);
            }
            fn get(bytes: &[u8]) -> Self {
                $from(bytes.first_chunk().copied().unwrap_or_default())
            }
        }
    };
}

fixed!(i32, 4, |value| value.to_le_bytes(), i32::from_le_bytes);
fixed!(i64, 8, |value| value.to_le_bytes(), i64::from_le_bytes);
fixed!(f64, 8, |value| value.to_le_bytes(), f64::from_le_bytes);
fixed!([u8; 8], 8, |value| value, std::convert::identity);
fixed!([u8; 16], 16, |value| value, std::convert::identity);

/// Appends the values of `ranges` (ascending, below `count`), of `count` that
/// `bytes` hold.
pub(crate) fn select<T: Fixed>(
    bytes: &[u8],
    count: usize,
    ranges: &[Range<usize>],
    out: &mut Vec<T>,
) -> Result<(), DecodeError> {
    let bytes = bytes.get(..count.saturating_mul(T::BYTES));
    let bytes =
        bytes.ok_or_else(|| DecodeError::damaged(PART, 0, "fewer bytes than values need"))?;
    for range in ranges {
        let wanted = &bytes[range.start * T::BYTES..range.end * T::BYTES];
        out.extend(wanted.chunks_exact(T::BYTES).map(T::get));
    }
    Ok(())
}

/// The same for booleans, one bit each.
pub(crate) fn select_bools(
    bytes: &[u8],
    count: usize,
    ranges: &[Range<usize>],
    out: &mut Vec<bool>,
) -> Result<(), DecodeError> {
    if bytes.len() < count.div_ceil(8) {
        return Err(DecodeError::damaged(PART, 0, "fewer bits than values"));
    }
    for range in ranges {
        out.extend(
            range
                .clone()
                .map(|index| bytes[index / 8] >> (index % 8) & 1 == 1),
        );
    }
    Ok(())
}

/// Calls `each` with the byte arrays of `ranges` (ascending, below `count`).
pub(crate) fn select_bytes<'a>(
    bytes: &'a [u8],
    count: usize,
    ranges: &[Range<usize>],
    mut each: impl FnMut(&'a [u8]) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    // No value takes less than its length: not more can be there.
    if count > bytes.len() / 4 {
        return Err(DecodeError::damaged(
            PART,
            0,
            "fewer bytes than values need",
        ));
    }
    let (mut at, mut index) = (0, 0);
    for range in ranges {
        while index < range.end {
            let rest = &bytes[at..];
            let length = rest
                .first_chunk()
                .map(|length| u32::from_le_bytes(*length) as usize);
            let value = length.and_then(|length| rest[4..].get(..length));
            let value =
                value.ok_or_else(|| DecodeError::damaged(PART, at, "value ends too early"))?;
            at += 4 + value.len();
            if index >= range.start {
                each(value)?;
            }
            index += 1;
        }
    }
    Ok(())
}
