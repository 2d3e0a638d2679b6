//! Searches, and traces by their ids.

use serde_json::{Value, json};

use super::{LATER, MS, OLD, ORDER, SHORT, START_NS, found, json, server};
use crate::tests::{Server, encoded};

#[tokio::test]
async fn a_trace_has_zipkins_shape() {
    let start_us = START_NS / 1_000;
    let expected = json!([
        {
            "traceId": ORDER,
            "id": "0000000000000001",
            "kind": "SERVER",
            "name": "get /cart",
            "timestamp": start_us,
            "duration": 50_000,
            "localEndpoint": {"serviceName": "shop"},
            "tags": {
                "service.name": "Shop",
                "customer": "c-7",
                "http.response.status_code": "200",
            },
        },
        {
            "traceId": ORDER,
            "parentId": "0000000000000001",
            "id": "0000000000000002",
            "kind": "CLIENT",
            "name": "select",
            "timestamp": start_us + 5_000,
            "duration": 20_000,
            "localEndpoint": {"serviceName": "shop"},
            "remoteEndpoint": {"serviceName": "db.main"},
            "annotations": [{"timestamp": start_us + 6_000, "value": "sent"}],
            "tags": {"service.name": "Shop", "peer.service": "DB.main"},
        },
        {
            "traceId": ORDER,
            "parentId": "0000000000000001",
            "id": "0000000000000002",
            "kind": "SERVER",
            "name": "select",
            "timestamp": start_us + 6_000,
            "duration": 10_000,
            "localEndpoint": {"serviceName": "db"},
            "tags": {"otel.status_code": "ERROR", "error": "no answer"},
            "shared": true,
        },
    ]);
    let server = server();
    for id in [ORDER.to_owned(), ORDER.to_uppercase()] {
        assert_eq!(
            json(&server, &format!("/api/v2/trace/{id}")).await,
            expected
        );
    }
    let many = json(&server, &format!("/api/v2/traceMany?traceIds={ORDER}")).await;
    assert_eq!(many, json!([expected]));
    let search = json(&server, "/api/v2/traces?serviceName=db").await;
    assert_eq!(search, json!([expected]));
}

#[tokio::test]
async fn ids_of_64_bits_stay_short() {
    let server = server();
    for id in ["ff", SHORT, "000000000000000000000000000000ff"] {
        let trace = json(&server, &format!("/api/v2/trace/{id}")).await;
        assert_eq!(trace[0]["traceId"], SHORT);
    }
}

#[tokio::test]
async fn of_several_ids_those_that_are_there_come_once_in_the_order_asked() {
    let path = format!("/api/v2/traceMany?traceIds={LATER},abc,{ORDER},{LATER},ff");
    let traces = json(&server(), &path).await;
    let ids = traces.as_array().unwrap().iter();
    let ids: Vec<&Value> = ids.map(|trace| &trace[0]["traceId"]).collect();
    assert_eq!(ids, [LATER, ORDER, SHORT]);
    assert_eq!(
        json(&server(), "/api/v2/traceMany?traceIds=abc").await,
        json!([])
    );
}

#[tokio::test]
async fn all_conditions_hold_for_one_span() {
    let server = server();
    let (both, order, later, none): (&[&str], &[&str], &[&str], &[&str]) =
        (&[LATER, ORDER], &[ORDER], &[LATER], &[]);
    let terms = |terms: &str| format!("serviceName=shop&annotationQuery={}", encoded(terms));
    let of_db = |terms: &str| format!("serviceName=db&annotationQuery={}", encoded(terms));
    let at_ms = START_NS / MS;
    let table = [
        ("serviceName=shop".to_owned(), both),
        ("serviceName=SHOP".to_owned(), both),
        ("serviceName=nobody".to_owned(), none),
        ("serviceName=shop&limit=1".to_owned(), later),
        ("serviceName=shop&spanName=select".to_owned(), order),
        (
            format!("serviceName=shop&spanName={}", encoded("get /CART")),
            both,
        ),
        ("serviceName=shop&spanName=all".to_owned(), both),
        ("serviceName=db&spanName=get".to_owned(), none),
        (
            "serviceName=shop&remoteServiceName=db.main".to_owned(),
            order,
        ),
        // A point stands for itself.
        (
            "serviceName=shop&remoteServiceName=dbxmain".to_owned(),
            none,
        ),
        (terms("customer=c-7"), order),
        (
            terms("customer=c-7 and http.response.status_code=200"),
            order,
        ),
        (terms("customer"), both),
        (terms("customer="), both),
        (terms("sent"), order),
        (terms("customer and sent"), none),
        (terms("error"), none),
        (of_db("error"), order),
        (of_db("error=true"), order),
        (of_db("error=no answer"), order),
        (of_db("error=timeout"), none),
        ("serviceName=shop&minDuration=50000".to_owned(), order),
        ("serviceName=shop&minDuration=50001".to_owned(), none),
        ("serviceName=shop&maxDuration=1000".to_owned(), later),
        (
            "serviceName=shop&minDuration=20000&maxDuration=20000".to_owned(),
            order,
        ),
        // The millisecond of endTs belongs whole; the order still runs when the
        // lookback begins.
        (format!("serviceName=shop&endTs={at_ms}"), order),
        (
            format!("serviceName=shop&endTs={}&lookback=10", at_ms + 55),
            order,
        ),
        (format!("serviceName=shop&endTs={}", at_ms - 1), none),
        (
            format!("serviceName=shop&endTs={}&lookback=10", at_ms + 70),
            none,
        ),
    ];
    for (query, expected) in table {
        assert_eq!(found(&server, &query).await, expected, "{query}");
    }
    let three_days = format!("serviceName=shop&lookback={}", 73 * 3_600 * 1_000);
    assert_eq!(found(&server, &three_days).await, [LATER, ORDER, OLD]);
    // Without a service all are searched.
    assert_eq!(found(&server, "").await.len(), 3);
}

#[tokio::test]
async fn ten_traces_come_when_nobody_says_how_many() {
    let spans: Vec<_> = (1..=12)
        .map(|trace| tracewell_testkit::TestSpan::new(trace, 1, "shop", "x", START_NS + trace))
        .collect();
    let server = Server::new(&spans);
    assert_eq!(found(&server, "serviceName=shop").await.len(), 10);
    assert_eq!(found(&server, "serviceName=shop&limit=11").await.len(), 11);
}

#[tokio::test]
async fn large_answers_are_whole() {
    let spans: Vec<_> = (1..=3_000)
        .map(|id| tracewell_testkit::TestSpan::new(1, id, "shop", "x", START_NS + id))
        .collect();
    let trace = json(&Server::new(&spans), &format!("/api/v2/trace/{ORDER}")).await;
    assert_eq!(trace.as_array().unwrap().len(), 3_000);
}
