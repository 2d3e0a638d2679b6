//! `tail_sampling`: decides of whole traces whether they are kept, once all their
//! spans have come.
//!
//! Spans wait on the disk, and of each trace some bytes in memory. Who sends is
//! answered when the disk has the spans: **a restart, or a kill, loses none of them,
//! changes no decision and forgets none.** What is sampled is handed on as any batch
//! is, again and again until what stands behind has it. What waits can be searched
//! ([`tracewell_model::waiting`]).

mod alone;
mod bucket;
mod chance;
mod condition;
mod config;
mod counts;
mod gathering;
mod held;
mod inbox;
mod judge;
mod memories;
mod note;
mod outgoing;
mod pending;
mod read;
mod remembered;
mod replay;
mod rule;
mod run;
mod sampler;
mod shares;
mod state;
#[cfg(test)]
mod tests;
mod trial;
mod waiting;

pub use alone::read_alone;
pub use condition::{SpanCondition, Texts};
pub use config::TailSamplingConfig;
pub use counts::{DecisionCounts, PolicyCounts, TraceCount};
pub use rule::Policy;
pub use trial::{Trial, TriedTrace};

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracewell_model::clock::{Clock, SystemClock};
use tracewell_model::spool::{Spool, SpoolRecord, Spools};
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};

use super::account::ProcessorAccount;
use crate::pipelines::ComponentId;
use crate::pipelines::graph::Surroundings;
use inbox::Inbox;
use replay::Replay;
use sampler::{Around, Sampler};
use waiting::WaitingSpans;

/// The name, among the directories where things wait, of that of this process.
pub const DATA_DIRECTORY: &str = "tracewell";

/// Bytes of spans that may wait on the disk: hours of a busy service, and little
/// of a disk. Beyond it senders are told to come again.
const SPOOL_BYTES: u64 = 8 << 30;

/// The longest time between two looks at what is due, and the shortest.
const LONGEST_TICK: Duration = Duration::from_millis(500);
const SHORTEST_TICK: Duration = Duration::from_millis(5);

/// How long the end waits for the answers of what stands behind.
const PATIENCE_AT_END: Duration = Duration::from_secs(1);

