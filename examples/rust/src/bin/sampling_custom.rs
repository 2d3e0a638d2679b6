//! A sampler of one's own. It is asked when a span starts, and sees attributes only if it says so:
//! then they are read before the decision, also for spans that it will refuse.
//!
//! `cargo run --bin sampling_custom`

use sdk::{Outcome, builder, link};
use std::sync::Arc;
use tracewell_instrument::sampling::{ParentBased, Sampler, SamplingDecision, SamplingQuestion};
use tracewell_instrument::span;

/// Leaves out what a probe asks for.
#[derive(Debug)]
struct WithoutProbes;

impl Sampler for WithoutProbes {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        let path = question.attribute("url.path");
        let is_probe = path.is_some_and(|path| *path == "/health".into());
        SamplingDecision::new(!is_probe, question.trace_state())
    }

    fn reads_attributes(&self) -> bool {
        true
    }
}

fn main() -> Outcome {
    // Only roots are asked about: what is below follows them.
    let guard = builder()
        .sampler(ParentBased::new(Arc::new(WithoutProbes)))
        .init()?;

    for path in ["/health", "/orders", "/health"] {
        // Not `set_attribute`, which is too late. The layers do this by themselves.
        let root = span("GET").attribute("url.path", path).start();
        if root.is_recording() {
            println!("{path} {}", link(&root));
        }
        root.in_scope(|| span("answer").start().end());
    }
    drop(guard);
    Ok(())
}
