//! `/api/traces` (search, or several by id) and `/api/traces/{id}`.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use tracewell_model::batch::view::BatchView;
use tracewell_model::store::ScanReport;
use tracewell_model::{SpanBatch, StoreError, TraceId, TraceStore};
use tracewell_query::search::Detail;

use super::answer::{ErrorEntry, failed, incomplete, is_pretty, refused};
use super::search_params::{self, SearchRequest};
use super::trace_json::TraceJson;
use crate::QueryState;
use crate::jaeger::finding::TraceQuery;
use crate::jaeger::params::{self, Params};
use crate::streamed::{JsonWriter, Outcome, respond};

/// Traces held in memory at a time.
const FETCH_TRACES: usize = 16;

const NOT_FOUND: &str = "trace not found";

pub(super) async fn search(State(state): State<Arc<QueryState>>, params: Params) -> Response {
    let request = match search_params::parse(&params, state.clock.now_ns()) {
        Ok(request) => request,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error),
    };
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| match request {
        SearchRequest::Ids(ids) => write_by_ids(&*store, &ids, cancelled, writer),
        SearchRequest::Query(query) => write_matches(&*store, &query, cancelled, writer),
    };
    respond(&state, is_pretty(&params), write, not_found, failed).await
}

pub(super) async fn by_id(
    State(state): State<Arc<QueryState>>,
    Path(id): Path<String>,
    params: Params,
) -> Response {
    let id = match parse_by_id(&id, &params) {
        Ok(id) => id,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error),
    };
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        let found = store.traces(&[id], None, cancelled)?;
        let report = found.report;
        let Some((batch, _held)) = found.only(id)? else {
            return Ok(Outcome::NothingFound);
        };
        let mut envelope = Envelope::open(writer);
        envelope.trace(&batch);
        let lacking: Vec<ErrorEntry> = report.lacking().map(incomplete).into_iter().collect();
        envelope.close(&lacking);
        Ok(Outcome::Written(report))
    };
    respond(&state, is_pretty(&params), write, not_found, failed).await
}

/// `start` and `end` are hints for stores that need them; they must still be
/// numbers.
fn parse_by_id(id: &str, params: &Params) -> Result<TraceId, String> {
    let id = params::trace_id(id)?;
    search_params::micros(params, "start")?;
    search_params::micros(params, "end")?;
    search_params::raw(params)?;
    Ok(id)
}

fn not_found() -> Response {
    refused(StatusCode::NOT_FOUND, NOT_FOUND)
}

/// Writes `data` trace by trace, then the rest of the envelope.
pub(super) struct Envelope<'a> {
    writer: &'a mut JsonWriter,
    traces: usize,
}

impl<'a> Envelope<'a> {
    pub(super) fn open(writer: &'a mut JsonWriter) -> Self {
        writer.raw(b"{\"data\":[");
        Self { writer, traces: 0 }
    }

    fn trace(&mut self, batch: &SpanBatch) {
        self.json(&TraceJson::new(&BatchView::new(batch)));
    }

    pub(super) fn json(&mut self, trace: &TraceJson<'_>) {
        if self.traces > 0 {
            self.writer.raw(b",");
        }
        self.traces += 1;
        self.writer.value(trace);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.writer.is_broken()
    }

    /// The error of an answer that was cut short, or `error` back if there is
    /// no answer yet.
    fn cut_short(&self, error: StoreError) -> Result<ErrorEntry, StoreError> {
        if self.traces == 0 {
            return Err(error);
        }
        let error = self.writer.cut_short(error);
        Ok(ErrorEntry {
            code: error.http_status().as_u16(),
            msg: format!("the answer is not complete: {error}"),
            ..ErrorEntry::default()
        })
    }

    pub(super) fn close(self, errors: &[ErrorEntry]) {
        self.writer
            .raw(b"],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":");
        self.writer
            .value(&Some(errors).filter(|errors| !errors.is_empty()));
        self.writer.raw(b"}");
    }
}

/// Traces that are not there are errors in the envelope, and the status is 200.
fn write_by_ids(
    store: &dyn TraceStore,
    ids: &[TraceId],
    cancelled: &AtomicBool,
    writer: &mut JsonWriter,
) -> Result<Outcome, StoreError> {
    let mut envelope = Envelope::open(writer);
    let (mut errors, mut report) = (Vec::new(), ScanReport::default());
    for ids in ids.chunks(FETCH_TRACES) {
        let traces = match store.traces(ids, None, cancelled) {
            Ok(found) => {
                report.add_again(&found.report);
                found.traces
            }
            Err(error) => {
                errors.push(envelope.cut_short(error)?);
                break;
            }
        };
        for (id, found) in ids.iter().zip(&traces) {
            match found {
                Some(batch) => envelope.trace(batch),
                None => errors.push(ErrorEntry {
                    code: 0,
                    msg: NOT_FOUND.to_owned(),
                    trace_id: id.to_short_hex(),
                }),
            }
        }
    }
    errors.extend(report.lacking().map(incomplete));
    envelope.close(&errors);
    Ok(Outcome::Written(report))
}

fn write_matches(
    store: &dyn TraceStore,
    query: &TraceQuery,
    cancelled: &AtomicBool,
    writer: &mut JsonWriter,
) -> Result<Outcome, StoreError> {
    let mut envelope = Envelope::open(writer);
    let found = query.run(store, cancelled, Detail::Whole, &mut |found| {
        envelope.trace(found.batch);
        if envelope.is_broken() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let (mut errors, mut report) = (Vec::new(), ScanReport::default());
    match found {
        Ok(outcome) => {
            report = outcome.report;
            errors.extend(outcome.partial.map(incomplete));
        }
        Err(error) => errors.push(envelope.cut_short(error)?),
    }
    envelope.close(&errors);
    Ok(Outcome::Written(report))
}
