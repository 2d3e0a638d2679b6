//! What the query bar offers.

use serde_json::json;
use tracewell_model::{AnyValue, SpanKind, StatusCode};
use tracewell_testkit::TestSpan;

use super::refused;
use crate::tests::{NOW_NS, Server, encoded};

fn server() -> Server {
    let at = NOW_NS - 60_000_000_000;
    Server::new(&[
        TestSpan::new(1, 1, "shop", "GET /", at)
            .kind(SpanKind::Server)
            .with_text("http.route", "/")
            .with("http.status_code", AnyValue::Int(200)),
        TestSpan::new(1, 2, "shop", "GET /", at)
            .status(StatusCode::Error)
            .with_text("http.route", "/cart"),
        TestSpan::new(1, 3, "bank", "charge", at).with("route.length", AnyValue::Double(1e21)),
        TestSpan::new(1, 4, "", "nobody's", at),
    ])
}

#[tokio::test]
async fn completions_have_the_shapes_of_the_contract() {
    let server = server();
    for (path, want) in [
        (
            "services",
            json!({"services": [
                {"name": "bank", "spanCount": 1, "errorCount": 0},
                {"name": "shop", "spanCount": 2, "errorCount": 1},
            ]}),
        ),
        ("services?from=now-10s", json!({"services": []})),
        (
            "operations?service=shop",
            json!({"operations": [
                {"name": "GET /", "kind": "internal", "spanCount": 1},
                {"name": "GET /", "kind": "server", "spanCount": 1},
            ]}),
        ),
        (
            "keys?service=bank&prefix=r",
            json!({"keys": [
                {"scope": "span", "key": "route.length", "type": "double"},
                {"scope": "resource", "key": "service.name", "type": "string"},
            ]}),
        ),
        ("values?key=http.route&service=bank", json!({"values": []})),
        (
            "values?scope=intrinsic&key=name&service=bank",
            json!({"values": [{"type": "string", "value": "charge", "count": 1}]}),
        ),
        ("operations?service=none", json!({"operations": []})),
        (
            "keys?prefix=ROUTE",
            json!({"keys": [
                {"scope": "span", "key": "route.length", "type": "double"},
                {"scope": "span", "key": "http.route", "type": "string"},
            ]}),
        ),
        (
            "keys?prefix=&limit=1",
            json!({"keys": [{"scope": "span", "key": "http.route", "type": "string"}]}),
        ),
        (
            "values?scope=span&key=http.route",
            json!({"values": [
                {"type": "string", "value": "/", "count": 1},
                {"type": "string", "value": "/cart", "count": 1},
            ]}),
        ),
        (
            "values?key=http.status_code",
            json!({"values": [{"type": "int", "value": "200", "count": 1}]}),
        ),
        (
            "values?key=route.length",
            json!({"values": [{"type": "double", "value": "1e21", "count": 1}]}),
        ),
        (
            "values?scope=intrinsic&key=status",
            json!({"values": [
                {"type": "keyword", "value": "unset", "count": 3},
                {"type": "keyword", "value": "error", "count": 1},
            ]}),
        ),
        (
            "values?scope=intrinsic&key=service.name&prefix=S",
            json!({"values": [{"type": "string", "value": "shop", "count": 2}]}),
        ),
        ("values?scope=link&key=http.route", json!({"values": []})),
    ] {
        let answer = server.get(&format!("/api/ui/{path}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (200, want),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = server();
    for (path, part) in [
        ("operations", "service"),
        ("values", "key"),
        ("values?scope=planet&key=k", "\"planet\""),
        ("values?scope=intrinsic&key=duration", "\"duration\""),
        ("keys?limit=-1", "\"-1\""),
        ("services?from=soon", "\"soon\""),
    ] {
        let error = refused(&server, &format!("/api/ui/{path}")).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(part), "{path}: {message}");
    }
}

#[tokio::test]
async fn a_query_is_checked_without_being_an_error() {
    let server = server();
    let check = async |text: &str| {
        let answer = server
            .get(&format!("/api/ui/query/check?q={}", encoded(text)))
            .await;
        assert_eq!(answer.status, 200);
        answer.json()
    };
    for (query, kind) in [
        ("", "search"),
        ("{}", "search"),
        ("{ .a = 1 } | count() > 2", "search"),
        (r#"{ name =~ "a.*" && duration > 1s }"#, "search"),
        ("{ } | rate() by (name)", "metrics"),
    ] {
        let want = json!({"ok": true, "kind": kind});
        assert_eq!(check(query).await, want, "{query}");
    }
    let wrong = check("{ durations > 1s }").await;
    assert_eq!(
        (&wrong["ok"], &wrong["span"]),
        (&json!(false), &json!([2, 11]))
    );
    assert!(wrong["message"].as_str().unwrap().contains("durations"));
    // What can be read and not answered still says what it is.
    let refused = check("{ } | compare({ error }) | topk(2)").await;
    assert_eq!(
        (&refused["ok"], &refused["kind"]),
        (&json!(false), &json!("metrics"))
    );
}
