//! The gRPC services through a real connection.

mod kinds_and_links;
mod messages;
mod mistakes;
mod reflection;
mod sizes;

/// Messages of api_v2.
mod v2 {
    pub(super) use super::messages::*;
    pub(super) use crate::jaeger::grpc::v2::messages::*;
}

use std::sync::Arc;

use http::uri::PathAndQuery;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message;
use prost_types::{Duration, Timestamp};
use tokio::net::TcpListener;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

use super::v3::messages as v3;
use crate::QueryState;
use crate::jaeger::tests::{NOW_NS, ORDER, SHORT, START_NS, damaged_state, state};

async fn connect() -> Channel {
    connect_to(state()).await
}

async fn connect_to(state: Arc<QueryState>) -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = super::router(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect().await.unwrap()
}

fn timestamp(ns: u64) -> Timestamp {
    Timestamp {
        seconds: (ns / 1_000_000_000) as i64,
        nanos: (ns % 1_000_000_000) as i32,
    }
}

async fn unary<Req, Res>(channel: &Channel, method: &str, request: Req) -> Result<Res, Status>
where
    Req: Message + 'static,
    Res: Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(format!("/jaeger.{method}")).unwrap();
    let codec = ProstCodec::<Req, Res>::default();
    let answer = grpc.unary(Request::new(request), path, codec).await?;
    Ok(answer.into_inner())
}

async fn stream<Req, Res>(channel: &Channel, method: &str, request: Req) -> Result<Vec<Res>, Status>
where
    Req: Message + 'static,
    Res: Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(format!("/jaeger.{method}")).unwrap();
    let codec = ProstCodec::<Req, Res>::default();
    let answer = grpc.server_streaming(Request::new(request), path, codec);
    let mut messages = answer.await?.into_inner();
    let mut all = Vec::new();
    while let Some(message) = messages.message().await? {
        all.push(message);
    }
    Ok(all)
}

fn id(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// What a client in Go sends for a time that is not set.
const GO_ZERO: Timestamp = Timestamp {
    seconds: -62_135_596_800,
    nanos: 0,
};

#[tokio::test]
async fn v2_lists_services_operations_and_calls() {
    let channel = connect().await;
    let services: v2::GetServicesResponse =
        unary(&channel, "api_v2.QueryService/GetServices", v2::Empty {})
            .await
            .unwrap();
    assert_eq!(services.services, ["batch", "db", "shop"]);

    let request = v2::GetOperationsRequest {
        service: "shop".to_owned(),
        span_kind: "client".to_owned(),
    };
    let operations: v2::GetOperationsResponse =
        unary(&channel, "api_v2.QueryService/GetOperations", request)
            .await
            .unwrap();
    assert_eq!(operations.operation_names, ["SELECT"]);
    assert_eq!(operations.operations[0].span_kind, "client");

    let request = v2::GetDependenciesRequest {
        start_time: Some(timestamp(START_NS)),
        end_time: Some(timestamp(NOW_NS)),
    };
    let method = "api_v2.QueryService/GetDependencies";
    let calls: v2::GetDependenciesResponse = unary(&channel, method, request).await.unwrap();
    let expected = v2::DependencyLink {
        parent: "shop".to_owned(),
        child: "db".to_owned(),
        call_count: 1,
        source: String::new(),
    };
    assert_eq!(calls.dependencies, [expected]);
}

#[tokio::test]
async fn lists_that_lack_a_damaged_block_say_so_in_a_trailer() {
    let channel = connect_to(damaged_state()).await;
    let method = "api_v3.QueryService/GetServices";
    let request = v3::GetServicesRequest {};
    told::<_, v3::GetServicesResponse>(&channel, method, request).await;
    let method = "api_v3.QueryService/GetOperations";
    let request = v3::GetOperationsRequest {
        service: "shop".to_owned(),
        ..v3::GetOperationsRequest::default()
    };
    told::<_, v3::GetOperationsResponse>(&channel, method, request).await;
    let method = "api_v3.QueryService/GetDependencies";
    let request = v3::GetDependenciesRequest {
        start_time: Some(timestamp(0)),
        end_time: Some(timestamp(u64::MAX / 2)),
    };
    told::<_, v3::DependenciesResponse>(&channel, method, request).await;
    let method = "api_v2.QueryService/GetServices";
    told::<_, v2::GetServicesResponse>(&channel, method, v2::Empty {}).await;
}

/// Asserts that the answer ends with what it lacks.
async fn told<Req, Res>(channel: &Channel, method: &str, request: Req)
where
    Req: Message + 'static,
    Res: Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(format!("/jaeger.{method}")).unwrap();
    let codec = ProstCodec::<Req, Res>::default();
    let answer = grpc.unary(Request::new(request), path, codec).await;
    let answer = answer.unwrap();
    let told = answer.metadata().get("tracewell-partial");
    let told = told.map_or("nothing", |told| told.to_str().unwrap());
    assert!(
        told.contains("1 block could not be read"),
        "{method}: {told}"
    );
}

