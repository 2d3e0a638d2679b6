//! `/api/metrics/query_range` and `/api/metrics/query`: figures over time, and
//! at one moment, of TraceQL's metrics functions.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use tracewell_collector::written::go_duration;
use tracewell_model::values::Value;
use tracewell_model::{StoreError, TraceStore};
use tracewell_query::lower;
use tracewell_query::metrics::{Asked, MetricsQuery, Series, Steps, series};
use tracewell_query::traceql::{Hint, Literal};

use super::answer::Form;
use super::found::trimmed;
use super::messages::{
    Exemplar, InstantSeries, QueryInstantRequest, QueryInstantResponse, QueryRangeRequest,
    QueryRangeResponse, Sample, TimeSeries, standing,
};
use super::range::{since_ns, time_ns};
use super::refusal::Refusal;
use super::search_request::parse;
use super::value::{AnyValue, KeyValue};
use crate::QueryState;
use crate::blocking::run_query;
use crate::go_params::Params;

const SECOND_NS: f64 = 1e9;

const MS_NS: u64 = 1_000_000;

/// Exemplars of one answer: where nobody says, and where more are asked for.
const MAX_EXEMPLARS: u32 = 100;

/// How far back figures go when nobody says.
const DEFAULT_SINCE_NS: u64 = 3_600 * 1_000_000_000;

pub(super) async fn range(
    State(state): State<Arc<QueryState>>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let form = Form::accepted(&headers);
    let (start_ns, end_ns) = times(&params, state.clock.now_ns())?;
    let step_ns = match params.get("step") {
        "" => None,
        text => Some(step_ns(text)?),
    };
    let number = |name| match params.get(name) {
        "" => Ok(0),
        text => text.parse().map_err(|_| {
            Refusal::bad_request(format!("invalid {name}: {text:?} is not a whole number"))
        }),
    };
    let most = (number("maxSeries")?, number("exemplars")?);
    let query = Figures::over((start_ns, end_ns), step_ns, query_text(&params), most)?;
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |cancelled| {
        Ok(form.encode(&query.range(&*store, cancelled)?))
    });
    Ok(form.answer(found.await?, None))
}

pub(super) async fn instant(
    State(state): State<Arc<QueryState>>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let form = Form::accepted(&headers);
    let range = times(&params, state.clock.now_ns())?;
    let query = Figures::at_end(range, query_text(&params))?;
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |cancelled| {
        Ok(form.encode(&query.instant(&*store, cancelled)?))
    });
    Ok(form.answer(found.await?, None))
}

/// Both names are known; the shorter wins.
fn query_text(params: &Params) -> &str {
    params.first(&["q", "query"]).0
}

/// `start` and `end`, by default the last hour, or as long as `since` says.
fn times(params: &Params, now_ns: u64) -> Result<(u64, u64), Refusal> {
    let end_ns = match params.get("end") {
        "" => now_ns,
        text => time_ns("end", text)?,
    };
    let since_ns = match params.get("since") {
        "" => DEFAULT_SINCE_NS,
        text => since_ns(text)?,
    };
    let start_ns = match params.get("start") {
        "" => end_ns.saturating_sub(since_ns),
        text => time_ns("start", text)?,
    };
    Ok((start_ns, end_ns))
}

/// Seconds, with a fraction perhaps, or a duration as Go writes it.
fn step_ns(text: &str) -> Result<u64, Refusal> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds: &f64| seconds.is_finite());
    let ns = match seconds {
        Some(seconds) => Some((seconds * SECOND_NS).round()),
        None => go_duration::read_ns(text).ok().map(|ns| ns as f64),
    };
    match ns {
        Some(ns) if ns >= 1.0 => Ok(ns as u64),
        _ => Err(Refusal::bad_request(format!(
            "invalid step: {text:?} is no length of time; write seconds, or a duration such as \
             15s or 1m"
        ))),
    }
}

/// A query with the moments that it is asked for.
pub(super) struct Figures {
    query: MetricsQuery,
    asked: Asked,
    /// A share of the spans would have done.
    to_sample: bool,
}

