//! Names, settings and dependencies.

use serde_json::json;
use tracewell_model::StatusCode;
use tracewell_testkit::TestSpan;

use super::{START_NS, json, server};
use crate::tests::{Server, encoded};

#[tokio::test]
async fn names_are_listed_in_lower_case_once() {
    let server = server();
    let table = [
        ("/api/v2/services", json!(["batch", "db", "shop"])),
        (
            "/api/v2/spans?serviceName=SHOP",
            json!(["get /cart", "get /old", "select"]),
        ),
        ("/api/v2/spans?serviceName=nobody", json!([])),
        (
            "/api/v2/remoteServices?serviceName=shop",
            json!(["db.main"]),
        ),
        ("/api/v2/remoteServices?serviceName=db", json!([])),
        (
            "/api/v2/autocompleteKeys",
            json!([
                "customer",
                "http.response.status_code",
                "peer.service",
                "service.name"
            ]),
        ),
        (
            "/api/v2/autocompleteValues?key=customer",
            json!(["c-7", "c-8"]),
        ),
        (
            "/api/v2/autocompleteValues?key=http.response.status_code",
            json!(["200"]),
        ),
        ("/api/v2/autocompleteValues?key=none", json!([])),
    ];
    for (path, expected) in table {
        assert_eq!(json(&server, path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn zipkins_ui_finds_its_settings() {
    let config = json(&server(), "/config.json").await;
    assert_eq!(config["queryLimit"], 10);
    assert_eq!(config["defaultLookback"], 900_000);
    assert_eq!(config["searchEnabled"], true);
    assert_eq!(config["dependency"]["enabled"], true);
}

#[tokio::test]
async fn calls_between_services_are_counted() {
    let server = server();
    let end_ms = START_NS / 1_000_000;
    let calls = json!([{"parent": "shop", "child": "db", "callCount": 1, "errorCount": 1}]);
    let table = [
        ("/api/v2/dependencies".to_owned(), calls.clone()),
        (
            format!(
                "/api/v2/dependencies?endTs={}&lookback=2000",
                end_ms + 1_000
            ),
            calls,
        ),
        (
            format!("/api/v2/dependencies?endTs={end_ms}&lookback=1000"),
            json!([]),
        ),
    ];
    for (path, expected) in table {
        assert_eq!(json(&server, &path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn pages_of_zipkins_ui_stay_what_they_were() {
    let server = server();
    for (path, location) in [
        (
            "/zipkin/?serviceName=shop&lookback=15m",
            "/search?serviceName=shop&lookback=15m",
        ),
        ("/zipkin", "/search"),
        ("/zipkin/traces/00000000000000ff", "/trace/00000000000000ff"),
        (
            "//api/v2//spans?serviceName=a",
            "/api/v2/spans?serviceName=a",
        ),
    ] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (307, location),
            "{path}"
        );
    }
    for path in [
        "/zipkin/api/v2/none",
        "/zipkin/api/v1/traces",
        "/api/v2/none",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["message"], format!("there is no {path} here"));
    }
    let services = server
        .get(&format!("/api/v2/spans?serviceName={}", encoded("größe")))
        .await;
    assert_eq!(services.json(), json!([]));
}

#[tokio::test]
async fn calls_that_failed_are_counted_as_such() {
    let call = |trace, status| {
        let parent = TestSpan::new(trace, 1, "shop", "call", START_NS);
        let child = TestSpan::new(trace, 2, "db", "select", START_NS)
            .child_of(1)
            .status(status);
        [parent, child]
    };
    let server = Server::new(
        &[
            call(1, StatusCode::Error),
            call(2, StatusCode::Error),
            call(3, StatusCode::Ok),
        ]
        .concat(),
    );
    let calls = json!([{"parent": "shop", "child": "db", "callCount": 3, "errorCount": 2}]);
    assert_eq!(json(&server, "/api/v2/dependencies").await, calls);
}

#[tokio::test]
async fn keys_that_zipkins_ui_could_not_ask_for_are_not_offered() {
    let span = TestSpan::new(1, 1, "shop", "call", START_NS)
        .with_text("serviceName", "storefront")
        .with_text("http.target", "/api/users?max=4")
        .with_text("customer", "c-7");
    let server = Server::new(&[span]);
    let keys = json!(["customer", "service.name"]);
    assert_eq!(json(&server, "/api/v2/autocompleteKeys").await, keys);
    // By hand it is found all the same.
    let found = json(
        &server,
        "/api/v2/traces?annotationQuery=http.target%3D/api/users?max%3D4",
    );
    assert_eq!(found.await.as_array().map(Vec::len), Some(1));
}
