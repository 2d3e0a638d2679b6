//! DELTA_BINARY_PACKED: integers as bit-packed differences.
//!
//! ```text
//! header   varint block size, mini-blocks per block, count; zigzag first value
//! block    zigzag smallest difference, a width per mini-block, mini-blocks
//! ```
//!
//! A mini-block holds differences less the smallest one. Differences wrap, so
//! any values can follow one another. Values go in and out as `i64`; those of
//! 32 bits are cut by the caller.

use crate::bits;
use crate::error::DecodeError;
use crate::thrift::{put_varint, unzigzag, varint, zigzag};

const BLOCK: usize = 128;
const MINI_BLOCKS: usize = 4;
const MINI_BLOCK: usize = BLOCK / MINI_BLOCKS;

/// Largest block that is read; the format recommends 128.
const MAX_BLOCK: u64 = 1 << 16;

/// Integers that can be stored as differences.
pub(crate) trait Integer: Copy {
    /// The value itself.
    fn value(self) -> i64;
    /// The wrapped difference from `before`: in 32 bits for 32-bit values, so
    /// that no mini-block needs more.
    fn minus(self, before: Self) -> i64;
    /// The value with as many bits as the type has.
    fn cut(value: i64) -> Self;
}

impl Integer for i32 {
    fn value(self) -> i64 {
        self.into()
    }
    fn minus(self, before: Self) -> i64 {
        self.wrapping_sub(before).into()
    }
    fn cut(value: i64) -> Self {
        value as i32
    }
}

impl Integer for i64 {
    fn value(self) -> i64 {
        self
    }
    fn minus(self, before: Self) -> i64 {
        self.wrapping_sub(before)
    }
    fn cut(value: i64) -> Self {
        value
    }
}

/// Calls `each` with the smallest difference of each block and the rest above it.
fn for_each_block<T: Integer>(values: &[T], mut each: impl FnMut(i64, &[u64])) {
    let mut above = [0_u64; BLOCK];
    let mut start = 1;
    while start < values.len() {
        let end = values.len().min(start + BLOCK);
        let differences = || (start..end).map(|index| values[index].minus(values[index - 1]));
        let smallest = differences().min().unwrap_or(0);
        for (slot, difference) in above.iter_mut().zip(differences()) {
            *slot = difference.wrapping_sub(smallest) as u64;
        }
        each(smallest, &above[..end - start]);
        start = end;
    }
}

fn width(mini_block: &[u64]) -> u32 {
    bits::width_of(mini_block.iter().fold(0, |all, value| all | value))
}

/// Appends `values`.
pub(crate) fn encode<T: Integer>(values: &[T], out: &mut Vec<u8>) {
    put_varint(out, BLOCK as u64);
    put_varint(out, MINI_BLOCKS as u64);
    put_varint(out, values.len() as u64);
    put_varint(out, zigzag(values.first().map_or(0, |value| value.value())));
    for_each_block(values, |smallest, above| {
        put_varint(out, zigzag(smallest));
        let widths = out.len();
        out.extend([0; MINI_BLOCKS]);
        for (index, mini_block) in above.chunks(MINI_BLOCK).enumerate() {
            let width = width(mini_block);
            out[widths + index] = width as u8;
            let end = out.len() + MINI_BLOCK * width as usize / 8;
            bits::pack(mini_block.iter().copied(), width, out);
            // The last mini-block is stored as long as the others.
            out.resize(end, 0);
        }
    });
}

/// About the bytes that [`encode`] would append.
pub(crate) fn encoded_bytes<T: Integer>(values: &[T]) -> usize {
    let mut bytes = 8;
    for_each_block(values, |_, above| {
        let packed = above.chunks(MINI_BLOCK);
        bytes += 6 + packed
            .map(|mini| MINI_BLOCK * width(mini) as usize / 8)
            .sum::<usize>();
    });
    bytes
}

/// Reads exactly `count` values into `out`, which is cleared, and says how
/// many bytes they took.
pub(crate) fn decode<T: Integer>(
    bytes: &[u8],
    count: usize,
    out: &mut Vec<T>,
) -> Result<usize, DecodeError> {
    let mut input = Input { bytes, at: 0 };
    let block = input.varint()?;
    let mini_blocks = input.varint()?;
    let stored = input.varint()?;
    let mut value = unzigzag(input.varint()?);
    let per_mini_block = block.checked_div(mini_blocks).unwrap_or(0);
    if block > MAX_BLOCK || per_mini_block * mini_blocks != block {
        return Err(input.damaged("block is not mini-blocks of equal size"));
    }
    if per_mini_block == 0 || per_mini_block % 8 != 0 {
        return Err(input.damaged("mini-block is not a multiple of 8 values"));
    }
    if stored != count as u64 {
        return Err(input.damaged("has another number of values than the page"));
    }
    out.clear();
    if count == 0 {
        return Ok(input.at);
    }
    out.reserve(count);
    out.push(T::cut(value));
    let mut above = Vec::with_capacity(per_mini_block as usize);
    while out.len() < count {
        let smallest = unzigzag(input.varint()?);
        let widths = input.take(mini_blocks as usize)?;
        for width in widths.iter().map(|width| u32::from(*width)) {
            if out.len() == count {
                break;
            }
            if width > 64 {
                return Err(input.damaged("a difference has more than 64 bits"));
            }
            let packed = input.take(per_mini_block as usize * width as usize / 8)?;
            let here = (count - out.len()).min(per_mini_block as usize);
            let mut next = |above: u64| {
                value = value.wrapping_add(smallest).wrapping_add(above as i64);
                T::cut(value)
            };
            if width <= 32 {
                above.clear();
                bits::unpack(packed, width, 0, here, &mut above);
                out.extend(above.iter().map(|above| next((*above).into())));
            } else {
                out.extend((0..here).map(|index| next(bits::unpack_one(packed, width, index))));
            }
        }
    }
    Ok(input.at)
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn damaged(&self, reason: &'static str) -> DecodeError {
        DecodeError::damaged("delta encoded integers", self.at, reason)
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let found = varint(&self.bytes[self.at..]);
        let (value, len) = found.ok_or_else(|| self.damaged("not a varint"))?;
        self.at += len;
        Ok(value)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let taken = self.bytes[self.at..].get(..len);
        let taken = taken.ok_or_else(|| self.damaged("ends before all values"))?;
        self.at += len;
        Ok(taken)
    }
}