impl Figures {
    /// Series and exemplars, at most; zero for as many as there are.
    fn new(steps: Steps, text: &str, (max_series, exemplars): (u32, u32)) -> Result<Self, Refusal> {
        let query = parse(text)?;
        let hint = query.hints.iter().find(|hint| hint.name == "exemplars");
        let asks_share =
            |hint: &Hint| hint.name.ends_with("sample") && matches!(hint.value, Literal::Float(_));
        let to_sample = query.hints.iter().any(asks_share);
        let exemplars = match hint.map(|hint| &hint.value) {
            Some(Literal::Bool(false)) => 0,
            Some(Literal::Int(wanted)) => u32::try_from(*wanted).unwrap_or(MAX_EXEMPLARS),
            _ if exemplars == 0 => MAX_EXEMPLARS,
            _ => exemplars,
        };
        let query = lower::metrics(&query).map_err(|error| Refusal::of_query(text, &error))?;
        let mut asked = Asked::of(steps);
        asked.exemplars = exemplars.min(MAX_EXEMPLARS) as usize;
        if max_series > 0 {
            asked.max_series = max_series as usize;
        }
        Ok(Self {
            query,
            asked,
            to_sample,
        })
    }

    fn over(
        (start_ns, end_ns): (u64, u64),
        step_ns: Option<u64>,
        text: &str,
        most: (u32, u32),
    ) -> Result<Self, Refusal> {
        let steps = Steps::over(start_ns, end_ns, step_ns);
        let steps = steps.map_err(|error| Refusal::bad_request(error.to_string()))?;
        Self::new(steps, text, most)
    }

    fn at_end((start_ns, end_ns): (u64, u64), text: &str) -> Result<Self, Refusal> {
        let steps = Steps::instant(start_ns, end_ns);
        let steps = steps.map_err(|error| Refusal::bad_request(error.to_string()))?;
        let mut figures = Self::new(steps, text, (0, 0))?;
        figures.asked.exemplars = 0;
        Ok(figures)
    }

    /// Of a call over gRPC.
    pub(super) fn of_range(request: &QueryRangeRequest) -> Result<Self, Refusal> {
        let step_ns = (request.step > 0).then_some(request.step);
        let range = (request.start, request.end);
        let most = (request.max_series, request.exemplars);
        Self::over(range, step_ns, &request.query, most)
    }

    /// Likewise.
    pub(super) fn of_instant(request: &QueryInstantRequest) -> Result<Self, Refusal> {
        Self::at_end((request.start, request.end), &request.query)
    }

    pub(super) fn range(
        &self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Result<QueryRangeResponse, StoreError> {
        let found = series(store, &self.query, &self.asked, cancelled)?;
        let (metrics, status, message) = standing(&found, self.to_sample);
        let series = found.series.iter().map(|series| TimeSeries {
            labels: labels(&series.labels),
            samples: series
                .samples(&self.asked.steps)
                .map(|(at_ns, value)| Sample {
                    value,
                    timestamp_ms: at_ns / MS_NS,
                })
                .collect(),
            exemplars: exemplars(series),
        });
        Ok(QueryRangeResponse {
            series: series.collect(),
            metrics,
            status,
            message,
        })
    }

    pub(super) fn instant(
        &self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Result<QueryInstantResponse, StoreError> {
        let found = series(store, &self.query, &self.asked, cancelled)?;
        let (metrics, status, message) = standing(&found, self.to_sample);
        let series = found.series.iter().filter_map(|series| {
            let (_, value) = series.samples(&self.asked.steps).last()?;
            Some(InstantSeries {
                labels: labels(&series.labels),
                value,
            })
        });
        Ok(QueryInstantResponse {
            series: series.collect(),
            metrics,
            status,
            message,
        })
    }
}

fn exemplars(series: &Series) -> Vec<Exemplar> {
    let each = series.exemplars.iter().map(|exemplar| {
        let trace_id = AnyValue::text(trimmed(exemplar.trace_id));
        let mut labels = labels(&series.labels);
        labels.push(KeyValue::new("trace:id", trace_id));
        Exemplar {
            labels,
            value: exemplar.value,
            timestamp_ms: exemplar.at_ns / MS_NS,
        }
    });
    each.collect()
}

fn labels(labels: &[(String, Value<'static>)]) -> Vec<KeyValue> {
    let labels = labels.iter();
    labels
        .map(|(name, value)| KeyValue::new(name, value.into()))
        .collect()
}