/// See the module's text.
pub struct TailSampling {
    inbox: Arc<Inbox>,
    spool: Arc<dyn Spool>,
    account: Arc<ProcessorAccount>,
    /// Batches are announced in the order in which they are written.
    order: Mutex<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl TailSampling {
    /// The processor `id` of `pipeline`, in the directory that it is told.
    ///
    /// # Errors
    /// There is no such directory, or it cannot be started.
    pub(super) fn build(
        config: &TailSamplingConfig,
        (pipeline, id): (&str, &ComponentId),
        next: Arc<dyn Consumer>,
        account: Arc<ProcessorAccount>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Arc<dyn Consumer>, String> {
        let spools = match &config.tail_storage {
            Some(storage) => surroundings.spools.get(&storage.id).ok_or_else(|| {
                format!("tail_storage: there is no directory for {}", storage.id)
            }),
            None => surroundings.spools.get(&ComponentId::parse(DATA_DIRECTORY)?).ok_or_else(|| {
                // `groupbytrace` has no such field.
                let or = match &*id.kind {
                    "tail_sampling" => ", or name a file_storage as tail_storage",
                    _ => "",
                };
                format!("spans wait on the disk, and there is no data directory; leave out --storage memory{or}")
            }),
        };
        let name = format!("{pipeline}.{id}");
        let (config, clock) = (config.clone(), Arc::new(SystemClock));
        let this = Self::start(config, (&**spools?, &name), next, account, clock)?;
        let (ending, account) = (Arc::clone(&this), Arc::clone(&this.account));
        // Removed from a file, it decides what waits.
        surroundings.endings.not_before(move || account.is_empty());
        surroundings.endings.add(async move {
            // It waits for a thread, and must not hold up the others of the runtime.
            let stopped = tokio::task::spawn_blocking(move || ending.stop()).await;
            if let Err(error) = stopped {
                tracing::error!("tail_sampling did not stop: {error}");
            }
        });
        Ok(this)
    }

    /// Before `next`; what waits is below `name` in `spools`, and what waited there
    /// before goes on waiting.
    ///
    /// # Errors
    /// The directory cannot be opened or understood, or a thread cannot be started.
    pub(crate) fn start(
        config: TailSamplingConfig,
        (spools, name): (&dyn Spools, &str),
        next: Arc<dyn Consumer>,
        account: Arc<ProcessorAccount>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, String> {
        let tick = (config.decision_wait / 10).clamp(SHORTEST_TICK, LONGEST_TICK);
        let (this, sampler) = Self::open(config, (spools, name), next, account, clock)?;
        let inbox = Arc::clone(&this.inbox);
        let thread = std::thread::Builder::new().name("tail-sampling".to_owned());
        let thread = thread.spawn(move || run(sampler, &inbox, tick));
        let thread = thread.map_err(|error| format!("no thread can be started: {error}"))?;
        *this.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(Arc::new(this))
    }

    /// As [`TailSampling::start`], for who takes the steps himself.
    fn open(
        config: TailSamplingConfig,
        (spools, name): (&dyn Spools, &str),
        next: Arc<dyn Consumer>,
        account: Arc<ProcessorAccount>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Sampler), String> {
        let tick = (config.decision_wait / 10).clamp(SHORTEST_TICK, LONGEST_TICK);
        let reserve_bytes = memories::reserve_bytes(
            config.num_traces,
            config
                .sampled_cache_size
                .saturating_add(config.non_sampled_cache_size),
            config.decision_wait.as_secs(),
        );
        let mut replay = Replay::new(config);
        let spool = spools.open(name, SPOOL_BYTES, &mut |place, record| {
            replay.record(place, record);
        })?;
        spool.keep_for_notes(reserve_bytes);
        let inbox = Arc::<Inbox>::default();
        let around = Around {
            spool: Arc::clone(&spool),
            next,
            account: Arc::clone(&account),
            clock,
            inbox: Arc::clone(&inbox),
            tick_ns: tick.as_nanos() as u64,
        };
        let sampler = Sampler::new(around, replay.end()?);
        account.shows(Some(Arc::new(WaitingSpans {
            state: Arc::clone(&sampler.state),
            spool: Arc::clone(&spool),
            inbox: Arc::clone(&inbox),
        })));
        let this = Self {
            inbox,
            spool,
            account,
            order: Mutex::default(),
            thread: Mutex::default(),
        };
        Ok((this, sampler))
    }

    /// Takes no more, and leaves what waits to the next start. Waits a second at
    /// most for what was handed on. Idempotent.
    pub(crate) fn stop(&self) {
        self.inbox.end();
        // Another may wait in the same directory from now on.
        self.account.shows(None);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("processor {}: its thread failed", self.account.name());
        }
        self.spool.shut_down();
    }
}

fn run(mut sampler: Sampler, inbox: &Inbox, tick: Duration) {
    while !inbox.wait(tick) {
        sampler.step();
    }
    let began = Instant::now();
    sampler.wind_up();
    while sampler.is_waiting() && began.elapsed() < PATIENCE_AT_END {
        std::thread::sleep(SHORTEST_TICK);
        sampler.wind_up();
    }
}

impl Consumer for TailSampling {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let spans = batch.len() as u64;
        self.account.arrived(spans);
        if batch.is_empty() {
            return ack(Ok(()));
        }
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match self.inbox.announce(&batch) {
            Ok(number) => number,
            Err(error) => {
                drop(order);
                self.account.rejected(spans);
                return ack(Err(error));
            }
        };
        let (inbox, account) = (Arc::clone(&self.inbox), Arc::clone(&self.account));
        let record = SpoolRecord::Batch(Arc::clone(&batch));
        let stored = Box::new(move |result| match result {
            Ok(place) => {
                inbox.settle(number, Some((place, batch)));
                ack(Ok(()));
            }
            Err(error) => {
                if matches!(error, StoreError::Busy(_) | StoreError::Unavailable(_)) {
                    inbox.need();
                }
                inbox.settle(number, None);
                account.rejected(spans);
                ack(Err(error));
            }
        });
        let taken = self.spool.append(&record, stored);
        // Who is told may come with the next batch at once.
        drop(order);
        if let Err(not_taken) = taken {
            not_taken.tell();
        }
    }
}

impl Drop for TailSampling {
    fn drop(&mut self) {
        self.inbox.end();
    }
}

impl std::fmt::Debug for TailSampling {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("TailSampling");
        debug
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
