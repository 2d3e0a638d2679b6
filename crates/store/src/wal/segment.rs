//! The file of one log segment: `NNNNNNNNNNNNNNNNNNNN.seg`, named by its
//! sequence number in 20 decimal digits.
//!
//! ```text
//! offset size
//!      0    8  magic "TWELLWAL"
//!      8    4  format version, 1
//!     12    2  how far the segment that was made before this one is back; 0
//!              when there is none, it is further, or the writer was too old to
//!              say
//!     14    2  pages of 4,096 bytes in the whole segment; 0 when it is not made
//!              of such, or the writer was too old to say
//!     16    8  sequence number
//!     24    4  word of the log, which tells it from every other log; 0 when the
//!              writer was too old to say
//!     28    4  CRC32C of bytes 0..28
//!     32       entries (see `entry.rs`), the last of a closed segment is an
//!              end entry; behind it zeros or remains of an earlier life
//! ```
//!
//! These 32 bytes keep their layout in every version, so that an older program
//! can always tell that a segment is too new for it. A segment gets its name
//! only once it is written to its full size and durable, and is cut only behind
//! an end entry: one that is shorter and has none was cut by somebody else.
//! Sequence numbers are
//! never used twice, but may be left out; that a segment is lost is told by the
//! one behind it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::{u16_at, u32_at, u64_at};
use crate::files::{Access, File, FileError, Files, read_exact_at};

/// Where entries begin.
pub(super) const SEGMENT_HEADER_BYTES: u32 = 32;

/// The format version that this program writes, and the newest it reads.
pub const SEGMENT_VERSION: u32 = 1;

/// The largest segment: recovery reads one at a time into memory.
pub const MAX_SEGMENT_BYTES: u32 = 256 << 20;

/// Suffix of a file on its way to become a segment; removed at start.
const UNFINISHED_SUFFIX: &str = ".tmp";

const MAGIC: [u8; 8] = *b"TWELLWAL";

/// The size of a segment is written down in these.
const SIZE_UNIT_BYTES: u32 = 4096;

/// A segment that entries can be written to.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) sequence: u64,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn File>,
    pub(super) bytes: u32,
}

/// What the first bytes of a segment file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentHeader {
    /// Intact.
    Intact {
        /// The format version.
        version: u32,
        /// The sequence number that the file believes to have.
        sequence: u64,
        /// The segment before it, if it says so.
        previous: Option<u64>,
        /// The size it got its name with, if it says so.
        full_bytes: Option<u32>,
        /// The log it was made for, if it says so.
        log: Option<u32>,
    },
    /// Not a header; the entries behind may still be good.
    Damaged,
}

impl SegmentHeader {
    pub(super) fn encode(
        sequence: u64,
        previous: Option<u64>,
        full_bytes: u32,
        log: u32,
    ) -> [u8; SEGMENT_HEADER_BYTES as usize] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES as usize];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        let back = previous.and_then(|previous| sequence.checked_sub(previous));
        let back = back.and_then(|back| u16::try_from(back).ok()).unwrap_or(0);
        bytes[12..14].copy_from_slice(&back.to_le_bytes());
        let whole = full_bytes.is_multiple_of(SIZE_UNIT_BYTES);
        let pages = u16::try_from(full_bytes / SIZE_UNIT_BYTES).ok();
        let pages = pages.filter(|_| whole).unwrap_or(0);
        bytes[14..16].copy_from_slice(&pages.to_le_bytes());
        bytes[16..24].copy_from_slice(&sequence.to_le_bytes());
        bytes[24..28].copy_from_slice(&log.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..28]);
        bytes[28..32].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> SegmentHeader {
        let Some(bytes) = bytes.first_chunk::<{ SEGMENT_HEADER_BYTES as usize }>() else {
            return SegmentHeader::Damaged;
        };
        if bytes[0..8] != MAGIC || u32_at(bytes, 28) != crc32c::crc32c(&bytes[..28]) {
            return SegmentHeader::Damaged;
        }
        let sequence = u64_at(bytes, 16);
        let back = u64::from(u16_at(bytes, 12));
        SegmentHeader::Intact {
            version: u32_at(bytes, 8),
            sequence,
            previous: sequence.checked_sub(back).filter(|_| back > 0),
            full_bytes: Some(u32::from(u16_at(bytes, 14)) * SIZE_UNIT_BYTES)
                .filter(|bytes| *bytes > 0),
            log: Some(u32_at(bytes, 24)).filter(|log| *log > 0),
        }
    }
}

/// The file of a sequence number.
pub(crate) fn segment_path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{sequence:020}.seg"))
}

/// The file of a sequence number while it is made.
pub(super) fn unfinished_path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{sequence:020}{UNFINISHED_SUFFIX}"))
}

/// The sequence number of a file name; `None` if it names no segment.
pub(super) fn sequence_of(name: &str) -> Option<u64> {
    number_of(name, ".seg")
}

/// Is it a segment that was being made?
pub(super) fn is_unfinished(name: &str) -> bool {
    number_of(name, UNFINISHED_SUFFIX).is_some()
}

fn number_of(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    let plain = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// Reads a whole segment. One that was made larger than any segment can be is
/// read as far as entries can reach.
pub(super) fn read_segment(files: &dyn Files, path: &Path) -> Result<Vec<u8>, FileError> {
    let file = files
        .open(path, Access::Read)
        .map_err(FileError::on("open", path))?;
    let size = file.size().map_err(FileError::on("read", path))?;
    let mut bytes = vec![0; size.min(u64::from(MAX_SEGMENT_BYTES)) as usize];
    read_exact_at(&*file, &mut bytes, 0).map_err(FileError::on("read", path))?;
    Ok(bytes)
}
