//! Requests exactly as Grafana's Jaeger data source and Jaeger's UI send them,
//! and what these clients read of the answers.

use serde_json::Value;

use super::{ORDER, Server};

/// What a client relies on: a path into the JSON, and a test of what is there.
type Relies = (&'static str, fn(&Value) -> bool);

fn is_id(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_decimal(value: &Value) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    value
        .as_str()
        .is_some_and(|text| !text.is_empty() && digits(text))
}

const TRACE: &[Relies] = &[
    ("/data/0/traceID", is_id),
    ("/data/0/processes/p1/serviceName", Value::is_string),
    ("/data/0/processes/p1/tags", Value::is_array),
    ("/data/0/spans/0/spanID", Value::is_string),
    ("/data/0/spans/0/processID", Value::is_string),
    ("/data/0/spans/0/operationName", Value::is_string),
    ("/data/0/spans/0/references", Value::is_array),
    ("/data/0/spans/0/startTime", Value::is_u64),
    ("/data/0/spans/0/duration", Value::is_u64),
    ("/data/0/spans/0/tags/0/key", Value::is_string),
    ("/data/0/spans/0/tags/0/type", Value::is_string),
    ("/data/0/spans/0/logs", Value::is_array),
];

const NAMES: &[Relies] = &[("/data/0", Value::is_string)];

const OTLP: &[Relies] = &[
    (
        "/result/resourceSpans/0/resource/attributes",
        Value::is_array,
    ),
    (
        "/result/resourceSpans/0/scopeSpans/0/spans/0/traceId",
        is_id,
    ),
    (
        "/result/resourceSpans/0/scopeSpans/0/spans/0/startTimeUnixNano",
        is_decimal,
    ),
    (
        "/result/resourceSpans/0/scopeSpans/0/spans/0/kind",
        Value::is_u64,
    ),
];

const SUMMARIES: &[Relies] = &[
    ("/summaries/0/traceId", is_id),
    ("/summaries/0/rootServiceName", Value::is_string),
    ("/summaries/0/rootOperationName", Value::is_string),
    ("/summaries/0/minStartTimeUnixNano", is_decimal),
    ("/summaries/0/maxEndTimeUnixNano", is_decimal),
    ("/summaries/0/spanCount", Value::is_u64),
    ("/summaries/0/errorSpanCount", Value::is_u64),
    ("/summaries/0/orphanSpanCount", Value::is_u64),
    ("/summaries/0/services/0/name", Value::is_string),
    ("/summaries/0/services/0/spanCount", Value::is_u64),
    ("/summaries/0/services/0/errorSpanCount", Value::is_u64),
];

const OPERATIONS: &[Relies] = &[
    ("/operations/0/name", Value::is_string),
    ("/operations/0/spanKind", Value::is_string),
];

async fn check(requests: &[(&str, &[Relies])]) {
    let server = Server::new();
    for (path, relies) in requests {
        let path = path.replace("ORDER", ORDER);
        let json = server.json(&path).await;
        for (pointer, test) in *relies {
            let value = json.pointer(pointer);
            assert!(
                value.is_some_and(test),
                "{path} {pointer}: {value:?} in {json}"
            );
        }
    }
}

#[tokio::test]
async fn grafana_gets_what_it_reads() {
    check(&[
        ("/api/services", NAMES),
        ("/api/services/shop/operations", NAMES),
        ("/api/traces?limit=20&service=shop", TRACE),
        (
            "/api/traces?limit=20&maxDuration=1s&minDuration=1ms&operation=GET+%2Fcart\
             &service=shop&tags=%7B%22customer%22%3A%22c-7%22%7D",
            TRACE,
        ),
        ("/api/traces/ORDER", TRACE),
        ("/api/traces/ORDER?end=1795357260000000&start=1795350000000000", TRACE),
        (
            "/api/dependencies?endTs=1795357260000&lookback=3600000",
            &[
                ("/data/0/parent", Value::is_string),
                ("/data/0/child", Value::is_string),
                ("/data/0/callCount", Value::is_u64),
            ],
        ),
        ("/api/v3/services", &[("/services/0", Value::is_string)]),
        ("/api/v3/operations?service=shop", OPERATIONS),
        // Grafana leaves the plus of the offset unescaped.
        (
            "/api/v3/traces?query.operation_name=SELECT&query.service_name=shop\
             &query.start_time_min=2026-11-22T15:00:00+01:00&query.start_time_max=2026-11-22T16:00:00.5+01:00",
            OTLP,
        ),
        (
            "/api/v3/traces/ORDER?start_time=2026-11-22T15:00:00+01:00&end_time=2026-11-22T16:00:00+01:00",
            OTLP,
        ),
    ])
    .await;
}

#[tokio::test]
async fn jaegers_ui_gets_what_it_insists_on() {
    check(&[
        ("/api/v3/services", &[("/services/0", Value::is_string)]),
        ("/api/v3/operations?service=shop", OPERATIONS),
        (
            "/api/v3/trace-summaries?query.serviceName=shop&query.operationName=SELECT\
             &query.startTimeMin=2026-11-22T13%3A21%3A00.000Z&query.startTimeMax=2026-11-22T14%3A21%3A00.000Z\
             &query.searchDepth=20&query.durationMin=1ms&query.durationMax=1s\
             &query.attributes=%7B%22cached%22%3A%22false%22%7D",
            SUMMARIES,
        ),
        // "All services" sends no service.
        (
            "/api/v3/trace-summaries?query.start_time_min=2026-11-22T13%3A21%3A00.000Z\
             &query.start_time_max=2026-11-22T14%3A21%3A00.000Z&query.num_traces=20",
            SUMMARIES,
        ),
        ("/api/traces/ORDER", TRACE),
        ("/api/traces/ORDER?prettyPrint=true", TRACE),
        ("/api/traces/ORDER?raw=true&prettyPrint=true", TRACE),
        (
            "/api/traces?traceID=ORDER&traceID=abc",
            &[("/data/0/traceID", is_id), ("/errors/0/traceID", Value::is_string)],
        ),
        ("/api/dependencies?endTs=1795357260000&lookback=604800000", &[("/data/0/callCount", Value::is_u64)]),
    ])
    .await;
}
