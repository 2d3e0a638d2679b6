//! The store against a model: random lives of a store on a disk that fails.
//!
//! A seed makes a plan (`plan.rs`): appends, seals, restarts, crashes, faults.
//! A life (`life.rs`) carries it out on the real store over [`FaultyFiles`] and
//! compares what the store shows (`reading.rs`) with a ledger (`ledger.rs`) of
//! what may and what must be there. What is promised, and how to run a seed
//! again, stands in `docs/internals/durability.md`.
//!
//! The plan, the faults and what survives a crash come from the seed alone.
//! How the store's threads interleave does not, so a seed that is run again is
//! run many times.
//!
//! [`FaultyFiles`]: tracewell_store::files::faulty::FaultyFiles

mod ledger;
mod life;
mod plan;
mod reading;

use life::Life;
use plan::Plan;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Seeds of the run in CI: a quarter of a minute, most of it waiting.
const CI_SEEDS: Range<u64> = 0..80;

/// Enough seeds for ten thousand crashes.
const LONG_SEEDS: Range<u64> = 1_000..2_200;

/// How often one seed is run that somebody asks for.
const REPEATS: u64 = 200;

/// One seed to run again and again.
const SEED_VARIABLE: &str = "TRACEWELL_FAULT_SEED";

/// A range of seeds, `from..to`, to run once each.
const SEEDS_VARIABLE: &str = "TRACEWELL_FAULT_SEEDS";

/// What a run went through.
#[derive(Debug, Default)]
struct Totals {
    lives: u64,
    crashes: u64,
    losses: u64,
    clock_jumps: u64,
    openings: u64,
    acknowledged_batches: u64,
    failed_operations: u64,
    sealed_blocks: u64,
}

#[test]
fn acknowledged_spans_survive_whatever_the_disk_does() {
    let totals = run_all(CI_SEEDS);
    println!("{totals:?}");
    assert!(totals.crashes >= totals.lives, "{totals:?} prove little");
}

/// The long run: `cargo test -p tracewell-store --test it ten_thousand --
/// --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn acknowledged_spans_survive_ten_thousand_crashes() {
    let totals = run_all(LONG_SEEDS);
    println!("{totals:?}");
}

/// Runs the seeds that the environment asks for, or these.
fn run_all(seeds: Range<u64>) -> Totals {
    let mut totals = Totals::default();
    if let Ok(seed) = std::env::var(SEED_VARIABLE) {
        let seed = seed.parse().expect("TRACEWELL_FAULT_SEED is a number");
        (0..REPEATS).for_each(|_| run(seed, &mut totals));
        return totals;
    }
    let asked = std::env::var(SEEDS_VARIABLE).ok();
    let seeds = asked.map_or(seeds, |range| parse(&range));
    println!("seeds {seeds:?}");
    for seed in seeds {
        run(seed, &mut totals);
    }
    totals
}

fn parse(range: &str) -> Range<u64> {
    let bounds = range.split_once("..");
    let (from, to) = bounds.expect("TRACEWELL_FAULT_SEEDS is from..to");
    let number = |text: &str| text.parse().expect("TRACEWELL_FAULT_SEEDS is from..to");
    number(from)..number(to)
}

fn run(seed: u64, totals: &mut Totals) {
    let plan = Plan::new(seed);
    let mut life = Life::new(&plan);
    let lived = catch_unwind(AssertUnwindSafe(|| life.run(&plan)));
    totals.lives += 1;
    life.add_to(totals);
    if let Err(panic) = lived {
        eprintln!("\nseed {seed} failed; run it again with {SEED_VARIABLE}={seed}");
        eprintln!("{:#?}", plan.settings);
        for (number, step) in plan.steps.iter().enumerate() {
            let mark = if number == life.step() { '►' } else { ' ' };
            eprintln!("{mark} {number:3} {step:?}");
        }
        eprintln!(
            "last operations of the disk:\n  {}",
            life.disk_history().join("\n  ")
        );
        eprintln!("{}", life.ledger());
        resume_unwind(panic);
    }
}
