//! Manual spans: what is started inside a span is its child; a span ends when it is dropped.
//!
//! `cargo run --bin manual`

use sdk::{Outcome, link, start};
use std::thread::sleep;
use std::time::Duration;
use tracewell_instrument::{KeyValue, Tracer};

#[derive(Debug, thiserror::Error)]
#[error("card limit exceeded")]
struct CardLimitExceeded;

fn process_order(tracer: Tracer, id: &'static str, limit: i64) -> Result<(), CardLimitExceeded> {
    let mut span = tracer.span("processOrder").start();
    span.set_attribute("order.id", id);
    println!("{}", link(&span));
    // A span is the parent of what is started while it is current.
    let outcome = span.in_scope(|| {
        validate_order(tracer);
        process_payment(tracer, limit)?;
        send_confirmation(tracer);
        Ok(())
    });
    // An error is a value that is returned: nothing sees it leave but this.
    if let Err(error) = &outcome {
        span.record_error(error);
    }
    outcome
}

fn validate_order(tracer: Tracer) {
    // With a name, as `_` would end the span at once.
    let _span = tracer.span("validateOrder").start();
    sleep(Duration::from_millis(5));
}

fn process_payment(tracer: Tracer, limit: i64) -> Result<(), CardLimitExceeded> {
    let mut span = tracer.span("processPayment").start();
    span.add_event("card.checked", [KeyValue::new("card.limit", limit)]);
    if limit < 100 {
        span.record_error(&CardLimitExceeded);
        return Err(CardLimitExceeded);
    }
    Ok(())
}

fn send_confirmation(tracer: Tracer) {
    let _span = tracer.span("sendConfirmation").start();
    sleep(Duration::from_millis(5));
}

fn main() -> Outcome {
    let guard = start()?;
    // `tracewell_instrument::span(…)` will do; a tracer also says who records.
    let tracer = guard.tracer().ok_or("tracing is disabled")?;
    let tracer = tracer.scoped("my-service", "1.0.0");

    process_order(tracer, "A-17", 500)?;
    if let Err(error) = process_order(tracer, "A-18", 50) {
        println!("A-18 failed: {error}");
    }
    Ok(())
}
