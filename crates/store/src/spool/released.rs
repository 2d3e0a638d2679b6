//! From where on a spool is needed: the file `RELEASED`.
//!
//! ```text
//! offset size
//!      0    8  magic "TWELLREL"
//!      8    4  format version, 1
//!     12    4  offset of the first record that is needed, or a byte before it
//!     16    8  its segment
//!     24    8  the oldest segment that is kept; 0 when there is none
//!     32    8  how often this was written, counted from 1
//!     40    4  CRC32C of bytes 0..40
//! ```
//!
//! The same again at 4,096; they are written in turn, so that a torn write leaves
//! the one before. The file is as large as it gets from its first day: **letting go
//! of records must work on a full disk**. A file that cannot be read means that
//! nothing was released: delivered records are then found again, and none is lost.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{Access, File, FileError, Files, read_exact_at, write_all_at};
use crate::wal::WalPosition;

/// Name of the file.
pub(super) const RELEASED_FILE: &str = "RELEASED";

const MAGIC: [u8; 8] = *b"TWELLREL";
const VERSION: u32 = 1;
const MARK_BYTES: usize = 44;
/// Far enough apart that no write touches both.
const STEP_BYTES: u64 = 4096;

/// What the file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Records before this are needed by nobody.
    pub(super) from: WalPosition,
    /// The oldest segment that was kept by then.
    pub(super) first_segment: Option<u64>,
}

/// The open file.
#[derive(Debug)]
pub(super) struct Released {
    path: PathBuf,
    /// `None` while it could not be made.
    file: Option<Arc<dyn File>>,
    written: u64,
}

impl Released {
    /// Opens the file, which is made where it is missing and there is room.
    ///
    /// # Errors
    /// It is of a newer version, or the disk cannot be read.
    pub(super) fn open(files: &dyn Files, dir: &Path) -> Result<(Self, Mark), String> {
        let path = dir.join(RELEASED_FILE);
        let file = match files.open(&path, Access::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            other => Some(other.map_err(|error| FileError::on("open", &path)(error).to_string())?),
        };
        let mut released = Self {
            path,
            file,
            written: 0,
        };
        let mut found = Mark::default();
        if let Some(file) = &released.file {
            for at in [0, STEP_BYTES] {
                let mut bytes = [0; MARK_BYTES];
                match read_exact_at(&**file, &mut bytes, at) {
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                    other => other.map_err(|error| {
                        FileError::on("read", &released.path)(error).to_string()
                    })?,
                }
                let Some((mark, written)) = decode(&bytes).map_err(|version| {
                    format!(
                        "{} has format version {version}, this program reads up to {VERSION}; \
                         start the newer one that wrote it",
                        released.path.display()
                    )
                })?
                else {
                    continue;
                };
                if written > released.written {
                    (found, released.written) = (mark, written);
                }
            }
        } else if let Err(error) = released.make(files) {
            // With the disk full nothing is taken yet, so nothing is to be released.
            tracing::warn!(%error, "the mark of a queue on the disk is made later");
        }
        Ok((released, found))
    }

    /// Writes the mark down, durably.
    pub(super) fn save(&mut self, files: &dyn Files, mark: Mark) -> Result<(), FileError> {
        if self.file.is_none() {
            self.make(files)?;
        }
        let Some(file) = &self.file else {
            return Ok(());
        };
        let next = self.written + 1;
        let at = (next % 2) * STEP_BYTES;
        write_all_at(&**file, &encode(mark, next), at)
            .map_err(FileError::on("write", &self.path))?;
        file.sync().map_err(FileError::on("sync", &self.path))?;
        self.written = next;
        Ok(())
    }

    fn make(&mut self, files: &dyn Files) -> Result<(), FileError> {
        let path = &self.path;
        let file = match files.create(path) {
            // An attempt that ended halfway left it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                files.open(path, Access::Write)
            }
            other => other,
        };
        let file = file.map_err(FileError::on("create", path))?;
        let zeros = [0; 2 * STEP_BYTES as usize];
        write_all_at(&*file, &zeros, 0).map_err(FileError::on("write", path))?;
        file.sync().map_err(FileError::on("sync", path))?;
        let dir = path.parent().unwrap_or(path);
        files
            .sync_dir(dir)
            .map_err(FileError::on("sync directory", dir))?;
        self.file = Some(file);
        Ok(())
    }
}

fn encode(mark: Mark, written: u64) -> [u8; MARK_BYTES] {
    let mut bytes = [0; MARK_BYTES];
    bytes[0..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&mark.from.offset.to_le_bytes());
    bytes[16..24].copy_from_slice(&mark.from.segment.to_le_bytes());
    bytes[24..32].copy_from_slice(&mark.first_segment.unwrap_or_default().to_le_bytes());
    bytes[32..40].copy_from_slice(&written.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..40]);
    bytes[40..44].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The mark, and how often one was written; `None` if it is none.
///
/// # Errors
/// The version, where it is a newer one.
fn decode(bytes: &[u8; MARK_BYTES]) -> Result<Option<(Mark, u64)>, u32> {
    let u32_at = |at: usize| {
        let mut number = [0; 4];
        number.copy_from_slice(&bytes[at..at + 4]);
        u32::from_le_bytes(number)
    };
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    if bytes[0..8] != MAGIC || u32_at(40) != crc32c::crc32c(&bytes[..40]) {
        return Ok(None);
    }
    if u32_at(8) > VERSION {
        return Err(u32_at(8));
    }
    let mark = Mark {
        from: WalPosition {
            segment: u64_at(16),
            offset: u32_at(12),
        },
        first_segment: Some(u64_at(24)).filter(|first| *first > 0),
    };
    Ok(Some((mark, u64_at(32))))
}
