//! `/api/v3/traces` and `/api/v3/traces/{id}`: whole traces as
//! `{"result":{"resourceSpans":[…]}}`, all in one body.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::{Path, State};
use axum::response::Response;
use tracewell_model::store::ScanReport;
use tracewell_model::{SpanBatch, TraceId};
use tracewell_query::search::{Detail, SearchOutcome};
use tracewell_wire::otlp;

use super::answer::{self, ErrorDetails, failed, nothing_found, refused};
use super::search_params::{self, malformed, optional};
use crate::QueryState;
use crate::jaeger::params::{self, Params};
use crate::jaeger::values;
use crate::streamed::{JsonWriter, Outcome, respond};

const OPENING: &[u8] = b"{\"resourceSpans\":[";
const CLOSING: &[u8] = b"]}";

const RESULT: &[u8] = b"{\"result\":{\"resourceSpans\":[";

pub(super) async fn search(State(state): State<Arc<QueryState>>, params: Params) -> Response {
    let query = match search_params::parse(&params) {
        Ok(query) => query,
        Err(error) => return refused(&error),
    };
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        let mut result = TracesResult { writer, traces: 0 };
        let found = query.run(&*store, cancelled, Detail::Whole, &mut |found| {
            result.trace(found.batch);
            if result.writer.is_broken() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let report = found
            .as_ref()
            .map_or_else(|_| ScanReport::default(), |outcome| outcome.report);
        match found {
            Err(error) if result.traces == 0 => return Err(error),
            Err(error) => {
                let error = answer::details(&result.writer.cut_short(error));
                result.close_with(&error);
            }
            Ok(SearchOutcome {
                partial: Some(why), ..
            }) => result.close_with(&answer::incomplete(&why)),
            Ok(_) if result.traces == 0 => return Ok(Outcome::NothingFound),
            Ok(_) => result.writer.raw(b"]}}"),
        }
        Ok(Outcome::Written(report))
    };
    respond(&state, false, write, nothing_found, failed).await
}

pub(super) async fn by_id(
    State(state): State<Arc<QueryState>>,
    Path(id): Path<String>,
    params: Params,
) -> Response {
    let id = match parse_by_id(&id, &params) {
        Ok(id) => id,
        Err(error) => return refused(&error),
    };
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        let found = store.traces(&[id], None, cancelled)?;
        let report = found.report;
        let Some((batch, _held)) = found.only(id)? else {
            return Ok(Outcome::NothingFound);
        };
        let mut result = TracesResult { writer, traces: 0 };
        result.trace(&batch);
        match report.lacking() {
            Some(why) => result.close_with(&answer::incomplete(&why)),
            None => result.writer.raw(b"]}}"),
        }
        Ok(Outcome::Written(report))
    };
    respond(&state, false, write, nothing_found, failed).await
}

/// The times are hints for stores that need them; they must still be times.
fn parse_by_id(id: &str, params: &Params) -> Result<TraceId, String> {
    let id = params::trace_id(id).map_err(|cause| malformed("trace_id", &cause))?;
    optional(params, &["startTime", "start_time"], values::time_ns)?;
    optional(params, &["endTime", "end_time"], values::time_ns)?;
    optional(params, &["rawTraces", "raw_traces"], values::boolean)?;
    Ok(id)
}

/// Joins the `resourceSpans` of several traces.
struct TracesResult<'a> {
    writer: &'a mut JsonWriter,
    traces: usize,
}

impl TracesResult<'_> {
    /// Says after the traces, if any, why others are missing.
    fn close_with(&mut self, error: &ErrorDetails) {
        if self.traces == 0 {
            self.writer.raw(RESULT);
        }
        self.writer.raw(b"]},\"error\":");
        self.writer.value(error);
        self.writer.raw(b"}");
    }

    fn trace(&mut self, batch: &SpanBatch) {
        let separator: &[u8] = match self.traces {
            0 => RESULT,
            _ => b",",
        };
        self.writer.raw(separator);
        self.traces += 1;
        let json = otlp::json::encode_with(batch, otlp::Links::OfTraces);
        let inner = json.strip_prefix(OPENING);
        let inner = inner.and_then(|json| json.strip_suffix(CLOSING));
        self.writer
            .raw(inner.expect("the encoder writes one object with one list"));
    }
}
