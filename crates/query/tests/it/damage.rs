//! One random damage at a time, and all questions: each answer is right or
//! says that it lacks something, and then the status says so too. No answer is
//! wrong, and none is silently incomplete; `verify` finds whatever costs
//! something.
//!
//! The store stands on a disk in memory; a seed makes the damage, and a failure
//! prints it.

mod harm;
mod questions;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tracewell_model::clock::SystemClock;
use tracewell_model::{AnyValue, TraceStore};
use tracewell_store::embedded::{Compaction, EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::{FaultyFiles, Survival};
use tracewell_store::verify::verify;
use tracewell_store::wal::WalOptions;
use tracewell_testkit::random::Random;
use tracewell_testkit::{TestSpan, conformance};

use questions::{Answers, Questions};

pub(super) const DIR: &str = "/data";

/// Answers that are told of each start that went wrong.
const MOST_TOLD: usize = 2;

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Seals a block after each batch.
const EAGER: Style = Style {
    seal_bytes: 1,
    segment_bytes: 1 << 20,
};

/// Seals nothing, and fills many segments of the log.
const LAZY: Style = Style {
    seal_bytes: u64::MAX,
    segment_bytes: 8 << 10,
};

struct Style {
    seal_bytes: u64,
    segment_bytes: u32,
}

/// Nothing is merged, so that damage stays where it was made.
fn options(style: &Style) -> StoreOptions {
    let usual = StoreOptions::default();
    StoreOptions {
        wal: WalOptions {
            segment_bytes: style.segment_bytes,
            ..usual.wal
        },
        seal_bytes: style.seal_bytes,
        compaction: Compaction {
            max_spans: 1,
            ..usual.compaction
        },
        ..usual
    }
}

fn open(disk: &FaultyFiles, style: &Style) -> Result<EmbeddedStore, String> {
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    let opened = EmbeddedStore::open(files, Path::new(DIR), options(style), clock);
    opened
        .map(|(store, _)| store)
        .map_err(|error| error.to_string())
}

/// A block of several pages, two of equal size, and a log of several segments.
fn filled() -> (FaultyFiles, Vec<TestSpan>) {
    let mut random = Random::new(7);
    let large = random.spans(5_000, START_NS);
    let small = random.spans(400, START_NS + 70_000_000_000);
    let twin: Vec<TestSpan> = small.iter().cloned().map(twin_of).collect();
    let logged = random.spans(300, START_NS + 140_000_000_000);
    let disk = FaultyFiles::new();
    let store = open(&disk, &EAGER).expect("the disk is well");
    for (sealed, spans) in (1..).zip([&large, &small, &twin]) {
        conformance::append(&store, spans).expect("the disk is well");
        while store.status().blocks < sealed {
            std::thread::yield_now();
        }
    }
    drop(store);
    let store = open(&disk, &LAZY).expect("the disk is well");
    for part in logged.chunks(30) {
        conformance::append(&store, part).expect("the disk is well");
    }
    drop(store);
    (disk, [large, small, twin, logged].concat())
}

/// A span of as many bytes, of another trace, service and time.
fn twin_of(mut span: TestSpan) -> TestSpan {
    span.trace_id.0[8] ^= 0x40;
    span.start_ns += 1;
    span.end_ns += 1;
    for (_, value) in &mut span.resource {
        if *value == AnyValue::String("cart".to_owned()) {
            *value = AnyValue::String("trac".to_owned());
        }
    }
    span
}

/// A copy of the store with one damage, and what people would see of it.
struct Case<'a> {
    disk: FaultyFiles,
    name: String,
    questions: &'a Questions,
    right: &'a Answers,
}

impl Case<'_> {
    /// What is not as promised.
    fn broken(&self, starts: usize) -> Vec<String> {
        let is_verified = self.is_told_by_verify();
        let mut broken = Vec::new();
        // What was told at the first start is told ever after.
        for start in ["first start", "second start"].into_iter().take(starts) {
            let found = match open(&self.disk, &LAZY) {
                Ok(store) => self.compare(&store, is_verified),
                Err(error) if !is_verified => vec![format!("verify is silent on {error}")],
                Err(_) => Vec::new(),
            };
            let found = found.into_iter();
            let first = found.take(MOST_TOLD);
            broken.extend(first.map(|what| format!("{}: {start}: {what}", self.name)));
        }
        broken
    }

    fn is_told_by_verify(&self) -> bool {
        let never = AtomicBool::new(false);
        match verify(&self.disk, Path::new(DIR), &never, &mut |_| {}) {
            Ok(report) => report.damages > 0,
            Err(_) => true,
        }
    }

    fn compare(&self, store: &EmbeddedStore, is_verified: bool) -> Vec<String> {
        let answers = self.questions.ask(store);
        let is_green = store.status().degraded().is_none();
        let mut broken = Vec::new();
        for (question, right, answer) in self.right.beside(&answers) {
            if answer.facts == right.facts && answer.lacking.is_none() {
                continue;
            }
            let what = match answer.wrong_beside(right) {
                Some(wrong) => format!("wrong: {wrong}"),
                None if answer.lacking.is_none() => "silently less".to_owned(),
                None if is_green => "less, and the status is green".to_owned(),
                None if !is_verified => "less, and verify found nothing".to_owned(),
                None => continue,
            };
            broken.push(format!("{question}: {what}"));
        }
        broken
    }
}

fn cases(seeds: std::ops::Range<u64>, starts: usize) {
    let (disk, spans) = filled();
    let questions = Questions::about(&spans);
    let store = open(&disk, &LAZY).expect("the disk is well");
    let right = questions.ask(&store);
    right.assert_whole();
    drop(store);
    let mut broken = Vec::new();
    for seed in seeds {
        let disk = disk.after_power_cut(Survival::Everything);
        let harm = harm::one(&disk, &mut Random::new(seed));
        let name = format!("seed {seed}: {harm}");
        let case = Case {
            disk,
            name,
            questions: &questions,
            right: &right,
        };
        broken.extend(case.broken(starts));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn one_damage_anywhere_is_told_in_every_answer_that_it_costs_something() {
    cases(0..40, 1);
}

/// `TRACEWELL_DAMAGE_SEEDS=1000..2000` takes others.
#[test]
#[ignore = "takes some minutes"]
fn one_damage_anywhere_a_thousand_times() {
    let seeds = std::env::var("TRACEWELL_DAMAGE_SEEDS").unwrap_or("40..1240".to_owned());
    let (first, end) = seeds.split_once("..").expect("a range as 40..1240");
    let number = |text: &str| text.parse::<u64>().expect("seeds are numbers");
    cases(number(first)..number(end), 2);
}
