//! PromQL over spans: what dashboards ask for, and the figures they get.

mod cases;
mod naive;
mod refusals;

use std::sync::atomic::AtomicBool;

use tracewell_model::TraceStore;
use tracewell_query::promql::{Answer, Moments, Value, Vector, evaluate, parse};

const SECOND_NS: u64 = 1_000_000_000;

fn answer(store: &dyn TraceStore, query: &str, moments: Moments) -> Answer {
    let parsed = parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let answer = evaluate(store, &parsed, moments, &AtomicBool::new(false));
    answer.unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// `label=value,…: second=sample …`, a line for each series.
fn lines(answer: &Answer, moments: Moments) -> Vec<String> {
    assert_eq!(answer.warnings, Vec::<String>::new());
    match &answer.value {
        Value::Number(number) => vec![number.to_string()],
        Value::Vectors(vectors) => vectors.iter().map(|of| line(of, moments)).collect(),
    }
}

fn line(vector: &Vector, moments: Moments) -> String {
    let labels = vector.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let samples = moments.all_ns().zip(&vector.values);
    let samples = samples.filter_map(|(at_ns, value)| {
        let rounded = ((*value)? * 1e6).round() / 1e6;
        Some(format!(" {}={rounded}", at_ns as f64 / SECOND_NS as f64))
    });
    format!("{}:{}", labels.join(","), samples.collect::<String>())
}
