//! One trace: its skeleton, its spans in full, finding in it, and the whole of
//! it for download.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use tracewell_model::batch::view::BatchView;
use tracewell_model::{StoreError, TraceId};
use tracewell_query::find::find as find_in;
use tracewell_wire::otlp;

use super::UiState;
use super::skeleton;
use super::span_detail::Span;
use super::trace_cache::LoadedTrace;
use crate::blocking::{QueryError, run_query};
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

const JSON: &str = "application/json";

/// What `answer` makes of the trace `id`, on a thread for queries. `revision`
/// is the one that the client knows, if it named one; without `is_fresh` a
/// remembered trace will do.
async fn with_trace<A>(
    state: UiState,
    id: &str,
    revision: Option<String>,
    is_fresh: bool,
    answer: A,
) -> Result<Encoded, ApiError>
where
    A: FnOnce(&LoadedTrace) -> Result<Encoded, ApiError> + Send + 'static,
{
    let id = TraceId::parse_hex(id).map_err(|error| ApiError::trace_id(id, &error))?;
    let (store, traces) = (Arc::clone(&state.query.store), state.traces);
    let work = move |cancelled: &AtomicBool| -> Result<Result<Encoded, ApiError>, StoreError> {
        let trace = if is_fresh {
            traces.load(&*store, id, cancelled)?
        } else {
            traces.get(&*store, id, revision.as_deref(), cancelled)?
        };
        let Some(trace) = trace else {
            return Ok(Err(ApiError::not_found(format!(
                "trace {id} is not stored"
            ))
            .with_hint(
                "its spans may still be on their way, or retention has removed it",
            )));
        };
        if revision.is_some_and(|known| known != trace.revision) {
            return Ok(Err(ApiError::changed(format!(
                "the trace has changed; its revision is now {}",
                trace.revision
            ))
            .with_hint("read the skeleton again")));
        }
        let answer = answer(&trace);
        Ok(answer.map(|answer| {
            if is_fresh {
                answer.having_searched(&trace.report)
            } else {
                answer
            }
        }))
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
    with_trace(state, &id, None, true, move |trace| {
        let room = trace.room_for(skeleton::memory_bytes(trace));
        let _held = room.map_err(QueryError::from)?;
        let bytes = skeleton::encode(trace);
        Ok(Encoded::new(skeleton::CONTENT_TYPE, coding, bytes))
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
    with_trace(state, &id, Some(revision), false, move |trace| {
        Ok(Encoded::new(JSON, coding, spans_json(trace, &rows)?))
    })
    .await
}

fn spans_json(trace: &LoadedTrace, rows: &[u32]) -> Result<Vec<u8>, ApiError> {
    let order = &trace.tree.order;
    if let Some(beyond) = rows.iter().find(|row| **row as usize >= order.len()) {
        return Err(ApiError::bad_request(
            format!("rows: there is no row {beyond}"),
            format!("the trace has rows 0 to {}", order.len() - 1),
        ));
    }
    let view = BatchView::new(&trace.batch);
    let mut out = br#"{"revision":"#.to_vec();
    out.extend(to_json(&trace.revision));
    out.extend_from_slice(br#","spans":["#);
    for (index, place) in rows.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let span = Span::new(trace, &view, *place, order[*place as usize] as usize);
        out.extend(to_json(&span));
        if out.len() > MAX_SPANS_BYTES {
            let mib = MAX_SPANS_BYTES >> 20;
            return Err(ApiError::bad_request(
                format!(
                    "rows: the spans of these {} rows are over {mib} MiB",
                    rows.len()
                ),
                "ask for fewer rows at a time",
            ));
        }
    }
    out.extend_from_slice(b"]}");
    Ok(out)
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
    with_trace(state, &id, revision, false, move |trace| {
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
    let encoded = with_trace(state, &id, None, true, move |trace| {
        let room = trace.room_for(trace.batch.len() * OTLP_JSON_SPAN_BYTES);
        let _held = room.map_err(QueryError::from)?;
        Ok(Encoded::new(JSON, coding, otlp::json::encode(&trace.batch)))
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
