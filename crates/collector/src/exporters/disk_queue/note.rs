//! What a queue notes down in its spool: which batches need not be sent again.
//!
//! ```text
//! offset size
//!      0    1  version, 1
//!      1  12n  places: 8 bytes and 4 bytes each, little endian
//! ```

use tracewell_model::spool::SpoolPlace;

const VERSION: u8 = 1;
const PLACE_BYTES: usize = 12;

/// Places in one note at most: it is an entry of the log, which has a limit.
pub(super) const MAX_PLACES: usize = 65_536;

pub(super) fn encode(places: &[SpoolPlace]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + places.len() * PLACE_BYTES);
    bytes.push(VERSION);
    for SpoolPlace(major, minor) in places {
        bytes.extend_from_slice(&major.to_le_bytes());
        bytes.extend_from_slice(&minor.to_le_bytes());
    }
    bytes
}

/// `None` if it is none of this version.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<SpoolPlace>> {
    let places = bytes.strip_prefix(&[VERSION])?.chunks(PLACE_BYTES);
    let place = |bytes: &[u8]| {
        let (major, minor) = bytes.split_first_chunk()?;
        let minor = minor.first_chunk()?;
        Some(SpoolPlace(
            u64::from_le_bytes(*major),
            u32::from_le_bytes(*minor),
        ))
    };
    places.map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let places = [SpoolPlace(1, 2), SpoolPlace(u64::MAX, u32::MAX)];
        let bytes = encode(&places);
        assert_eq!(decode(&bytes).as_deref(), Some(&places[..]));
        assert_eq!(decode(&encode(&[])).as_deref(), Some(&[][..]));
        assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode(&[]), None);
        assert_eq!(decode(&[2]), None);
    }
}
