//! Reads one entry where an acknowledgement said that it stands.
//!
//! For who keeps positions instead of payloads. **What the check sums do not
//! vouch for is never given back**, and neither is an entry of another life of
//! the segment: its header says which it belongs to.

use std::io;
use std::path::Path;

use super::WalPosition;
use super::compress::Restorer;
use super::entry::{ENTRY_HEADER_BYTES, EntryHeader, Kind};
use super::segment::segment_path;
use crate::files::{Access, FileError, Files, read_exact_at};

/// Why an entry is not given back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The file cannot be read, which may pass.
    #[error(transparent)]
    File(FileError),
    /// What stands there is not the entry.
    #[error("{file}: at byte {offset} there is no whole entry: {why}")]
    Damaged {
        file: String,
        offset: u32,
        why: &'static str,
    },
}

/// The payload of the entry at `position`, which was acknowledged and not
/// released.
pub(crate) fn read_entry(
    files: &dyn Files,
    dir: &Path,
    position: WalPosition,
) -> Result<Vec<u8>, ReadError> {
    let path = segment_path(dir, position.segment);
    let damaged = |why| ReadError::Damaged {
        file: path.display().to_string(),
        offset: position.offset,
        why,
    };
    let failed = |action, error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => damaged("the segment is missing"),
        io::ErrorKind::UnexpectedEof => damaged("the segment ends before"),
        _ => ReadError::File(FileError::on(action, &path)(error)),
    };
    let file = files
        .open(&path, Access::Read)
        .map_err(|error| failed("open", error))?;
    let read = |bytes: &mut [u8], at| {
        read_exact_at(&*file, bytes, at).map_err(|error| failed("read", error))
    };
    let mut header = [0; ENTRY_HEADER_BYTES as usize];
    read(&mut header, u64::from(position.offset))?;
    let header = EntryHeader::decode(&header).filter(|header| {
        header.kind == Kind::Batch
            && header.segment == position.segment
            && header.offset == position.offset
    });
    let header = header.ok_or_else(|| damaged("its header is not as it was written"))?;
    // Before anything is allocated: its check sum is that of the header alone.
    let behind = u64::from(position.offset) + header.total_bytes();
    if behind > file.size().map_err(|error| failed("read", error))? {
        return Err(damaged("the segment ends before"));
    }
    let mut stored = vec![0; header.stored_bytes as usize];
    let payload_at = u64::from(position.offset) + u64::from(ENTRY_HEADER_BYTES);
    read(&mut stored, payload_at)?;
    if crc32c::crc32c(&stored) != header.payload_crc {
        return Err(damaged("its check sum is wrong"));
    }
    let mut restorer = Restorer::new().map_err(|error| failed("decompress", error))?;
    let payload = restorer.restore(&header, &stored);
    payload
        .map(<[u8]>::to_vec)
        .ok_or_else(|| damaged("it cannot be decompressed"))
}
