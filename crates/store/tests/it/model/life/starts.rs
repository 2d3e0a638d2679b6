//! How a store ends and begins again in its life: by shut-down, by a crash, on
//! a disk that fails, and at last for good.

use super::{DIR, Doom, Life, Moment};
use std::path::Path;
use std::sync::Arc;
use tracewell_model::TraceStore;
use tracewell_store::embedded::{EmbeddedStore, OpenError};
use tracewell_store::files::faulty::Survival;
use tracewell_store::lock::LockError;
use tracewell_store::manifest::ManifestError;
use tracewell_store::wal;

/// Starts at the end of a life.
const STARTS: usize = 4;

impl Life {
    pub(super) fn is_doomed(&mut self) -> bool {
        match &mut self.doom {
            None => false,
            Some(_) if self.disk.is_off() => true,
            Some(Doom { steps: 0, .. }) => true,
            Some(doom) => {
                doom.steps -= 1;
                false
            }
        }
    }

    pub(super) fn restart(&mut self) {
        self.store = None;
        self.hear_the_last();
        if self.disk.is_off() {
            return self.crash();
        }
        // A full disk alone keeps nobody from reading what is there.
        if self.is_faulty {
            self.open_with_faults();
        } else {
            self.open_whole();
        }
    }

    /// A start while something may fail: refused with its reason, or whole.
    fn open_with_faults(&mut self) {
        let failures = self.disk.failures();
        match self.open() {
            Ok(store) if self.disk.failures() == failures => self.start(store),
            // Blocks that cannot be read now are left out and named, so that
            // the next start must find everything.
            Ok(store) => {
                drop(store);
                if self.disk.is_off() {
                    return self.crash();
                }
                self.heal();
                self.open_whole();
            }
            Err(_) if self.disk.is_off() => self.crash(),
            Err(error) => {
                assert!(
                    self.disk.failures() > failures && is_documented(&error),
                    "refused without a reason: {error}"
                );
                self.heal();
                self.restart();
            }
        }
    }

    pub(super) fn crash(&mut self) {
        let doom = self.doom.take();
        let doom = doom.expect("nothing turns the power off but a doom");
        self.end_abruptly(doom.survival);
        if let Some((after_operations, survival)) = doom.again {
            self.disk.cut_power_at(after_operations);
            let opened = self.open();
            if let Err(error) = &opened {
                assert!(
                    self.disk.is_off(),
                    "cannot be opened after a crash: {error}"
                );
            }
            self.store = opened.ok();
            self.end_abruptly(survival);
        }
        self.open_whole();
    }

    /// What the disk holds from now on is what survived.
    pub(super) fn end_abruptly(&mut self, survival: Survival) {
        self.crashes += 1;
        self.disk.cut_power_at(0);
        let after = self.disk.after_power_cut(survival);
        self.store = None;
        self.hear_the_last();
        self.failed_operations += self.disk.failures();
        self.disk = after;
        self.disk.set_short_writes(self.short_writes);
        self.is_faulty = false;
        self.is_reading_faulty = false;
        self.is_full = false;
    }

    /// Opens on a disk that is healthy, if perhaps full, which must succeed, and
    /// compares.
    pub(super) fn open_whole(&mut self) {
        match self.open() {
            Ok(store) => self.start(store),
            Err(_) if self.disk.is_off() => self.crash(),
            Err(error) => panic!("a healthy disk cannot be opened: {error}"),
        }
    }

    fn start(&mut self, store: EmbeddedStore) {
        self.store = Some(store);
        if !self.disk.is_off() {
            let moment = std::mem::replace(&mut self.moment, Moment::Opening);
            self.read_and_check(moment);
        }
    }

    fn open(&mut self) -> Result<EmbeddedStore, OpenError> {
        self.openings += 1;
        let failures = self.disk.failures();
        let (files, clock) = (Arc::new(self.disk.clone()), Arc::clone(&self.clock));
        let options = self.options.clone();
        let (store, report) = EmbeddedStore::open(files, Path::new(DIR), options, clock)?;
        // A lack of space is no excuse: nothing that is read was being written.
        if (self.is_full || self.disk.failures() == failures)
            && !self.is_faulty
            && !self.disk.is_off()
        {
            if !self.aftermath.is_log_incomplete {
                assert_eq!(report.wal.warnings, Vec::<String>::new());
                assert_eq!(report.wal.lost_spans, 0);
            }
            if !self.aftermath.is_unrepaired {
                let is_log = |told: &&String| {
                    told.starts_with("/data/wal is missing") || told.contains(": the log has lost")
                };
                let mut told = report.warnings.iter();
                let is_told = told.all(|told| self.aftermath.is_log_incomplete && is_log(&told));
                assert!(is_told, "{:?}", report.warnings);
            }
        }
        self.is_told = !report.warnings.is_empty() || !report.wal.warnings.is_empty();
        if self.is_told && !self.is_faulty && !self.disk.is_off() {
            let status = store.status();
            let is_repeated = !status.attention.is_empty() || !status.damaged.is_empty();
            assert!(is_repeated, "the status does not say what the start said");
        }
        Ok(store)
    }

    /// The end of a life: the disk gets well, and a store that is opened and
    /// closed again and again stays as it is and takes no more space.
    pub(super) fn end(&mut self) {
        self.store = None;
        self.hear_the_last();
        self.heal();
        if self.aftermath.is_unrepaired {
            self.repair(true);
            self.store = None;
        }
        self.outlive_retention();
        let mut sizes = Vec::new();
        for _ in 0..STARTS {
            self.open_whole();
            self.compact();
            self.store = None;
            sizes.push(self.disk.used_bytes());
        }
        // A segment is made ready ahead, if a start is given the time.
        let most = sizes[0] + u64::from(self.options.wal.segment_bytes);
        let grew = sizes.iter().any(|size| *size > most);
        assert!(!grew, "starts without appends take space: {sizes:?}");
        self.check_strangers();
    }
}

/// Whether a refusal to open is one that names a file the disk would not give,
/// and not one that blames what the store wrote itself.
fn is_documented(error: &OpenError) -> bool {
    matches!(
        error,
        OpenError::File(_)
            | OpenError::Lock(LockError::File(_))
            | OpenError::Manifest(ManifestError::File(_))
            | OpenError::Wal(wal::OpenError::File(_))
    )
}
