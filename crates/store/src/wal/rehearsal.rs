//! Recovery without consequences, for those who only want to know.

use std::path::{Path, PathBuf};

use super::error::OpenError;
use super::recovery::{RecoveryReport, recover};
use super::segment::segment_path;
use super::{Known, WalPosition};
use crate::files::Files;

/// Reads the log in `dir` as the next start will, and gives every entry at or
/// after `known.from` to `replay`: its file, its position, spans, payload. Recovery
/// closes torn tails and removes what is unfinished, so `files` MUST drop
/// changes.
pub(crate) fn rehearse(
    files: &dyn Files,
    dir: &Path,
    known: Known,
    mut replay: impl FnMut(PathBuf, WalPosition, u64, &[u8]),
) -> Result<RecoveryReport, OpenError> {
    let replay = |position: WalPosition, spans: u32, payload: &[u8]| {
        let path = segment_path(dir, position.segment);
        replay(path, position, u64::from(spans), payload);
    };
    let (_, report) = recover(files, dir, known, replay)?;
    Ok(report)
}
