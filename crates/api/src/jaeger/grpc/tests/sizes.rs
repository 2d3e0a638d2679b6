//! No message is larger than clients take by default, whatever spans and names
//! are like. The client of these tests has the usual limit of 4 MiB.

use std::collections::BTreeMap;

use http::uri::PathAndQuery;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;
use tracewell_testkit::{TestSpan, batch};

use super::{connect_to, names, stream, v2, v3, v3_query};
use crate::jaeger::tests::{START_NS, state_of};

const WELL_BELOW_BYTES: usize = 2 << 20;

async fn connect_with(spans: &[TestSpan]) -> Channel {
    connect_to(state_of(batch(spans))).await
}

fn span(trace: u64, number: u64, bytes: usize) -> TestSpan {
    let (name, start_ns) = (format!("{number:04}"), START_NS + number);
    TestSpan::new(trace, number, "shop", &name, start_ns).with_text("body", &"x".repeat(bytes))
}

/// Spans of everyday size, many that are large together, one that is large by
/// itself; and a second trace.
fn spans() -> Vec<TestSpan> {
    let mut spans: Vec<_> = (1..=400).map(|number| span(1, number, 400)).collect();
    spans.extend((401..=440).map(|number| span(1, number, 300 << 10)));
    spans.push(span(1, 441, 3 << 20));
    spans.extend((442..=450).map(|number| span(1, number, 10)));
    spans.extend((1..=40).map(|number| span(2, number, 100 << 10)));
    spans
}

/// What a chunk says: its bytes, and its spans by trace and name.
struct Chunk {
    bytes: usize,
    spans: Vec<(Vec<u8>, String)>,
}

fn of_v2(chunks: Vec<v2::SpansResponseChunk>) -> Vec<Chunk> {
    let chunk = |chunk: v2::SpansResponseChunk| Chunk {
        bytes: chunk.encoded_len(),
        spans: chunk
            .spans
            .into_iter()
            .map(|span| (span.trace_id, span.operation_name))
            .collect(),
    };
    chunks.into_iter().map(chunk).collect()
}

fn of_v3(chunks: Vec<TracesData>) -> Vec<Chunk> {
    let chunk = |chunk: TracesData| {
        let bytes = chunk.encoded_len();
        let scopes = chunk.resource_spans.into_iter().flat_map(|r| r.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans);
        Chunk {
            bytes,
            spans: spans.map(|span| (span.trace_id, span.name)).collect(),
        }
    };
    chunks.into_iter().map(chunk).collect()
}

/// Asserts the rules of chunks, and that the traces are whole.
fn check(what: &str, chunks: &[Chunk], expected_spans: &[usize]) {
    let mut traces: Vec<(Vec<u8>, Vec<&str>)> = Vec::new();
    for Chunk { bytes, spans } in chunks {
        assert!(!spans.is_empty(), "{what}: an empty chunk");
        let is_small = *bytes < WELL_BELOW_BYTES;
        assert!(is_small || spans.len() == 1, "{what}: {bytes} bytes");
        let trace = &spans[0].0;
        assert!(
            spans.iter().all(|(id, _)| id == trace),
            "{what}: two traces"
        );
        if traces.last().is_none_or(|(last, _)| last != trace) {
            traces.push((trace.clone(), Vec::new()));
        }
        let (_, names) = traces.last_mut().unwrap();
        names.extend(spans.iter().map(|(_, name)| name.as_str()));
    }
    let distinct: BTreeMap<_, _> = traces.iter().cloned().collect();
    assert_eq!(distinct.len(), traces.len(), "{what}: not consecutive");
    let mut counts: Vec<_> = traces.iter().map(|(_, names)| names.len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, expected_spans, "{what}");
    for (_, mut names) in traces {
        names.sort_unstable();
        names.dedup();
        assert!(expected_spans.contains(&names.len()), "{what}: twice");
    }
}

