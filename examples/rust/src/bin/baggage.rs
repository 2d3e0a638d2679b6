//! Baggage: a few values that travel with the context through every service. Nothing puts them
//! on spans; `with_baggage` below does, for the keys it names. Baggage goes to whoever is
//! called, so never put secrets in it.
//!
//! `cargo run --bin baggage`

use sdk::{Outcome, link, start};
use std::collections::HashMap;
use tracewell_instrument::propagation::Baggage;
use tracewell_instrument::{Context, Span, SpanBuilder, SpanKind, propagators, span};

const KEYS_ON_SPANS: [&str; 1] = ["tenant.id"];

fn with_baggage(builder: SpanBuilder) -> Span {
    let mut span = builder.start();
    let context = span.context();
    for key in KEYS_ON_SPANS {
        if let Some(value) = context.baggage().get(key) {
            span.set_attribute(key, value.to_owned());
        }
    }
    span
}

fn main() -> Outcome {
    let _guard = start()?;
    let mut headers: HashMap<String, String> = HashMap::new();
    let carried = Baggage::new()
        .with("tenant.id", "acme")
        .with("user.tier", "gold, since 2024"); // escaped in the header
    let front = with_baggage(span("front").parent(Context::default().with_baggage(carried)));
    println!("{}", link(&front));
    propagators().inject_context(&front.context(), &mut headers);
    front.end();
    println!("{}", headers["baggage"]);

    // In the next service:
    let received = propagators().extract_context(&headers);
    let tier = received
        .baggage()
        .get("user.tier")
        .unwrap_or_default()
        .to_owned();
    let mut back = with_baggage(span("back").kind(SpanKind::Server).parent(received));
    if tier.starts_with("gold") {
        back.set_attribute("order.priority", 1);
    }
    Ok(())
}
