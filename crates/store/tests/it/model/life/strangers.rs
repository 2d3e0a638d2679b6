//! Files that are not ours, put into the data directory between two lives: they
//! stay as they are, or go to quarantine as they are, and nothing of theirs is
//! shown.

use super::losses::opened;
use super::{DIR, Life};
use crate::model::plan::Stranger;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tracewell_model::TraceStore;
use tracewell_store::embedded::StoreOptions;
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_testkit::{TestSpan, conformance};

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

impl Life {
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
