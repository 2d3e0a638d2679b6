//! Log lines that name their trace: JSON with `trace_id`, `span_id` and `trace_flags`, so a log
//! search leads to the trace and back. Spans and lines are those of the `tracing` crate.
//!
//! `cargo run --bin logs`

use sdk::{Outcome, start};
use tracewell_instrument::Context;
use tracewell_instrument::correlation::json::JsonLines;
use tracing::{info, info_span, warn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> Outcome {
    let _guard = start()?;
    tracing_subscriber::registry()
        // The layer records spans, and keeps the current one for those after it.
        .with(tracewell_instrument::layer())
        .with(fmt::layer().event_format(JsonLines))
        .init();

    info!("started"); // outside of a span: no ids
    info_span!("log in").in_scope(|| {
        let trace_id = Context::with_current(|context| context.span().trace_id);
        println!("http://localhost:16686/trace/{trace_id}");
        info!(userId = "123", "User logged in");
        warn!(target: "mail", "Address not confirmed");
    });
    Ok(())
}
