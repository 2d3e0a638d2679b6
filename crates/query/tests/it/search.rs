//! What conditions find, from the text of a query to traces.

use tracewell_model::{AnyValue, SpanKind, StatusCode};
use tracewell_testkit::TestSpan;
use tracewell_testkit::narrow::NarrowStore;

use crate::{matching, store_of};

const MS: u64 = 1_000_000;

/// Trace 1: a checkout whose payment failed. Trace 2: a quick look at the
/// shop by an old client. Trace 3: a child whose root never came.
fn shop() -> NarrowStore {
    let spans = [
        TestSpan::new(1, 1, "frontend", "POST /checkout", 0)
            .lasting_ns(500 * MS)
            .kind(SpanKind::Server)
            .with_text("http.request.method", "POST")
            .with("http.response.status_code", AnyValue::Int(200)),
        TestSpan::new(1, 2, "payment", "charge", 100 * MS)
            .child_of(1)
            .lasting_ns(300 * MS)
            .kind(SpanKind::Client)
            .status(StatusCode::Error)
            .with_event(
                "exception",
                50 * MS,
                vec![("exception.type".to_owned(), "CardDeclined".into())],
            ),
        TestSpan::new(1, 3, "payment", "log", 110 * MS).child_of(1),
        TestSpan::new(2, 1, "frontend", "GET /", 2_000 * MS)
            .lasting_ns(20 * MS)
            .kind(SpanKind::Server)
            .with_text("http.method", "GET")
            .with("http.status_code", AnyValue::Int(503)),
        TestSpan::new(3, 9, "worker", "job", 3_000 * MS)
            .child_of(8)
            .lasting_ns(5 * MS)
            .with("retry", AnyValue::Bool(true))
            .with("items", AnyValue::Array(vec![1.into(), 2.into()])),
    ];
    // Trace 1 lies in two batches.
    store_of(&[&spans[..1], &spans[1..]])
}

#[test]
fn conditions_find_the_traces_they_describe() {
    let store = shop();
    for (query, want) in [
        ("{}", vec![1, 2, 3]),
        (r#"{ resource.service.name = "payment" }"#, vec![1]),
        (r#"{ resource.service.name =~ "front.*" }"#, vec![1, 2]),
        (r#"{ name = "GET /" || name = "job" }"#, vec![2, 3]),
        ("{ kind = server && duration >= 100ms }", vec![1]),
        ("{ duration < 10ms }", vec![1, 3]),
        ("{ status = error }", vec![1]),
        // Status, exception and HTTP 5xx alike.
        ("{ error }", vec![1, 2]),
        (r#"{ event.exception.type = "CardDeclined" }"#, vec![1]),
        (r#"{ event:name = "exception" }"#, vec![1]),
        ("{ .retry = true }", vec![3]),
        ("{ span.items = 2 }", vec![3]),
        ("{ span.items = 7 }", vec![]),
        // One span must satisfy all of it.
        (r#"{ kind = server && name = "charge" }"#, vec![]),
        // What is missing compares as false, and is absent.
        (r#"{ .retry != false }"#, vec![3]),
        ("{ .retry = nil && kind = server }", vec![1, 2]),
        (
            r#"{ !(.retry = true) && resource.service.name = "worker" }"#,
            vec![],
        ),
    ] {
        assert_eq!(matching(&store, query), want, "{query}");
    }
}

#[test]
fn old_and_new_names_of_an_attribute_find_each_other() {
    let store = shop();
    for (query, want) in [
        (r#"{ span.http.method = "POST" }"#, vec![1]),
        (r#"{ span.http.request.method = "GET" }"#, vec![2]),
        ("{ .http.status_code >= 200 }", vec![1, 2]),
        ("{ .http.response.status_code >= 500 }", vec![2]),
        ("{ .http.status_code != nil }", vec![1, 2]),
    ] {
        assert_eq!(matching(&store, query), want, "{query}");
    }
}

#[test]
fn conditions_on_the_whole_trace_see_all_its_spans() {
    let store = shop();
    for (query, want) in [
        (r#"{ trace:rootName = "POST /checkout" }"#, vec![1]),
        (
            r#"{ trace:rootService = "frontend" && name = "charge" }"#,
            vec![1],
        ),
        // The root of trace 3 never came.
        (r#"{ trace:rootName = "" }"#, vec![3]),
        ("{ trace:duration > 400ms }", vec![1]),
        ("{ trace:duration <= 20ms }", vec![2, 3]),
        ("{ span:childCount = 2 }", vec![1]),
        ("{ span:childCount = 0 && kind = server }", vec![2]),
        ("{ !(span:childCount = 0) }", vec![1]),
        (r#"{ span:parentID = "0000000000000008" }"#, vec![3]),
        ("{ span:parentID = nil }", vec![1, 2]),
        (r#"{ trace:duration > 1h || name = "job" }"#, vec![3]),
    ] {
        assert_eq!(matching(&store, query), want, "{query}");
    }
}
