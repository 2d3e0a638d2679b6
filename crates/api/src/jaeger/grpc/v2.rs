//! `jaeger.api_v2.QueryService` (`query.proto` of jaeger-idl).

pub(super) mod messages;
mod spans;

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Router;
use tokio_stream::Stream;
use tonic::{Code, Status};
use tracewell_model::store::Listed;
use tracewell_model::{SpanBatch, TimeRange, TraceId};
use tracewell_query::dependencies::dependencies;
use tracewell_query::search::Detail;

use super::times::{duration_ns, time_ns};
use crate::QueryState;
use crate::grpc_call::{
    Sender, ask, cut_to_message, flow_to_end, lacking_to_end, stream, streaming, unary,
};
use crate::jaeger::finding::{self, Conditions, DEFAULT_LIMIT, TraceQuery};
use messages::{
    ArchiveTraceRequest, DependencyLink, Empty, FindTracesRequest, GetDependenciesRequest,
    GetDependenciesResponse, GetOperationsRequest, GetOperationsResponse, GetServicesResponse,
    GetTraceRequest, Operation, TraceQueryParameters,
};
use tracewell_wire::jaeger::shown::shown_service;

pub(super) const SERVICE: &str = "jaeger.api_v2.QueryService";

pub(super) fn router(state: &Arc<QueryState>) -> Router {
    let path = |method: &str| format!("/{SERVICE}/{method}");
    Router::new()
        .route(&path("GetTrace"), streaming(state, get_trace))
        .route(&path("ArchiveTrace"), unary(state, archive_trace))
        .route(&path("FindTraces"), streaming(state, find_traces))
        .route(&path("GetServices"), streaming(state, get_services))
        .route(&path("GetOperations"), streaming(state, get_operations))
        .route(&path("GetDependencies"), streaming(state, get_dependencies))
}

async fn get_trace(
    state: Arc<QueryState>,
    request: GetTraceRequest,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>>, Status> {
    let id = trace_id(&request.trace_id)?;
    let store = Arc::clone(&state.store);
    stream(&state, move |cancelled, sender| {
        let found = store.traces(&[id], None, cancelled)?;
        let report = found.report;
        Ok(match found.only(id)? {
            Some((batch, _held)) => {
                let flow = send_spans(&batch, sender);
                lacking_to_end(flow, report.lacking(), sender)
            }
            None => sender.send(Err(Status::not_found("trace not found"))),
        })
    })
    .await
}

async fn find_traces(
    state: Arc<QueryState>,
    request: FindTracesRequest,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>>, Status> {
    let query = request
        .query
        .ok_or_else(|| Status::invalid_argument("missing query"))?;
    let query = trace_query(query)?;
    let store = Arc::clone(&state.store);
    stream(&state, move |cancelled, sender| {
        let mut flow = ControlFlow::Continue(());
        let outcome = query.run(&*store, cancelled, Detail::Whole, &mut |found| {
            flow = send_spans(found.batch, sender);
            flow
        })?;
        Ok(flow_to_end(flow, &outcome, sender))
    })
    .await
}

fn send_spans(batch: &SpanBatch, sender: &Sender<Vec<u8>>) -> ControlFlow<()> {
    spans::for_each_chunk(batch, |chunk| sender.send(Ok(chunk)))
}

async fn archive_trace(
    _state: Arc<QueryState>,
    request: ArchiveTraceRequest,
) -> Result<Empty, Status> {
    trace_id(&request.trace_id)?;
    Err(Status::internal(
        "failed to archive trace: archive span storage was not configured",
    ))
}

async fn get_services(
    state: Arc<QueryState>,
    _request: Empty,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>>, Status> {
    let store = Arc::clone(&state.store);
    ask(&state, move |_| {
        let mut found = finding::services(&*store)?;
        cut_to_message(&mut found, String::len);
        let lacking = found.lacking();
        let services = found.entries;
        Ok((GetServicesResponse { services }, lacking))
    })
    .await
}

async fn get_operations(
    state: Arc<QueryState>,
    request: GetOperationsRequest,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>>, Status> {
    let store = Arc::clone(&state.store);
    ask(&state, move |_| {
        let mut found = finding::operations(&*store, &request.service, &request.span_kind)?;
        // Names stand there twice.
        cut_to_message(&mut found, |operation| 2 * operation.name.len());
        let lacking = found.lacking();
        let operation = |operation: &finding::OperationName| Operation {
            name: operation.name.clone(),
            span_kind: operation.kind_name().to_owned(),
        };
        let response = GetOperationsResponse {
            operations: found.entries.iter().map(operation).collect(),
            operation_names: finding::distinct_names(found.entries),
        };
        Ok((response, lacking))
    })
    .await
}

async fn get_dependencies(
    state: Arc<QueryState>,
    request: GetDependenciesRequest,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>>, Status> {
    let (start, end) = (time_ns(request.start_time), time_ns(request.end_time));
    let (Some(start_ns), Some(end_ns)) = (start, end) else {
        return Err(Status::invalid_argument(
            "StartTime and EndTime must be initialized.",
        ));
    };
    let store = Arc::clone(&state.store);
    let range = TimeRange { start_ns, end_ns };
    ask(&state, move |cancelled| {
        let found = dependencies(&*store, range, cancelled)?;
        let mut found = Listed {
            entries: found.calls,
            report: found.report,
            has_more: false,
        };
        cut_to_message(&mut found, |call| call.parent.len() + call.child.len());
        let lacking = found.lacking();
        let links = found.entries.into_iter().map(|call| DependencyLink {
            parent: shown_service(&call.parent).to_owned(),
            child: shown_service(&call.child).to_owned(),
            call_count: call.calls,
            source: String::new(),
        });
        let response = GetDependenciesResponse {
            dependencies: links.collect(),
        };
        Ok((response, lacking))
    })
    .await
}

/// 16 bytes, or the lower 8 of a 64-bit id.
fn trace_id(bytes: &[u8]) -> Result<TraceId, Status> {
    let mut id = [0; 16];
    match bytes.len() {
        0 => {}
        len @ (8 | 16) => id[16 - len..].copy_from_slice(bytes),
        len => {
            let message = format!("trace_id has {len} bytes, not 16");
            return Err(Status::invalid_argument(message));
        }
    }
    let id = TraceId(id);
    if id.is_zero() {
        let message = "uninitialized TraceID is not allowed";
        return Err(Status::new(Code::InvalidArgument, message));
    }
    Ok(id)
}

/// Without times all of time is searched.
fn trace_query(query: TraceQueryParameters) -> Result<TraceQuery, Status> {
    let start_ns = time_ns(query.start_time_min).unwrap_or(0);
    let end_ns = time_ns(query.start_time_max).unwrap_or(u64::MAX);
    if start_ns > end_ns {
        let message = "start_time_min must be before start_time_max";
        return Err(Status::invalid_argument(message));
    }
    let limit = usize::try_from(query.search_depth).ok();
    Ok(TraceQuery {
        conditions: Conditions {
            service: query.service_name,
            operation: query.operation_name,
            tags: query.tags,
            min_duration_ns: duration_ns(query.duration_min),
            max_duration_ns: duration_ns(query.duration_max),
        },
        range: TimeRange { start_ns, end_ns },
        limit: limit.filter(|limit| *limit > 0).unwrap_or(DEFAULT_LIMIT),
    })
}
