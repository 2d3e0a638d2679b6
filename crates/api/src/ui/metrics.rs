//! Figures over time, for the charts of the page and for `tracewell query`.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value as Json;
use tracewell_model::TimeRange;
use tracewell_query::metrics::{
    self as query_metrics, Asked, Exemplar, Series, Shape, Steps, Unit,
};
use tracewell_query::{lower, traceql};

use super::UiState;
use super::lines::{Searched, elapsed_ms, fresh_json};
use super::stored_range::narrowed;
use super::value_json::value_json;
use crate::blocking::run_query;
use crate::error::ApiError;
use crate::params::Params;
use crate::time;

const DEFAULT_SERIES: usize = 100;
const MAX_SERIES: usize = 1_000;
/// Of a comparison, which has several for each attribute.
const MAX_COMPARED: usize = 20_000;
/// More marks would hide the lines that they are on.
const EXEMPLARS: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    kind: &'static str,
    unit: &'static str,
    start_ns: String,
    step_ns: String,
    count: usize,
    series: Vec<SeriesJson>,
    /// False when spans that were stored twice may have been counted twice.
    exact: bool,
    partial: Option<String>,
    elapsed_ms: u64,
    #[serde(flatten)]
    searched: Searched,
    searched_spans: u64,
}

#[derive(Serialize)]
struct SeriesJson {
    labels: Vec<Label>,
    /// Null where there is no sample, or none that JSON can write.
    values: Vec<f64>,
    exemplars: Vec<ExemplarJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExemplarJson {
    trace_id: String,
    span_id: String,
    time_ns: String,
    value: f64,
}

#[derive(Serialize)]
struct Label {
    name: String,
    value: Json,
}

/// `GET /metrics`
pub(super) async fn metrics(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let text = params.required("q", "write for example { } | rate()")?;
    let query = lower::metrics(&traceql::parse(text)?)?;
    let range = params.range(state.query.clock.now_ns())?;
    let range = narrowed(&*state.query.store, range);
    let shape = query.shape();
    let steps = steps(&params, range, shape)?;
    let max_series = if shape == Shape::Comparison {
        params.number("series", MAX_COMPARED, MAX_COMPARED)?
    } else {
        params.number("series", DEFAULT_SERIES, MAX_SERIES)?
    };
    let asked = Asked {
        max_series,
        exemplars: EXEMPLARS,
        ..Asked::of(steps)
    };
    let (kind, unit) = match shape {
        Shape::Lines(unit) => ("series", unit),
        Shape::Histogram(unit) => ("histogram", unit),
        Shape::Comparison => ("comparison", Unit::Number),
    };
    let store = Arc::clone(&state.query.store);
    let started = Instant::now();
    let found = run_query(&state.query, move |cancelled| {
        query_metrics::series(&*store, &query, &asked, cancelled)
    })
    .await?;
    let answer = Answer {
        kind,
        unit: match unit {
            Unit::Seconds => "s",
            Unit::PerSecond => "/s",
            Unit::Number => "",
        },
        start_ns: steps.moments_ns().next().unwrap_or_default().to_string(),
        step_ns: steps.step_ns().to_string(),
        count: steps.count(),
        series: found.series.into_iter().map(series).collect(),
        exact: found.is_exact,
        partial: found.partial,
        elapsed_ms: elapsed_ms(started),
        searched: Searched::new(&found.report),
        searched_spans: found.report.searched_spans,
    };
    Ok(fresh_json(&answer))
}

fn steps(params: &Params, range: TimeRange, shape: Shape) -> Result<Steps, ApiError> {
    let step_ns = params.text("step").map(step_ns).transpose()?;
    let start_ns = range.start_ns;
    // What is stored may be of one moment.
    let end_ns = range.end_ns.max(start_ns.saturating_add(1));
    // Shares are of the whole range.
    let steps = if shape == Shape::Comparison && step_ns.is_none() {
        Steps::instant(start_ns, end_ns)
    } else {
        Steps::over(start_ns, end_ns, step_ns)
    };
    steps.map_err(|error| {
        ApiError::bad_request(
            format!("step: {error}"),
            "leave it out, take a longer one or a shorter range",
        )
    })
}

fn step_ns(text: &str) -> Result<u64, ApiError> {
    let step_ns = time::length_ns(text).filter(|step_ns| *step_ns > 0);
    step_ns.ok_or_else(|| {
        ApiError::bad_request(
            format!("step: {text:?} is not a length of time"),
            "write for example 15s or 5m (units ms s m h d w y)",
        )
    })
}

fn series(series: Series) -> SeriesJson {
    let labels = series.labels.into_iter();
    SeriesJson {
        labels: labels
            .map(|(name, value)| Label {
                value: value_json(&value),
                name,
            })
            .collect(),
        values: series.values,
        exemplars: series.exemplars.iter().map(exemplar).collect(),
    }
}

fn exemplar(exemplar: &Exemplar) -> ExemplarJson {
    ExemplarJson {
        trace_id: exemplar.trace_id.to_string(),
        span_id: exemplar.span_id.to_string(),
        time_ns: exemplar.at_ns.to_string(),
        value: exemplar.value,
    }
}