#[tokio::test]
async fn v2_traces_have_jaegers_model() {
    let channel = connect().await;
    let request = v2::GetTraceRequest {
        trace_id: id(ORDER),
        start_time: Some(GO_ZERO),
        ..v2::GetTraceRequest::default()
    };
    let chunks: Vec<v2::SpansResponseChunk> =
        stream(&channel, "api_v2.QueryService/GetTrace", request)
            .await
            .unwrap();
    let spans: Vec<_> = chunks.into_iter().flat_map(|chunk| chunk.spans).collect();
    let names: Vec<_> = spans.iter().map(|span| &*span.operation_name).collect();
    assert_eq!(names, ["GET /cart", "SELECT", "query"]);
    let call = &spans[1];
    assert_eq!(call.trace_id, id(ORDER));
    assert_eq!(call.span_id, [0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(call.start_time, Some(timestamp(START_NS + 5_000_000)));
    let duration = Duration {
        seconds: 0,
        nanos: 20_000_000,
    };
    assert_eq!(call.duration, Some(duration));
    assert_eq!(call.references[0].span_id, [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(call.references[0].ref_type(), v2::SpanRefType::ChildOf);
    assert_eq!(call.references[1].ref_type(), v2::SpanRefType::FollowsFrom);
    let process = call.process.as_ref().unwrap();
    assert_eq!(process.service_name, "shop");
    assert_eq!(process.tags[0].key, "host.name");
    let tag = |key: &str| call.tags.iter().find(|tag| tag.key == key).unwrap();
    assert_eq!(
        (tag("big").v_type(), tag("big").v_int64),
        (v2::ValueType::Int64, (1 << 53) + 1)
    );
    assert_eq!(
        (tag("ratio").v_type(), tag("ratio").v_float64),
        (v2::ValueType::Float64, 0.5)
    );
    assert_eq!(
        (tag("blob").v_type(), &*tag("blob").v_binary),
        (v2::ValueType::Binary, &[1, 2, 3][..])
    );
    assert_eq!(
        (tag("rows").v_type(), &*tag("rows").v_str),
        (v2::ValueType::String, "[1,\"a\"]")
    );
    assert_eq!(spans[2].logs[0].fields[0].v_str, "exception");
}

#[tokio::test]
async fn v2_search_matches_one_span_and_gives_whole_traces() {
    let channel = connect().await;
    let query = |service: &str, tag: (&str, &str)| v2::TraceQueryParameters {
        service_name: service.to_owned(),
        tags: [(tag.0.to_owned(), tag.1.to_owned())].into(),
        start_time_min: Some(GO_ZERO),
        start_time_max: Some(GO_ZERO),
        ..v2::TraceQueryParameters::default()
    };
    let table = [
        (query("db", ("error", "true")), 3),
        (query("shop", ("error", "true")), 0),
        (
            v2::TraceQueryParameters {
                duration_min: Some(Duration {
                    seconds: 0,
                    nanos: 50_000_000,
                }),
                search_depth: 1,
                ..query("shop", ("customer", "c-7"))
            },
            3,
        ),
    ];
    for (query, expected) in table {
        let request = v2::FindTracesRequest {
            query: Some(query.clone()),
        };
        let chunks: Vec<v2::SpansResponseChunk> =
            stream(&channel, "api_v2.QueryService/FindTraces", request)
                .await
                .unwrap();
        let spans: usize = chunks.iter().map(|chunk| chunk.spans.len()).sum();
        assert_eq!(spans, expected, "{query:?}");
    }
}

#[tokio::test]
async fn v3_answers_with_otlp() {
    let channel = connect().await;
    let request = v3::GetTraceRequest {
        trace_id: ORDER.to_owned(),
        ..v3::GetTraceRequest::default()
    };
    let traces: Vec<TracesData> = stream(&channel, "api_v3.QueryService/GetTrace", request)
        .await
        .unwrap();
    assert_eq!(names(&traces), ["GET /cart", "SELECT", "query"]);

    let request = v3::FindTracesRequest {
        query: Some(v3_query("db")),
    };
    let method = "api_v3.QueryService/FindTraces";
    let traces: Vec<TracesData> = stream(&channel, method, request.clone()).await.unwrap();
    assert_eq!(names(&traces), ["GET /cart", "SELECT", "query"]);

    let method = "api_v3.QueryService/FindTraceSummaries";
    let chunks: Vec<v3::FindTraceSummariesResponse> =
        stream(&channel, method, request).await.unwrap();
    let summary = &chunks[0].summaries[0];
    assert_eq!((chunks.len(), &*summary.trace_id), (1, ORDER));
    assert_eq!((summary.span_count, summary.error_span_count), (3, 1));
    assert_eq!(summary.min_start_time_unix_nano, START_NS + 999);
    assert_eq!(summary.services[0].name, "db");

    let services: v3::GetServicesResponse = unary(
        &channel,
        "api_v3.QueryService/GetServices",
        v3::GetServicesRequest {},
    )
    .await
    .unwrap();
    assert_eq!(services.services, ["batch", "db", "shop"]);
    let request = v3::GetOperationsRequest {
        service: "batch".to_owned(),
        ..v3::GetOperationsRequest::default()
    };
    let operations: v3::GetOperationsResponse =
        unary(&channel, "api_v3.QueryService/GetOperations", request)
            .await
            .unwrap();
    assert_eq!(operations.operations[0].span_kind, "");
}

fn v3_query(service: &str) -> v3::TraceQueryParameters {
    v3::TraceQueryParameters {
        service_name: service.to_owned(),
        start_time_min: Some(timestamp(START_NS)),
        start_time_max: Some(timestamp(NOW_NS)),
        ..v3::TraceQueryParameters::default()
    }
}

fn names(traces: &[TracesData]) -> Vec<&str> {
    let resources = traces.iter().flat_map(|data| &data.resource_spans);
    let scopes = resources.flat_map(|resource| &resource.scope_spans);
    let mut names: Vec<_> = scopes
        .flat_map(|scope| &scope.spans)
        .map(|span| &*span.name)
        .collect();
    names.sort_unstable();
    names
}
