//! Bits: packing numbers at a width, taking them out again anywhere, and sets
//! of rows as words of 64 bits. Lowest bit first throughout, as the format
//! packs them.

/// Bits that hold all values up to `max`.
pub(crate) fn width_of(max: u64) -> u32 {
    64 - max.leading_zeros()
}

/// Appends `values` at `width` bits each (at most 64), the last byte filled up
/// with zeros.
pub(crate) fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let mut word = 0_u64;
    let mut filled = 0;
    for value in values {
        word |= value << filled;
        filled += width;
        if filled >= 64 {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= 64;
            // What of `value` did not fit; all of it did when nothing is left.
            word = value.checked_shr(width - filled).unwrap_or(0);
        }
    }
    let bytes = filled.div_ceil(8) as usize;
    out.extend_from_slice(&word.to_le_bytes()[..bytes]);
}

/// The number at `index` of numbers packed at `width` bits (at most 64). Bits
/// beyond the end are zero.
pub(crate) fn unpack_one(bytes: &[u8], width: u32, index: usize) -> u64 {
    let bit = index * width as usize;
    let (from, shift) = (bit / 8, bit % 8);
    let mut window = [0; 16];
    let end = bytes.len().min(from + 9);
    if let Some(found) = bytes.get(from..end) {
        window[..found.len()].copy_from_slice(found);
    }
    (u128::from_le_bytes(window) >> shift) as u64 & mask(width)
}

/// Appends `count` numbers from `first` on that are packed at `width` bits (at
/// most 32).
pub(crate) fn unpack(bytes: &[u8], width: u32, first: usize, count: usize, out: &mut Vec<u32>) {
    let mask = mask(width) as u32;
    out.reserve(count);
    // As long as eight bytes can be taken at once: 32 bits and the shift fit.
    let whole = match (bytes.len() * 8).checked_sub(64) {
        Some(bits) if width > 0 => (bits / width as usize + 1).clamp(first, first + count),
        _ => first,
    };
    out.extend((first..whole).map(|index| {
        let bit = index * width as usize;
        let window = bytes[bit / 8..].first_chunk().copied().unwrap_or_default();
        (u64::from_le_bytes(window) >> (bit % 8)) as u32 & mask
    }));
    out.extend((whole..first + count).map(|index| unpack_one(bytes, width, index) as u32));
}

fn mask(width: u32) -> u64 {
    u64::MAX.checked_shr(64 - width).unwrap_or(0)
}

/// Sets the bits `from..to`.
pub(crate) fn set_range(words: &mut [u64], from: usize, to: usize) {
    for (index, bits) in words_of(from, to) {
        words[index] |= bits;
    }
}

/// How many bits of `from..to` are set.
pub(crate) fn count_range(words: &[u64], from: usize, to: usize) -> usize {
    words_of(from, to)
        .map(|(index, bits)| (words[index] & bits).count_ones() as usize)
        .sum()
}

/// Calls `each` for the set bits of `from..to` in order.
pub(crate) fn for_each_set(words: &[u64], from: usize, to: usize, mut each: impl FnMut(usize)) {
    for (index, bits) in words_of(from, to) {
        let mut word = words[index] & bits;
        while word != 0 {
            each(index * 64 + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    }
}

/// The words that `from..to` touches, each with its bits of the range.
fn words_of(from: usize, to: usize) -> impl Iterator<Item = (usize, u64)> {
    let words = if from < to {
        from / 64..to.div_ceil(64)
    } else {
        0..0
    };
    words.map(move |index| {
        let low = from.saturating_sub(index * 64);
        let high = (to - index * 64).min(64);
        (index, (u64::MAX << low) & mask(high as u32))
    })
}
