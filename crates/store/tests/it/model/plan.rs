//! What happens in one life of a store, all of it from a seed.

mod losses;

use std::time::Duration;
use tracewell_store::embedded::{Compaction, Pace, Retention, StoreOptions};
use tracewell_store::files::faulty::{EIO, ENOSPC, EROFS, Fault, Operation, Survival};
use tracewell_store::wal::{Durability, WalOptions};
use tracewell_testkit::{Random, TestSpan};

pub(super) use losses::{Loss, Part, Repair, Stranger};

/// Steps of a life.
const STEPS: u64 = 60;

/// Spans start around here, ns since the epoch.
const START_NS: u64 = 1_700_000_000_000_000_000;

/// Faults hit files with these in their names; empty hits all.
const FILES: &[&str] = &[
    "", ".seg", ".tmp", "wal", "blocks", ".parquet", ".index", "MANIFEST", "LOCK", "data",
];

/// How one life goes.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) settings: Settings,
    pub(super) steps: Vec<Step>,
    /// Spans of the batches, by number.
    pub(super) batches: Vec<Vec<TestSpan>>,
}

/// The store and the disk that a life begins with.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) store: StoreOptions,
    pub(super) short_writes: bool,
}

/// What is done to a store.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Appends batches back to back, and perhaps waits for their fate.
    Append { batches: Vec<usize>, wait: bool },
    /// Appends these, until there was enough for a block; then waits for it.
    Seal { batches: Vec<usize> },
    /// Compares everything.
    Read,
    /// Merges all blocks that can be merged.
    Compact,
    /// Lets time pass.
    Advance { seconds: u64 },
    /// Shuts down and opens again.
    Restart,
    /// Crashes after so many more operations of the disk, at the latest after
    /// so many steps. The next opening may crash as well.
    Crash {
        after_operations: u64,
        at_most_steps: u64,
        survival: Survival,
        again: Option<(u64, Survival)>,
    },
    /// Lets operations fail from now on.
    Fail(Fault),
    /// Ends all faults.
    Heal,
    /// Leaves so much room on the disk.
    Fill { free_bytes: u64 },
    /// Makes room.
    Free,
    /// Keeps a copy of MANIFEST.
    Keep,
    /// Ends the store, by a kill if there is a survival, and changes what is
    /// there before the next start.
    Lose {
        what: Vec<Loss>,
        killed: Option<Survival>,
        repair: Repair,
    },
    /// Puts a file that is not ours into the directory, between two lives.
    Intrude(Stranger),
    /// Sets the clock of the machine, while the store runs or between two
    /// lives.
    SetClock {
        by_seconds: i64,
        while_running: bool,
    },
}

impl Plan {
    pub(super) fn new(seed: u64) -> Plan {
        let mut random = Random::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x7ace);
        let settings = settings(&mut random);
        let mut planner = Planner {
            only_process_dies: settings.store.wal.durability == Durability::Os,
            are_rich: random.once_in(5),
            may_lose: random.once_in(3),
            may_jump: random.once_in(3),
            has_jumped: false,
            random,
            batches: Vec::new(),
            steps: Vec::new(),
        };
        while (planner.steps.len() as u64) < STEPS {
            planner.plan_step();
        }
        Plan {
            settings,
            steps: planner.steps,
            batches: planner.batches,
        }
    }
}

fn settings(random: &mut Random) -> Settings {
    let age = random
        .once_in(4)
        .then(|| Duration::from_secs(*random.pick(&[60, 600])));
    let durability = match random.once_in(8) {
        true => Durability::Os,
        false => Durability::Fsync,
    };
    let store = StoreOptions {
        wal: WalOptions {
            durability,
            segment_bytes: *random.pick(&[4 << 10, 8 << 10, 16 << 10]),
            spare_segments: random.below(3) as usize,
            queue_bytes: *random.pick(&[8 << 10, 1 << 20]),
            retry_after: Duration::from_millis(2),
        },
        seal_bytes: *random.pick(&[4_000, 12_000, 40_000]),
        live_bytes: *random.pick(&[100_000, 1_000_000]),
        retention: Retention {
            age,
            ..Retention::default()
        },
        compaction: Compaction {
            max_spans: *random.pick(&[40, 300, 1_000_000]),
            pace: Pace {
                cpu_percent: 100,
                bytes_per_second: u64::MAX,
            },
            ..Compaction::default()
        },
        retry_after: Duration::from_millis(2),
        ..StoreOptions::default()
    };
    Settings {
        store,
        short_writes: random.once_in(3),
    }
}

struct Planner {
    random: Random,
    /// Spans with everything they can have take long to write and to read.
    are_rich: bool,
    /// Files are lost and strangers come between two lives.
    may_lose: bool,
    /// The clock of the machine jumps.
    may_jump: bool,
    has_jumped: bool,
    /// What is not synced is not promised to survive more than the process.
    only_process_dies: bool,
    batches: Vec<Vec<TestSpan>>,
    steps: Vec<Step>,
}

