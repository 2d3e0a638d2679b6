//! A rate per operation that follows the traffic: about as many traces a second of each, so
//! that rare operations are not lost among the frequent ones. Traffic is an average over ten
//! seconds, so a burst is kept at first and less and less while it lasts. What was kept of how
//! many is in the trace's tracestate (`ot=th:…`).
//!
//! `cargo run --bin sampling_dynamic`

use sdk::{Outcome, builder};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracewell_instrument::sampling::{Dynamic, DynamicTargets, ParentBased, SamplingClock};
use tracewell_instrument::span;

/// Seconds that pass when this program says so. Others use `Dynamic::new`.
#[derive(Debug, Default)]
struct Seconds(AtomicU64);

impl SamplingClock for Seconds {
    fn now_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed) * 1_000_000_000
    }
}

fn requests(name: &'static str, count: usize) -> usize {
    let is_kept = |_: &usize| span(name).root().start().is_recording();
    (0..count).filter(is_kept).count()
}

fn main() -> Outcome {
    let clock = Arc::new(Seconds::default());
    let targets = DynamicTargets::default()
        .per_operation(3.0)
        .per_service(None);
    let sampler = Dynamic::with_clock(targets, clock.clone());
    let _guard = builder()
        .sampler(ParentBased::new(Arc::new(sampler)))
        .init()?;

    for second in 0..3 {
        clock.0.store(second, Ordering::Relaxed);
        let list = requests("GET /list", 1000);
        let checkout = requests("POST /checkout", 5);
        println!(
            "{}",
            json!({ "GET /list": list, "POST /checkout": checkout })
        );
    }
    Ok(())
}
