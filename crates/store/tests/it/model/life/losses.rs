//! Files that go or come back between two lives, and what the store makes of
//! it: nothing acknowledged is missing in silence, and a repair brings back all
//! that was in no lost file.
//!
//! What lay in a lost file is what a store shows that has nothing but this
//! file.

use super::{DIR, Life, Moment};
use crate::model::ledger::Ledger;
use crate::model::plan::{Loss, Part, Repair};
use crate::model::reading::Reading;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracewell_model::clock::ManualClock;
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::{FaultyFiles, Survival};
use tracewell_store::repair::repair;
use tracewell_store::verify::verify;

const MANIFEST: &str = "/data/MANIFEST";

/// What losses leave behind in a life.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    /// A copy of MANIFEST from some time ago.
    pub(super) kept_manifest: Option<Vec<u8>>,
    /// Files that are not ours: names and contents.
    pub(super) strangers: Vec<(PathBuf, Vec<u8>)>,
    /// Since a loss there was no repair: starts and answers may say what they
    /// lack.
    pub(super) is_unrepaired: bool,
    /// Starts may say for ever what the log lacks.
    pub(super) is_log_incomplete: bool,
}

pub(super) fn opened(disk: &FaultyFiles, options: StoreOptions) -> EmbeddedStore {
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(ManualClock::new(0)));
    let opened = EmbeddedStore::open(files, Path::new(DIR), options, clock);
    opened.expect("the disk is well").0
}

/// What a store shows that has only these files.
pub(super) fn held_by(ledger: &Ledger, disk: &FaultyFiles, paths: &[PathBuf]) -> BTreeSet<usize> {
    let alone = disk.copy_of(|path| paths.iter().any(|of| of == path));
    let lazy = StoreOptions {
        seal_bytes: u64::MAX,
        ..StoreOptions::default()
    };
    let store = opened(&alone, lazy);
    let reading = Reading::of(&store, &ledger.trace_ids());
    ledger.numbers(&reading.expect("the disk is well"))
}

impl Life {
    pub(super) fn keep_manifest(&mut self) {
        self.aftermath.kept_manifest = self.disk.content(Path::new(MANIFEST)).ok();
    }

    /// Ends the store, loses files, starts again.
    pub(super) fn lose(&mut self, what: &[Loss], killed: Option<Survival>, repair: Repair) {
        self.end_for_people(killed);
        // Then nothing is left that could know of anything.
        let has_log = !what.contains(&Loss::Log) && !self.files_in("wal", ".seg").is_empty();
        let has_blocks = !self.files_in("blocks", ".parquet").is_empty();
        let is_all = what.contains(&Loss::Manifest) && !has_log && !has_blocks;
        let mut must_tell = !is_all;
        if is_all {
            // What begins now is another life of the directory.
            self.aftermath.kept_manifest = None;
            self.ledger.begin_again();
        }
        for loss in what {
            must_tell &= self.take_away(*loss);
            self.losses += 1;
        }
        self.aftermath.is_unrepaired = true;
        if repair == Repair::AtOnce {
            self.repair(must_tell);
            return;
        }
        self.moment = Moment::AfterLoss;
        self.open_whole();
        let is_silent = self.is_newly_missing && !self.is_told;
        assert!(
            !is_silent || !must_tell,
            "acknowledged spans are missing, and nobody was told"
        );
        if repair == Repair::AfterStart {
            self.end_for_people(None);
            self.repair(true);
        }
    }

    /// Ends the store in a known way, on a disk that is well.
    pub(super) fn end_for_people(&mut self, killed: Option<Survival>) {
        if self.doom.is_some() {
            self.crash();
        }
        match killed {
            Some(survival) => self.end_abruptly(survival),
            None => {
                self.store = None;
                self.hear_the_last();
            }
        }
        self.heal();
    }

    /// Makes the directory whole, which a second time changes nothing, and
    /// starts.
    pub(super) fn repair(&mut self, must_tell: bool) {
        let repaired = |life: &Life| {
            let repaired = repair(&life.disk, Path::new(DIR), &*life.clock);
            repaired.unwrap_or_else(|error| panic!("cannot be repaired: {error}"))
        };
        let changes = repaired(self).changes;
        assert_eq!(repaired(self).changes, [""; 0], "after {changes:?}");
        if !changes.is_empty() {
            // What came back from quarantine may be older than retention keeps.
            self.ledger.lose(BTreeSet::new(), true);
        }
        self.aftermath.is_unrepaired = false;
        self.moment = Moment::AfterRepair;
        self.open_whole();
        let is_told = self.is_told || !changes.is_empty();
        assert!(
            is_told || !self.is_newly_missing || !must_tell,
            "spans are missing, and nobody was told"
        );
        if !self.aftermath.is_log_incomplete {
            self.verify();
        }
    }

    /// Nothing is damaged; beside a running store only blocks are looked at.
    fn verify(&self) {
        let mut told = Vec::new();
        let report = verify(
            &self.disk,
            Path::new(DIR),
            &AtomicBool::new(false),
            &mut |event| {
                told.push(format!("{event:?}"));
            },
        );
        let damages = report.expect("the disk is well").damages;
        assert_eq!(damages, 0, "{told:#?}");
    }

