//! What is not answered, with which code and words; and that it is well otherwise.

use super::*;

#[tokio::test]
async fn mistakes_get_codes_and_words() {
    let channel = connect().await;
    let v2_trace = |trace_id: Vec<u8>| v2::GetTraceRequest {
        trace_id,
        ..Default::default()
    };
    let v2_errors = [
        (v2_trace(vec![9; 16]), Code::NotFound, "trace not found"),
        (
            v2_trace(vec![]),
            Code::InvalidArgument,
            "uninitialized TraceID is not allowed",
        ),
        (
            v2_trace(vec![0; 16]),
            Code::InvalidArgument,
            "uninitialized TraceID is not allowed",
        ),
        (
            v2_trace(vec![1; 5]),
            Code::InvalidArgument,
            "trace_id has 5 bytes, not 16",
        ),
    ];
    for (request, code, message) in v2_errors {
        let method = "api_v2.QueryService/GetTrace";
        let error = stream::<_, v2::SpansResponseChunk>(&channel, method, request)
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.message()), (code, message));
    }
    let short = stream::<_, v2::SpansResponseChunk>(
        &channel,
        "api_v2.QueryService/GetTrace",
        v2_trace(id(SHORT)),
    );
    assert_eq!(short.await.unwrap()[0].spans[0].trace_id[..8], [0; 8]);

    let archive = v2::ArchiveTraceRequest {
        trace_id: id(ORDER),
        ..Default::default()
    };
    let archived = unary::<_, v2::Empty>(&channel, "api_v2.QueryService/ArchiveTrace", archive);
    assert_eq!(archived.await.unwrap_err().code(), Code::Internal);
    let method = "api_v2.QueryService/GetDependencies";
    let request = v2::GetDependenciesRequest {
        start_time: Some(GO_ZERO),
        end_time: None,
    };
    let error = unary::<_, v2::GetDependenciesResponse>(&channel, method, request)
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "StartTime and EndTime must be initialized."
    );

    let reversed = v3::TraceQueryParameters {
        start_time_min: Some(timestamp(NOW_NS)),
        start_time_max: Some(timestamp(START_NS)),
        ..Default::default()
    };
    let filtered = v3::TraceQueryParameters {
        filter: Some(Vec::new()),
        ..v3_query("shop")
    };
    let v3_errors = [
        (None, "missing query"),
        (
            Some(Default::default()),
            "start time min and max are required parameters",
        ),
        (
            Some(reversed),
            "start_time_min must be before start_time_max",
        ),
        (
            Some(filtered),
            "filter: structured filters are not supported",
        ),
    ];
    for (query, message) in v3_errors {
        let method = "api_v3.QueryService/FindTraces";
        let request = v3::FindTracesRequest { query };
        let error = stream::<_, TracesData>(&channel, method, request)
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::InvalidArgument, message)
        );
    }
    let nothing = unary::<_, v2::Empty>(&channel, "api_v2.QueryService/Nothing", v2::Empty {});
    assert_eq!(nothing.await.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn health_is_serving_for_what_is_served() {
    let mut health = HealthClient::new(connect().await);
    let request = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    for service in crate::jaeger::grpc::SERVICES {
        let answer = health.check(request(service)).await.unwrap().into_inner();
        assert_eq!(answer.status, 1, "{service}");
        let watched = health.watch(request(service)).await.unwrap();
        let first = watched.into_inner().message().await.unwrap().unwrap();
        assert_eq!(first.status, 1, "{service}");
    }
    let unknown = health.check(request("nobody")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}
