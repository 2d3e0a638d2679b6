//! A fixed share of all traces. The decision is made from the trace id, so that every service
//! with this rate keeps the same traces, and once per trace: a span with a parent does what its
//! parent did.
//!
//! `cargo run --bin sampling_fixed`
//!
//! Without code: `OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.25`

use sdk::{Outcome, builder, link};
use std::sync::Arc;
use tracewell_instrument::sampling::{ParentBased, Ratio};
use tracewell_instrument::span;

fn main() -> Outcome {
    let sampler = ParentBased::new(Arc::new(Ratio::new(0.25)));
    let _guard = builder().sampler(sampler).init()?;

    let mut kept = 0;
    for _ in 0..400 {
        let request = span("request").start();
        request.in_scope(|| span("work").start().end());
        if request.is_recording() {
            kept += 1;
            println!("{}", link(&request));
        }
    }
    println!("kept {kept} of 400 traces");
    Ok(())
}
