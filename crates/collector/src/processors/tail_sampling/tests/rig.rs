//! A processor that is driven step by step, on a clock and a disk that obey.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, mpsc};

use tracewell_model::clock::ManualClock;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};
use tracewell_testkit::{TestSpan, batch, flatten};

use super::memory::MemorySpools;
use crate::processors::ProcessorAccount;
use crate::processors::account::ProcessorSnapshot;
use crate::processors::tail_sampling::sampler::Sampler;
use crate::processors::tail_sampling::{TailSampling, TailSamplingConfig};
use crate::written::section;

pub(super) const SECOND: u64 = 1_000_000_000;

/// Reads a section, or says what is wrong with it.
pub(super) fn read(text: &str) -> Result<TailSamplingConfig, Vec<String>> {
    section::read("p", text, TailSamplingConfig::read)
}

/// What stands behind: takes all, or answers later, or has no room.
#[derive(Default)]
pub(super) struct Behind {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    came: Vec<TestSpan>,
    batches: usize,
    answer: Option<StoreError>,
    /// Of the next ones, before that.
    answers: VecDeque<Option<StoreError>>,
    holds: bool,
    held: Vec<(Vec<TestSpan>, Ack)>,
}

impl Behind {
    /// From now on this is the answer; `None`: it takes all.
    pub(super) fn answer(&self, error: Option<StoreError>) {
        self.inside.lock().unwrap().answer = error;
    }

    /// These are the answers to the next ones; `None`: it is taken.
    pub(super) fn answer_next(&self, answers: impl IntoIterator<Item = Option<StoreError>>) {
        self.inside.lock().unwrap().answers.extend(answers);
    }

    /// From now on nothing is answered before [`Behind::take_held`].
    pub(super) fn hold(&self, holds: bool) {
        self.inside.lock().unwrap().holds = holds;
    }

    /// Takes what was held, the first so many.
    pub(super) fn take_held(&self, most: usize) {
        let mut inside = self.inside.lock().unwrap();
        let most = most.min(inside.held.len());
        let taken: Vec<_> = inside.held.drain(..most).collect();
        for (spans, _) in &taken {
            inside.came.extend(spans.iter().cloned());
        }
        drop(inside);
        taken.into_iter().for_each(|(_, ack)| ack(Ok(())));
    }

    pub(super) fn held(&self) -> usize {
        self.inside.lock().unwrap().held.len()
    }

    /// How many batches were taken.
    pub(super) fn batches(&self) -> usize {
        self.inside.lock().unwrap().batches
    }

    /// How often each span was taken, by its id.
    pub(super) fn spans(&self) -> BTreeMap<[u8; 8], usize> {
        let mut times = BTreeMap::new();
        for span in &self.inside.lock().unwrap().came {
            *times.entry(span.span_id.0).or_default() += 1;
        }
        times
    }

    /// What was taken.
    pub(super) fn came(&self) -> Vec<TestSpan> {
        self.inside.lock().unwrap().came.clone()
    }
}

impl Consumer for Behind {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let mut inside = self.inside.lock().unwrap();
        let next = inside.answers.pop_front();
        if let Some(error) = next.unwrap_or_else(|| inside.answer.clone()) {
            drop(inside);
            return ack(Err(error));
        }
        let spans = flatten(&batch);
        if inside.holds {
            return inside.held.push((spans, ack));
        }
        inside.batches += 1;
        inside.came.extend(spans);
        drop(inside);
        ack(Ok(()));
    }
}

/// See the module's text.
pub(super) struct Rig {
    pub(super) config: TailSamplingConfig,
    pub(super) spools: MemorySpools,
    pub(super) clock: Arc<ManualClock>,
    pub(super) behind: Arc<Behind>,
    pub(super) account: Arc<ProcessorAccount>,
    pub(super) processor: TailSampling,
    pub(super) sampler: Sampler,
}

impl Rig {
    pub(super) fn new(text: &str) -> Self {
        let config = read(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        let clock = Arc::new(ManualClock::new(1_700_000_000 * SECOND));
        Self::on(config, MemorySpools::default(), clock, Arc::default())
    }

    fn on(
        config: TailSamplingConfig,
        spools: MemorySpools,
        clock: Arc<ManualClock>,
        behind: Arc<Behind>,
    ) -> Self {
        let account = ProcessorAccount::new("traces".to_owned(), "tail_sampling".to_owned());
        let (processor, mut sampler) = TailSampling::open(
            config.clone(),
            (&spools, "test"),
            Arc::<Behind>::clone(&behind),
            Arc::clone(&account),
            Arc::<ManualClock>::clone(&clock),
        )
        .unwrap();
        // Often, so that a few traces are enough to see what is forgotten.
        sampler.memories.step_bytes = 2_000;
        Self {
            config,
            spools,
            clock,
            behind,
            account,
            processor,
            sampler,
        }
    }

    /// The process ends here, and another one begins on what it left.
    pub(super) fn restart(self, also_there: usize) -> Self {
        let Self {
            config,
            spools,
            clock,
            behind,
            ..
        } = self;
        spools.crash(also_there);
        behind.inside.lock().unwrap().held.clear();
        Self::on(config, spools, clock, behind)
    }

    /// Sends spans as one batch; answers where their fate will be told.
    pub(super) fn send(&self, spans: &[TestSpan]) -> mpsc::Receiver<Result<(), StoreError>> {
        let (told, fate) = mpsc::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap_or(()));
        self.processor.consume(Arc::new(batch(spans)), ack);
        fate
    }

    /// Time goes by, and a step is taken.
    pub(super) fn after(&mut self, seconds: f64) {
        self.clock.advance_ns((seconds * SECOND as f64) as u64);
        self.sampler.step();
    }

    pub(super) fn snapshot(&self) -> ProcessorSnapshot {
        self.account.snapshot()
    }

    /// received, passed, sampled out, rejected, in flight.
    pub(super) fn sums(&self) -> [u64; 5] {
        let now = self.snapshot();
        let dropped = now.dropped.get("sampled_out").copied().unwrap_or(0);
        [
            now.received,
            now.passed,
            dropped,
            now.rejected,
            now.in_flight,
        ]
    }
}
