//! Which spans a condition finds.

use tracewell_model::{AnyValue, SpanKind};
use tracewell_ottl::Context;
use tracewell_testkit::{TestSpan, batch};

use crate::{condition, request, text};

fn spans() -> Vec<TestSpan> {
    let plain = TestSpan::new(1, 1, "cart", "a", crate::START_NS);
    vec![
        request(),
        plain
            .clone()
            .with("http.status", AnyValue::Int(200))
            .kind(SpanKind::Client),
        plain.clone().with("http.status", AnyValue::Double(503.0)),
        plain.clone().with("http.status", text("503")),
        plain.with("http.status", AnyValue::Empty),
    ]
}

#[track_caller]
fn check(written: &str, wanted: &[usize]) {
    let judged = condition(written, Context::Span).holds(&batch(&spans()));
    assert_eq!(judged.first_error, None, "{written}");
    assert_eq!(judged.rows.iter().collect::<Vec<_>>(), wanted, "{written}");
}

#[test]
fn values_compare_by_type() {
    for (written, wanted) in [
        (r#"attributes["http.status"] == 503"#, &[0, 2][..]),
        (r#"503 == attributes["http.status"]"#, &[0, 2]),
        (r#"attributes["http.status"] != 503"#, &[1, 3, 4]),
        (r#"attributes["http.status"] >= 500"#, &[0, 2]),
        (r#"500 > attributes["http.status"]"#, &[1]),
        (r#"attributes["http.status"] == "503""#, &[3]),
        (r#"attributes["http.status"] == nil"#, &[4]),
        (r#"attributes["http.status"] != nil"#, &[0, 1, 2, 3]),
        (r#"attributes["none"] == nil"#, &[0, 1, 2, 3, 4]),
        (r#"attributes["none"] <= nil"#, &[0, 1, 2, 3, 4]),
        (r#"attributes["none"] < 5"#, &[]),
        (r#"attributes["http.method"] == "GET""#, &[0]),
        (r#"attributes["http.method"] != "GET""#, &[1, 2, 3, 4]),
        (r#"attributes["http.method"] < "H""#, &[0]),
        (r#"attributes["raw"] == 0x01ab"#, &[0]),
        (r#"attributes["tags"] == ["b", "a"]"#, &[0]),
        (
            r#"attributes["user"] == {"ages": [7], "name": "ann"}"#,
            &[0],
        ),
        (r#"attributes["user"]["name"] == "ann""#, &[0]),
        (r#"name == "a""#, &[1, 2, 3, 4]),
        ("kind == SPAN_KIND_SERVER", &[0]),
        ("status.code == STATUS_CODE_ERROR", &[0]),
        ("end_time - start_time > Duration(\"1s\")", &[0]),
        (
            "start_time_unix_nano == 1700000000000000000",
            &[0, 1, 2, 3, 4],
        ),
        ("start_time <= Now()", &[0, 1, 2, 3, 4]),
        (
            r#"trace_id == TraceID("aaaa0000000000000000000000000007")"#,
            &[0],
        ),
        (
            r#"resource.attributes["service.name"] == "cart""#,
            &[1, 2, 3, 4],
        ),
        (
            r#"parent_span_id == SpanID(0x0000000000000000)"#,
            &[1, 2, 3, 4],
        ),
    ] {
        check(written, wanted);
    }
}

#[test]
fn conditions_are_joined_and_turned_around() {
    for (written, wanted) in [
        (r#"not name == "a""#, &[0][..]),
        (r#"name == "a" and kind == SPAN_KIND_CLIENT"#, &[1]),
        (r#"name != "a" or kind == SPAN_KIND_CLIENT"#, &[0, 1]),
        (r#"kind == 3 or kind == 2 and name == "x""#, &[1]),
        (r#"(kind == 3 or kind == 2) and not (name == "a")"#, &[0]),
        ("true", &[0, 1, 2, 3, 4]),
        ("not true", &[]),
        ("1 < 2 and IsRootSpan()", &[1, 2, 3, 4]),
        (r#"attributes["retry"] == true"#, &[0]),
        (r#"IsMatch(name, "^GET") and attributes["retry"]"#, &[0]),
        (
            r#"resource.attributes["service.name"] == "shop" and Len(name) > 5"#,
            &[0],
        ),
    ] {
        check(written, wanted);
    }
}

#[test]
fn the_right_side_is_only_asked_where_the_left_leaves_it_open() {
    // Only the first span has the text that these need.
    for (written, wanted) in [
        (
            r#"attributes["http.method"] != nil and HasPrefix(attributes["http.method"], "G")"#,
            &[0][..],
        ),
        (
            r#"attributes["http.method"] == nil or HasPrefix(attributes["http.method"], "X")"#,
            &[1, 2, 3, 4],
        ),
    ] {
        check(written, wanted);
    }
}

#[test]
fn spans_without_an_answer_are_failures_and_never_found() {
    let spans = batch(&spans());
    for (written, found, failed) in [
        (
            r#"HasPrefix(attributes["http.method"], "G")"#,
            vec![0],
            vec![1, 2, 3, 4],
        ),
        (
            r#"not HasPrefix(attributes["http.method"], "G")"#,
            vec![],
            vec![1, 2, 3, 4],
        ),
        (
            r#"HasPrefix(attributes["http.method"], "G") or name == "a""#,
            vec![0],
            vec![1, 2, 3, 4],
        ),
        (
            r#"name == "a" or HasPrefix(attributes["none"], "G")"#,
            vec![1, 2, 3, 4],
            vec![0],
        ),
        (
            r#"attributes["http.status"] + 1 == 504"#,
            vec![0, 2],
            vec![3, 4],
        ),
    ] {
        let judged = condition(written, Context::Span).holds(&spans);
        assert_eq!(judged.rows.iter().collect::<Vec<_>>(), found, "{written}");
        assert_eq!(
            judged.failed.iter().collect::<Vec<_>>(),
            failed,
            "{written}"
        );
        assert!(judged.first_error.is_some(), "{written}");
    }
}
