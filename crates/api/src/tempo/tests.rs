//! What Grafana and scripts ask of a Tempo, and what they must find in the
//! answer.

mod grafana;
mod metrics;
mod refusals;
mod streaming;
mod tags;
mod traces;

use tracewell_model::{AnyValue, SpanKind, StatusCode, TraceId};
use tracewell_testkit::TestSpan;

use crate::tests::{NOW_NS, Server, encoded};

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

/// When the shop began: ten minutes ago.
const START_NS: u64 = NOW_NS - 600 * S;

/// The id of the first order, as Tempo writes it and as it is.
const ORDER: &str = "a0000000000000001";
const LONG_ORDER: &str = "000000000000000a0000000000000001";

/// Two orders, of which one failed, and a job whose parent never came.
fn shop() -> Vec<TestSpan> {
    let timeout = vec![(
        "exception.type".to_owned(),
        AnyValue::String("Timeout".to_owned()),
    )];
    let order = |id: TraceId, start_ns: u64, status: i64| {
        let mut cart = TestSpan::new(1, 1, "shop", "POST /orders", start_ns)
            .lasting_ns(1_500 * MS)
            .kind(SpanKind::Server)
            .with_text("http.method", "POST")
            .with("http.status_code", AnyValue::Int(status));
        let mut pay = TestSpan::new(1, 2, "bank", "pay", start_ns + 100 * MS)
            .lasting_ns(200 * MS)
            .kind(SpanKind::Client)
            .child_of(1)
            .with_text("customer", "Ann Lee")
            .with("amount", AnyValue::Double(12.5))
            .with_event("exception", 5, timeout.clone());
        if status == 500 {
            (pay.status, cart.status) = (StatusCode::Error, StatusCode::Error);
        }
        (pay.trace_id, cart.trace_id) = (id, id);
        [cart, pay]
    };
    let mut spans = Vec::new();
    let first = TraceId::parse_hex(ORDER).unwrap();
    spans.extend(order(first, START_NS, 200));
    let second = TestSpan::new(2, 1, "", "", 0).trace_id;
    spans.extend(order(second, START_NS + 60 * S, 500));
    spans.push(
        TestSpan::new(3, 9, "jobs", "tick", START_NS + 30 * S)
            .child_of(8)
            .lasting_ns(2 * MS),
    );
    spans
}

fn server() -> Server {
    Server::new(&shop())
}

/// A path below `/tempo` with this query.
fn searching(path: &str, query: &str, more: &str) -> String {
    let (start, end) = (START_NS / S - 60, NOW_NS / S);
    format!(
        "/tempo{path}?q={}&start={start}&end={end}{more}",
        encoded(query)
    )
}
