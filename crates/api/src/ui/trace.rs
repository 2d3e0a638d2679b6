//! One trace: its skeleton, its spans in full, finding in it, and the whole of
//! it for download.
//!
//! Spans in full are read as they are asked for: **what a page shows of a trace
//! costs what it shows, not what the trace holds**.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use tracewell_model::batch::identity::Outline;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatch, SpanId, StoreError, TraceId, TraceStore};
use tracewell_query::find::find as find_in;
use tracewell_wire::otlp;

use super::UiState;
use super::loaded::LoadedTrace;
use super::opened::OpenedTrace;
use super::recent::OfTrace;
use super::skeleton;
use super::span_detail::Span;
use super::trace_cache::TraceCache;
use crate::blocking::run_query;
use crate::compression::{Coding, Encoded};
use crate::error::{ApiError, to_json};
use crate::params::Params;

/// Rows of one request for spans.
const MAX_ROWS: usize = 500;

/// Spans in full that one answer holds. Resources repeat with every span, so
/// that a small request could ask for a very large answer.
const MAX_SPANS_BYTES: usize = 64 << 20;

/// What a span of everyday size takes as OTLP JSON.
const OTLP_JSON_SPAN_BYTES: usize = 512;

pub(super) const JSON: &str = "application/json";

/// Where a handler gets its trace from: the cache's word for it.
pub(super) type Get<T> = fn(
    &TraceCache,
    &dyn TraceStore,
    TraceId,
    Option<&str>,
    &AtomicBool,
) -> Result<Option<Arc<T>>, StoreError>;

/// What an answer is made with.
pub(super) struct Query<'a> {
    traces: &'a TraceCache,
    store: &'a dyn TraceStore,
    cancelled: &'a AtomicBool,
}

