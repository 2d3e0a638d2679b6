//! What a span costs on the application's thread, in four libraries.
//!
//! Each case starts and ends 1,000 spans a round; what takes the finished spans
//! away runs between the rounds and is not timed. A case has the caches to
//! itself: what is compared is work, not who was evicted by whom.

mod cases;

use std::time::{Duration, Instant};

/// Spans of one round.
const ROUND: u32 = 1000;
const ROUNDS: usize = 301;

/// One library doing one thing.
struct Case {
    name: &'static str,
    /// Starts and ends [`ROUND`] spans.
    round: Box<dyn Fn()>,
    /// Takes the finished spans away.
    between: Box<dyn Fn()>,
    times: Vec<Duration>,
}

fn main() {
    let mut cases = cases::all();
    // For a profile of one case.
    if let Some(name) = std::env::args().nth(1) {
        cases.retain(|case| case.name == name);
    }
    for case in &mut cases {
        for turn in 0..ROUNDS + 10 {
            let started = Instant::now();
            (case.round)();
            let took = started.elapsed();
            (case.between)();
            // The first rounds fill caches and free lists.
            if turn >= 10 {
                case.times.push(took);
            }
        }
    }
    println!("| case | median ns | min ns |");
    println!("| --- | ---: | ---: |");
    for case in &mut cases {
        case.times.sort_unstable();
        let ns = |time: Duration| time.as_nanos() / u128::from(ROUND);
        println!("| {} | {} | {} |", case.name, ns(case.times[ROUNDS / 2]), ns(case.times[0]));
    }
}
