//! Entries of the log that no block holds, though blocks that come back were
//! sealed after them.
//!
//! An older list makes a start read the log from further back, and take those
//! blocks for leftovers whose entries it read. Where the log has gaps, other
//! blocks go aside; when they are listed again, the place in the log moves past
//! the entries that were read, which are then in no answer. They become blocks
//! first. **The log is only read.**

use std::ops::Range;
use std::path::{Path, PathBuf};

use tracewell_model::SpanBatch;
use tracewell_model::batch::concat::BatchJoiner;

use super::RepairError;
use crate::block::{self, Birth};
use crate::files::{Files, ReadOnly};
use crate::layout::{BLOCKS_DIR, WAL_DIR};
use crate::manifest::Manifest;
use crate::wal::{self, WalPosition};

/// A block is made of about so much; joined text is addressed by 32 bits.
const BLOCK_BYTES: u64 = 64 << 20;

/// Entries in a row that no block holds.
struct Run {
    from: WalPosition,
    until: WalPosition,
    bytes: u64,
    batches: Vec<SpanBatch>,
}

/// Makes blocks of what only the log has, between `from` and where `manifest`
/// says that it is needed, and lists them.
///
/// # Errors
/// The disk refuses, or the log is of a newer version.
pub(super) fn from_log(
    files: &dyn Files,
    dir: &Path,
    from: WalPosition,
    held: &[Range<WalPosition>],
    manifest: &mut Manifest,
    now_ns: u64,
) -> Result<Vec<String>, RepairError> {
    if from >= manifest.wal_from {
        return Ok(Vec::new());
    }
    let blocks = dir.join(BLOCKS_DIR);
    let mut changes = Vec::new();
    for run in runs(files, dir, from, held, manifest)? {
        let mut joiner = BatchJoiner::new();
        for batch in &run.batches {
            joiner.append(batch)?;
        }
        let birth = Birth {
            history: manifest.history.clone(),
            listed_ns: now_ns,
            log_from: run.from,
            log_until: run.until,
            parts: Vec::new(),
        };
        manifest.next_block += 1;
        let entry = block::write(
            files,
            &blocks,
            manifest.next_block,
            &birth,
            &joiner.finish(),
        )?;
        changes.push(format!(
            "{} spans that only the log had are in block {}",
            entry.spans, entry.name
        ));
        manifest.blocks.push(entry);
    }
    Ok(changes)
}

fn runs(
    files: &dyn Files,
    dir: &Path,
    from: WalPosition,
    held: &[Range<WalPosition>],
    manifest: &Manifest,
) -> Result<Vec<Run>, RepairError> {
    let log = dir.join(WAL_DIR);
    if files.list(&log).is_err() {
        return Ok(Vec::new());
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut goes_on = false;
    let take = |_: PathBuf, position: WalPosition, _: u64, payload: &[u8]| {
        let is_held = held.iter().any(|range| range.contains(&position));
        if is_held || position >= manifest.wal_from {
            goes_on = false;
            return;
        }
        // What cannot be decoded is told by every start.
        let Ok(batch) = SpanBatch::decode(payload) else {
            return;
        };
        if !goes_on || runs.last().is_some_and(|run| run.bytes >= BLOCK_BYTES) {
            runs.push(Run {
                from: position,
                until: position,
                bytes: 0,
                batches: Vec::new(),
            });
        }
        goes_on = true;
        if let Some(run) = runs.last_mut() {
            run.until = position.after();
            run.bytes += batch.memory_bytes() as u64;
            run.batches.push(batch);
        }
    };
    let known = wal::Known {
        from,
        log: manifest.log_word(),
        ..wal::Known::default()
    };
    wal::rehearse(&ReadOnly(files), &log, known, take)?;
    Ok(runs)
}
