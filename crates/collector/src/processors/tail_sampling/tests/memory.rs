//! A spool in memory, which tells what is durable only when it is told to, and is
//! left by a process that ends as a disk would be.

use std::sync::{Arc, Mutex};

use tracewell_model::StoreError;
use tracewell_model::spool::{
    NotTaken, Spool, SpoolAck, SpoolPlace, SpoolRecord, SpoolStatus, Spools,
};

#[derive(Clone, Default)]
pub(super) struct MemorySpools(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    records: Vec<(SpoolPlace, SpoolRecord)>,
    /// Taken, and not yet said to be durable.
    waiting: Vec<(SpoolRecord, SpoolAck)>,
    next: u64,
    released: SpoolPlace,
    holds_acks: bool,
    fails: u32,
    /// Bytes of records at which batches find no room; notes do.
    full_at_bytes: Option<u64>,
    notes: usize,
}

impl MemorySpools {
    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    /// From now on nothing is durable before [`MemorySpools::sync`].
    pub(super) fn hold_acks(&self, holds: bool) {
        self.inside().holds_acks = holds;
    }

    /// The next so many appends fail.
    pub(super) fn fail(&self, appends: u32) {
        self.inside().fails = appends;
    }

    /// From now on batches find no room where so many bytes are kept.
    pub(super) fn full_at(&self, bytes: u64) {
        self.inside().full_at_bytes = Some(bytes);
    }

    /// Makes the first so many durable, and says so.
    pub(super) fn sync(&self, most: usize) {
        for _ in 0..most {
            let mut inside = self.inside();
            if inside.waiting.is_empty() {
                return;
            }
            let (record, ack) = inside.waiting.remove(0);
            let place = inside.put(record);
            drop(inside);
            ack(Ok(place));
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.inside().waiting.len()
    }

    /// What a process leaves that ends now: the first so many of those that nobody
    /// was told of are there.
    pub(super) fn crash(&self, also_there: usize) {
        let mut inside = self.inside();
        for (record, _) in std::mem::take(&mut inside.waiting)
            .into_iter()
            .take(also_there)
        {
            inside.put(record);
        }
        inside.holds_acks = false;
        inside.fails = 0;
    }

    /// Batches and notes that are kept.
    pub(super) fn kept(&self) -> (usize, usize) {
        let inside = self.inside();
        let is_batch = |(_, record): &&(_, SpoolRecord)| matches!(record, SpoolRecord::Batch(_));
        let batches = inside.records.iter().filter(is_batch).count();
        (batches, inside.records.len() - batches)
    }

    /// A batch was damaged.
    pub(super) fn lose(&self, batch: usize) {
        let mut inside = self.inside();
        let is_batch =
            |(_, record): &mut (SpoolPlace, SpoolRecord)| matches!(record, SpoolRecord::Batch(_));
        let mut batches = inside.records.iter_mut().filter_map(|record| {
            let is_it = is_batch(record);
            is_it.then_some(record)
        });
        batches.nth(batch).unwrap().1 = SpoolRecord::Note(vec![0]);
    }
}

impl Inside {
    fn put(&mut self, record: SpoolRecord) -> SpoolPlace {
        self.next += 1;
        let place = SpoolPlace(self.next, 0);
        self.notes += usize::from(matches!(record, SpoolRecord::Note(_)));
        self.records.push((place, record));
        place
    }
}

/// About what a record takes on a disk.
fn bytes_of(record: &SpoolRecord) -> u64 {
    match record {
        SpoolRecord::Batch(batch) => 100 * batch.len() as u64,
        SpoolRecord::Note(bytes) => bytes.len() as u64,
    }
}

impl Spools for MemorySpools {
    fn open(
        &self,
        _name: &str,
        _limit_bytes: u64,
        replay: &mut dyn FnMut(SpoolPlace, SpoolRecord),
    ) -> Result<Arc<dyn Spool>, String> {
        let records = self.inside().records.clone();
        for (place, record) in records {
            replay(place, record);
        }
        Ok(Arc::new(self.clone()))
    }
}

impl Spool for MemorySpools {
    fn append_together(&self, records: Vec<(&SpoolRecord, SpoolAck)>) -> Result<(), NotTaken> {
        let mut inside = self.inside();
        let is_batch = |(record, _): &(&SpoolRecord, _)| matches!(record, SpoolRecord::Batch(_));
        let kept = inside.records.iter().map(|(_, record)| bytes_of(record));
        let is_full = inside
            .full_at_bytes
            .is_some_and(|bytes| kept.sum::<u64>() >= bytes);
        let has_room = !(is_full && records.iter().any(is_batch));
        if inside.fails > 0 || !has_room {
            inside.fails = inside.fails.saturating_sub(1);
            return Err(NotTaken {
                error: StoreError::Unavailable("no disk".to_owned()),
                acks: records.into_iter().map(|(_, ack)| ack).collect(),
            });
        }
        let mut told = Vec::new();
        for (record, ack) in records {
            if inside.holds_acks {
                inside.waiting.push((record.clone(), ack));
            } else {
                told.push((inside.put(record.clone()), ack));
            }
        }
        drop(inside);
        // As another thread would, whom nobody waits for.
        told.into_iter().for_each(|(place, ack)| ack(Ok(place)));
        Ok(())
    }

    fn keep_for_notes(&self, _bytes: u64) {}

    fn bytes_from(&self, place: SpoolPlace) -> u64 {
        let inside = self.inside();
        let records = inside.records.iter().filter(|(at, _)| *at >= place);
        records.map(|(_, record)| bytes_of(record)).sum()
    }

    fn read(&self, place: SpoolPlace) -> Result<SpoolRecord, StoreError> {
        let inside = self.inside();
        assert!(place >= inside.released, "{place:?} was released");
        let found = inside.records.iter().find(|(at, _)| *at == place);
        Ok(found.expect("it was acknowledged").1.clone())
    }

    fn release_before(&self, place: SpoolPlace) {
        let mut inside = self.inside();
        inside.released = inside.released.max(place);
        inside.records.retain(|(at, _)| *at >= place);
    }

    fn status(&self) -> SpoolStatus {
        SpoolStatus {
            held_bytes: 0,
            limit_bytes: 1 << 30,
        }
    }

    fn shut_down(&self) {}
}
