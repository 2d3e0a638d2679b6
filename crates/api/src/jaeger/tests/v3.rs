//! `/api/v3/*`.

use serde_json::{Value, json};

use super::{NOW_NS, ORDER, SHORT, START_NS, Server, texts};

const RANGE: &str =
    "query.startTimeMin=2026-11-22T14:00:00Z&query.startTimeMax=2026-11-22T15:00:00Z";

#[tokio::test]
async fn services_and_operations() {
    let server = Server::new();
    let table = [
        (
            "/api/v3/services",
            json!({"services": ["batch", "db", "shop"]}),
        ),
        (
            "/api/v3/operations?service=shop&spanKind=client",
            json!({"operations": [{"name": "SELECT", "spanKind": "client"}]}),
        ),
        (
            "/api/v3/operations?service=shop&span_kind=server",
            json!({"operations": [{"name": "GET /cart", "spanKind": "server"}]}),
        ),
        // The UI insists on a kind.
        (
            "/api/v3/operations?service=batch",
            json!({"operations": [{"name": "run", "spanKind": "internal"}]}),
        ),
        (
            "/api/v3/operations?service=nobody",
            json!({"operations": []}),
        ),
    ];
    for (path, expected) in table {
        assert_eq!(server.json(path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn summaries_have_what_the_ui_insists_on() {
    let server = Server::new();
    let service = |name: &str, spans: u32, errors: u32| json!({"name": name, "spanCount": spans, "errorSpanCount": errors});
    let order = json!({
        "traceId": ORDER,
        "rootServiceName": "shop",
        "rootOperationName": "GET /cart",
        "minStartTimeUnixNano": (START_NS + 999).to_string(),
        "maxEndTimeUnixNano": (START_NS + 999 + 50_000_000).to_string(),
        "spanCount": 3,
        "errorSpanCount": 1,
        "orphanSpanCount": 0,
        "services": [service("db", 1, 1), service("shop", 2, 0)],
    });
    let path = format!("/api/v3/trace-summaries?query.serviceName=shop&{RANGE}");
    assert_eq!(server.json(&path).await, json!({"summaries": [order]}));
    let all = server
        .json(&format!("/api/v3/trace-summaries?{RANGE}"))
        .await;
    let short = format!("{}{SHORT}", "0".repeat(16));
    assert_eq!(texts(&all["summaries"], "/traceId"), [&*short, ORDER]);
    let none = format!("/api/v3/trace-summaries?query.serviceName=nobody&{RANGE}");
    assert_eq!(server.json(&none).await, json!({"summaries": []}));
}

#[tokio::test]
async fn conditions_go_under_both_names() {
    let server = Server::new();
    let long_ago = "query.start_time_min=2020-01-01T00:00:00.000Z&query.start_time_max=2027-01-01T01:00:00 01:00"
        .replace(' ', "%20");
    let attributes = "%7B%22customer%22:%22c-7%22%7D";
    let table = [
        ("query.operationName=SELECT", 1),
        ("query.operation_name=SELECT", 1),
        ("query.operationName=SELECT&query.serviceName=db", 0),
        (&*format!("query.attributes={attributes}"), 1),
        (
            &*format!("query.attributes={attributes}&query.operation_name=SELECT"),
            0,
        ),
        ("query.durationMin=50ms", 1),
        ("query.duration_max=5ms", 2),
        ("query.searchDepth=1", 1),
        ("query.search_depth=1", 1),
        ("query.num_traces=2", 2),
        ("query.searchDepth=0&query.rawTraces=true", 3),
    ];
    for (conditions, expected) in table {
        let path = format!("/api/v3/trace-summaries?{conditions}&{long_ago}");
        let found = server.json(&path).await["summaries"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(found, expected, "{conditions}");
    }
}

#[tokio::test]
async fn traces_are_otlp_in_one_body() {
    let server = Server::new();
    for path in [
        format!("/api/v3/traces/{ORDER}"),
        format!(
            "/api/v3/traces/{ORDER}?startTime=2026-11-22T14:00:00Z&end_time=2026-11-22T15:00:00Z"
        ),
        format!("/api/v3/traces?query.service_name=shop&{RANGE}"),
    ] {
        let spans = otlp_spans(&server.json(&path).await);
        let ids: Vec<_> = spans
            .iter()
            .map(|span| span["spanId"].as_str().unwrap())
            .collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            ["0000000000000001", "0000000000000002", "0000000000000003"]
        );
        let root = spans
            .iter()
            .find(|span| span["name"] == "GET /cart")
            .unwrap();
        assert_eq!(root["traceId"], ORDER);
        assert_eq!(root["kind"], 2);
        assert_eq!(root["status"]["code"], 1);
        assert_eq!(root["startTimeUnixNano"], (START_NS + 999).to_string());
    }
    let both = server.json(&format!("/api/v3/traces?{RANGE}")).await;
    assert_eq!(otlp_spans(&both).len(), 4);
}

fn otlp_spans(answer: &Value) -> Vec<Value> {
    let resources = answer["result"]["resourceSpans"].as_array().unwrap();
    let scopes = resources
        .iter()
        .flat_map(|resource| resource["scopeSpans"].as_array().unwrap());
    scopes
        .flat_map(|scope| scope["spans"].as_array().unwrap().clone())
        .collect()
}

#[tokio::test]
async fn errors_have_the_gateways_form() {
    let server = Server::new();
    let required = "query.startTimeMin and query.startTimeMax are required";
    let malformed = |name: &str, cause: &str| format!("malformed parameter {name}: {cause}");
    let reversed =
        "query.startTimeMin=2026-11-22T15:00:00Z&query.startTimeMax=2026-11-22T14:00:00Z";
    let table = [
        ("/api/v3/traces".to_owned(), required.to_owned()),
        (
            "/api/v3/trace-summaries?query.startTimeMin=2026-11-22T15:00:00Z".to_owned(),
            required.to_owned(),
        ),
        (
            format!("/api/v3/trace-summaries?{reversed}"),
            "query.startTimeMin must be before query.startTimeMax".to_owned(),
        ),
        (
            format!("/api/v3/traces?query.start_time_min=yesterday&query.start_time_max={NOW_NS}"),
            malformed(
                "query.start_time_min",
                "parsing time \"yesterday\" as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse",
            ),
        ),
        (
            format!("/api/v3/traces?{RANGE}&query.searchDepth=-1"),
            malformed(
                "query.searchDepth",
                "strconv.ParseUint: parsing \"-1\": invalid syntax",
            ),
        ),
        (
            format!("/api/v3/traces?{RANGE}&query.duration_min=fast"),
            malformed("query.duration_min", "time: invalid duration \"fast\""),
        ),
        (
            format!("/api/v3/traces?{RANGE}&query.attributes=%7B%22a%22:1%7D"),
            malformed(
                "query.attributes",
                "invalid type: integer `1`, expected a string at line 1 column 6",
            ),
        ),
        (
            format!("/api/v3/traces?{RANGE}&query.filter=%7B%7D"),
            malformed("query.filter", "structured filters are not supported"),
        ),
        (
            "/api/v3/traces/xyz".to_owned(),
            malformed(
                "trace_id",
                "strconv.ParseUint: parsing \"xyz\": invalid syntax",
            ),
        ),
        (
            "/api/v3/traces/1?raw_traces=perhaps".to_owned(),
            malformed(
                "raw_traces",
                "strconv.ParseBool: parsing \"perhaps\": invalid syntax",
            ),
        ),
    ];
    for (path, message) in table {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(
            answer.headers["content-type"], "text/plain; charset=utf-8",
            "{path}"
        );
        let expected = json!({"error": {
            "grpcCode": 3, "httpCode": 400, "message": message, "httpStatus": "Bad Request",
        }});
        assert_eq!(answer.json(), expected, "{path}");
    }
    for path in [
        "/api/v3/traces/abc".to_owned(),
        format!("/api/v3/traces?query.serviceName=nobody&{RANGE}"),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        let expected = json!({"error": {"httpCode": 404, "message": "No traces found"}});
        assert_eq!(answer.json(), expected, "{path}");
    }
}
