//! Spools that outlive who uses them, and do what a disk does when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tracewell_model::StoreError;
use tracewell_model::spool::{
    NotTaken, Spool, SpoolAck, SpoolPlace, SpoolRecord, SpoolStatus, Spools,
};

#[derive(Default)]
struct State {
    records: BTreeMap<SpoolPlace, SpoolRecord>,
    last: u32,
    /// What the next ones are told.
    refusal: Option<StoreError>,
    /// What cannot be read.
    damaged: Vec<SpoolPlace>,
    limit_bytes: u64,
    is_open: bool,
}

impl State {
    fn held_bytes(&self) -> u64 {
        self.records.values().map(Self::bytes).sum()
    }

    fn bytes(record: &SpoolRecord) -> u64 {
        match record {
            SpoolRecord::Batch(batch) => 100 * batch.len() as u64,
            SpoolRecord::Note(_) => 0,
        }
    }
}

/// One spool, whatever it is called. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct SpoolInMemory(Arc<Mutex<State>>);

impl SpoolInMemory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What a process that is killed now leaves.
    pub(super) fn left(&self) -> Self {
        let state = self.state();
        Self(Arc::new(Mutex::new(State {
            records: state.records.clone(),
            last: state.last,
            ..State::default()
        })))
    }

    pub(super) fn refuse(&self, with: Option<StoreError>) {
        self.state().refusal = with;
    }

    /// Damages the oldest record.
    pub(super) fn damage_oldest(&self) {
        let mut state = self.state();
        let oldest = *state.records.keys().next().unwrap();
        state.damaged.push(oldest);
    }

    pub(super) fn records(&self) -> Vec<SpoolRecord> {
        self.state().records.values().cloned().collect()
    }

    /// Batches that were not given up.
    pub(super) fn batches(&self) -> usize {
        let is_batch = |record: &&SpoolRecord| matches!(record, SpoolRecord::Batch(_));
        self.records().iter().filter(is_batch).count()
    }

    pub(super) fn notes(&self) -> usize {
        self.records().len() - self.batches()
    }
}

impl Spool for SpoolInMemory {
    fn append_together(&self, records: Vec<(&SpoolRecord, SpoolAck)>) -> Result<(), NotTaken> {
        let mut state = self.state();
        let is_batch = |(record, _): &(&SpoolRecord, _)| matches!(record, SpoolRecord::Batch(_));
        let batches = records.iter().filter(|record| is_batch(record));
        let bytes: u64 = batches.map(|(record, _)| State::bytes(record)).sum();
        let held = state.held_bytes();
        let error = if !state.is_open {
            StoreError::ShuttingDown
        } else if let Some(refusal) = &state.refusal {
            refusal.clone()
        } else if bytes > 0 && held > 0 && held + bytes > state.limit_bytes {
            StoreError::Busy("it is full".to_owned())
        } else {
            let mut told = Vec::new();
            for (record, ack) in records {
                state.last += 1;
                let place = SpoolPlace(1, state.last);
                state.records.insert(place, record.clone());
                told.push((place, ack));
            }
            drop(state);
            // As from another thread: a queue holds nothing meanwhile.
            told.into_iter().for_each(|(place, ack)| ack(Ok(place)));
            return Ok(());
        };
        let acks = records.into_iter().map(|(_, ack)| ack).collect();
        Err(NotTaken { error, acks })
    }

    fn keep_for_notes(&self, _bytes: u64) {}

    fn bytes_from(&self, place: SpoolPlace) -> u64 {
        let state = self.state();
        let records = state.records.range(place..);
        records.map(|(_, record)| State::bytes(record)).sum()
    }

    fn read(&self, place: SpoolPlace) -> Result<SpoolRecord, StoreError> {
        let state = self.state();
        let record = state.records.get(&place);
        let record = record.filter(|_| !state.damaged.contains(&place));
        record
            .cloned()
            .ok_or_else(|| StoreError::Damaged("a test did it".to_owned()))
    }

    fn release_before(&self, place: SpoolPlace) {
        self.state().records.retain(|at, _| *at >= place);
    }

    fn status(&self) -> SpoolStatus {
        let state = self.state();
        SpoolStatus {
            held_bytes: state.held_bytes(),
            limit_bytes: state.limit_bytes,
        }
    }

    fn shut_down(&self) {
        self.state().is_open = false;
    }
}

impl Spools for SpoolInMemory {
    fn open(
        &self,
        name: &str,
        limit_bytes: u64,
        replay: &mut dyn FnMut(SpoolPlace, SpoolRecord),
    ) -> Result<Arc<dyn Spool>, String> {
        assert_eq!(name, "exporter_otlp");
        let mut state = self.state();
        state.limit_bytes = limit_bytes;
        state.is_open = true;
        for (place, record) in &state.records {
            replay(*place, record.clone());
        }
        drop(state);
        Ok(Arc::new(self.clone()))
    }
}
