//! Figures over time: which series and samples a query makes of spans.

mod cases;
mod compare;
mod naive;

use std::sync::atomic::AtomicBool;

use tracewell_model::TraceStore;
use tracewell_model::values::Value;
use tracewell_query::metrics::{self, Asked, MetricsAnswer, Series, Steps};
use tracewell_query::{lower, traceql};

const SECOND_NS: u64 = 1_000_000_000;

fn answer(store: &dyn TraceStore, query: &str, asked: &Asked) -> MetricsAnswer {
    let parsed = traceql::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let query = lower::metrics(&parsed).unwrap_or_else(|error| panic!("{query}: {error}"));
    metrics::series(store, &query, asked, &AtomicBool::new(false)).unwrap()
}

/// `label=value,…: second=sample …`, a line for each series.
fn lines(answer: &MetricsAnswer, steps: &Steps) -> Vec<String> {
    answer.series.iter().map(|of| line(of, steps)).collect()
}

fn line(series: &Series, steps: &Steps) -> String {
    let labels = series.labels.iter();
    let labels = labels.map(|(name, value)| format!("{name}={}", text(value)));
    let samples = series.samples(steps);
    let samples = samples.map(|(at_ns, value)| {
        let rounded = (value * 1e6).round() / 1e6;
        format!(" {}={rounded}", at_ns as f64 / SECOND_NS as f64)
    });
    let labels: Vec<String> = labels.collect();
    format!("{}:{}", labels.join(","), samples.collect::<String>())
}

fn text(value: &Value<'_>) -> String {
    match value {
        Value::Str(text) => text.clone().into_owned(),
        Value::Int(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::DurationNs(ns) => format!("{ns}ns"),
        Value::Bool(value) => value.to_string(),
        Value::Status(status) => status.name().to_owned(),
        Value::Kind(kind) => kind.name().to_owned(),
        Value::Any(value) => format!("{value:?}"),
    }
}
