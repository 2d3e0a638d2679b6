//! Code at the start and the end of every span: values that must not leave the process are taken
//! out, baggage is copied onto spans, spans that nobody wants are dropped.
//!
//! `cargo run --bin processors`

use sdk::{Outcome, builder, link};
use tracewell_instrument::processing::{CopyBaggage, SpanProcessor, Verdict};
use tracewell_instrument::propagation::Baggage;
use tracewell_instrument::{Context, SpanData, Value, span};

#[derive(Debug)]
struct WithoutSecrets;

impl SpanProcessor for WithoutSecrets {
    // On the thread that ends the span: what takes long does not belong here.
    fn on_end(&self, span: &mut SpanData) -> Verdict {
        for attribute in &mut span.attributes {
            if attribute.key.contains("password") {
                attribute.value = Value::from("REDACTED");
            }
        }
        if span.name == "heartbeat" {
            Verdict::Drop
        } else {
            Verdict::Keep
        }
    }
}

fn main() -> Outcome {
    let guard = builder()
        .processor(CopyBaggage::of(["tenant.id"]))
        .processor(WithoutSecrets)
        .init()?;

    let baggage = Baggage::default().with("tenant.id", "acme");
    let _tenant = Context::current().with_baggage(baggage).attach();
    let root = span("log in").start();
    println!("{}", link(&root));
    root.in_scope(|| {
        let mut check = span("check password").start();
        check.set_attribute("user.password", "correct horse");
        span("heartbeat").start().end();
    });
    root.end();

    let dropped = guard.statistics().dropped_by_processor;
    println!("dropped by a processor: {dropped} span");
    Ok(())
}
