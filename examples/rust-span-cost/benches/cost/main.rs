//! What a span costs, in five libraries: time on the application's thread, and
//! memory while the backend is away.
//!
//! ```text
//! cargo bench                                 measures, prints the table
//! cargo bench -- --into FILE                  and puts it between FILE's markers
//! cargo bench -- --rounds 2000                more rounds: 200 unless said
//! cargo bench -- --only "NAME" --rounds 20    one case and no table, for a profiler
//! ```
//!
//! It exists so that all stand in one table of one run. It must never time what
//! another thread does: what takes finished spans away runs between the rounds.

mod cases;
mod memory;
mod table;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Spans of one round.
const ROUND: u32 = 1000;

/// Rounds of a case in a row, before the next case has its turn: so that each has
/// the caches to itself, and a slow minute of the machine meets all.
const TURN: u32 = 20;

/// Spans that came to where those of this process go. A library that drops is
/// fast: its rounds do not count.
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// One library doing one thing.
struct Case {
    name: &'static str,
    is_sampled: bool,
    /// Its spans arrive somewhere.
    is_recorded: bool,
    /// Starts and ends [`ROUND`] spans.
    round: Box<dyn Fn()>,
    /// Takes the finished spans away.
    between: Box<dyn Fn()>,
}

impl Case {
    fn label(&self) -> String {
        let sampled = if self.is_sampled {
            "sampled"
        } else {
            "unsampled"
        };
        format!("{}, {sampled}", self.name)
    }
}

struct Arguments {
    rounds: u32,
    only: Option<String>,
    into: Option<String>,
    memory_of: Option<String>,
}

fn main() {
    let arguments = arguments();
    if let Some(library) = &arguments.memory_of {
        return memory::run(library);
    }
    let mut cases = cases::all();
    if let Some(only) = &arguments.only {
        cases.retain(|case| case.label() == *only);
        assert!(!cases.is_empty(), "no case is called {only}");
    }
    let times = measure(&cases, arguments.rounds);
    if arguments.only.is_some() {
        for (case, times) in cases.iter().zip(&times) {
            println!("{}: {} ns", case.label(), least_ns(times));
        }
        return;
    }
    let memory = memory::of_all();
    let table = table::of(&cases, &times, &memory, arguments.rounds);
    println!("{table}");
    if let Some(file) = &arguments.into {
        table::put(&table, file);
    }
}

fn arguments() -> Arguments {
    let mut found = Arguments {
        rounds: 200,
        only: None,
        into: None,
        memory_of: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .unwrap_or_else(|| panic!("{word} needs a value"))
        };
        match word.as_str() {
            // Of cargo.
            "--bench" => {}
            "--rounds" => found.rounds = value().parse().expect("rounds are a number"),
            "--only" => found.only = Some(value()),
            "--into" => found.into = Some(value()),
            "--memory-of" => found.memory_of = Some(value()),
            other => panic!("unknown argument {other}"),
        }
    }
    found
}

/// For each case, how long each of its rounds took.
fn measure(cases: &[Case], rounds: u32) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::new(); cases.len()];
    for turn in 0..rounds.div_ceil(TURN).max(1) {
        for (case, times) in cases.iter().zip(&mut times) {
            for _ in 0..TURN.min(rounds - turn * TURN) {
                let start = Instant::now();
                (case.round)();
                let time = start.elapsed();
                (case.between)();
                let arrived = ARRIVED.swap(0, Ordering::SeqCst);
                if !case.is_recorded || arrived == ROUND as usize {
                    times.push(time);
                }
            }
        }
    }
    for (case, times) in cases.iter().zip(&times) {
        let (counted, label) = (times.len(), case.label());
        assert!(counted > 0, "{label}: spans were dropped in each round");
        if counted < rounds as usize {
            eprintln!("{label}: spans were dropped in some rounds, {counted} count");
        }
    }
    times
}

/// Nanoseconds of a span in the fastest round: what disturbs a round only ever
/// makes it longer.
fn least_ns(times: &[Duration]) -> u128 {
    let least = times.iter().min().copied().unwrap_or_default();
    least.as_nanos() / u128::from(ROUND)
}

/// The same in the round in the middle.
fn median_ns(times: &[Duration]) -> u128 {
    let mut times = times.to_vec();
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    median.as_nanos() / u128::from(ROUND)
}
