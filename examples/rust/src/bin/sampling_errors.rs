//! Few traces, but every one that failed or was slow. A sampler decides when a span starts,
//! before anything can have failed; with a `KeepPolicy` the spans that it refused wait in
//! memory until their local root ends, and are then sent or forgotten as a whole. The services
//! called have seen "not sampled" and decide by themselves, each for its part of the trace.
//!
//! `cargo run --bin sampling_errors`

use sdk::{Outcome, builder, link};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;
use tracewell_instrument::sampling::{ParentBased, Ratio};
use tracewell_instrument::{KeepPolicy, SpanData, Status, span};

/// What a span without attributes takes while it waits.
const STEP_BYTES: usize = size_of::<SpanData>() + "step".len();

fn number(variable: &str, default: &str) -> Result<f64, std::num::ParseFloatError> {
    std::env::var(variable)
        .as_deref()
        .unwrap_or(default)
        .parse()
}

fn request(name: &'static str, fails: bool, duration: Duration) {
    let root = span(name).start();
    if fails || !duration.is_zero() {
        println!("{name} {}", link(&root));
    }
    root.in_scope(|| {
        let mut charge = span("charge card").start();
        sleep(duration);
        if fails {
            charge.set_status(Status::Error("card limit exceeded".into()));
        }
    });
}

fn main() -> Outcome {
    let (share, max_spans) = (
        number("SHARE", "0.01")?,
        number("MAX_SPANS", "10000")? as usize,
    );
    let guard = builder()
        .sampler(ParentBased::new(Arc::new(Ratio::new(share))))
        .keep(
            KeepPolicy::default()
                .errors(true)
                .slower_than(Duration::from_millis(200))
                .max_bytes(max_spans * STEP_BYTES),
        )
        .init()?;

    for _ in 0..100 {
        request("ordinary", false, Duration::ZERO);
    }
    request("failing", true, Duration::ZERO);
    request("slow", false, Duration::from_millis(250));
    // One that has more spans than there is room for.
    let endless = span("endless").start();
    endless.in_scope(|| {
        for _ in 0..=max_spans {
            span("step").start().end();
        }
    });
    endless.end();
    let dropped = guard.statistics().dropped_keep_full;
    println!("dropped for want of room: {dropped} spans");
    Ok(())
}
