//! Copies the log of a process that goes on writing it.
//!
//! A backup needs every entry that was acknowledged before it began, and a log
//! that opens without a complaint. Segments are read from the newest to the
//! oldest, so that a segment is complete as far as the copies of later ones
//! go. The copy of the one being written ends behind the last entry that was
//! read whole. **The source is only read, and nothing is linked: the log writes
//! its files in place and uses them again.**

use std::io;
use std::path::Path;

use super::WalPosition;
use super::entry::{ENTRY_HEADER_BYTES, EntryHeader, Kind};
use super::error::OpenError;
use super::scan::{Closing, Scan, scan};
use super::segment::read_segment;
use super::segment::{SEGMENT_VERSION, SegmentHeader, segment_path, sequence_of};
use crate::files::{FileError, Files, write_all_at};

/// How often a segment that is cut while it is read is read again. It is cut
/// once when a process ends and once when the next one starts.
const READINGS: usize = 8;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CopiedLog {
    pub(crate) bytes: u64,
    /// The oldest segment of the copy.
    pub(crate) first_segment: Option<u64>,
}

/// Copies the log in `source` from `from` on into `target`, an empty directory.
/// Nothing is synced. Empty segments are copied too: a later one may name them.
///
/// A segment that vanishes meanwhile is left out: it was released, and the
/// manifest, which is saved before, tells the caller whether it was needed.
///
/// # Errors
/// A segment of a newer version; a file that cannot be read or written.
pub(crate) fn copy_log(
    files: &dyn Files,
    source: &Path,
    target: &Path,
    from: WalPosition,
) -> Result<CopiedLog, OpenError> {
    let mut sequences = sequences(files, source)?;
    sequences.retain(|sequence| *sequence >= from.segment);
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    let (mut has_later, mut copied) = (false, CopiedLog::default());
    for sequence in sequences {
        let Some((bytes, found)) = settled(files, source, sequence, has_later)? else {
            continue;
        };
        let is_last = copied.first_segment.is_none();
        let copy = ending(bytes, sequence, &found, has_later, is_last);
        has_later |= !found.entries.is_empty();
        let path = segment_path(target, sequence);
        let file = files
            .create(&path)
            .map_err(FileError::on("create", &path))?;
        write_all_at(&*file, &copy, 0).map_err(FileError::on("write", &path))?;
        copied.bytes += copy.len() as u64;
        copied.first_segment = Some(sequence);
    }
    Ok(copied)
}

fn sequences(files: &dyn Files, dir: &Path) -> Result<Vec<u64>, FileError> {
    let entries = match files.list(dir) {
        // A store that was never written to has no log.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(FileError::on("list", dir))?,
    };
    let sequences = entries.iter().filter_map(|entry| sequence_of(&entry.name));
    Ok(sequences.collect())
}

/// The bytes of a segment and what is in them, up to the first entry that was
/// only being written; `None` if the segment is gone or has a new life.
///
/// What looks damaged may have been written while it was read. A second reading
/// tells: everything before the last group of the first was durable by then.
fn settled(
    files: &dyn Files,
    dir: &Path,
    sequence: u64,
    has_later: bool,
) -> Result<Option<(Vec<u8>, Scan)>, OpenError> {
    let path = segment_path(dir, sequence);
    // A later segment is begun when this one is finished.
    let mut final_before = if has_later { u32::MAX } else { 0 };
    let mut is_second = false;
    loop {
        let Some(bytes) = read_whole(files, &path)? else {
            return Ok(None);
        };
        match SegmentHeader::decode(&bytes) {
            SegmentHeader::Intact { version, .. } if version > SEGMENT_VERSION => {
                return Err(OpenError::newer(&path, version));
            }
            SegmentHeader::Intact { sequence: own, .. } if own != sequence => return Ok(None),
            _ => {}
        }
        let mut found = scan(&bytes, sequence);
        let mut doubtful = found.damages.iter().map(|damage| damage.start);
        let Some(cut) = doubtful.find(|start| *start >= final_before) else {
            return Ok(Some((bytes, found)));
        };
        let is_open = found.closing == Closing::Open;
        if is_second && is_open {
            found.entries.retain(|entry| entry.offset < cut);
            found.damages.retain(|damage| damage.start < cut);
            found.end = cut;
            return Ok(Some((bytes, found)));
        }
        final_before = match is_open {
            true => final_before.max(found.durable),
            false => u32::MAX,
        };
        is_second = true;
    }
}

/// Reads a segment that may be cut or removed meanwhile.
fn read_whole(files: &dyn Files, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let mut reading = 1;
    loop {
        match read_segment(files, path) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(error) => match error.source.kind() {
                io::ErrorKind::NotFound => return Ok(None),
                io::ErrorKind::UnexpectedEof if reading < READINGS => reading += 1,
                _ => return Err(error),
            },
        }
    }
}

/// The bytes of the copy. The segment being written gets an end, as from a
/// recovery, and so does one that was followed when the later one was not
/// listed yet; one that should have had an end and has none stays as it is, so
/// that opening the copy tells what opening the source would.
fn ending(
    mut bytes: Vec<u8>,
    sequence: u64,
    found: &Scan,
    has_later: bool,
    is_last: bool,
) -> Vec<u8> {
    let end = found.end as usize;
    let behind_end = end + ENTRY_HEADER_BYTES as usize;
    let is_cut = match found.closing {
        Closing::Open => !has_later,
        Closing::ByWriter { is_followed } => is_followed && is_last,
        Closing::ByRecovery => false,
    };
    if is_cut {
        bytes.truncate(end);
        let end = EntryHeader::end(Kind::EndByRecovery, sequence, found.end, false);
        bytes.extend_from_slice(&end.encode());
    } else {
        bytes.truncate(behind_end);
    }
    bytes
}
