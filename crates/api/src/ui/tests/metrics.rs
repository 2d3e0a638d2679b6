//! Figures over time: shape of the answer, steps, what is refused.

use serde_json::{Value, json};
use tracewell_model::StatusCode;
use tracewell_testkit::TestSpan;

use super::refused;
use crate::tests::{NOW_NS, Server, encoded};

const SECOND_NS: u64 = 1_000_000_000;

async fn asked(server: &Server, query: &str, rest: &str) -> Value {
    let path = format!("/api/ui/metrics?q={}{rest}", encoded(query));
    let answer = server.get(&path).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn series_come_with_their_moments_and_units() {
    let at = |second: u64| NOW_NS - second * SECOND_NS;
    let span = |id, service, second| TestSpan::new(id, id, service, "GET /", at(second));
    let server = Server::new(&[
        span(1, "shop", 10),
        span(2, "shop", 20).status(StatusCode::Error),
        span(3, "db", 70),
        span(4, "db", 4_000),
    ]);
    let by_service = "{ } | count_over_time() by (resource.service.name)";
    let found = asked(&server, by_service, "&from=now-2m&step=1m").await;
    let step = |name: &str, value: &Value| {
        let label = json!([{"name": "resource.service.name", "value": name}]);
        assert_eq!(value["labels"], label);
        let values = value["values"].as_array().unwrap();
        assert_eq!(values.len() as u64, found["count"].as_u64().unwrap());
        let sum: f64 = values.iter().filter_map(Value::as_f64).sum();
        (values.len(), sum)
    };
    let series = found["series"].as_array().unwrap();
    assert_eq!(series.len(), 2, "{found}");
    assert_eq!(step("db", &series[0]).1, 1.0);
    assert_eq!(step("shop", &series[1]).1, 2.0);
    assert_eq!(
        (&found["kind"], &found["unit"]),
        (&json!("series"), &json!(""))
    );
    assert_eq!(found["stepNs"], "60000000000");
    let start_ns: u64 = found["startNs"].as_str().unwrap().parse().unwrap();
    assert!(start_ns.is_multiple_of(60 * SECOND_NS) && start_ns <= at(120));
    assert_eq!(found["partial"], Value::Null);
    assert!(found["searchedSpans"].is_u64() && found["elapsedMs"].is_u64());

    for (query, kind, unit) in [
        ("{ } | rate()", "series", "/s"),
        ("{ } | quantile_over_time(duration, 0.5)", "series", "s"),
        ("{ } | histogram_over_time(duration)", "histogram", "s"),
    ] {
        let found = asked(&server, query, "").await;
        assert_eq!(
            (&found["kind"], &found["unit"]),
            (&json!(kind), &json!(unit)),
            "{query}"
        );
        assert!(!found["series"].as_array().unwrap().is_empty(), "{query}");
    }
}

#[tokio::test]
async fn series_name_spans_that_they_are_made_of() {
    let start_ns = NOW_NS - 10 * SECOND_NS;
    let server = Server::new(&[TestSpan::new(7, 9, "shop", "GET /", start_ns)]);
    let found = asked(&server, "{ } | count_over_time()", "").await;
    let want = json!([{
        "traceId": format!("aaaa{:028x}", 7),
        "spanId": format!("{:016x}", 9),
        "timeNs": start_ns.to_string(),
        "value": 1.0,
    }]);
    assert_eq!(found["series"][0]["exemplars"], want);
}

#[tokio::test]
async fn a_comparison_is_of_the_whole_range() {
    let spans: Vec<_> = (1..=9)
        .map(|id| {
            let name = if id < 4 { "charge" } else { "list" };
            let span = TestSpan::new(id, id, "shop", name, NOW_NS - id * 60 * SECOND_NS);
            if id < 4 {
                span.status(StatusCode::Error)
            } else {
                span
            }
        })
        .collect();
    let server = Server::new(&spans);
    let found = asked(&server, "{ } | compare({ error })", "").await;
    assert_eq!(
        (&found["kind"], &found["count"]),
        (&json!("comparison"), &json!(1))
    );
    let series = found["series"].as_array().unwrap();
    let count = |of: &str, name: &str| {
        let labels = json!([{"name": "__meta_type", "value": of}, {"name": "name", "value": name}]);
        let found = series.iter().find(|series| series["labels"] == labels);
        found.map(|series| series["values"].clone())
    };
    assert_eq!(count("selection", "charge"), Some(json!([3.0])));
    assert_eq!(count("baseline", "list"), Some(json!([6.0])));
    assert_eq!(count("selection_total", "nil"), Some(json!([3.0])));
}

#[tokio::test]
async fn all_of_time_is_the_time_that_is_stored() {
    let ask = "&from=0&to=9999-12-31";
    let empty = asked(&Server::new(&[]), "{ } | rate()", ask).await;
    assert_eq!(empty["series"], json!([]));
    let server = Server::new(&[TestSpan::new(1, 1, "shop", "GET /", NOW_NS)]);
    let found = asked(&server, "{ } | count_over_time()", ask).await;
    let values = found["series"][0]["values"].as_array().unwrap();
    assert_eq!(values.iter().filter_map(Value::as_f64).sum::<f64>(), 1.0);
}

#[tokio::test]
async fn series_beyond_what_was_asked_for_are_said() {
    let spans: Vec<_> = (1..=5)
        .map(|id| TestSpan::new(id, id, &format!("service {id}"), "GET /", NOW_NS - id))
        .collect();
    let server = Server::new(&spans);
    let query = "{ } | rate() by (resource.service.name)";
    let found = asked(&server, query, "&series=3").await;
    assert_eq!(found["series"].as_array().unwrap().len(), 3);
    assert!(found["partial"].as_str().unwrap().contains("5 series"));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::new(&[]);
    for (query, part) in [
        ("", "q is missing"),
        ("q=%7B%7D", "no metrics query"),
        ("q=%7B%7D%7Crate()&step=soon", "\"soon\""),
        ("q=%7B%7D%7Crate()&step=0s", "\"0s\""),
        ("q=%7B%7D%7Crate()&step=5\u{fb}", "\"5\u{fb}\""),
        ("q=%7B%7D%7Crate()&step=1ms", "10000 samples"),
        ("q=%7B%7D%7Crate()&series=0", "series"),
        ("q=%7B%7D%7Crate()&from=now&to=now-1h", "reversed"),
    ] {
        let path = format!("/api/ui/metrics?{}", query.replace('\u{fb}', "%C3%BB"));
        let error = refused(&server, &path).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(part), "{query}: {message}");
    }
}