#[tokio::test]
async fn traces_come_in_chunks_by_bytes() {
    let channel = connect_with(&spans()).await;
    let request = v3::GetTraceRequest {
        trace_id: "aaaa0000000000000000000000000001".to_owned(),
        ..v3::GetTraceRequest::default()
    };
    let found = stream(&channel, "api_v3.QueryService/GetTrace", request).await;
    check("v3 trace", &of_v3(found.unwrap()), &[450]);

    let request = v2::GetTraceRequest {
        trace_id: super::id("aaaa0000000000000000000000000001"),
        ..v2::GetTraceRequest::default()
    };
    let found = stream(&channel, "api_v2.QueryService/GetTrace", request).await;
    check("v2 trace", &of_v2(found.unwrap()), &[450]);

    let request = v3::FindTracesRequest {
        query: Some(v3_query("shop")),
    };
    let found = stream(&channel, "api_v3.QueryService/FindTraces", request).await;
    check("v3 search", &of_v3(found.unwrap()), &[40, 450]);

    let request = v2::FindTracesRequest {
        query: Some(v2::TraceQueryParameters {
            service_name: "shop".to_owned(),
            ..v2::TraceQueryParameters::default()
        }),
    };
    let found = stream(&channel, "api_v2.QueryService/FindTraces", request).await;
    check("v2 search", &of_v2(found.unwrap()), &[40, 450]);
}

#[tokio::test]
async fn small_traces_stay_in_one_message() {
    let channel = connect_with(&[span(1, 1, 10), span(1, 2, 10)]).await;
    let request = v3::GetTraceRequest {
        trace_id: "aaaa0000000000000000000000000001".to_owned(),
        ..v3::GetTraceRequest::default()
    };
    let found: Vec<TracesData> = stream(&channel, "api_v3.QueryService/GetTrace", request)
        .await
        .unwrap();
    assert_eq!((found.len(), names(&found)), (1, vec!["0001", "0002"]));
}

/// The answer to a request with one answer, and what it says that it lacks.
async fn list<Req, Res>(channel: &Channel, method: &str, request: Req) -> (Res, String)
where
    Req: Message + 'static,
    Res: Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(format!("/jaeger.{method}")).unwrap();
    let codec = ProstCodec::<Req, Res>::default();
    let answer = grpc.unary(Request::new(request), path, codec).await;
    let answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
    let lacking = answer.metadata().get("tracewell-partial");
    let lacking = lacking.map_or("", |text| text.to_str().unwrap()).to_owned();
    (answer.into_inner(), lacking)
}

#[tokio::test]
async fn lists_that_no_client_would_take_are_cut_and_say_so() {
    let long = |kind: &str, number: u64| format!("{kind}{number:06}{}", "x".repeat(4 << 10));
    let spans: Vec<_> = (1..=1_500)
        .map(|number| {
            let service = long("service", number);
            let one = TestSpan::new(1, number, "shop", &long("name", number), START_NS);
            let other = TestSpan::new(2, number, &service, "x", START_NS);
            [one, other]
        })
        .collect::<Vec<_>>()
        .concat();
    let channel = connect_with(&spans).await;
    let more = "there are more than these";

    let method = "api_v3.QueryService/GetServices";
    let (services, lacking): (v3::GetServicesResponse, _) =
        list(&channel, method, v3::GetServicesRequest {}).await;
    assert!(
        services.services.len() > 500 && lacking.contains(more),
        "{lacking}"
    );

    let method = "api_v2.QueryService/GetServices";
    let (services, lacking): (v2::GetServicesResponse, _) =
        list(&channel, method, v2::Empty {}).await;
    assert!(
        services.services.len() > 500 && lacking.contains(more),
        "{lacking}"
    );

    let method = "api_v3.QueryService/GetOperations";
    let request = v3::GetOperationsRequest {
        service: "shop".to_owned(),
        ..v3::GetOperationsRequest::default()
    };
    let (found, lacking): (v3::GetOperationsResponse, _) = list(&channel, method, request).await;
    assert!(
        found.operations.len() > 500 && lacking.contains(more),
        "{lacking}"
    );

    let method = "api_v2.QueryService/GetOperations";
    let request = v2::GetOperationsRequest {
        service: "shop".to_owned(),
        ..v2::GetOperationsRequest::default()
    };
    let (found, lacking): (v2::GetOperationsResponse, _) = list(&channel, method, request).await;
    assert!(
        found.operations.len() > 250 && lacking.contains(more),
        "{lacking}"
    );
    assert_eq!(found.operations.len(), found.operation_names.len());
}
