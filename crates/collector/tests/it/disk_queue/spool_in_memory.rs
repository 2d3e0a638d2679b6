//! Spools that outlive who uses them, and do what a disk does when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tracewell_model::StoreError;
use tracewell_model::spool::{Spool, SpoolAck, SpoolPlace, SpoolRecord, SpoolStatus, Spools};

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
        let bytes = self.records.values().map(|record| match record {
            SpoolRecord::Batch(batch) => 100 * batch.len() as u64,
            SpoolRecord::Note(_) => 0,
        });
        bytes.sum()
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
    fn append(&self, record: &SpoolRecord, ack: SpoolAck) {
        let mut state = self.state();
        let is_batch = matches!(record, SpoolRecord::Batch(_));
        let fate = if !state.is_open {
            Err(StoreError::ShuttingDown)
        } else if let Some(refusal) = &state.refusal {
            Err(refusal.clone())
        } else if is_batch && state.held_bytes() >= state.limit_bytes {
            Err(StoreError::Busy("it is full".to_owned()))
        } else {
            state.last += 1;
            let place = SpoolPlace(1, state.last);
            state.records.insert(place, record.clone());
            Ok(place)
        };
        drop(state);
        ack(fate);
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
