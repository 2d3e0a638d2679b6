//! Checks every file of a data directory and changes none.
//!
//! Blocks are read and decoded whole. The log is read by the very code that
//! the next start runs, on files that take no change, so what is told here is
//! what would be lost then. Beside a running process only blocks are checked:
//! it writes the log and removes files all the time. **Nothing here takes the
//! data directory, opens a file for writing or repairs anything.**

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use tracewell_model::SpanBatch;

use crate::block::{Block, BlockError};
use crate::files::{FileError, Files, ReadOnly};
use crate::inventory::{self, Fate, Inventory};
use crate::layout::{self, BLOCKS_DIR, WAL_DIR};
use crate::lock::{DirLock, LockError};
use crate::manifest::{BlockEntry, MANIFEST_FILE, Manifest, ManifestError};
use crate::wal::{self, RecoveryReport};
use crate::{quarantine, rebuild};

/// Problems of the log that are told one by one; the others are counted.
const MAX_TOLD_ENTRIES: usize = 100;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or directory.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// Spans that are lost or in doubt, as far as known.
    pub spans: Option<u64>,
    /// What a person can do.
    pub advice: &'static str,
    /// Is something lost or in doubt? Else it is only odd.
    pub is_damage: bool,
}

/// Told while the check runs.
#[derive(Debug)]
pub enum VerifyEvent<'a> {
    /// So many bytes of so many are checked.
    Progress {
        /// Bytes checked.
        done_bytes: u64,
        /// Bytes there are to check.
        total_bytes: u64,
    },
    /// Something was found.
    Problem(&'a Problem),
}

/// What was checked and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// The process that has the directory; then only blocks were checked.
    pub in_use_by: Option<String>,
    /// Blocks that are sound.
    pub blocks: u64,
    /// Spans in them.
    pub block_spans: u64,
    /// Bytes of their files.
    pub block_bytes: u64,
    /// Entries of the log that are sound and not yet in a block.
    pub log_entries: u64,
    /// Spans in them.
    pub log_spans: u64,
    /// Bytes of writes that were cut short; none of it was acknowledged.
    pub torn_bytes: u64,
    /// Problems that are damage.
    pub damages: u64,
    /// Spans that are lost or in doubt, as far as known.
    pub damaged_spans: u64,
    /// Problems that are only odd.
    pub oddities: u64,
}

/// Why nothing can be said about a directory.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no store.
    #[error(
        "{} is no data directory: it has neither {MANIFEST_FILE} nor {WAL_DIR} nor {BLOCKS_DIR}; \
         name the right one with --data-dir", dir.display()
    )]
    NoStore {
        /// The directory.
        dir: PathBuf,
    },
    /// A newer version wrote the manifest.
    #[error(transparent)]
    Manifest(ManifestError),
    /// A newer version wrote the log.
    #[error(transparent)]
    Log(wal::OpenError),
    /// A file or directory cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A process took the directory in the meantime, and what was read of the
    /// log may be half of the old and half of the new.
    #[error("{owner} took the data directory while it was checked; stop it, or check again")]
    TakenMeanwhile {
        /// The process.
        owner: String,
    },
    /// Nobody wants the answer any more.
    #[error("the check was cancelled")]
    Cancelled,
}

/// Checks the store in `dir`; `tell` hears of problems when they are found.
///
/// # Errors
/// See [`VerifyError`]. Damage is no error.
pub fn verify(
    files: &dyn Files,
    dir: &Path,
    cancelled: &AtomicBool,
    tell: &mut dyn FnMut(VerifyEvent<'_>),
) -> Result<VerifyReport, VerifyError> {
    let files = &ReadOnly(files);
    let mut check = Check {
        files,
        dir,
        cancelled,
        tell,
        report: VerifyReport::default(),
        done_bytes: 0,
        total_bytes: 0,
    };
    check.run()?;
    Ok(check.report)
}

struct Check<'a> {
    files: &'a ReadOnly<&'a dyn Files>,
    dir: &'a Path,
    cancelled: &'a AtomicBool,
    tell: &'a mut dyn FnMut(VerifyEvent<'_>),
    report: VerifyReport,
    done_bytes: u64,
    total_bytes: u64,
}

