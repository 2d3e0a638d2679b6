//! The files of a log, and whose they are by their first bytes.
//!
//! ```text
//! N.seg with header N, and our log's word   ours
//! N.seg with header M > N, no entry of M    released, on its way to a new life
//! N.seg with another header, another word   not ours, or not in its place
//! N.tmp                                     being made
//! anything else                             not ours
//! ```
//!
//! **What is not ours or not in its place is never read as ours, used again or
//! removed.** A header that is damaged says nothing: such a segment counts as
//! what its name says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::OpenError;
use super::scan::scan;
use super::segment::read_segment;
use super::segment::{
    SEGMENT_HEADER_BYTES, SEGMENT_VERSION, SegmentHeader, is_unfinished, segment_path, sequence_of,
};
use crate::files::{Access, FileError, Files, read_exact_at};

/// The files of the log, all of a version that can be read.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Those that are ours and in their place.
    pub(super) segments: BTreeMap<u64, PathBuf>,
    /// Those that were released, and whose new life had begun.
    pub(super) released: Vec<u64>,
    /// The others, and what they are.
    pub(super) strange: Vec<(PathBuf, String)>,
    pub(super) unfinished: Vec<PathBuf>,
    /// The largest number of any.
    pub(super) last: u64,
}

impl Listing {
    /// Looks at the directory of the log with the word `log`; 0 for one that
    /// does not say.
    pub(super) fn read(files: &dyn Files, dir: &Path, log: u32) -> Result<Self, OpenError> {
        let mut found = Self::default();
        for entry in files.list(dir).map_err(FileError::on("list", dir))? {
            if let Some(sequence) = sequence_of(&entry.name) {
                let path = segment_path(dir, sequence);
                let header = read_header(files, &path, entry.bytes)?;
                found.last = found.last.max(sequence);
                found.sort_in(files, sequence, path, header, log)?;
            } else if is_unfinished(&entry.name) {
                found.unfinished.push(dir.join(entry.name));
            }
        }
        Ok(found)
    }

    fn sort_in(
        &mut self,
        files: &dyn Files,
        sequence: u64,
        path: PathBuf,
        header: SegmentHeader,
        log: u32,
    ) -> Result<(), OpenError> {
        let SegmentHeader::Intact {
            version,
            sequence: own,
            log: theirs,
            ..
        } = header
        else {
            self.segments.insert(sequence, path);
            return Ok(());
        };
        if version > SEGMENT_VERSION {
            return Err(OpenError::newer(&path, version));
        }
        if theirs.is_some_and(|theirs| log > 0 && theirs != log) {
            let what = "is a segment of another log and left alone";
            self.strange.push((path, what.to_owned()));
        } else if own == sequence {
            self.segments.insert(sequence, path);
        } else if own > sequence && scan(&read_segment(files, &path)?, own).entries.is_empty() {
            self.released.push(sequence);
        } else {
            let what = format!(
                "holds segment {own} and is left alone; it belongs to the name {}",
                segment_path(Path::new(""), own).display()
            );
            self.strange.push((path, what));
        }
        Ok(())
    }
}

/// The word that most segments in a directory carry; `None` where none does.
///
/// # Errors
/// It cannot be read.
pub(crate) fn log_in(files: &dyn Files, dir: &Path) -> Result<Option<u32>, FileError> {
    let entries = match files.list(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(FileError::on("list", dir))?,
    };
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for entry in entries {
        let Some(sequence) = sequence_of(&entry.name) else {
            continue;
        };
        let path = segment_path(dir, sequence);
        if let SegmentHeader::Intact { log: Some(log), .. } =
            read_header(files, &path, entry.bytes)?
        {
            *counts.entry(log).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Ok(most.map(|(log, _)| log))
}

fn read_header(files: &dyn Files, path: &Path, bytes: u64) -> Result<SegmentHeader, FileError> {
    let mut header = [0; SEGMENT_HEADER_BYTES as usize];
    let there = bytes.min(header.len() as u64) as usize;
    let file = files
        .open(path, Access::Read)
        .map_err(FileError::on("open", path))?;
    read_exact_at(&*file, &mut header[..there], 0).map_err(FileError::on("read", path))?;
    Ok(SegmentHeader::decode(&header))
}
