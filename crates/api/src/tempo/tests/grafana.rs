//! What Grafana asks, screen by screen: its Explore, its Drilldown of traces,
//! the health check of the data source. Each line is a request as it sends it
//! and what it looks for in the answer.

use serde_json::{Value, json};

use super::{ORDER, S, START_NS, searching, server};

const SELECTED: &str =
    "select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)";

/// The attributes of a span by name.
fn attributes(span: &Value) -> Value {
    let list = span["attributes"].as_array().into_iter().flatten();
    list.map(|entry| {
        (
            entry["key"].as_str().unwrap().to_owned(),
            entry["value"].clone(),
        )
    })
    .collect::<serde_json::Map<_, _>>()
    .into()
}

#[tokio::test]
async fn the_data_source_is_well() {
    let answer = server().get("/tempo/api/echo").await;
    assert_eq!((answer.status.as_u16(), &*answer.text()), (200, "echo"));
    let info = server().get("/tempo/api/status/buildinfo").await.json();
    let version = info["version"].as_str().unwrap();
    assert!(
        version.starts_with("3."),
        "streaming is turned on by it: {version}"
    );
    assert_eq!(server().get("/tempo/ready").await.text(), "ready\n");
}

#[tokio::test]
async fn searches_of_each_screen() {
    let both = ["2", ORDER];
    let table: &[(&str, &str, &str, &[&str])] = &[
        (
            "Explore, empty",
            "{}",
            "&limit=20&spss=3",
            &["2", "3", ORDER],
        ),
        (
            "Explore, builder",
            r#"{resource.service.name="bank" && name="pay" && duration>100ms}"#,
            "&limit=20&spss=3",
            &both,
        ),
        (
            "Explore, one value unescaped",
            r#"{name=~"p[ay]{2}"}"#,
            "&limit=20&spss=3",
            &both,
        ),
        ("Explore, the newest alone", "{}", "&limit=1&spss=3", &["2"]),
        (
            "Drilldown, traces",
            &format!("{{nestedSetParent<0 && true && status=error}} | {SELECTED}"),
            "&limit=200&spss=20",
            &["2"],
        ),
        (
            "Drilldown, root cause",
            &format!(
                "({{nestedSetParent<0}} &>> {{status=error}}) || ({{nestedSetParent<0 && status=error}}) | {SELECTED}"
            ),
            "&limit=200&spss=20",
            &["2"],
        ),
        (
            "Drilldown, exceptions",
            "{kind=client} | select(resource.service.name, event.exception.message, \
             event.exception.stacktrace, event.exception.type) with(most_recent=true)",
            "&limit=400&spss=10",
            &both,
        ),
        (
            "a metrics query as a search",
            "{status=error} | rate()",
            "&limit=20",
            &["2"],
        ),
    ];
    for (screen, query, more, want) in table {
        let answer = server().get(&searching("/api/search", query, more)).await;
        assert_eq!(answer.status, 200, "{screen}: {}", answer.text());
        let traces = answer.json()["traces"].clone();
        let ids = traces.as_array().unwrap().iter().map(|trace| {
            let id = trace["traceID"].as_str().unwrap();
            id.strip_prefix("aaaa")
                .map_or(id, |rest| rest.trim_start_matches('0'))
                .to_owned()
        });
        assert_eq!(ids.collect::<Vec<_>>(), *want, "{screen}");
    }
}

