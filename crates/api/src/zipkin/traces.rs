//! `/api/v2/traces`, `/api/v2/trace/{id}` and `/api/v2/traceMany`: traces as
//! lists of Zipkin's spans.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tracewell_model::store::ScanReport;
use tracewell_model::{SpanBatch, StoreError, TraceId, TraceStore};
use tracewell_query::search::Detail;
use tracewell_query::traceql::Expr;
use tracewell_query::{Search, SearchEvent, lower, search as find};
use tracewell_wire::zipkin::v2::json;

use super::names::of_service;
use super::search_params::{self, SearchRequest};
use crate::QueryState;
use crate::blocking::QueryError;
use crate::by_start::rows_by_start;
use crate::error::ApiError;
use crate::params::Params;
use crate::streamed::{JsonWriter, Outcome, respond};

/// Traces held in memory at a time.
const FETCH_TRACES: usize = 16;

pub(super) async fn search(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, ApiError> {
    let request = search_params::parse(&params, state.clock.now_ns())?;
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        write_matches(&*store, request, cancelled, writer)
    };
    Ok(respond(&state, false, write, none_found, failed).await)
}

pub(super) async fn by_id(
    State(state): State<Arc<QueryState>>,
    Path(text): Path<String>,
) -> Result<Response, ApiError> {
    let id = trace_id("traceId", &text)?;
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        let found = store.traces(&[id], None, cancelled)?;
        let report = found.report;
        let Some((batch, _held)) = found.only(id)? else {
            return Ok(Outcome::NothingFound);
        };
        writer.raw(&trace_json(&batch));
        Ok(Outcome::Written(report))
    };
    Ok(respond(&state, false, write, none_found, failed).await)
}

pub(super) async fn by_ids(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, ApiError> {
    let texts = params.required("traceIds", "name trace ids, with commas between them")?;
    let mut ids = Vec::new();
    for text in texts.split(',').map(str::trim) {
        let id = trace_id("traceIds", text)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        write_by_ids(&*store, &ids, cancelled, writer)
    };
    Ok(respond(&state, false, write, none_found, failed).await)
}

fn trace_id(parameter: &str, text: &str) -> Result<TraceId, ApiError> {
    TraceId::parse_hex(text).map_err(|error| {
        ApiError::bad_request(
            format!("{parameter}: {text:?} is no trace id: {error}"),
            "a trace id has up to 32 hexadecimal digits",
        )
    })
}

fn none_found() -> Response {
    ApiError::not_found("there is no such trace").into_response()
}

fn failed(error: &QueryError) -> Response {
    ApiError::from(error.clone()).into_response()
}

/// A list of traces, each a list of spans. What fails after the first piece
/// breaks the answer off: a list has no place to say so.
struct Traces<'a> {
    writer: &'a mut JsonWriter,
    traces: usize,
}

impl<'a> Traces<'a> {
    fn open(writer: &'a mut JsonWriter) -> Self {
        writer.raw(b"[");
        Self { writer, traces: 0 }
    }

    fn trace(&mut self, batch: &SpanBatch) {
        if self.traces > 0 {
            self.writer.raw(b",");
        }
        self.traces += 1;
        self.writer.raw(&trace_json(batch));
    }

    fn close(self, report: ScanReport) -> Outcome {
        self.writer.raw(b"]");
        Outcome::Written(report)
    }
}

fn trace_json(batch: &SpanBatch) -> Vec<u8> {
    json::encode(batch, rows_by_start(batch))
}

fn write_by_ids(
    store: &dyn TraceStore,
    ids: &[TraceId],
    cancelled: &AtomicBool,
    writer: &mut JsonWriter,
) -> Result<Outcome, StoreError> {
    let mut list = Traces::open(writer);
    let mut report = ScanReport::default();
    for ids in ids.chunks(FETCH_TRACES) {
        let found = store.traces(ids, None, cancelled)?;
        report.add_again(&found.report);
        found
            .traces
            .iter()
            .flatten()
            .for_each(|batch| list.trace(batch));
    }
    Ok(list.close(report))
}

fn write_matches(
    store: &dyn TraceStore,
    request: SearchRequest,
    cancelled: &AtomicBool,
    writer: &mut JsonWriter,
) -> Result<Outcome, StoreError> {
    let mut conditions = request.conditions;
    if let Some(name) = &request.service {
        conditions.insert(0, of_service(store, name)?);
    }
    let wanted = Search {
        filter: lower::lower(&Expr::all_of(conditions)).into(),
        range: request.range,
        limit: request.limit,
        after: None,
        detail: Detail::Whole,
    };
    let mut list = Traces::open(writer);
    let outcome = find(store, &wanted, cancelled, &mut |event| {
        if let SearchEvent::Trace(found) = event {
            list.trace(found.batch);
        }
        if list.writer.is_broken() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(list.close(outcome.report))
}
