//! `/api/*`.

use serde_json::{Value, json};

use super::{ORDER, SHORT, START_NS, Server, texts};

#[tokio::test]
async fn lists_come_in_the_envelope() {
    let server = Server::new();
    let list = |data: Value| {
        let total = data.as_array().unwrap().len();
        json!({"data": data, "total": total, "limit": 0, "offset": 0, "errors": null})
    };
    let table = [
        ("/api/services", json!(["batch", "db", "shop"])),
        (
            "/api/services/shop/operations",
            json!(["GET /cart", "GET /old", "SELECT"]),
        ),
        ("/api/services/no%2Fsuch/operations", json!([])),
        (
            "/api/operations?service=shop&spanKind=server",
            json!([{"name": "GET /cart", "spanKind": "server"}]),
        ),
        (
            "/api/operations?service=batch",
            json!([{"name": "run", "spanKind": ""}]),
        ),
    ];
    for (path, data) in table {
        assert_eq!(server.json(path).await, list(data), "{path}");
    }
}

#[tokio::test]
async fn a_trace_has_jaegers_shape() {
    let server = Server::new();
    let start_us = START_NS / 1_000;
    let text = |key: &str, value: &str| json!({"key": key, "type": "string", "value": value});
    let span = |number: u64, name: &str| {
        json!({
            "traceID": ORDER,
            "spanID": format!("{number:016x}"),
            "operationName": name,
            "warnings": null,
        })
    };
    let reference = |kind: &str, trace: &str, number: u64| json!({"refType": kind, "traceID": trace, "spanID": format!("{number:016x}")});
    let expected_spans = [
        (
            span(1, "GET /cart"),
            json!({
                "references": [],
                "startTime": start_us,
                "duration": 50_000,
                "tags": [
                    text("otel.scope.name", "express"),
                    text("otel.scope.version", "4.21"),
                    text("customer", "c-7"),
                    {"key": "http.response.status_code", "type": "int64", "value": 200},
                    text("span.kind", "server"),
                    text("otel.status_code", "OK"),
                    text("w3c.tracestate", "vendor=1"),
                ],
                "logs": [],
                "processID": "p1",
            }),
        ),
        (
            span(2, "SELECT"),
            json!({
                "references": [
                    reference("CHILD_OF", ORDER, 1),
                    reference("FOLLOWS_FROM", &"07".repeat(16), 9),
                ],
                "startTime": start_us + 5_000,
                "duration": 20_000,
                "tags": [
                    {"key": "big", "type": "int64", "value": "9007199254740993"},
                    {"key": "blob", "type": "binary", "value": "AQID"},
                    {"key": "cached", "type": "bool", "value": false},
                    {"key": "ratio", "type": "float64", "value": 0.5},
                    text("rows", "[1,\"a\"]"),
                    text("span.kind", "client"),
                ],
                "logs": [],
                "processID": "p1",
            }),
        ),
        (
            span(3, "query"),
            json!({
                "references": [reference("CHILD_OF", ORDER, 2)],
                "startTime": start_us + 6_000,
                "duration": 10_000,
                "tags": [
                    text("span.kind", "server"),
                    text("otel.status_code", "ERROR"),
                    {"key": "error", "type": "bool", "value": true},
                    text("otel.status_description", "no answer"),
                ],
                "logs": [{
                    "timestamp": start_us + 7_000,
                    "fields": [text("event", "exception"), text("exception.type", "Timeout")],
                }],
                "processID": "p2",
            }),
        ),
    ];
    let merged = expected_spans.map(|(mut span, rest)| {
        let all = span.as_object_mut().unwrap();
        all.extend(rest.as_object().unwrap().clone());
        span
    });
    let expected = json!({
        "data": [{
            "traceID": ORDER,
            "spans": merged,
            "processes": {
                "p1": {"serviceName": "shop", "tags": [text("host.name", "node-1")]},
                "p2": {"serviceName": "db", "tags": []},
            },
            "warnings": null,
        }],
        "total": 0, "limit": 0, "offset": 0, "errors": null,
    });
    let forms = [
        format!("/api/traces/{ORDER}"),
        format!("/api/traces/{}", ORDER.to_uppercase()),
        format!("/api/traces/{ORDER}?start=1&end=2&raw=true&unknown=x"),
        format!("/api/traces?traceID={ORDER}"),
        // The same 16 bytes in base64.
        "/api/traces/qqoAAAAAAAAAAAAAAAAAAQ==".to_owned(),
    ];
    for path in forms {
        assert_eq!(server.json(&path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn ids_of_64_bits_stay_short() {
    let server = Server::new();
    for path in [
        "/api/traces/ff".to_owned(),
        format!("/api/traces/{SHORT}"),
        format!("/api/traces/{}{SHORT}", "0".repeat(16)),
    ] {
        let json = server.json(&path).await;
        assert_eq!(json.pointer("/data/0/traceID"), Some(&json!(SHORT)));
        assert_eq!(json.pointer("/data/0/spans/0/traceID"), Some(&json!(SHORT)));
        assert_eq!(json.pointer("/data/0/spans/0/tags"), Some(&json!([])));
    }
}

#[tokio::test]
async fn several_ids_give_what_is_there_and_name_what_is_not() {
    let path = format!("/api/traces?traceID={ORDER}&traceID=abc&traceID={SHORT}");
    let json = Server::new().json(&path).await;
    assert_eq!(texts(&json["data"], "/traceID"), [ORDER, SHORT]);
    let errors = json!([{"msg": "trace not found", "traceID": "0000000000000abc"}]);
    assert_eq!(json["errors"], errors);
}

#[tokio::test]
async fn all_conditions_hold_for_one_span() {
    let server = Server::new();
    let at = |ns: u64| ns / 1_000;
    let (order, none): (&[&str], &[&str]) = (&[ORDER], &[]);
    let table = [
        ("service=shop".to_owned(), order),
        ("service=nobody".to_owned(), none),
        ("service=shop&operation=SELECT".to_owned(), order),
        ("service=db&operation=SELECT".to_owned(), none),
        ("service=shop&minDuration=50ms".to_owned(), order),
        ("service=db&minDuration=50ms".to_owned(), none),
        (
            "service=db&maxDuration=10ms&minDuration=10ms".to_owned(),
            order,
        ),
        ("service=shop&tag=customer:c-7".to_owned(), order),
        (
            "service=shop&operation=SELECT&tag=customer:c-7".to_owned(),
            none,
        ),
        ("service=shop&tag=http.status_code:200".to_owned(), order),
        ("service=shop&tag=host.name:node-1".to_owned(), order),
        (
            "service=db&tags={\"error\":\"true\",\"event\":\"exception\"}".to_owned(),
            order,
        ),
        ("service=shop&tags={\"error\":\"true\"}".to_owned(), none),
        (
            "service=shop&tags={\"customer\":\"c-7\"}&tag=cached:false".to_owned(),
            none,
        ),
        ("service=shop&limit=1&lookback=1h".to_owned(), order),
        (
            format!("service=shop&start={}&end={}", at(START_NS), at(START_NS)),
            order,
        ),
        (format!("service=shop&end={}", at(START_NS) - 1), none),
        ("service=shop&start=0&end=1".to_owned(), none),
    ];
    for (query, expected) in table {
        let path = format!(
            "/api/traces?{}",
            query
                .replace('{', "%7B")
                .replace('}', "%7D")
                .replace('"', "%22")
        );
        let json = server.json(&path).await;
        assert_eq!(texts(&json["data"], "/traceID"), expected, "{query}");
        assert_eq!(json["errors"], Value::Null, "{query}");
    }
}

#[tokio::test]
async fn without_a_start_the_last_two_days_are_searched() {
    let server = Server::new();
    let json = server.json("/api/traces?service=shop").await;
    assert_eq!(json["data"].as_array().unwrap().len(), 1);
    let json = server.json("/api/traces?service=shop&start=0").await;
    let newest_first = texts(&json["data"], "/traceID");
    assert_eq!(newest_first, [ORDER, "aaaa0000000000000000000000000003"]);
    // The whole trace is there, not only the spans that match.
    let json = server.json("/api/traces?service=db").await;
    assert_eq!(
        json.pointer("/data/0/spans")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn calls_between_services_are_counted() {
    let server = Server::new();
    let calls = json!([{"parent": "shop", "child": "db", "callCount": 1}]);
    let end_ms = START_NS / 1_000_000;
    let table = [
        ("/api/dependencies".to_owned(), calls.clone()),
        ("/api/dependencies?service=db".to_owned(), calls.clone()),
        ("/api/dependencies?service=batch".to_owned(), json!([])),
        (
            format!("/api/dependencies?endTs={end_ms}&lookback=1000"),
            json!([]),
        ),
        (
            format!("/api/dependencies?endTs={}&lookback=2000", end_ms + 1_000),
            calls,
        ),
    ];
    for (path, data) in table {
        let expected = json!({"data": data, "total": 0, "limit": 0, "offset": 0, "errors": null});
        assert_eq!(server.json(&path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn mistakes_are_named_in_jaegers_words() {
    let server = Server::new();
    let (number, truth) = ("strconv.ParseInt: parsing", "strconv.ParseBool: parsing");
    let table = [
        ("/api/traces", "parameter 'service' is required".to_owned()),
        (
            "/api/operations",
            "parameter 'service' is required".to_owned(),
        ),
        (
            "/api/traces?service=a&start=x",
            format!("unable to parse param 'start': {number} \"x\": invalid syntax"),
        ),
        (
            "/api/traces?service=a&end=1.5",
            format!("unable to parse param 'end': {number} \"1.5\": invalid syntax"),
        ),
        (
            "/api/traces?service=a&limit=many",
            format!("unable to parse param 'limit': {number} \"many\": invalid syntax"),
        ),
        (
            "/api/traces?service=a&limit=0",
            "invalid parameter: limit must be greater than 0".to_owned(),
        ),
        (
            "/api/traces?service=a&start=2&end=1",
            "invalid parameter: start time must be before end time".to_owned(),
        ),
        (
            "/api/traces?service=a&minDuration=5",
            "unable to parse param 'minDuration': time: missing unit in duration \"5\"".to_owned(),
        ),
        (
            "/api/traces?service=a&maxDuration=1ms&minDuration=2ms",
            "'maxDuration' should be greater than 'minDuration'".to_owned(),
        ),
        (
            "/api/traces?service=a&raw=yes",
            format!("unable to parse param 'raw': {truth} \"yes\": invalid syntax"),
        ),
        (
            "/api/traces?service=a&tag=error",
            "malformed 'tag' parameter, expecting key:value, received: error".to_owned(),
        ),
        (
            "/api/traces?service=a&tags=%7B%22a%22:1%7D",
            "malformed 'tags' parameter, cannot unmarshal JSON: invalid type: integer `1`, \
             expected a string at line 1 column 6"
                .to_owned(),
        ),
        (
            "/api/traces?traceID=xyz",
            "cannot parse traceID param: strconv.ParseUint: parsing \"xyz\": invalid syntax"
                .to_owned(),
        ),
        (
            "/api/traces/xyz",
            "strconv.ParseUint: parsing \"xyz\": invalid syntax".to_owned(),
        ),
        (
            "/api/traces/123456789012345678901234567890123",
            "TraceID cannot be longer than 32 hex characters: 123456789012345678901234567890123"
                .to_owned(),
        ),
        (
            "/api/traces/1?start=x",
            format!("unable to parse param 'start': {number} \"x\": invalid syntax"),
        ),
        (
            "/api/dependencies?endTs=now",
            format!("unable to parse param 'endTs': {number} \"now\": invalid syntax"),
        ),
        (
            "/api/dependencies?lookback=1h",
            format!("unable to parse param 'lookback': {number} \"1h\": invalid syntax"),
        ),
    ];
    for (path, msg) in table {
        check_error(&server, ("GET", path), (400, &msg)).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_with_its_status() {
    let server = Server::new();
    let disabled = (501, "metrics querying is currently disabled");
    let table = [
        (("GET", "/api/traces/abc"), (404, "trace not found")),
        (("GET", "/api/traces/0"), (404, "trace not found")),
        (
            ("POST", "/api/archive/abc"),
            (500, "archive span storage was not configured"),
        ),
        (("GET", "/api/metrics/calls?service=shop"), disabled),
        (("GET", "/api/metrics/minstep"), disabled),
    ];
    for (request, expected) in table {
        check_error(&server, request, expected).await;
    }
}

async fn check_error(server: &Server, (method, path): (&str, &str), (code, msg): (u16, &str)) {
    let answer = server.send(method, path).await;
    assert_eq!(answer.status, code, "{path}: {}", answer.body);
    assert_eq!(
        answer.headers["content-type"], "text/plain; charset=utf-8",
        "{path}"
    );
    assert_eq!(
        answer.headers["x-content-type-options"], "nosniff",
        "{path}"
    );
    assert!(answer.body.ends_with("}\n"), "{path}");
    let expected = json!({
        "data": null, "total": 0, "limit": 0, "offset": 0,
        "errors": [{"code": code, "msg": msg}],
    });
    assert_eq!(answer.json(), expected, "{path}");
}

#[tokio::test]
async fn pretty_print_adds_only_lines() {
    let server = Server::new();
    for path in [format!("/api/traces/{ORDER}"), "/api/services".to_owned()] {
        let plain = server.get(&path).await;
        let off = server.get(&format!("{path}?prettyPrint=false")).await;
        assert_eq!(off.body, plain.body);
        let pretty = server.get(&format!("{path}?prettyPrint=true")).await;
        assert_eq!(pretty.json(), plain.json());
        assert!(
            pretty.body.starts_with("{\n    \"data\": [\n        "),
            "{}",
            pretty.body
        );
    }
}