#[tokio::test]
async fn an_entry_has_what_the_table_shows() {
    let query = format!("{{nestedSetParent<0 && status=error}} | {SELECTED}");
    let answer = server()
        .get(&searching("/api/search", &query, "&limit=5&spss=5"))
        .await
        .json();
    let trace = &answer["traces"][0];
    for (pointer, want) in [
        ("/rootServiceName", json!("shop")),
        ("/rootTraceName", json!("POST /orders")),
        ("/startTimeUnixNano", json!((START_NS + 60 * S).to_string())),
        ("/durationMs", json!(1_500)),
        ("/spanSet/matched", json!(1)),
        ("/spanSets/0/spans/0/spanID", json!("0000000000000001")),
        ("/spanSets/0/spans/0/name", json!("POST /orders")),
        ("/spanSets/0/spans/0/durationNanos", json!("1500000000")),
        (
            "/serviceStats/bank",
            json!({"spanCount": 1, "errorCount": 1}),
        ),
    ] {
        assert_eq!(trace.pointer(pointer), Some(&want), "{pointer} in {trace}");
    }
    assert_eq!(
        attributes(&trace["spanSets"][0]["spans"][0]),
        json!({
            "nestedSetParent": {"intValue": "-1"},
            "nestedSetLeft": {"intValue": "1"},
            "nestedSetRight": {"intValue": "4"},
            "status": {"stringValue": "error"},
            "service.name": {"stringValue": "shop"},
        })
    );
    let query = "{kind=client} | by(resource.service.name) | count() > 0";
    let grouped = server()
        .get(&searching("/api/search", query, ""))
        .await
        .json();
    let set = &grouped["traces"][0]["spanSets"][0];
    assert_eq!(
        attributes(set),
        json!({
            "by(resource.service.name)": {"stringValue": "bank"},
            "count()": {"intValue": "1"},
        })
    );
    let jobs = server()
        .get(&searching("/api/search", "{name=\"tick\"}", ""))
        .await
        .json();
    let missing = "<root span not yet received>";
    assert_eq!(jobs["traces"][0]["rootServiceName"], missing);
}

/// The plugin reads with a library that refuses a field it does not know.
#[tokio::test]
async fn there_are_no_fields_but_those_that_it_knows() {
    const KNOWN: [(&str, &[&str]); 5] = [
        ("", &["traces", "metrics"]),
        (
            "/traces/0",
            &[
                "traceID",
                "rootServiceName",
                "rootTraceName",
                "startTimeUnixNano",
                "durationMs",
                "spanSet",
                "spanSets",
                "serviceStats",
            ],
        ),
        ("/traces/0/spanSets/0", &["spans", "matched", "attributes"]),
        (
            "/traces/0/spanSets/0/spans/0",
            &[
                "spanID",
                "name",
                "startTimeUnixNano",
                "durationNanos",
                "attributes",
            ],
        ),
        (
            "/metrics",
            &[
                "inspectedTraces",
                "inspectedBytes",
                "totalBlocks",
                "completedJobs",
                "totalJobs",
                "totalBlockBytes",
                "inspectedSpans",
            ],
        ),
    ];
    let answer = server()
        .get(&searching("/api/search", "{.amount > 1}", ""))
        .await
        .json();
    for (pointer, known) in KNOWN {
        let object = answer.pointer(pointer).unwrap().as_object().unwrap();
        for name in object.keys() {
            assert!(known.contains(&&**name), "{pointer}/{name}");
        }
    }
    let none = server()
        .get(&searching("/api/search", "{.amount > 99}", ""))
        .await;
    assert_eq!(none.json()["traces"], json!([]), "{}", none.text());
}

#[tokio::test]
async fn tags_as_before_there_was_traceql() {
    for (tags, more, want) in [
        ("customer=ann", "", 2),
        ("customer=\"ann lee\" http.method=post", "", 2),
        ("http.status_code=500", "", 1),
        ("root.service.name=sho status.code=error", "", 1),
        ("name=tick", "", 1),
        ("customer=ann name=tick", "", 0),
        ("", "&minDuration=1s", 2),
        ("", "&maxDuration=1s", 1),
        ("name=pay", "&minDuration=2s", 0),
    ] {
        let path = format!(
            "/tempo/api/search?tags={}{more}",
            crate::tests::encoded(tags)
        );
        let answer = server().get(&path).await;
        assert_eq!(answer.status, 200, "{tags}: {}", answer.text());
        let found = answer.json()["traces"].as_array().unwrap().len();
        assert_eq!(found, want, "{tags}{more}");
    }
}
