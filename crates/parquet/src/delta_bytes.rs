//! DELTA_BYTE_ARRAY for values of 16 bytes: how much of the value before is
//! repeated, and the rest.
//!
//! ```text
//! prefix lengths (delta) │ suffix lengths (delta) │ suffixes
//! ```

use crate::delta;
use crate::error::DecodeError;

const PART: &str = "delta encoded byte arrays";

/// Appends `values`. `lengths` is only memory to work in.
pub(crate) fn encode(values: &[[u8; 16]], lengths: &mut Vec<i32>, out: &mut Vec<u8>) {
    lengths.clear();
    let mut before: Option<&[u8; 16]> = None;
    lengths.extend(values.iter().map(|value| {
        let prefix = before.map_or(0, |before| shared_prefix(before, value));
        before = Some(value);
        prefix as i32
    }));
    delta::encode(lengths, out);
    lengths.iter_mut().for_each(|length| *length = 16 - *length);
    delta::encode(lengths, out);
    for (value, suffix) in values.iter().zip(lengths) {
        out.extend_from_slice(&value[16 - *suffix as usize..]);
    }
}

fn shared_prefix(a: &[u8; 16], b: &[u8; 16]) -> u32 {
    let differing = u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b);
    differing.trailing_zeros() / 8
}

/// Reads exactly `count` values into `out`, which is cleared.
pub(crate) fn decode(
    bytes: &[u8],
    count: usize,
    out: &mut Vec<[u8; 16]>,
) -> Result<(), DecodeError> {
    let (mut prefixes, mut suffixes) = (Vec::new(), Vec::new());
    let prefix_bytes = delta::decode::<i32>(bytes, count, &mut prefixes)?;
    let suffix_bytes = delta::decode::<i32>(&bytes[prefix_bytes..], count, &mut suffixes)?;
    let mut at = prefix_bytes + suffix_bytes;
    let mut value = [0; 16];
    out.clear();
    out.reserve(count);
    for (prefix, suffix) in prefixes.into_iter().zip(suffixes) {
        let prefix = usize::try_from(prefix).ok().filter(|len| *len <= 16);
        let Some(prefix) = prefix.filter(|len| suffix == 16 - *len as i32) else {
            return Err(DecodeError::damaged(
                PART,
                at,
                "a value is not 16 bytes long",
            ));
        };
        let rest = bytes[at..].get(..16 - prefix);
        let rest = rest.ok_or_else(|| DecodeError::damaged(PART, at, "ends before all values"))?;
        value[prefix..].copy_from_slice(rest);
        at += rest.len();
        // The first value repeats nothing: there is none before it.
        if out.is_empty() && prefix > 0 {
            return Err(DecodeError::damaged(
                PART,
                at,
                "the first value has a prefix",
            ));
        }
        out.push(value);
    }
    Ok(())
}
