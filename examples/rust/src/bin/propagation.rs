//! Context over any carrier: here HTTP headers and the messages of a queue. What inject writes,
//! extract of any other process reads.
//!
//! `cargo run --bin propagation`

use sdk::{Outcome, link, start};
use std::collections::HashMap;
use tracewell_instrument::{Context, SpanKind, propagators, span};

type Headers = HashMap<String, String>;

struct Message {
    order: String,
    headers: Headers,
}

/// Writes the context that is current into the headers of a call.
fn inject_headers(headers: &mut Headers) {
    propagators().inject_context(&Context::current(), headers);
}

/// The caller's context. Header names may be written in any case.
fn extract_headers(headers: &Headers) -> Context {
    propagators().extract_context(headers)
}

fn send(queue: &mut Vec<Message>, order: &str) {
    let mut span = span("send orders").kind(SpanKind::Producer).start();
    span.set_attribute("messaging.destination.name", "orders");
    let mut headers = Headers::new();
    span.in_scope(|| inject_headers(&mut headers));
    queue.push(Message {
        order: order.to_owned(),
        headers,
    });
}

fn receive(message: Message) {
    let sender = extract_headers(&message.headers);
    let mut span = span("process orders")
        .kind(SpanKind::Consumer)
        .parent(sender)
        .start();
    span.set_attribute("order.id", message.order);
}

fn main() -> Outcome {
    let _guard = start()?;
    let mut queue = Vec::new();

    let root = span("place order").start();
    println!("{}", link(&root));
    root.in_scope(|| {
        send(&mut queue, "A-17");

        let mut headers = Headers::new();
        inject_headers(&mut headers);
        let shouted = headers
            .iter()
            .map(|(name, value)| (name.to_uppercase(), value.clone()));
        span("elsewhere")
            .kind(SpanKind::Server)
            .parent(extract_headers(&shouted.collect()))
            .start()
            .end();
    });
    root.end();

    // Outside of the span: only the message carries the context.
    queue.into_iter().for_each(receive);
    Ok(())
}
