//! A spool in memory, which tells what is durable only when it is told to, and is
//! left by a process that ends as a disk would be.

use std::sync::{Arc, Mutex};

use tracewell_model::StoreError;
use tracewell_model::spool::{Spool, SpoolAck, SpoolPlace, SpoolRecord, SpoolStatus, Spools};

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
    fn append(&self, record: &SpoolRecord, ack: SpoolAck) {
        let mut inside = self.inside();
        if inside.fails > 0 {
            inside.fails -= 1;
            drop(inside);
            return ack(Err(StoreError::Unavailable("no disk".to_owned())));
        }
        if inside.holds_acks {
            return inside.waiting.push((record.clone(), ack));
        }
        let place = inside.put(record.clone());
        drop(inside);
        ack(Ok(place));
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
