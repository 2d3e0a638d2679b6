//! Opening a data directory to look into it: a copy, a snapshot, a backup, a
//! disk that is mounted for reading.
//!
//! Everything that a start would show is shown, blocks that a repair would put
//! back on the list apart; nothing is sealed, merged, removed or repaired. **No
//! file is written, created or renamed**, also not where the disk would let us.
//! A directory that a process works on is refused: its files go while they are
//! read.

use super::open::{Opening, Replay};
use super::opened::{OpenError, OpenReport};
use super::tidy::{self, Start};
use super::{EmbeddedStore, Live, StoreOptions};
use crate::files::{Files, ReadOnly};
use crate::inventory::{self, Fate, Inventory};
use crate::layout::{self, BLOCKS_DIR, WAL_DIR};
use crate::lock::DirLock;
use crate::manifest::Manifest;
use crate::rebuild::LeftOut;
use crate::wal::{self, RecoveryReport};
use std::path::Path;
use std::sync::Arc;
use tracewell_model::clock::Clock;

impl EmbeddedStore {
    /// Opens the store of `dir` for reading only.
    ///
    /// # Errors
    /// See [`OpenError`]; a directory without a store is one.
    pub fn open_read_only(
        files: Arc<dyn Files>,
        dir: &Path,
        options: StoreOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, OpenReport), OpenError> {
        let files: Arc<dyn Files> = Arc::new(ReadOnly(files));
        if !layout::has_store(&*files, dir)? {
            let dir = dir.to_path_buf();
            return Err(OpenError::NoStore { dir });
        }
        let dir_lock = DirLock::of_reader(&*files, dir)?;
        let start = Start::read(&*files, dir, clock.now_ns(), &|left_out| Ok(told(left_out)))?;
        let lost_log = tidy::lost_log(&*files, dir, &start);
        let live = Arc::new(Live::beside(&options.neighbours));
        let mut replay = Replay::new(&live);
        let recovered = match lost_log {
            Some(_) => RecoveryReport::default(),
            None => read_log(&*files, dir, &start.manifest, &mut replay)?,
        };
        let mut report = replay.finish(recovered);
        report
            .warnings
            .splice(0..0, start.warnings.into_iter().chain(lost_log));
        report
            .warnings
            .extend(unlisted(&*files, dir, &start.manifest, &report.wal)?);
        let opening = Opening {
            files,
            dir,
            options: options.fitted(),
            clock,
            live,
            manifest: start.manifest,
            is_durable: start.is_durable,
            wal: None,
            report,
            dir_lock,
        };
        Ok(opening.open_blocks())
    }
}

/// Shows what the next start would take from the log.
fn read_log(
    files: &dyn Files,
    dir: &Path,
    manifest: &Manifest,
    replay: &mut Replay<'_>,
) -> Result<RecoveryReport, OpenError> {
    let known = wal::Known {
        from: manifest.wal_from,
        first_segment: manifest.first_segment,
        log: manifest.log_word(),
        ..wal::Known::default()
    };
    let take = |_, position, spans, payload: &[u8]| replay.take(position, spans, payload);
    Ok(wal::rehearse(files, &dir.join(WAL_DIR), known, take)?)
}

/// What to say of blocks that a start would put into quarantine.
fn unlisted(
    files: &dyn Files,
    dir: &Path,
    manifest: &Manifest,
    log: &RecoveryReport,
) -> Result<Vec<String>, OpenError> {
    let blocks = dir.join(BLOCKS_DIR);
    let mut said = Vec::new();
    for (name, files_of_it) in Inventory::take(files, &blocks, manifest)?.unlisted {
        if let Fate::Keep(why) = inventory::judge(files, &blocks, &name, manifest, log)? {
            said.push(told(&LeftOut {
                name,
                files: files_of_it,
                why,
            }));
        }
    }
    Ok(said)
}

fn told(left_out: &LeftOut) -> String {
    let LeftOut { name, why, .. } = left_out;
    format!(
        "block {name} is on no list and is not shown: {why}; `tracewell repair` on a copy that can \
         be written lists it again if it belongs here"
    )
}
