//! Makes segments ready before they are needed: written to their full size,
//! durable, and under their own name.
//!
//! A growing file pays the file system's journal at each sync, with tails of
//! milliseconds; a segment whose blocks exist pays for its data only. This
//! file must never touch a segment that still holds entries: it is given the
//! sequence numbers of those that do not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::WalError;
use super::segment::{SEGMENT_HEADER_BYTES, Segment, SegmentHeader, segment_path, unfinished_path};
use crate::files::{Access, File, FileError, Files, write_all_at};

/// Zeros are written in pieces of this size.
const FILL_BYTES: usize = 1 << 20;

/// Where the log gets its next segment from.
pub(super) trait SegmentSource {
    /// A segment that was never written to. May wait for one being made.
    fn take(&mut self) -> Result<Segment, WalError>;
}

/// Makes segments, from released ones where possible.
#[derive(Debug)]
pub(super) struct Preparer {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: PathBuf,
    pub(super) segment_bytes: u32,
    pub(super) spare_segments: usize,
    pub(super) next_sequence: u64,
    /// The last segment that was made, or found with entries.
    pub(super) previous: Option<u64>,
    /// The word of the log.
    pub(super) log: u32,
    /// Segments on disk without entries.
    pub(super) free: Vec<u64>,
}

impl SegmentSource for Preparer {
    fn take(&mut self) -> Result<Segment, WalError> {
        self.prepare().map_err(|error| WalError::no_segment(&error))
    }
}

impl Preparer {
    /// Makes the next segment. After an error the next call starts anew, with
    /// another sequence number.
    pub(super) fn prepare(&mut self) -> Result<Segment, FileError> {
        let made = self.make();
        if let Ok(segment) = &made {
            self.previous = Some(segment.sequence);
        }
        made
    }

    fn make(&mut self) -> Result<Segment, FileError> {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        while let Some(old) = self.free.pop() {
            match self.recycle(old, sequence) {
                Ok(Some(segment)) => return Ok(segment),
                Ok(None) => self.remove(vec![old]),
                Err(error) => {
                    tracing::warn!(%error, "a segment of the write-ahead log is not reused");
                    self.remove(vec![old, sequence]);
                }
            }
        }
        let unfinished = unfinished_path(&self.dir, sequence);
        let segment = self.create(sequence, &unfinished);
        if segment.is_err() {
            // So that a full disk is not filled by the attempt to use it.
            self.discard(&unfinished);
            self.discard(&segment_path(&self.dir, sequence));
        }
        segment
    }

    /// Takes back segments whose entries nobody needs; removes those above the
    /// number to be kept.
    pub(super) fn release(&mut self, mut sequences: Vec<u64>) {
        let room = self.spare_segments.saturating_sub(self.free.len());
        let surplus = sequences.split_off(room.min(sequences.len()));
        self.free.append(&mut sequences);
        self.remove(surplus);
    }

    /// Gives an old segment a new life; `None` if its size is not today's.
    fn recycle(&self, old: u64, sequence: u64) -> Result<Option<Segment>, FileError> {
        let from = segment_path(&self.dir, old);
        let file = self
            .files
            .open(&from, Access::Write)
            .map_err(FileError::on("open", &from))?;
        let bytes = file.size().map_err(FileError::on("read", &from))?;
        if bytes != u64::from(self.segment_bytes) {
            return Ok(None);
        }
        write_all_at(&*file, &self.header(sequence), 0).map_err(FileError::on("write", &from))?;
        file.sync().map_err(FileError::on("sync", &from))?;
        self.name(&from, sequence, file).map(Some)
    }

    fn header(&self, sequence: u64) -> [u8; SEGMENT_HEADER_BYTES as usize] {
        SegmentHeader::encode(sequence, self.previous, self.segment_bytes, self.log)
    }

    fn create(&self, sequence: u64, unfinished: &Path) -> Result<Segment, FileError> {
        let file = self
            .files
            .create(unfinished)
            .map_err(FileError::on("create", unfinished))?;
        let zeros = vec![0; FILL_BYTES.min(self.segment_bytes as usize)];
        let mut at = 0;
        while at < u64::from(self.segment_bytes) {
            let left = u64::from(self.segment_bytes) - at;
            let piece = &zeros[..left.min(FILL_BYTES as u64) as usize];
            write_all_at(&*file, piece, at).map_err(FileError::on("write", unfinished))?;
            at += piece.len() as u64;
        }
        write_all_at(&*file, &self.header(sequence), 0)
            .map_err(FileError::on("write", unfinished))?;
        file.sync().map_err(FileError::on("sync", unfinished))?;
        self.name(unfinished, sequence, file)
    }

    /// Renames a file that is complete and durable to its final name.
    fn name(&self, from: &Path, sequence: u64, file: Arc<dyn File>) -> Result<Segment, FileError> {
        let path = segment_path(&self.dir, sequence);
        self.files
            .rename(from, &path)
            .map_err(FileError::on("rename", from))?;
        self.files
            .sync_dir(&self.dir)
            .map_err(FileError::on("sync directory", &self.dir))?;
        Ok(Segment {
            sequence,
            path,
            file,
            bytes: self.segment_bytes,
        })
    }

    fn remove(&self, sequences: Vec<u64>) {
        if sequences.is_empty() {
            return;
        }
        // A segment that is there speaks for the one before it.
        for sequence in sequences.into_iter().rev() {
            self.discard(&segment_path(&self.dir, sequence));
        }
        // A name that comes back after a power cut is removed at the next start.
        if let Err(error) = self.files.sync_dir(&self.dir) {
            tracing::warn!(%error, "removed segments of the write-ahead log may come back");
        }
    }

    /// Removes a file that may not be there. What stays is removed at the next
    /// start.
    fn discard(&self, path: &Path) {
        match self.files.remove(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %path.display(), "cannot remove a released file");
            }
            _ => {}
        }
    }
}
