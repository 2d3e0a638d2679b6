//! Figures over time, as panels and the Drilldown ask for them.

use serde_json::{Value, json};

use super::{NOW_NS, S, START_NS, searching, server};
use crate::tests::encoded;

/// `labels=value` at each moment with a value that is not zero, in seconds after
/// the first order.
fn samples(answer: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for series in answer["series"].as_array().unwrap() {
        let labels = series["labels"].as_array().unwrap().iter().map(|label| {
            let value = label["value"].as_object().unwrap().values().next().unwrap();
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("{}={value}", label["key"].as_str().unwrap())
        });
        let labels = labels.collect::<Vec<_>>().join(",");
        for sample in series["samples"].as_array().unwrap() {
            let at_ms: u64 = sample["timestampMs"].as_str().unwrap().parse().unwrap();
            if let Some(value) = sample["value"].as_f64() {
                let after_s = at_ms as i64 / 1_000 - (START_NS / S) as i64;
                all.push(format!("{labels} {after_s}: {value}"));
            }
        }
    }
    all
}

#[tokio::test]
async fn panels() {
    for (query, step, want) in [
        (
            "{ } | count_over_time()",
            "60",
            &[
                "__name__=count_over_time 0: 1",
                "__name__=count_over_time 60: 3",
                "__name__=count_over_time 120: 1",
            ][..],
        ),
        (
            "{nestedSetParent<0 && true && resource.service.name != nil} | rate() by(resource.service.name) with(sample=true)",
            "60s",
            &[
                "resource.service.name=shop 0: 0.016666666666666666",
                "resource.service.name=shop 60: 0.016666666666666666",
            ],
        ),
        (
            "{status=error} | count_over_time() by (kind)",
            "1m",
            &["kind=client 120: 1", "kind=server 60: 1"],
        ),
        (
            "{kind=server} | max_over_time(duration)",
            "60",
            &[
                "__name__=max_over_time 0: 1.5",
                "__name__=max_over_time 60: 1.5",
            ],
        ),
        (
            "{kind=server} | sum_over_time(span.http.status_code)",
            "300",
            &[
                "__name__=sum_over_time 0: 200",
                "__name__=sum_over_time 300: 500",
            ],
        ),
        ("{name=\"none\"} | rate()", "60", &[]),
    ] {
        let path = searching(
            "/api/metrics/query_range",
            query,
            &format!("&step={step}&exemplars=100"),
        );
        let answer = server().get(&path).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let mut got = samples(&answer.json());
        got.sort();
        let mut want = want.to_vec();
        want.sort_unstable();
        assert_eq!(got, want, "{query}");
    }
    // A share would have done; all of them are better, and it says so.
    for (share, message) in [
        ("0.5", json!("no sample was taken: all spans were counted")),
        ("true", Value::Null),
    ] {
        let query = format!("{{ }} | count_over_time() with(sample={share})");
        let path = searching("/api/metrics/query", &query, "");
        let answer = server().get(&path).await.json();
        assert_eq!(answer["series"][0]["value"], 5.0);
        assert_eq!(answer["message"], message, "{answer}");
    }
    // A step without spans has a sample, whose zero is left out.
    let path = searching("/api/metrics/query_range", "{ } | rate()", "&step=60");
    let answer = server().get(&path).await.json();
    let samples = answer["series"][0]["samples"].as_array().unwrap();
    assert!(samples.iter().any(|sample| sample.get("value").is_none()));
    assert!(answer["metrics"]["totalJobs"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn exemplars_lead_to_traces() {
    let query = "{status=error} | quantile_over_time(duration, .9) by (resource.service.name)";
    let asked = async |query: &str, more: &str| {
        let path = searching(
            "/api/metrics/query_range",
            query,
            &format!("&step=60{more}"),
        );
        let answer = server().get(&path).await.json();
        let series = answer["series"].as_array().unwrap().clone();
        let of = |one: &Value| one["exemplars"].as_array().cloned().unwrap_or_default();
        series.iter().flat_map(of).collect::<Vec<Value>>()
    };
    let found = asked(query, "").await;
    assert_eq!(found.len(), 2, "{found:?}");
    for exemplar in &found {
        let labels = exemplar["labels"].as_array().unwrap();
        let trace = labels
            .iter()
            .find(|label| label["key"] == "trace:id")
            .unwrap();
        let id = trace["value"]["stringValue"].as_str().unwrap();
        let path = format!("/tempo/api/traces/{id}");
        assert_eq!(server().get(&path).await.status, 200, "{id}");
        assert!(exemplar["value"].as_f64().unwrap() > 0.1);
        assert!(exemplar["timestampMs"].is_string());
    }
    assert_eq!(asked(query, "&exemplars=1").await.len(), 1);
    let none = format!("{query} with(exemplars=false)");
    assert!(asked(&none, "").await.is_empty());
}

#[tokio::test]
async fn one_figure_for_all_of_the_time() {
    let path = searching(
        "/api/metrics/query",
        "{ } | count_over_time() by (resource.service.name)",
        "",
    );
    let answer = server().get(&path).await.json();
    let label =
        |name: &str| json!([{"key": "resource.service.name", "value": {"stringValue": name}}]);
    assert_eq!(
        answer["series"],
        json!([
            {"labels": label("bank"), "value": 2.0},
            {"labels": label("jobs"), "value": 1.0},
            {"labels": label("shop"), "value": 2.0},
        ])
    );
    // By default the last hour.
    let path = format!(
        "/tempo/api/metrics/query?query={}",
        encoded("{ } | count_over_time()")
    );
    assert_eq!(server().get(&path).await.json()["series"][0]["value"], 5.0);
    let path = format!("{path}&since=5m");
    assert_eq!(server().get(&path).await.json()["series"], json!([]));
}

#[tokio::test]
async fn what_is_wrong() {
    let (start, end) = (START_NS / S, NOW_NS / S);
    for (query, more, says) in [
        ("{ }", "", "is no metrics query"),
        ("{ nam } | rate()", "", "line 1, col 3"),
        ("{ } | rate()", "&step=x", "invalid step: \"x\""),
        ("{ } | rate()", "&step=1ms", "shortest for this range"),
        ("{ } | rate()", "&maxSeries=x", "invalid maxSeries"),
    ] {
        let query = encoded(query);
        let path =
            format!("/tempo/api/metrics/query_range?q={query}&start={start}&end={end}{more}");
        let answer = server().get(&path).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    }
    let path = format!(
        "/tempo/api/metrics/query_range?q={}&start=20&end=10",
        encoded("{ } | rate()")
    );
    let text = server().get(&path).await.text();
    assert!(text.contains("must be after its start"), "{text}");
}
