//! What statements say and do, as somebody who writes them sees it.

mod conditions;
mod contexts;
mod converters;
mod editors;
mod grammar;
mod interpreter;
mod mistakes;
mod same_as_by_span;

use std::sync::Arc;

use tracewell_model::clock::ManualClock;
use tracewell_model::{AnyValue, SpanKind, StatusCode};
use tracewell_ottl::{Compiler, Condition, Context, Statement};
use tracewell_testkit::TestSpan;

/// 2023-11-14 22:13:20 UTC, a Tuesday.
const START_NS: u64 = 1_700_000_000_000_000_000;

fn compiler() -> Compiler {
    Compiler::new(Arc::new(ManualClock::new(START_NS)))
}

fn statement(text: &str, context: Context) -> Statement {
    let compiled = compiler().statement(text, context);
    compiled.unwrap_or_else(|mistake| panic!("{}", mistake.shown()))
}

fn condition(text: &str, context: Context) -> Condition {
    let compiled = compiler().condition(text, context);
    compiled.unwrap_or_else(|mistake| panic!("{}", mistake.shown()))
}

fn text(text: &str) -> AnyValue {
    AnyValue::String(text.to_owned())
}

fn texts(values: &[&str]) -> AnyValue {
    AnyValue::Array(values.iter().map(|value| text(value)).collect())
}

fn pairs(values: &[(&str, AnyValue)]) -> AnyValue {
    AnyValue::KvList(
        values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    )
}

/// A span that has something of every kind.
fn request() -> TestSpan {
    let mut span = TestSpan::new(7, 9, "shop", "GET /cart/42", START_NS)
        .child_of(3)
        .kind(SpanKind::Server)
        .status(StatusCode::Error)
        .lasting_ns(1_500_000_000)
        .with_text("http.method", "GET")
        .with("http.status", AnyValue::Int(503))
        .with("weight", AnyValue::Double(1.5))
        .with("retry", AnyValue::Bool(true))
        .with("raw", AnyValue::Bytes(vec![1, 0xab]))
        .with("tags", texts(&["b", "a"]))
        .with(
            "user",
            pairs(&[
                ("name", text("ann")),
                ("ages", AnyValue::Array(vec![AnyValue::Int(7)])),
            ]),
        )
        .with_event("exception", 500, vec![("type".to_owned(), text("Timeout"))])
        .with_event("retry", 900, vec![("count".to_owned(), AnyValue::Int(2))]);
    span.trace_state = "rojo=1,congo=t61".to_owned();
    span.status_message = "too slow".to_owned();
    span.scope_name = "http".to_owned();
    span.scope_version = "1.2".to_owned();
    span
}