/// Why there is no answer.
pub(super) enum Failure {
    Store(StoreError),
    Api(ApiError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// What `answer` makes of what `get` gets of the trace `id`, on a thread for
/// queries. `revision` is the one that the client knows, if it named one.
pub(super) async fn with_trace<T, A>(
    state: UiState,
    id: &str,
    revision: Option<String>,
    get: Get<T>,
    answer: A,
) -> Result<Encoded, ApiError>
where
    T: OfTrace + 'static,
    A: FnOnce(&T, &Query<'_>) -> Result<Encoded, Failure> + Send + 'static,
{
    let id = TraceId::parse_hex(id).map_err(|error| ApiError::trace_id(id, &error))?;
    let (store, traces) = (Arc::clone(&state.query.store), state.traces);
    let work = move |cancelled: &AtomicBool| -> Result<Result<Encoded, ApiError>, StoreError> {
        let trace = get(&traces, &*store, id, revision.as_deref(), cancelled)?;
        let Some(trace) = trace else {
            return Ok(Err(ApiError::not_found(format!(
                "trace {id} is not stored"
            ))
            .with_hint(
                "its spans may still be on their way, or sampling or retention has removed it",
            )));
        };
        if revision.is_some_and(|known| known != trace.revision()) {
            return Ok(Err(ApiError::changed(format!(
                "the trace has changed; its revision is now {}",
                trace.revision()
            ))
            .with_hint("read the skeleton again")));
        }
        let query = Query {
            traces: &traces,
            store: &*store,
            cancelled,
        };
        match answer(&trace, &query) {
            Ok(answer) => Ok(Ok(answer)),
            Err(Failure::Api(error)) => Ok(Err(error)),
            Err(Failure::Store(error)) => Err(error),
        }
    };
    run_query(&state.query, work).await?
}

/// `GET /traces/{id}/skeleton`
pub(super) async fn skeleton(
    State(state): State<UiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Encoded, ApiError> {
    let coding = Coding::accepted(&headers);
    let get: Get<LoadedTrace> =
        |traces, store, id, _, cancelled| traces.skeleton(store, id, cancelled);
    with_trace(state, &id, None, get, move |trace, query| {
        let answer = {
            let _held = trace.room_for(skeleton::memory_bytes(trace))?;
            let bytes = skeleton::encode(trace);
            Encoded::new(skeleton::CONTENT_TYPE, coding, bytes)
        };
        // Where there is no memory for it, details will read it again.
        let _opened = query.traces.open(trace).is_ok();
        Ok(answer.having_searched(&trace.report))
    })
    .await
}

#[derive(Deserialize)]
struct SpansRequest {
    revision: String,
    rows: Vec<u32>,
}

/// `POST /traces/{id}/spans`
pub(super) async fn spans(
    State(state): State<UiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Encoded, ApiError> {
    let body = body.map_err(|rejection| ApiError::body(&rejection))?;
    let request: SpansRequest = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_request(
            format!("the body is not what is expected: {error}"),
            r#"write {"revision":"…","rows":[0,5,6]}"#,
        )
    })?;
    let SpansRequest { revision, rows } = request;
    if rows.len() > MAX_ROWS {
        return Err(ApiError::bad_request(
            format!("rows: {} rows are more than {MAX_ROWS}", rows.len()),
            "ask for the others in another request",
        ));
    }
    let coding = Coding::accepted(&headers);
    let get: Get<OpenedTrace> = TraceCache::opened;
    with_trace(state, &id, Some(revision), get, move |trace, query| {
        Ok(Encoded::new(JSON, coding, spans_json(trace, &rows, query)?))
    })
    .await
}

fn spans_json(trace: &OpenedTrace, rows: &[u32], query: &Query<'_>) -> Result<Vec<u8>, Failure> {
    if let Some(beyond) = rows.iter().find(|row| **row as usize >= trace.len()) {
        return Err(Failure::Api(ApiError::bad_request(
            format!("rows: there is no row {beyond}"),
            format!("the trace has rows 0 to {}", trace.len() - 1),
        )));
    }
    let wanted: Vec<Outline> = rows.iter().map(|row| trace.outline(*row)).collect();
    let found = query.store.spans(trace.id(), &wanted, query.cancelled)?;
    let (batch, _held) = found.only(trace.id())?.unwrap_or_default();
    let view = BatchView::new(&batch);
    let mut out = br#"{"revision":"#.to_vec();
    out.extend(to_json(&trace.revision()));
    out.extend_from_slice(br#","spans":["#);
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let of_batch = row_in(&batch, trace, *row).ok_or_else(|| {
            ApiError::changed(format!("the span of row {row} is not stored any more"))
                .with_hint("read the skeleton again")
        })?;
        let span = Span::new(&view, (*row, of_batch), trace.oddity(*row));
        out.extend(to_json(&span));
        if out.len() > MAX_SPANS_BYTES {
            let mib = MAX_SPANS_BYTES >> 20;
            return Err(Failure::Api(ApiError::bad_request(
                format!(
                    "rows: the spans of these {} rows are over {mib} MiB",
                    rows.len()
                ),
                "ask for fewer rows at a time",
            )));
        }
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

/// Which span of the batch stands in a row.
fn row_in(batch: &SpanBatch, trace: &OpenedTrace, row: u32) -> Option<usize> {
    let outline = trace.outline(row);
    let mut same = (0..batch.len()).filter(|of_batch| batch.outline(*of_batch) == outline);
    let first = same.next()?;
    let others: Vec<usize> = same.collect();
    if others.is_empty() {
        return Some(first);
    }
    let before = trace.namesakes_before(row);
    std::iter::once(first).chain(others).nth(before)
}

/// `GET /traces/{id}/rows`
pub(super) async fn rows(
    State(state): State<UiState>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Encoded, ApiError> {
    let texts: Vec<&str> = params.all("span").collect();
    if texts.is_empty() || texts.len() > MAX_ROWS {
        return Err(ApiError::bad_request(
            format!("span: {} span ids, wanted are 1 to {MAX_ROWS}", texts.len()),
            "write span=0123456789abcdef, once for each span",
        ));
    }
    let ids: Result<Vec<SpanId>, _> = texts.into_iter().map(span_id).collect();
    let ids = ids?;
    let revision = params.text("revision").map(str::to_owned);
    let coding = Coding::accepted(&headers);
    let get: Get<OpenedTrace> = TraceCache::opened;
    with_trace(state, &id, revision, get, move |trace, _| {
        let answer = Found {
            revision: trace.revision(),
            rows: trace.rows_of(&ids),
        };
        Ok(Encoded::new(JSON, coding, to_json(&answer)))
    })
    .await
}

fn span_id(text: &str) -> Result<SpanId, ApiError> {
    let digits = u64::from_str_radix(text, 16).ok();
    let digits = digits.filter(|_| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digits.map(|id| SpanId(id.to_be_bytes())).ok_or_else(|| {
        ApiError::bad_request(
            format!("span: {text:?} is no span id"),
            "a span id has up to 16 hexadecimal digits",
        )
    })
}

#[derive(Serialize)]
struct Found<'a> {
    revision: &'a str,
    rows: Vec<u32>,
}

/// `GET /traces/{id}/find`
pub(super) async fn find(
    State(state): State<UiState>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Encoded, ApiError> {
    let text = params
        .required("q", "write a text, or key=value")?
        .to_owned();
    let revision = params.text("revision").map(str::to_owned);
    let coding = Coding::accepted(&headers);
    let get: Get<LoadedTrace> = TraceCache::whole;
    with_trace(state, &id, revision, get, move |trace, _| {
        let found = find_in(&trace.batch, &text);
        let rows = (0u32..).zip(&trace.tree.order);
        let rows = rows.filter(|(_, row)| found.contains(**row as usize));
        let answer = Found {
            revision: &trace.revision,
            rows: rows.map(|(place, _)| place).collect(),
        };
        Ok(Encoded::new(JSON, coding, to_json(&answer)))
    })
    .await
}

/// `GET /traces/{id}/otlp`
pub(super) async fn otlp(
    State(state): State<UiState>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let coding = Coding::accepted(&headers);
    let get: Get<LoadedTrace> = |traces, store, id, _, cancelled| traces.load(store, id, cancelled);
    let encoded = with_trace(state, &id, None, get, move |trace, _| {
        let _held = trace.room_for(trace.batch.len() * OTLP_JSON_SPAN_BYTES)?;
        let answer = Encoded::new(JSON, coding, otlp::json::encode(&trace.batch));
        Ok(answer.having_searched(&trace.report))
    })
    .await?;
    let mut response = encoded.into_response();
    if params.is_on("download") {
        // It was an id, so it is hexadecimal digits only.
        let disposition = format!("attachment; filename=\"trace-{id}.otlp.json\"");
        if let Ok(value) = HeaderValue::from_str(&disposition) {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
    }
    Ok(response)
}