impl Planner {
    fn plan_step(&mut self) {
        if self.may_lose && self.random.once_in(8) {
            return match self.random.below(6) {
                0..=1 => self.steps.push(Step::Keep),
                2..=4 => self.plan_loss(),
                _ => self.plan_stranger(),
            };
        }
        if self.may_jump && self.random.once_in(12) {
            return self.plan_jump();
        }
        let step = match self.random.below(100) {
            0..=37 => Step::Append {
                batches: self.some_batches(5),
                wait: !self.random.once_in(3),
            },
            38..=41 => Step::Compact,
            42..=52 => Step::Seal {
                batches: self.some_batches(12),
            },
            53..=59 => Step::Read,
            60..=62 => Step::Advance {
                seconds: self.random.below(400),
            },
            63..=69 => Step::Restart,
            70..=83 => return self.plan_crash(),
            84..=91 => Step::Fail(self.fault()),
            92..=95 => Step::Heal,
            96..=97 => Step::Fill {
                free_bytes: match self.random.once_in(3) {
                    true => 0,
                    false => self.random.below(40_000),
                },
            },
            _ => Step::Free,
        };
        self.steps.push(step);
    }

    fn plan_crash(&mut self) {
        let step = Step::Crash {
            after_operations: self.soon(),
            at_most_steps: self.random.below(4),
            survival: self.survival(),
            again: self
                .random
                .once_in(4)
                .then(|| (self.soon(), self.survival())),
        };
        self.steps.push(step);
        // Openings and seals are where there is most to lose.
        if self.random.once_in(3) {
            self.steps.push(Step::Restart);
        } else if self.random.once_in(2) {
            let batches = self.some_batches(12);
            self.steps.push(Step::Seal { batches });
        }
    }

    fn soon(&mut self) -> u64 {
        let bound = *self.random.pick(&[6, 30, 100]);
        self.random.below(bound)
    }

    fn survival(&mut self) -> Survival {
        let seed = self.random.number();
        match self.random.below(5) {
            _ if self.only_process_dies => Survival::Everything,
            0..=1 => Survival::Everything,
            2 => Survival::SyncedOnly,
            _ => Survival::Torn { seed },
        }
    }

    fn fault(&mut self) -> Fault {
        use Operation::{Create, Read, Remove, Rename, Sync, SyncDir, Write};
        let operation = *self.random.pick(&[
            Create, Write, Write, Sync, Sync, Rename, Remove, SyncDir, Read,
        ]);
        Fault {
            operation,
            name: self.random.pick::<&'static str>(FILES),
            skip: self.random.below(8),
            times: *self.random.pick(&[1, 1, 3, u64::MAX]),
            errno: match operation {
                Read | Sync | SyncDir => EIO,
                _ => *self.random.pick(&[EIO, ENOSPC, EROFS]),
            },
        }
    }

    fn some_batches(&mut self, most: u64) -> Vec<usize> {
        let count = 1 + self.random.below(most);
        (0..count).map(|_| self.batch()).collect()
    }

    /// A new batch, or one that was planned before: clients send again what
    /// was not acknowledged, and sometimes what was.
    fn batch(&mut self) -> usize {
        if !self.batches.is_empty() && self.random.once_in(7) {
            return self.random.below(self.batches.len() as u64) as usize;
        }
        let count = 1 + self.random.below(10) as usize;
        let start_ns = START_NS + self.random.below(600_000_000_000);
        let mut spans = match self.are_rich {
            true => self.random.spans(count, start_ns),
            false => plain_spans(&mut self.random, count, start_ns),
        };
        if let Some(known) = self.known_span() {
            match self.random.below(4) {
                // A late span of a trace that is there.
                0 => spans
                    .iter_mut()
                    .for_each(|span| span.trace_id = known.trace_id),
                // An exact duplicate among others.
                1 => spans.push(known),
                // The same span with other content.
                2 => spans.push(TestSpan {
                    name: "as it ended".to_owned(),
                    ..known
                }),
                _ => {}
            }
        }
        if self.random.once_in(10) {
            spans.push(spans[0].clone());
        }
        self.batches.push(spans);
        self.batches.len() - 1
    }

    fn known_span(&mut self) -> Option<TestSpan> {
        if self.batches.is_empty() || self.random.once_in(2) {
            return None;
        }
        let Self {
            random, batches, ..
        } = self;
        let batch = random.pick(batches);
        Some(random.pick(batch).clone())
    }
}

/// Spans of one or two traces with little in them.
fn plain_spans(random: &mut Random, count: usize, start_ns: u64) -> Vec<TestSpan> {
    let (first, second) = (random.number(), random.number());
    let mut span = |number: usize| {
        let trace = if number < 6 { first } else { second };
        let service = *random.pick(&["cart", "checkout", "payment"]);
        let name = *random.pick(&["GET /", "charge"]);
        let start_ns = start_ns + random.below(1_000_000_000);
        TestSpan::new(trace, random.number() | 1, service, name, start_ns)
            .with_text("user.id", &random.below(1_000_000).to_string())
    };
    (0..count).map(&mut span).collect()
}
