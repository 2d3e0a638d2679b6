//! Queries that are not answered: where, and what to write instead.

use super::{SECOND_NS, answer};
use crate::store_of;
use std::sync::atomic::AtomicBool;
use tracewell_query::promql::{Moments, evaluate, parse};

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (query, says) in [
        ("", "1:1: parse error: unexpected the end of the query"),
        ("sum(", "1:5: parse error: unexpected the end of the query"),
        (
            "rate(traces_spanmetrics_calls_total)",
            "1:36: parse error: unexpected \")\", expected \"[\"",
        ),
        (
            "traces_spanmetrics_calls_total[5m]",
            "1:31: parse error: a range of samples goes into rate",
        ),
        (
            "irate(a[5m])",
            "1:1: parse error: irate is not served here: served are rate",
        ),
        (
            "a{b=c}",
            "1:5: parse error: unexpected \"c\", expected text in quotes",
        ),
        ("a{b~\"c\"}", "1:4: parse error: unexpected character '~'"),
        (
            "a{b=~\"(\"}",
            "1:6: parse error: the pattern is not a valid regular expression",
        ),
        (
            "rate(a[5x])",
            "1:8: parse error: bad number or duration \"5x\"",
        ),
        (
            "rate(a[5m:1m])",
            "1:10: parse error: subqueries are not served",
        ),
        (
            "rate(sum(a)[5m])",
            "1:6: parse error: rates of what was calculated are not served",
        ),
        ("a @ 5", "1:3: parse error: \"@\" is not served"),
        ("{b=\"c\"}", "1:1: parse error: a selector names its metric"),
        (
            "a / on (b) group_left c",
            "1:12: parse error: group_left is not served",
        ),
        (
            "1 > 2",
            "1:3: parse error: comparisons between numbers must use \"bool\"",
        ),
        (
            "1 and a",
            "1:3: parse error: a set operator stands between series",
        ),
        (
            "sum(1)",
            "1:5: parse error: expected series here, found a number",
        ),
        (
            "topk(a, a)",
            "1:6: parse error: expected a number here, found series",
        ),
        ("a\n+ \"b\"", "2:3: parse error: text is no figure"),
        (
            "a + bool b",
            "1:3: parse error: \"bool\" goes with comparisons alone",
        ),
        ("a b", "1:3: parse error: unexpected \"b\""),
        ("a{b=\"c", "1:5: parse error: the text has no closing quote"),
    ] {
        let text = parse(query)
            .map(|_| String::new())
            .unwrap_or_else(|error| error.to_string());
        assert!(text.starts_with(says), "{query}: {text}");
    }
    let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    assert!(parse(&deep).unwrap_err().to_string().contains("64 levels"));
    let long = format!("{}1", "1 + ".repeat(5_000));
    assert!(parse(&long).unwrap_err().to_string().contains("bytes long"));
    // Many of one kind are no nesting.
    assert!(parse(&format!("{}1", "1 + ".repeat(500))).is_ok());
}

#[test]
fn series_that_belong_to_several_are_refused() {
    let spans = [
        tracewell_testkit::TestSpan::new(1, 1, "a", "x", 5),
        tracewell_testkit::TestSpan::new(1, 2, "a", "y", 6),
    ];
    let store = store_of(&[&spans]);
    let moments = Moments::at(SECOND_NS);
    let query = "sum by (service) (traces_spanmetrics_calls_total) / on (service) \
                 sum by (service, span_name) (traces_spanmetrics_calls_total)";
    let failed = evaluate(
        &store,
        &parse(query).unwrap(),
        moments,
        &AtomicBool::new(false),
    );
    let text = failed.unwrap_err().to_string();
    assert!(
        text.starts_with("found duplicate series for the match group {service=\"a\"}"),
        "{text}"
    );
    // One for each is fine.
    let query = query.replace("span_name", "span_kind");
    assert!(answer(&store, &query, moments).warnings.is_empty());
}

#[test]
fn too_many_moments_are_refused() {
    for (moments, says) in [
        (
            Moments::over(0, 20_000 * SECOND_NS, SECOND_NS),
            "exceeded maximum resolution of 10000",
        ),
        (
            Moments::over(10, 5, 1),
            "end timestamp must not be before start time",
        ),
        (Moments::over(5, 10, 0), "\"step\""),
    ] {
        let text = moments.unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
    }
}