impl Check<'_> {
    fn run(&mut self) -> Result<(), VerifyError> {
        if !layout::has_store(self.files, self.dir)? {
            let dir = self.dir.to_path_buf();
            return Err(VerifyError::NoStore { dir });
        }
        self.report.in_use_by = self.owner()?;
        let manifest = self.manifest()?;
        self.total_bytes = manifest.blocks.iter().map(|block| block.bytes).sum();
        self.blocks(&manifest)?;
        if self.report.in_use_by.is_some() {
            return Ok(());
        }
        let mut log = RecoveryReport::default();
        if self.has_log()? {
            log = self.log(&manifest)?;
        } else if !manifest.history.is_empty() {
            let what = "is missing, with all spans that were in no block yet".to_owned();
            self.problem(bad_entry(self.dir.join(WAL_DIR), what, None));
        }
        self.strangers(&manifest, &log)?;
        self.put_aside()?;
        match self.owner()? {
            Some(owner) => Err(VerifyError::TakenMeanwhile { owner }),
            None => Ok(()),
        }
    }

    fn has_log(&self) -> Result<bool, FileError> {
        let dir = self.dir.join(WAL_DIR);
        match self.files.list(&dir) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::on("list", &dir)(error)),
        }
    }

    /// Who has the directory. The lock is free again when this returns.
    fn owner(&self) -> Result<Option<String>, FileError> {
        match DirLock::of_reader(self.files, self.dir) {
            Ok(_) => Ok(None),
            Err(LockError::Held { owner, .. }) => Ok(Some(owner)),
            Err(LockError::File(error)) => Err(error),
        }
    }

    /// The list of blocks. One that is lost or damaged is told, and the blocks
    /// that are there are checked all the same.
    fn manifest(&mut self) -> Result<Manifest, VerifyError> {
        let file = self.dir.join(MANIFEST_FILE);
        let (is_damaged, what, advice) = match Manifest::find(self.files, self.dir) {
            Ok(Some(manifest)) => return Ok(manifest),
            Ok(None) => (
                false,
                "is missing: nothing says which blocks there should be".to_owned(),
                "nothing: the next start makes it again from the blocks that are there",
            ),
            Err(ManifestError::Damaged { reason, .. }) => (
                true,
                reason,
                "tracewell does not start with it: stop it and run `tracewell repair`, which makes \
                 it again from the blocks that are there, or restore it from a backup",
            ),
            Err(error) => return Err(VerifyError::Manifest(error)),
        };
        let rebuilt = rebuild::from_blocks(self.files, self.dir, &Manifest::default(), 0)?;
        // A store that has never made a block is not damaged for its lack.
        let has_blocks = !rebuilt.manifest.blocks.is_empty() || !rebuilt.left_out.is_empty();
        if is_damaged || has_blocks {
            self.problem(Problem {
                file,
                what,
                spans: None,
                advice,
                is_damage: true,
            });
        }
        for left_out in rebuilt.left_out {
            self.unlisted(left_out.files, &left_out.why);
        }
        Ok(rebuilt.manifest)
    }

    fn blocks(&mut self, manifest: &Manifest) -> Result<(), VerifyError> {
        let dir = self.dir.join(BLOCKS_DIR);
        for entry in &manifest.blocks {
            match self.block(&dir, entry) {
                Ok(()) => {
                    self.report.blocks += 1;
                    self.report.block_spans += entry.spans;
                    self.report.block_bytes += entry.bytes;
                }
                Err(BlockError::Cancelled) => return Err(VerifyError::Cancelled),
                Err(_) if self.was_removed(entry)? => {}
                Err(error) => self.problem(bad_block(&dir, entry, error)),
            }
            self.step(entry.bytes);
        }
        Ok(())
    }

    fn block(&self, dir: &Path, entry: &BlockEntry) -> Result<(), BlockError> {
        let block = Block::open(self.files, dir, entry.clone())?;
        block.verify(self.cancelled).map(drop)
    }

    /// Has the running process removed a block since the list was read?
    fn was_removed(&self, entry: &BlockEntry) -> Result<bool, VerifyError> {
        if self.report.in_use_by.is_none() {
            return Ok(false);
        }
        let now = Manifest::load(self.files, self.dir).map_err(VerifyError::Manifest)?;
        Ok(!now.blocks.iter().any(|block| block.name == entry.name))
    }

    /// Checks the log; answers what is there of it.
    fn log(&mut self, manifest: &Manifest) -> Result<RecoveryReport, VerifyError> {
        let dir = self.dir.join(WAL_DIR);
        let mut unreadable = Vec::new();
        let known = wal::Known {
            from: manifest.wal_from,
            first_segment: manifest.first_segment,
            log: manifest.log_word(),
            ..wal::Known::default()
        };
        let check = |path, position: wal::WalPosition, spans, payload: &[u8]| {
            if let Err(error) = SpanBatch::decode(payload) {
                unreadable.push((path, position.offset, spans, error.to_string()));
            }
        };
        let rehearsed = wal::rehearse(self.files, &dir, known, check);
        let mut report = match rehearsed {
            Ok(report) => report,
            Err(wal::OpenError::File(error)) => return Err(error.into()),
            Err(error) => return Err(VerifyError::Log(error)),
        };
        self.report.log_entries = report.entries - unreadable.len() as u64;
        let lost: u64 = unreadable.iter().map(|(_, _, spans, _)| spans).sum();
        self.report.log_spans = report.spans - lost;
        self.report.torn_bytes = report.torn_tail_bytes;
        let told = report.warnings.len() as u64;
        for warning in std::mem::take(&mut report.warnings) {
            // Recovery names the file first.
            let (file, what) = warning.split_once(": ").unwrap_or(("", &warning));
            self.problem(bad_entry(file.into(), what.to_owned(), None));
        }
        // Their spans are known in sum only.
        self.report.damaged_spans += report.lost_spans;
        self.report.damages += report.corrupt_entries.saturating_sub(told);
        for (file, offset, spans, error) in unreadable.into_iter().take(MAX_TOLD_ENTRIES) {
            let what = format!("at byte {offset} an entry cannot be decoded: {error}");
            self.problem(bad_entry(file, what, Some(spans)));
        }
        Ok(report)
    }

    /// Files that no list names.
    fn strangers(&mut self, manifest: &Manifest, log: &RecoveryReport) -> Result<(), VerifyError> {
        let dir = self.dir.join(BLOCKS_DIR);
        let found = Inventory::take(self.files, &dir, manifest)?;
        for (name, files) in found.unlisted {
            match inventory::judge(self.files, &dir, &name, manifest, log)? {
                Fate::Leftover => files.into_iter().for_each(|file| self.leftover(file)),
                Fate::Keep(why) => self.unlisted(files, &why),
            }
        }
        found
            .unfinished
            .into_iter()
            .for_each(|file| self.leftover(file));
        for file in found.foreign {
            self.odd(
                file,
                "is not a file of tracewell",
                "nothing: it is left alone",
            );
        }
        Ok(())
    }

    /// What earlier starts did not dare to list or to remove.
    fn put_aside(&mut self) -> Result<(), VerifyError> {
        for place in quarantine::places(self.files, self.dir)? {
            self.odd(
                place,
                "was put aside and is in no answer",
                "read the file WHY in it; `tracewell repair` lists blocks again that belong here, \
                 what nobody needs can be removed by hand",
            );
        }
        Ok(())
    }

    fn leftover(&mut self, file: PathBuf) {
        let advice = "nothing: it is left from work that was cut short, and the next start \
                      removes it";
        self.odd(file, "belongs to no block", advice);
    }

    fn odd(&mut self, file: PathBuf, what: &str, advice: &'static str) {
        self.problem(Problem {
            file,
            what: what.to_owned(),
            spans: None,
            advice,
            is_damage: false,
        });
    }

    /// A block that no list names, and that may be all that is left of its
    /// spans.
    fn unlisted(&mut self, mut files: Vec<PathBuf>, why: &str) {
        let Some(file) = files.pop() else { return };
        self.problem(Problem {
            file,
            what: format!("is on no list and in no answer: {why}"),
            spans: None,
            advice: "stop tracewell and run `tracewell repair`, which lists it again if it belongs \
                     here; a start moves it into quarantine/",
            is_damage: true,
        });
    }

    fn problem(&mut self, problem: Problem) {
        if problem.is_damage {
            self.report.damages += 1;
            self.report.damaged_spans += problem.spans.unwrap_or(0);
        } else {
            self.report.oddities += 1;
        }
        (self.tell)(VerifyEvent::Problem(&problem));
    }

    fn step(&mut self, bytes: u64) {
        self.done_bytes += bytes;
        (self.tell)(VerifyEvent::Progress {
            done_bytes: self.done_bytes,
            total_bytes: self.total_bytes,
        });
    }
}