    /// Makes one loss; whether it must be told if anything is missing.
    fn take_away(&mut self, loss: Loss) -> bool {
        match loss {
            Loss::Manifest => {
                self.ledger.lose(BTreeSet::new(), true);
                // Retention may have taken the blocks that would say how far
                // the log is needed; what lies before that may be anything.
                self.aftermath.is_log_incomplete |= self.options.retention.age.is_some();
                self.remove(&[MANIFEST.into()]);
            }
            Loss::OlderManifest => {
                if let Some(older) = &self.aftermath.kept_manifest {
                    let put = self.disk.put(Path::new(MANIFEST), older);
                    put.expect("the directory is there");
                    self.ledger.lose(BTreeSet::new(), true);
                    self.aftermath.is_log_incomplete = true;
                }
            }
            Loss::Parquet(number) | Loss::Index(number) | Loss::Block(number) => {
                if let Some([index, parquet]) = self.block(number) {
                    let block = [index.clone(), parquet.clone()];
                    match loss {
                        // It is made again from the other one.
                        Loss::Index(_) => self.ledger.lose(BTreeSet::new(), false),
                        _ => self.lose_what_is_in(&block),
                    }
                    match loss {
                        Loss::Index(_) => self.remove(&[index]),
                        Loss::Parquet(_) => self.remove(&[parquet]),
                        _ => self.remove(&block),
                    }
                }
            }
            Loss::Log => {
                self.aftermath.is_log_incomplete = true;
                self.lose_what_is_in(&self.files_in("wal", ".seg"));
                self.remove(&["/data/wal".into()]);
                let strangers = &mut self.aftermath.strangers;
                strangers.retain(|(path, _)| !path.starts_with("/data/wal"));
            }
            Loss::Segment(number) => return self.take_segment(number),
            Loss::SwappedBlocks(a, b, part) => self.swap_blocks(a, b, part),
            Loss::SwappedSegments(a, b) => {
                let log = self.files_in("wal", ".seg");
                if !log.is_empty() {
                    let [a, b] = [a, b].map(|number| log[number as usize % log.len()].clone());
                    self.aftermath.is_log_incomplete = true;
                    self.lose_what_is_in(&[a.clone(), b.clone()]);
                    self.swap(&a, &b);
                }
            }
        }
        true
    }

    fn lose_what_is_in(&mut self, files: &[PathBuf]) {
        let held = held_by(&self.ledger, &self.disk, files);
        self.ledger.lose(held, false);
    }

    /// A segment of which no later one speaks is missed by nobody.
    fn take_segment(&mut self, number: u64) -> bool {
        let log = self.files_in("wal", ".seg");
        if log.is_empty() {
            return true;
        }
        let place = number as usize % log.len();
        let later = held_by(&self.ledger, &self.disk, &log[place + 1..]);
        self.aftermath.is_log_incomplete = true;
        self.lose_what_is_in(&log[place..=place]);
        self.remove(&log[place..=place]);
        !later.is_empty()
    }

    fn swap_blocks(&mut self, a: u64, b: u64, part: Part) {
        let (Some(a), Some(b)) = (self.block(a), self.block(b)) else {
            return;
        };
        self.lose_what_is_in(&[&a[..], &b[..]].concat());
        for (kind, (a, b)) in a.iter().zip(&b).enumerate() {
            let is_part = match part {
                Part::Both => true,
                Part::Index => kind == 0,
                Part::Parquet => kind == 1,
            };
            if is_part {
                self.swap(a, b);
            }
        }
    }

    /// The two files of a block that is whole.
    pub(super) fn block(&self, number: u64) -> Option<[PathBuf; 2]> {
        let mut blocks = self.files_in("blocks", ".parquet");
        blocks.retain(|path| self.disk.content(&path.with_extension("index")).is_ok());
        let parquet = blocks.get(number as usize % blocks.len().max(1))?;
        Some([parquet.with_extension("index"), parquet.clone()])
    }

    /// Our files of a kind in a directory, in order.
    fn files_in(&self, dir: &str, kind: &str) -> Vec<PathBuf> {
        let dir = Path::new(DIR).join(dir);
        let mut paths = self.disk.paths();
        paths.retain(|path| {
            let is_kind = path.to_str().is_some_and(|path| path.ends_with(kind));
            let is_strange = self.aftermath.strangers.iter().any(|(of, _)| of == path);
            path.parent() == Some(&dir) && is_kind && !is_strange
        });
        paths
    }

    fn remove(&self, paths: &[PathBuf]) {
        for path in paths {
            // A life may begin with a loss.
            self.disk.take_away(path).unwrap_or_default();
        }
    }

    fn swap(&self, a: &Path, b: &Path) {
        let content = |path| self.disk.content(path).expect("it was listed");
        let (of_a, of_b) = (content(a), content(b));
        for (path, bytes) in [(a, of_b), (b, of_a)] {
            self.disk.put(path, &bytes).expect("its directory is there");
        }
    }
}
