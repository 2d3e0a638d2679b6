//! Does a value occur? Answers "no" wrongly never, "yes" wrongly about once in
//! two hundred times.
//!
//! A token is a hash of level, key, type and value of an attribute: XXH3-64 of
//! the value, seeded with XXH3-64 of level (u8), type (u8) and key. Texts and
//! integers (eight bytes, little-endian) have tokens; other types do not.
//!
//! A filter is the split-block Bloom filter of the Parquet format (Putze,
//! Sanders, Singler: Cache-, hash- and space-efficient Bloom filters, 2007):
//! blocks of 32 bytes, eight words of 32 bits with one bit set in each. A
//! look-up reads one block. 12 bits for each distinct token.

use tracewell_model::Level;
use tracewell_model::batch::columns::ValueType;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::super::BlockError;
use super::Index;
use super::sections::Place;

const BLOCK_BYTES: u64 = 32;
const BITS_PER_TOKEN: usize = 12;

/// Multipliers of the Parquet format, one for each word of a block.
const SALTS: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// Makes tokens of the values of one key.
#[derive(Debug, Clone, Copy)]
pub(in crate::block) struct TokenMaker {
    text_seed: u64,
    int_seed: u64,
}

impl TokenMaker {
    pub(in crate::block) fn new(level: Level, key: &str) -> Self {
        let seed = |value_type: ValueType| {
            let mut bytes = Vec::with_capacity(key.len() + 2);
            bytes.extend_from_slice(&[level as u8, value_type as u8]);
            bytes.extend_from_slice(key.as_bytes());
            xxh3_64(&bytes)
        };
        Self {
            text_seed: seed(ValueType::Str),
            int_seed: seed(ValueType::Int),
        }
    }

    pub(in crate::block) fn text(self, value: &str) -> u64 {
        xxh3_64_with_seed(value.as_bytes(), self.text_seed)
    }

    pub(in crate::block) fn int(self, value: i64) -> u64 {
        xxh3_64_with_seed(&value.to_le_bytes(), self.int_seed)
    }
}

/// The filter of these tokens, which are sorted and made distinct.
pub(super) fn build(tokens: &mut Vec<u64>) -> Vec<u8> {
    tokens.sort_unstable();
    tokens.dedup();
    let blocks = (tokens.len() * BITS_PER_TOKEN).div_ceil(BLOCK_BYTES as usize * 8);
    let mut filter = vec![[0u32; 8]; blocks];
    for token in tokens {
        let block = &mut filter[block_of(*token, blocks as u64) as usize];
        for (word, mask) in block.iter_mut().zip(masks(*token)) {
            *word |= mask;
        }
    }
    let words = filter.iter().flatten();
    words.flat_map(|word| word.to_le_bytes()).collect()
}

/// May the token be in the filter at `place`?
pub(super) fn may_hold(index: &Index, place: Place, token: u64) -> Result<bool, BlockError> {
    let blocks = place.bytes / BLOCK_BYTES;
    if blocks == 0 {
        return Ok(false);
    }
    let at = block_of(token, blocks) * BLOCK_BYTES;
    let block = index.section(place, at..at + BLOCK_BYTES)?;
    let words = block.chunks_exact(4);
    Ok(words.zip(masks(token)).all(|(word, mask)| {
        let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        word & mask != 0
    }))
}

fn block_of(token: u64, blocks: u64) -> u64 {
    ((token >> 32) * blocks) >> 32
}

fn masks(token: u64) -> impl Iterator<Item = u32> {
    SALTS
        .iter()
        .map(move |salt| 1u32 << ((token as u32).wrapping_mul(*salt) >> 27))
}