fn bad_block(dir: &Path, entry: &BlockEntry, error: BlockError) -> Problem {
    let path = dir.join(format!("{}.parquet", entry.name));
    let is_index = error.is_index_lost();
    let (file, what, advice) = match error {
        BlockError::Damaged { path, reason } => (
            path,
            format!("damaged: {reason}"),
            "restore both files of the block from a backup while tracewell is stopped; without \
             one, answers go on without the spans that cannot be read",
        ),
        BlockError::File(FileError {
            action,
            path,
            source,
        }) => (
            path,
            format!("cannot {action} it: {source}"),
            "make it readable, or restore both files of the block from a backup while tracewell \
             is stopped",
        ),
        error => (
            path,
            error.to_string(),
            "check it with the version that wrote it",
        ),
    };
    Problem {
        file,
        what,
        spans: Some(entry.spans),
        advice: match is_index {
            true => {
                "stop tracewell and run `tracewell repair`, which writes it again from the Parquet \
                 file; no span is lost as long as that is whole"
            }
            false => advice,
        },
        is_damage: true,
    }
}

fn bad_entry(file: PathBuf, what: String, spans: Option<u64>) -> Problem {
    Problem {
        file,
        what,
        spans,
        advice: "tracewell starts without these spans; keep a copy of the log first if they matter",
        is_damage: true,
    }
}
