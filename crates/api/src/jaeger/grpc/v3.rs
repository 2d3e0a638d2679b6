//! `jaeger.api_v3.QueryService` (`query_service.proto` of jaeger-idl). Traces
//! are OTLP's `TracesData`, written by our own encoder.

pub(super) mod messages;

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Router;
use prost::Message;
use tokio_stream::Stream;
use tonic::Status;
use tracewell_model::store::Listed;
use tracewell_model::{SpanBatch, TimeRange};
use tracewell_query::dependencies::dependencies;
use tracewell_query::search::Detail;
use tracewell_wire::otlp;

use super::times::{duration_ns, time_ns};
use crate::QueryState;
use crate::grpc_call::{
    CHUNK_BYTES, Sender, ask, cut_to_message, flow_to_end, lacking_to_end, stream, streaming,
};
use crate::jaeger::finding::{self, Conditions, DEFAULT_LIMIT, TraceQuery};
use crate::jaeger::params;
use messages::{
    DependenciesResponse, Dependency, FindTraceSummariesResponse, FindTracesRequest,
    GetDependenciesRequest, GetOperationsRequest, GetOperationsResponse, GetServicesRequest,
    GetServicesResponse, GetTraceRequest, Operation, TraceQueryParameters, TraceSummary,
};
use tracewell_wire::jaeger::shown::shown_service;

pub(super) const SERVICE: &str = "jaeger.api_v3.QueryService";

pub(super) fn router(state: &Arc<QueryState>) -> Router {
    let path = |method: &str| format!("/{SERVICE}/{method}");
    let summaries = streaming(state, find_trace_summaries);
    Router::new()
        .route(&path("GetTrace"), streaming(state, get_trace))
        .route(&path("FindTraces"), streaming(state, find_traces))
        .route(&path("FindTraceSummaries"), summaries)
        .route(&path("GetServices"), streaming(state, get_services))
        .route(&path("GetOperations"), streaming(state, get_operations))
        .route(&path("GetDependencies"), streaming(state, get_dependencies))
}

async fn get_trace(
    state: Arc<QueryState>,
    request: GetTraceRequest,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>>, Status> {
    let id = params::trace_id(&request.trace_id)
        .map_err(|cause| Status::invalid_argument(format!("malformed trace ID: {cause}")))?;
    let store = Arc::clone(&state.store);
    stream(&state, move |cancelled, sender| {
        let found = store.traces(&[id], None, cancelled)?;
        let report = found.report;
        Ok(match found.only(id)? {
            Some((batch, _held)) => {
                let flow = send_trace(&batch, sender);
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
    let query = trace_query(request.query)?;
    let store = Arc::clone(&state.store);
    stream(&state, move |cancelled, sender| {
        let mut flow = ControlFlow::Continue(());
        let outcome = query.run(&*store, cancelled, Detail::Whole, &mut |found| {
            flow = send_trace(found.batch, sender);
            flow
        })?;
        Ok(flow_to_end(flow, &outcome, sender))
    })
    .await
}

fn send_trace(batch: &SpanBatch, sender: &Sender<Vec<u8>>) -> ControlFlow<()> {
    otlp::protobuf::encode_chunks(batch, otlp::Links::OfTraces, CHUNK_BYTES, |chunk| {
        sender.send(Ok(chunk))
    })
}

async fn find_trace_summaries(
    state: Arc<QueryState>,
    request: FindTracesRequest,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>>, Status> {
    let query = trace_query(request.query)?;
    let store = Arc::clone(&state.store);
    stream(&state, move |cancelled, sender| {
        let mut flow = ControlFlow::Continue(());
        let outcome = query.run(&*store, cancelled, Detail::Summary, &mut |found| {
            let response = FindTraceSummariesResponse {
                summaries: vec![TraceSummary::new(&found.summary())],
            };
            flow = sender.send(Ok(response.encode_to_vec()));
            flow
        })?;
        Ok(flow_to_end(flow, &outcome, sender))
    })
    .await
}

async fn get_services(
    state: Arc<QueryState>,
    _request: GetServicesRequest,
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
        cut_to_message(&mut found, |operation| operation.name.len());
        let lacking = found.lacking();
        let operations = found.entries.into_iter().map(|operation| Operation {
            span_kind: operation.kind_name().to_owned(),
            name: operation.name,
        });
        let response = GetOperationsResponse {
            operations: operations.collect(),
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
        let message = "start_time and end_time are required";
        return Err(Status::invalid_argument(message));
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
        let calls = found.entries.into_iter().map(|call| Dependency {
            parent: shown_service(&call.parent).to_owned(),
            child: shown_service(&call.child).to_owned(),
            call_count: call.calls,
        });
        let response = DependenciesResponse {
            dependencies: calls.collect(),
        };
        Ok((response, lacking))
    })
    .await
}

fn trace_query(query: Option<TraceQueryParameters>) -> Result<TraceQuery, Status> {
    let refused = |message: &str| Err(Status::invalid_argument(message));
    let Some(query) = query else {
        return refused("missing query");
    };
    let (start, end) = (time_ns(query.start_time_min), time_ns(query.start_time_max));
    let (Some(start_ns), Some(end_ns)) = (start, end) else {
        return refused("start time min and max are required parameters");
    };
    if start_ns > end_ns {
        return refused("start_time_min must be before start_time_max");
    }
    // A condition that were ignored would give traces nobody asked for.
    if query.filter.is_some() {
        return refused("filter: structured filters are not supported");
    }
    let limit = usize::try_from(query.search_depth).ok();
    Ok(TraceQuery {
        conditions: Conditions {
            service: query.service_name,
            operation: query.operation_name,
            tags: query.attributes,
            min_duration_ns: duration_ns(query.duration_min),
            max_duration_ns: duration_ns(query.duration_max),
        },
        range: TimeRange { start_ns, end_ns },
        limit: limit.filter(|limit| *limit > 0).unwrap_or(DEFAULT_LIMIT),
    })
}
