//! The requests that Grafana sends to a Prometheus beside its Tempo, and what it
//! must find in the answers.

use axum::body::Body;
use http::{Request, header};
use serde_json::{Value, json};
use tracewell_model::{SpanKind, StatusCode};
use tracewell_testkit::TestSpan;

use crate::tests::{NOW_NS, Server, encoded};

const S: u64 = 1_000_000_000;
const NOW_S: u64 = NOW_NS / S;

/// Two orders in the last ten minutes, of which the bank refused one.
fn server() -> Server {
    let order = |trace: u64, ago_s: u64, status: StatusCode| {
        let start_ns = NOW_NS - ago_s * S;
        [
            TestSpan::new(trace, 1, "shop", "POST /orders", start_ns)
                .lasting_ns(S)
                .kind(SpanKind::Server),
            TestSpan::new(trace, 2, "bank", "pay", start_ns + S / 10)
                .lasting_ns(S / 4)
                .kind(SpanKind::Server)
                .status(status)
                .with_text("http.route", "/pay")
                .child_of(1),
        ]
    };
    let mut spans = Vec::from(order(1, 500, StatusCode::Unset));
    spans.extend(order(2, 100, StatusCode::Error));
    Server::new(&spans)
}

/// The query as Grafana's panels send it, in a form.
async fn posted(server: &Server, path: &str, form: &str) -> Value {
    let request = Request::post(format!("/prometheus{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    let answer = server.ask(request).await;
    assert_eq!(answer.status, 200, "{path} {form}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[tokio::test]
async fn the_service_graph() {
    let server = server();
    let at = NOW_S;
    for (query, want) in [
        (
            "sum by (client, server, server_service_namespace, client_service_namespace) \
             (rate(traces_service_graph_request_total{}[1000s]))",
            json!([
                {"metric": {"client": "shop", "server": "bank"}, "value": [at, "0.002"]},
                {"metric": {"client": "user", "server": "shop"}, "value": [at, "0.002"]},
            ]),
        ),
        (
            "sum by (client, server, server_service_namespace, client_service_namespace) \
             (rate(traces_service_graph_request_failed_total{}[1000s]))",
            json!([{"metric": {"client": "shop", "server": "bank"}, "value": [at, "0.001"]}]),
        ),
        (
            "sum by (client, server, server_service_namespace, client_service_namespace) \
             (rate(traces_service_graph_request_server_seconds_sum{}[1000s]))",
            json!([
                {"metric": {"client": "shop", "server": "bank"}, "value": [at, "0.0005"]},
                {"metric": {"client": "user", "server": "shop"}, "value": [at, "0.002"]},
            ]),
        ),
        (
            "topk(5, sum(rate(traces_spanmetrics_calls_total{span_kind=\"SPAN_KIND_SERVER\"}\
             [1000s])) by (span_name))",
            json!([
                {"metric": {"span_name": "POST /orders"}, "value": [at, "0.002"]},
                {"metric": {"span_name": "pay"}, "value": [at, "0.002"]},
            ]),
        ),
        (
            "histogram_quantile(.9, sum(rate(traces_spanmetrics_latency_bucket{span_kind=\
             \"SPAN_KIND_SERVER\",span_name=~\"pay\"}[1000s])) by (le))",
            json!([{"metric": {}, "value": [at, "0.2550136832"]}]),
        ),
        // Is there a native histogram? No.
        ("traces_service_graph_request_server_seconds", json!([])),
        (
            "sum(rate(traces_spanmetrics_calls_total{service=\"none\"}[5m])) / 0 or vector(0)",
            json!([{"metric": {}, "value": [at, "0"]}]),
        ),
        (
            "sum(rate(traces_spanmetrics_calls_total[5m])) / 0",
            json!([{"metric": {}, "value": [at, "+Inf"]}]),
        ),
        (
            "0 * sum(rate(traces_spanmetrics_calls_total[5m])) / 0",
            json!([{"metric": {}, "value": [at, "NaN"]}]),
        ),
    ] {
        let form = format!("query={}&time={at}", encoded(query));
        let answer = posted(&server, "/api/v1/query", &form).await;
        let want = json!({"status": "success", "data": {"resultType": "vector", "result": want}});
        assert_eq!(answer, want, "{query}");
        // The same in the address.
        let asked = server
            .get(&format!("/prometheus/api/v1/query?{form}"))
            .await;
        assert_eq!(asked.json(), want, "{query}");
    }
}

#[tokio::test]
async fn panels_over_time() {
    let server = server();
    let (start, end) = (NOW_S - 600, NOW_S);
    let query = encoded("sum by (service) (increase(traces_spanmetrics_calls_total[5m]))");
    let form = format!("query={query}&start={start}&end={end}.5&step=300.25");
    let answer = posted(&server, "/api/v1/query_range", &form).await;
    let second = start as f64 + 300.25;
    let third = start as f64 + 600.5;
    let values = json!([[start, "0"], [second, "1"], [third, "1"]]);
    assert_eq!(
        answer,
        json!({"status": "success", "data": {"resultType": "matrix", "result": [
            {"metric": {"service": "bank"}, "values": values},
            {"metric": {"service": "shop"}, "values": values},
        ]}})
    );
    // A number has a sample at each moment, too.
    let form = format!("query=1%2B1&start={start}&end={end}&step=10m");
    let answer = posted(&server, "/api/v1/query_range", &form).await;
    assert_eq!(
        answer["data"]["result"],
        json!([{"metric": {}, "values": [[start, "2"], [end, "2"]]}])
    );
}

#[tokio::test]
async fn what_clients_look_at_first() {
    let server = server();
    let data = async |path: &str| {
        let answer = server.get(&format!("/prometheus{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let mut json = answer.json();
        assert_eq!(json["status"], "success", "{path}");
        json["data"].take()
    };
    // The check of Grafana's settings.
    let health = posted(&server, "/api/v1/query", "query=1%2B1&time=4").await;
    assert_eq!(
        health["data"],
        json!({"resultType": "scalar", "result": [4, "2"]})
    );
    assert_eq!(data("/api/v1/status/buildinfo").await["version"], "2.55.1");
    let latency = &data("/api/v1/metadata").await["traces_spanmetrics_latency"];
    assert_eq!(latency[0]["type"], "histogram");
    assert_eq!(
        data("/api/v1/metadata?limit=1")
            .await
            .as_object()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(data("/api/v1/rules").await, json!({"groups": []}));
    assert_eq!(data("/api/v1/query_exemplars?query=a").await, json!([]));
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(server.get(&format!("/prometheus{path}")).await.status, 200);
    }
    let names = data("/api/v1/label/__name__/values").await;
    assert!(
        names
            .as_array()
            .unwrap()
            .contains(&json!("traces_spanmetrics_calls_total"))
    );
    assert_eq!(
        data("/api/v1/label/service/values").await,
        json!(["bank", "shop"])
    );
    assert_eq!(
        data("/api/v1/label/http_route/values").await,
        json!(["/pay"])
    );
    let series = format!(
        "/api/v1/series?match[]={}&start={}&end={NOW_S}",
        encoded("traces_service_graph_request_server_seconds_sum{client!=\"user\"}"),
        NOW_S - 600
    );
    assert_eq!(
        data(&series).await,
        json!([{
            "__name__": "traces_service_graph_request_server_seconds_sum",
            "client": "shop",
            "server": "bank",
        }])
    );
    let none = series.replace(&format!("end={NOW_S}"), &format!("end={}", NOW_S - 599));
    assert_eq!(data(&none).await, json!([]));
    let labels = data("/api/v1/labels?match[]=traces_service_graph_request_total").await;
    assert!(
        labels
            .as_array()
            .unwrap()
            .contains(&json!("connection_type"))
    );
    let limited = server
        .get("/prometheus/api/v1/label/service/values?limit=1")
        .await
        .json();
    assert_eq!(limited["data"], json!(["bank"]));
    assert_eq!(
        limited["warnings"],
        json!(["results truncated due to limit"])
    );
}

#[tokio::test]
async fn what_is_wrong() {
    let server = server();
    for (path, status, kind, says) in [
        (
            "query",
            400,
            "bad_data",
            "invalid parameter \"query\": it is missing",
        ),
        (
            "query?query=sum(",
            400,
            "bad_data",
            "invalid parameter \"query\": 1:5: parse error:",
        ),
        (
            "query?query=1&time=x",
            400,
            "bad_data",
            "cannot parse \"x\" to a valid timestamp",
        ),
        (
            "query_range?query=1&start=1&end=2",
            400,
            "bad_data",
            "\"step\"",
        ),
        (
            "query_range?query=1&start=1&end=2&step=0",
            400,
            "bad_data",
            "\"step\"",
        ),
        (
            "query_range?query=1&start=2&end=1&step=1",
            400,
            "bad_data",
            "must not be before",
        ),
        (
            "query_range?query=1&start=1&end=99999&step=1",
            400,
            "bad_data",
            "exceeded maximum",
        ),
        (
            "query_range?query=1&end=2&step=1",
            400,
            "bad_data",
            "\"start\"",
        ),
        ("series", 400, "bad_data", "no match[] parameter"),
        (
            "series?match[]=%7B",
            400,
            "bad_data",
            "invalid parameter \"match[]\": 1:2",
        ),
        ("labels?limit=x", 400, "bad_data", "\"limit\""),
        (
            "query_range?query=increase(traces_spanmetrics_calls_total[60001ms])&start=0&end=36000&step=7",
            422,
            "execution",
            "take a step that divides the window",
        ),
        ("nothing", 404, "not_found", "there is no"),
    ] {
        let answer = server.get(&format!("/prometheus/api/v1/{path}")).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        let json = answer.json();
        assert_eq!(json["status"], "error", "{path}");
        assert_eq!(json["errorType"], kind, "{path}");
        let error = json["error"].as_str().unwrap();
        assert!(error.contains(says), "{path}: {error}");
    }
    let long = Request::post("/prometheus/api/v1/query")
        .body(Body::from(format!("query={}", "1".repeat(70_000))))
        .unwrap();
    let answer = server.ask(long).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("the form cannot be read"),
        "{}",
        answer.text()
    );
}
