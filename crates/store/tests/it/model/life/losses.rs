//! Files that go, come back or come in between two lives, and what the store
//! makes of it: nothing acknowledged is missing in silence, a repair brings back
//! all that was in no lost file, and what is not ours stays as it is.
//!
//! What lay in a lost file is what a store shows that has nothing but this
//! file.

use super::{DIR, Life, Moment};
use crate::model::ledger::Ledger;
use crate::model::plan::{Loss, Part, Repair, Stranger};
use crate::model::reading::Reading;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};
use tracewell_model::TraceStore;
use tracewell_model::clock::ManualClock;
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::{FaultyFiles, Survival};
use tracewell_store::repair::repair;
use tracewell_store::verify::verify;
use tracewell_testkit::{TestSpan, conformance};

const MANIFEST: &str = "/data/MANIFEST";

/// What losses leave behind in a life.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    /// A copy of MANIFEST from some time ago.
    kept_manifest: Option<Vec<u8>>,
    /// Files that are not ours: names and contents.
    strangers: Vec<(PathBuf, Vec<u8>)>,
    /// Since a loss there was no repair: starts and answers may say what they
    /// lack.
    pub(super) is_unrepaired: bool,
    /// Starts may say for ever what the log lacks.
    pub(super) is_log_incomplete: bool,
}

/// The files of another data directory: one with blocks, one with a log.
static OTHERS: LazyLock<[FaultyFiles; 2]> = LazyLock::new(|| {
    [1, u64::MAX].map(|seal_bytes| {
        let disk = FaultyFiles::new();
        let options = StoreOptions {
            seal_bytes,
            ..StoreOptions::default()
        };
        let store = opened(&disk, options);
        let spans = |trace| {
            [TestSpan::new(
                trace,
                1,
                "theirs",
                "secret",
                1_700_000_000_000_000_000,
            )]
        };
        (900..903).for_each(|trace| {
            conformance::append(&store, &spans(trace)).expect("the disk is well");
        });
        while seal_bytes == 1 && store.status().blocks == 0 {
            std::thread::yield_now();
        }
        drop(store);
        disk
    })
});

fn opened(disk: &FaultyFiles, options: StoreOptions) -> EmbeddedStore {
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
        let is_all = [Loss::Manifest, Loss::Log]
            .iter()
            .all(|loss| what.contains(loss));
        let is_all = is_all && self.files_in("blocks", ".parquet").is_empty();
        let mut must_tell = !is_all;
        if is_all {
            // What begins now is another life of the directory.
            self.aftermath.kept_manifest = None;
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
    fn end_for_people(&mut self, killed: Option<Survival>) {
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
    fn block(&self, number: u64) -> Option<[PathBuf; 2]> {
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

    /// Puts a file there that is not ours, between two lives.
    pub(super) fn intrude(&mut self, stranger: Stranger) {
        self.losses += 1;
        self.end_for_people(None);
        match stranger {
            Stranger::Document(dir) => {
                let path = Path::new(DIR).join(dir).join("thesis.docx");
                self.put_stranger(path, b"mine".to_vec());
            }
            Stranger::Backup => {
                let copy = self.block(0).map(|[_, parquet]| parquet);
                let bytes = copy.as_ref().and_then(|path| self.disk.content(path).ok());
                if let (Some(path), Some(bytes)) = (copy, bytes) {
                    self.put_stranger(path.with_extension("parquet.bak"), bytes);
                }
            }
            Stranger::Block => {
                let number = 1 + self
                    .last_number("blocks", ".parquet")
                    .max(self.last_number("blocks", ".index"));
                let theirs = OTHERS[0].paths();
                for kind in ["parquet", "index"] {
                    let path = theirs
                        .iter()
                        .find(|path| path.extension().is_some_and(|of| of == kind));
                    let bytes = path.and_then(|path| OTHERS[0].content(path).ok());
                    let name = format!("{DIR}/blocks/{number:010}.{kind}");
                    self.put_stranger(name.into(), bytes.expect("it has a block"));
                }
                // The next start says where it went.
                self.aftermath.is_unrepaired = true;
            }
            Stranger::Segment(ahead) => {
                let theirs = OTHERS[1].paths();
                let path = theirs
                    .iter()
                    .find(|path| path.extension().is_some_and(|of| of == "seg"));
                let bytes = path.and_then(|path| OTHERS[1].content(path).ok());
                let number = self.last_number("wal", ".seg") + 1 + ahead;
                let name = format!("{DIR}/wal/{number:020}.seg");
                self.put_stranger(name.into(), bytes.expect("it has a log"));
                self.aftermath.is_log_incomplete = true;
            }
        }
        let was_unrepaired = self.aftermath.is_unrepaired;
        self.open_whole();
        self.aftermath.is_unrepaired = was_unrepaired;
    }

    fn last_number(&self, dir: &str, kind: &str) -> u64 {
        let dir = Path::new(DIR).join(dir);
        let paths = self.disk.paths().into_iter();
        let names = paths.filter(|path| path.parent() == Some(&dir));
        let numbers = names.filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(kind)?;
            name.parse().ok()
        });
        numbers.max().unwrap_or(0)
    }

    fn put_stranger(&mut self, path: PathBuf, bytes: Vec<u8>) {
        if self.disk.put(&path, &bytes).is_ok() {
            self.aftermath.strangers.retain(|(of, _)| *of != path);
            self.aftermath.strangers.push((path, bytes));
        }
    }

    /// What is not ours is as it was, or in quarantine.
    pub(super) fn check_strangers(&self) {
        let paths = self.disk.paths();
        for (path, bytes) in &self.aftermath.strangers {
            let same = |of: &&PathBuf| of.file_name() == path.file_name();
            let mut found = paths.iter().filter(same);
            let is_there = found.any(|of| self.disk.content(of).is_ok_and(|found| found == *bytes));
            assert!(is_there, "{} is gone or changed", path.display());
        }
    }
}
