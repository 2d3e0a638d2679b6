//! One life of a store: carries out a plan and compares after each start.

mod losses;
mod starts;
mod strangers;
mod time;

use super::Totals;
use super::ledger::{Allowance, Ledger, Moment};
use super::plan::{Plan, Step};
use super::reading::Reading;
use losses::Aftermath;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tracewell_model::clock::{Clock, ManualClock};
use tracewell_model::{StoreError, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::{FaultyFiles, Operation, Survival};
use tracewell_testkit::{TestSpan, batch};

/// Real time is never this much; what takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A seal that nothing hinders is there sooner. What hinders it may not be
/// visible, so nothing fails when it is not.
const SEAL_PATIENCE: Duration = Duration::from_millis(1_500);

/// When lives begin, ns since the epoch.
const BEGINNING_NS: u64 = 1_800_000_000_000_000_000;

/// What is tried again every few milliseconds works again within this.
const FREE_PATIENCE: Duration = Duration::from_secs(20);

const DIR: &str = "/data";

type Fate = Result<(), StoreError>;

/// A crash to come.
#[derive(Debug)]
struct Doom {
    steps: u64,
    survival: Survival,
    again: Option<(u64, Survival)>,
}

/// The store, its disk, and what is known of both.
pub(super) struct Life {
    disk: FaultyFiles,
    store: Option<EmbeddedStore>,
    options: StoreOptions,
    short_writes: bool,
    clock: Arc<ManualClock>,
    ledger: Ledger,
    waiting: Vec<(usize, Receiver<Fate>)>,
    doom: Option<Doom>,
    /// Operations may fail now.
    is_faulty: bool,
    is_reading_faulty: bool,
    /// The disk may be full now.
    is_full: bool,
    /// What the next reading after an opening comes after.
    moment: Moment,
    /// The last opening had something to say.
    is_told: bool,
    /// Since the last reading something acknowledged is missing for a loss.
    is_newly_missing: bool,
    aftermath: Aftermath,
    /// When the clock of the machine was set, by the steady clock.
    jumps_ns: Vec<u64>,
    step: usize,
    crashes: u64,
    openings: u64,
    sealed_blocks: u64,
    failed_operations: u64,
    losses: u64,
}

impl Life {
    pub(super) fn new(plan: &Plan) -> Life {
        let disk = FaultyFiles::new();
        Life {
            disk,
            store: None,
            options: plan.settings.store.clone(),
            short_writes: plan.settings.short_writes,
            clock: Arc::new(ManualClock::new(BEGINNING_NS)),
            ledger: Ledger::default(),
            waiting: Vec::new(),
            doom: None,
            is_faulty: false,
            is_reading_faulty: false,
            is_full: false,
            moment: Moment::Opening,
            is_told: false,
            is_newly_missing: false,
            aftermath: Aftermath::default(),
            jumps_ns: Vec::new(),
            step: 0,
            crashes: 0,
            openings: 0,
            sealed_blocks: 0,
            failed_operations: 0,
            losses: 0,
        }
    }

    pub(super) fn run(&mut self, plan: &Plan) {
        self.disk.set_short_writes(self.short_writes);
        self.open_whole();
        for (number, step) in plan.steps.iter().enumerate() {
            self.step = number;
            if self.is_doomed() {
                self.crash();
            }
            self.take(plan, step);
        }
        self.step = plan.steps.len();
        if self.doom.is_some() {
            self.crash();
        }
        self.end();
    }

    pub(super) fn step(&self) -> usize {
        self.step
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn disk_history(&self) -> Vec<String> {
        self.disk.history()
    }

    pub(super) fn add_to(&self, totals: &mut Totals) {
        totals.crashes += self.crashes;
        totals.openings += self.openings;
        totals.losses += self.losses;
        totals.clock_jumps += self.jumps_ns.len() as u64;
        totals.sealed_blocks += self.sealed_blocks;
        totals.failed_operations += self.failed_operations + self.disk.failures();
        totals.acknowledged_batches += self.ledger.stored_batches();
    }

    fn take(&mut self, plan: &Plan, step: &Step) {
        match step {
            Step::Append { batches, wait } => {
                for number in batches {
                    self.append(*number, &plan.batches[*number]);
                }
                if *wait {
                    self.hear_all();
                }
            }
            Step::Seal { batches } => self.seal(plan, batches),
            Step::Read => self.read_and_check(Moment::Running),
            Step::Advance { seconds } => self.clock.advance_ns(seconds * 1_000_000_000),
            Step::Restart => self.restart(),
            Step::Crash {
                after_operations,
                at_most_steps,
                survival,
                again,
            } => {
                self.disk
                    .cut_power_at(self.disk.operations() + after_operations);
                self.doom = Some(Doom {
                    steps: *at_most_steps,
                    survival: *survival,
                    again: *again,
                });
            }
            Step::Compact => self.compact(),
            Step::Fail(fault) => {
                self.is_faulty = true;
                self.is_reading_faulty |= fault.operation == Operation::Read;
                self.disk.fail(*fault);
            }
            Step::Heal => self.heal(),
            Step::Fill { free_bytes } => {
                self.is_full = true;
                let capacity = self.disk.used_bytes() + free_bytes;
                self.disk.set_capacity_bytes(Some(capacity));
            }
            Step::Free => self.free(),
            Step::Keep => self.keep_manifest(),
            Step::Lose {
                what,
                killed,
                repair,
            } => self.lose(what, *killed, *repair),
            Step::Intrude(stranger) => self.intrude(*stranger),
            Step::SetClock {
                by_seconds,
                while_running,
            } => self.set_clock(*by_seconds, *while_running),
        }
    }

    fn store(&self) -> &EmbeddedStore {
        self.store.as_ref().expect("a store is open between steps")
    }

    fn heal(&mut self) {
        self.disk.heal();
        self.disk.set_capacity_bytes(None);
        self.is_faulty = false;
        self.is_reading_faulty = false;
        self.is_full = false;
    }

    /// Appends a batch, and answers the memory it takes in the live part.
    fn append(&mut self, number: usize, spans: &[TestSpan]) -> u64 {
        let append = self.ledger.begin(number, spans, self.clock.steady_ns());
        let (sender, receiver) = channel();
        // The life may end before the store does.
        let ack = Box::new(move |fate| drop(sender.send(fate)));
        let columns = batch(spans);
        let bytes = columns.memory_bytes() as u64;
        self.store().append(Arc::new(columns), ack);
        self.waiting.push((append, receiver));
        bytes
    }

    /// A disk that has room again is used again without anybody's help.
    fn free(&mut self) {
        self.disk.set_capacity_bytes(None);
        if !self.is_full || self.is_faulty {
            return;
        }
        let since = Instant::now();
        // Small, so that nothing but the disk can be in its way.
        let probe = TestSpan::new(1 << 41, 1, "cart", "GET /", BEGINNING_NS);
        loop {
            self.append(usize::MAX, std::slice::from_ref(&probe));
            let is_over = self.hear_all() || self.disk.is_off();
            let why = self.store().status().unhealthy.unwrap_or_default();
            if is_over || why.contains("stopped for good") {
                return;
            }
            let is_patient = since.elapsed() < FREE_PATIENCE;
            assert!(
                is_patient,
                "a disk with room is not used again: {why}, {}",
                self.ledger.refusal()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for the fate of every append; whether all are stored.
    fn hear_all(&mut self) -> bool {
        let mut are_stored = true;
        for (append, receiver) in self.waiting.drain(..) {
            let fate = receiver.recv_timeout(PATIENCE);
            let fate = fate.unwrap_or_else(|_| panic!("append {append} is never acknowledged"));
            self.ledger.end(append, &fate);
            are_stored &= fate.is_ok();
        }
        are_stored
    }

    /// The appends of a store that is gone must have been told their fate.
    fn hear_the_last(&mut self) {
        for (append, receiver) in self.waiting.drain(..) {
            let fate = receiver.try_recv();
            let fate = fate.unwrap_or_else(|_| panic!("append {append} was not acknowledged"));
            self.ledger.end(append, &fate);
        }
    }

    /// Appends until there is enough for a block, and waits for it as long as
    /// nothing is in its way.
    fn seal(&mut self, plan: &Plan, batches: &[usize]) {
        self.hear_all();
        let before = self.store().status();
        let mut bytes = 0;
        for number in batches {
            let appended = self.append(*number, &plan.batches[*number]);
            bytes += if self.hear_all() { appended } else { 0 };
            if bytes >= self.options.seal_bytes {
                break;
            }
        }
        if bytes < self.options.seal_bytes {
            return;
        }
        let since = Instant::now();
        loop {
            let now = self.store().status();
            let changed = now.blocks != before.blocks || now.removed_spans != before.removed_spans;
            self.sealed_blocks += now.blocks.saturating_sub(before.blocks);
            if changed || now.unhealthy.is_some() || self.disk.is_off() {
                break;
            }
            if since.elapsed() > SEAL_PATIENCE {
                break;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Merges blocks; fails only for a reason.
    fn compact(&mut self) {
        let compacted = self.store().compact_now();
        let is_excused = self.is_faulty || self.is_full || self.disk.is_off();
        assert!(compacted.is_ok() || is_excused, "{compacted:?}");
    }

    fn read_and_check(&mut self, moment: Moment) {
        if self.disk.is_off() {
            return;
        }
        self.hear_all();
        let since = Instant::now();
        loop {
            let reading = match self.read() {
                Ok(reading) => reading,
                Err(error) => {
                    let is_excused = self.is_reading_faulty || self.disk.is_off();
                    assert!(is_excused, "reading fails on a healthy disk: {error}");
                    return;
                }
            };
            // Blocks may have changed between the questions.
            let is_settled = reading.lacks.is_some()
                || reading.agrees_with_itself()
                    && self.store().status().spans == reading.counted_spans;
            if !is_settled && since.elapsed() < PATIENCE && !self.disk.is_off() {
                continue;
            }
            if self.disk.is_off() {
                return;
            }
            let allowance = Allowance {
                removable_before_ns: self.removable_before_ns(),
                moment,
            };
            self.is_newly_missing = self.ledger.check(&reading, allowance);
            return;
        }
    }

    /// Reads everything. An answer that says that it lacks something is as
    /// good as a refusal, unless files are lost.
    fn read(&self) -> Result<Reading, StoreError> {
        let reading = Reading::of(self.store(), &self.ledger.trace_ids())?;
        match &reading.lacks {
            Some(why) if !self.aftermath.is_unrepaired || self.is_reading_faulty => {
                Err(StoreError::Damaged(why.clone()))
            }
            _ => Ok(reading),
        }
    }
}
