//! `/api/traces/{id}` and `/api/v2/traces/{id}`: one trace, whole.
//!
//! The first answers the trace alone, and 404 where there is none; the second
//! puts it into an envelope that says whether it is complete, and is empty
//! where there is none.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use tracewell_model::store::ScanReport;
use tracewell_model::{SpanBatch, TraceId};
use tracewell_wire::otlp;

use super::answer::Form;
use super::range::time_ns;
use super::refusal::Refusal;
use crate::QueryState;
use crate::blocking::run_query;
use crate::go_params::Params;

/// Digits of a trace id.
const MAX_DIGITS: usize = 32;

pub(super) async fn by_id(
    State(state): State<Arc<QueryState>>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let form = Form::accepted(&headers);
    let asked = read(&state, &id, &params, move |batch, _| {
        let mut trace = encode(form, batch);
        if form == Form::Json {
            // What the list was called when this was new.
            let batches = b"{\"batches\":";
            trace.splice(..RESOURCE_SPANS.len(), batches.iter().copied());
        }
        trace
    });
    Ok(match asked.await? {
        Some((trace, lacking)) => form.answer(trace, lacking.as_deref()),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

pub(super) async fn by_id_v2(
    State(state): State<Arc<QueryState>>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let form = Form::accepted(&headers);
    let asked = read(&state, &id, &params, move |batch, report| {
        in_envelope(form, &encode(form, batch), report)
    });
    let none = || {
        let empty: &[u8] = match form {
            Form::Json => b"{}",
            Form::Protobuf => b"",
        };
        (in_envelope(form, empty, &ScanReport::default()), None)
    };
    let (trace, lacking) = asked.await?.unwrap_or_else(none);
    Ok(form.answer(trace, lacking.as_deref()))
}

const RESOURCE_SPANS: &[u8] = b"{\"resourceSpans\":";

fn encode(form: Form, batch: &SpanBatch) -> Vec<u8> {
    match form {
        Form::Json => otlp::json::encode_of_protobuf(batch),
        Form::Protobuf => otlp::protobuf::encode(batch),
    }
}

/// What `write` makes of the trace, and what that lacks; `None` of a trace that
/// is not there. The times that may be asked for are hints for stores that need
/// them; they must still be times.
async fn read(
    state: &QueryState,
    id: &str,
    params: &Params,
    write: impl FnOnce(&SpanBatch, &ScanReport) -> Vec<u8> + Send + 'static,
) -> Result<Option<(Vec<u8>, Option<String>)>, Refusal> {
    let id = trace_id(id)?;
    let times = ["start", "end"].map(|name| match params.get(name) {
        "" | "0" => Ok(None),
        text => time_ns(name, text).map(Some),
    });
    let [start, end] = times;
    if let (Some(start), Some(end)) = (start?, end?)
        && start >= end
    {
        let text = "http parameter start must be before end";
        return Err(Refusal::bad_request(text));
    }
    let store = Arc::clone(&state.store);
    let found = run_query(state, move |cancelled| {
        let found = store.traces(&[id], None, cancelled)?;
        let report = found.report;
        let Some((batch, held)) = found.only(id)? else {
            return Ok(None);
        };
        let mut room = held.of_same_account();
        room.grow(batch.memory_bytes())?;
        Ok(Some((write(&batch, &report), report.lacking())))
    });
    Ok(found.await?)
}

fn trace_id(text: &str) -> Result<TraceId, Refusal> {
    let refused = |why: &str| Err(Refusal::bad_request(format!("trace ID {text:?}: {why}")));
    if text.len() > MAX_DIGITS {
        return refused("trace IDs have at most 32 hexadecimal digits");
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return refused("trace IDs can only contain hex characters");
    }
    // One of zeros is read; there is just no such trace.
    Ok(TraceId::parse_hex(text).unwrap_or_default())
}

/// `TraceByIDResponse`: trace 1, metrics 2, status 3, message 4.
fn in_envelope(form: Form, trace: &[u8], report: &ScanReport) -> Vec<u8> {
    let (bytes, lacking) = (report.searched_bytes, report.lacking());
    match form {
        Form::Json => {
            let mut out = b"{\"trace\":".to_vec();
            out.extend_from_slice(trace);
            let metrics = match bytes {
                0 => ",\"metrics\":{}".to_owned(),
                bytes => format!(",\"metrics\":{{\"inspectedBytes\":\"{bytes}\"}}"),
            };
            out.extend_from_slice(metrics.as_bytes());
            if let Some(why) = lacking {
                let why = serde_json::Value::from(why);
                out.extend_from_slice(
                    format!(",\"status\":\"PARTIAL\",\"message\":{why}").as_bytes(),
                );
            }
            out.push(b'}');
            out
        }
        Form::Protobuf => {
            let mut out = Vec::with_capacity(trace.len() + 64);
            // Both are there even when they are empty: Grafana looks into them.
            put(&mut out, 1, trace);
            let mut metrics = Vec::new();
            if bytes > 0 {
                metrics.push(0x08);
                prost::encoding::encode_varint(bytes, &mut metrics);
            }
            put(&mut out, 2, &metrics);
            if let Some(why) = lacking {
                out.extend_from_slice(&[0x18, 1]);
                put(&mut out, 4, why.as_bytes());
            }
            out
        }
    }
}

fn put(out: &mut Vec<u8>, field: u8, message: &[u8]) {
    out.push(field << 3 | 2);
    prost::encoding::encode_varint(message.len() as u64, out);
    out.extend_from_slice(message);
}
