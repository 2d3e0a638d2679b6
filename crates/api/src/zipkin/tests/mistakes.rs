//! What cannot be answered, and what the client is told.

use super::{json, server};
use crate::tests::Server;
use crate::tests::partial::damaged_store;

#[tokio::test]
async fn mistakes_name_the_parameter_and_its_value() {
    let server = server();
    let table = [
        ("/api/v2/spans", "the parameter serviceName is missing"),
        (
            "/api/v2/remoteServices",
            "the parameter serviceName is missing",
        ),
        ("/api/v2/autocompleteValues", "the parameter key is missing"),
        ("/api/v2/traceMany", "the parameter traceIds is missing"),
        (
            "/api/v2/traceMany?traceIds=1,xyz",
            "traceIds: \"xyz\" is no trace id: 'z' is not a hexadecimal digit",
        ),
        (
            "/api/v2/trace/xyz",
            "traceId: \"xyz\" is no trace id: 'z' is not a hexadecimal digit",
        ),
        (
            "/api/v2/trace/0",
            "traceId: \"0\" is no trace id: an id of zeros is invalid",
        ),
        (
            "/api/v2/traces?limit=many",
            "limit: \"many\" is not a whole number from 1 to 10000",
        ),
        (
            "/api/v2/traces?limit=10001",
            "limit: \"10001\" is not a whole number from 1 to 10000",
        ),
        (
            "/api/v2/traces?endTs=now",
            "endTs: \"now\" is not a whole number from 1",
        ),
        (
            "/api/v2/traces?lookback=1h",
            "lookback: \"1h\" is not a whole number from 1",
        ),
        (
            "/api/v2/traces?minDuration=5ms",
            "minDuration: \"5ms\" is not a whole number from 1",
        ),
        (
            "/api/v2/traces?minDuration=5&maxDuration=4",
            "maxDuration: 4 is less than minDuration, 5",
        ),
        (
            "/api/v2/dependencies?endTs=0",
            "endTs: \"0\" is not a whole number from 1",
        ),
    ];
    for (path, message) in table {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert_eq!(answer.json()["message"], message, "{path}");
    }
}

#[tokio::test]
async fn a_trace_that_is_not_there_is_said() {
    for path in ["/api/v2/trace/abc", "/zipkin/api/v2/trace/abc"] {
        let answer = server().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["message"], "there is no such trace");
    }
}

#[tokio::test]
async fn what_a_damaged_store_lacks_stands_in_the_header() {
    let server = Server::with_store(damaged_store(), "");
    let traces = server.get("/api/v2/traces?lookback=999999999999999").await;
    assert_eq!(traces.status, 200);
    assert_eq!(traces.header("tracewell-unread-blocks"), "1");
    let calls = server
        .get("/api/v2/dependencies?lookback=999999999999999")
        .await;
    assert_eq!(calls.status, 200);
    let lacking = calls.header("tracewell-incomplete");
    assert!(
        lacking.starts_with("1 block could not be read in full"),
        "{lacking}"
    );
}

#[tokio::test]
async fn below_a_base_path_it_is_below_it() {
    let store = server().store;
    let server = Server::with_store(store, "/tracing");
    let names = server.get("/tracing/zipkin/api/v2/services").await;
    assert_eq!(
        names.json(),
        json(&super::server(), "/api/v2/services").await
    );
}
