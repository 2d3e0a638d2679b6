//! Spools: records that wait on the disk, in the store's own log.
//!
//! ```text
//! DIRECTORY/NAME/LOCK                 one process has it
//! DIRECTORY/NAME/RELEASED             from where on records are needed
//! DIRECTORY/NAME/NNNNNNNNNNNNNNNNNNNN.seg   the log: `wal/segment.rs`, `wal/entry.rs`
//! ```
//!
//! A spool adds to the log what a queue needs: a limit in bytes, reading a record
//! where it stands, and a mark that says what is needed, since no manifest does.
//! **It never gives up a record before that mark is durable, and never tells what
//! a record means.** A store's data directory is none of its business.

mod opened;
mod record;
mod released;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracewell_model::spool::{Spool, SpoolEntry, SpoolPlace, SpoolRecord, Spools};

use self::opened::{OpenSpool, Replay};
use crate::files::{DiskFiles, Files};
use crate::wal::WalOptions;

/// Half of the store's: a spool that is idle keeps two of them.
const SEGMENT_BYTES: u32 = 16 << 20;

/// Segments without records that are kept: as many as a spool mostly keeps for notes,
/// and the one that is made ahead. So a start on a full disk finds them.
const SPARE_SEGMENTS: usize = 3;

/// The longest name of a directory; file systems end at 255.
const MAX_NAME_BYTES: usize = 200;

/// Spools below one directory.
#[derive(Debug)]
pub struct SpoolDirectory {
    files: Arc<dyn Files>,
    dir: PathBuf,
    wal: WalOptions,
}

impl SpoolDirectory {
    /// Spools below `dir`, which is made with the first of them.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self {
            files: Arc::new(DiskFiles),
            dir: dir.to_path_buf(),
            wal: WalOptions {
                segment_bytes: SEGMENT_BYTES,
                spare_segments: SPARE_SEGMENTS,
                // Batches have a limit of their own, and notes have none.
                queue_bytes: u64::MAX,
                ..WalOptions::default()
            },
        }
    }

    fn open_in(
        &self,
        name: &str,
        limit_bytes: u64,
        replay: &mut Replay<'_>,
    ) -> Result<Arc<dyn Spool>, String> {
        let dir = self.dir.join(directory_of(name)?);
        let files = Arc::clone(&self.files);
        let (spool, report) = OpenSpool::open(files, &dir, &self.wal, limit_bytes, replay)?;
        for warning in &report.warnings {
            tracing::error!("{warning}");
        }
        Ok(Arc::new(spool))
    }
}

impl Spools for SpoolDirectory {
    fn open(
        &self,
        name: &str,
        limit_bytes: u64,
        replay: &mut dyn FnMut(SpoolPlace, SpoolRecord),
    ) -> Result<Arc<dyn Spool>, String> {
        self.open_in(name, limit_bytes, &mut |place, _, payload| {
            let record = record::decode(payload).map_err(|error| error.to_string())?;
            replay(place, record);
            Ok(())
        })
    }

    fn open_listed(
        &self,
        name: &str,
        limit_bytes: u64,
        replay: &mut dyn FnMut(SpoolPlace, SpoolEntry),
    ) -> Result<Arc<dyn Spool>, String> {
        self.open_in(name, limit_bytes, &mut |place, spans, payload| {
            replay(
                place,
                match record::note(payload) {
                    Some(bytes) => SpoolEntry::Note(bytes.to_vec()),
                    None => SpoolEntry::Batch { spans },
                },
            );
            Ok(())
        })
    }
}

/// The name of a spool as one of a directory: letters, digits, `-`, `_` and dots
/// that are not the first stand for themselves, anything else for its bytes.
fn directory_of(name: &str) -> Result<String, String> {
    let mut directory = String::new();
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => directory.push(byte.into()),
            b'.' if at > 0 => directory.push('.'),
            // Writing to a string cannot fail.
            _ => write!(directory, "%{byte:02x}").unwrap_or_default(),
        }
    }
    if directory.is_empty() || directory.len() > MAX_NAME_BYTES {
        return Err(format!(
            "{name:?} makes a name of {} bytes for a directory; choose one of 1 to {MAX_NAME_BYTES}",
            directory.len()
        ));
    }
    Ok(directory)
}
