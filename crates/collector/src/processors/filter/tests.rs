//! Which spans and events are left.

use tracewell_model::StatusCode;
use tracewell_testkit::{TestSpan, batch, flatten};

use super::*;
use crate::written::section;

fn read(text: &str) -> Result<Arc<FilterConfig>, String> {
    section::read("p", text, |fields| Arc::new(FilterConfig::read(fields)))
        .map_err(|mistakes| mistakes.join("; "))
}

fn spans() -> Vec<TestSpan> {
    let route = |span: TestSpan, route: &str| span.with_text("http.route", route);
    let event = |span: TestSpan, name: &str| span.with_event(name, 1, Vec::new());
    vec![
        route(TestSpan::new(1, 1, "shop", "GET", 1_000), "/healthz"),
        event(
            route(TestSpan::new(1, 2, "shop", "GET", 1_000), "/pay"),
            "debug.x",
        ),
        TestSpan::new(1, 3, "canary", "GET", 1_000).with("n", 7.into()),
        TestSpan::new(1, 4, "canary", "POST", 1_000).status(StatusCode::Error),
    ]
}

fn left(text: &str) -> Result<(Vec<u8>, usize, u64), StoreError> {
    let account = ProcessorAccount::new("traces".to_owned(), "filter".to_owned());
    let changed = read(text)
        .unwrap()
        .change(Arc::new(batch(&spans())), &account)?;
    let spans = flatten(&changed);
    let ids = spans.iter().map(|span| span.span_id.0[7]).collect();
    let events = spans.iter().map(|span| span.events.len()).sum();
    Ok((ids, events, account.snapshot().errors))
}

#[test]
fn what_a_condition_holds_for_is_dropped() {
    for (text, ids, events) in [
        (
            r#"{trace_conditions: ['span.attributes["http.route"] == "/healthz"']}"#,
            vec![2, 3, 4],
            1,
        ),
        (
            r#"{trace_conditions: ['resource.attributes["service.name"] == "canary"']}"#,
            vec![1, 2],
            1,
        ),
        (
            r#"{trace_conditions: ['resource.attributes["service.name"] == "canary" and span.status.code != STATUS_CODE_ERROR']}"#,
            vec![1, 2, 4],
            1,
        ),
        (
            r#"{trace_conditions: ['IsMatch(spanevent.name, "^debug")']}"#,
            vec![1, 2, 3, 4],
            0,
        ),
        (
            r#"{traces: {span: ['attributes["n"] > 5', 'name == "POST"'], spanevent: ['name == "none"']}}"#,
            vec![1, 2],
            1,
        ),
        (
            r#"{trace_conditions: [{context: span, conditions: ['name == "GET"']}]}"#,
            vec![4],
            0,
        ),
        (
            "{spans: {include: {match_type: strict, services: [shop]}, exclude: {match_type: regexp, attributes: [{key: http.route, value: heal}]}}}",
            vec![2],
            1,
        ),
        ("{}", vec![1, 2, 3, 4], 1),
    ] {
        assert_eq!(left(text).unwrap(), (ids, events, 0), "{text}");
    }
}

#[test]
fn what_cannot_be_decided_is_kept_or_refused_as_told() {
    let text = |mode: &str| {
        format!(
            r#"{{error_mode: {mode}, trace_conditions: ['IsMatch(span.attributes["n"], 5) or ParseJSON(span.name) == nil']}}"#
        )
    };
    let condition = |mode: &str| read(&text(mode)).is_ok();
    // A pattern is a text: told at the start.
    assert!(!condition("ignore"));
    let failing = |mode: &str| {
        format!(r#"{{error_mode: {mode}, trace_conditions: ['ParseJSON(span.name)["a"] == 1']}}"#)
    };
    for mode in ["ignore", "silent"] {
        assert_eq!(
            left(&failing(mode)).unwrap(),
            (vec![1, 2, 3, 4], 1, 4),
            "{mode}"
        );
    }
    let refused = left(&failing("propagate")).unwrap_err();
    assert!(matches!(refused, StoreError::Refused(why) if why.contains("ParseJSON")));
}

#[test]
fn mistakes_stand_where_they_were_written() {
    for (text, message) in [
        (
            r#"{trace_conditions: ['attributes["a"] == 1']}"#,
            "p.trace_conditions: column 1",
        ),
        (r#"{trace_conditions: ['span.nam == 1']}"#, "name"),
        (r#"{traces: {span: ['name = "a"']}}"#, "p.traces.span"),
        (
            r#"{error_mode: loud}"#,
            "not one of ignore, silent, propagate",
        ),
        (
            r#"{traces: {span: ['name == "a"']}, trace_conditions: ['span.name == "a"']}"#,
            "exclude one another",
        ),
    ] {
        let mistake = read(text).map(|_| ()).unwrap_err();
        assert!(mistake.contains(message), "{text}: {mistake}");
    }
}

#[test]
fn a_batch_that_loses_nothing_is_the_same_one() {
    let account = ProcessorAccount::new("traces".to_owned(), "filter".to_owned());
    let sent = Arc::new(batch(&spans()));
    let config = read(r#"{trace_conditions: ['span.name == "none"']}"#).unwrap();
    assert!(Arc::ptr_eq(
        &sent,
        &config.change(Arc::clone(&sent), &account).unwrap()
    ));
}

#[test]
fn resources_that_no_span_has_any_more_are_not_asked() {
    let account = ProcessorAccount::new("traces".to_owned(), "filter".to_owned());
    let first =
        read(r#"{trace_conditions: ['resource.attributes["service.name"] == "canary"']}"#).unwrap();
    let left = first.change(Arc::new(batch(&spans())), &account).unwrap();
    let failing = r#"{error_mode: propagate, trace_conditions: ['resource.attributes["service.name"] == "canary" and ParseJSON(resource.attributes["service.name"]) == nil']}"#;
    let second = read(failing).unwrap();
    assert_eq!(second.change(left, &account).unwrap().len(), 2);
}
