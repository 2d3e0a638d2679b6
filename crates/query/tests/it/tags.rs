//! Conditions of APIs that know no types.

use tracewell_model::{AnyValue, SpanKind, StatusCode, TimeRange};
use tracewell_query::search::{Detail, Search};
use tracewell_query::traceql::Expr;
use tracewell_query::{lower, tags};
use tracewell_testkit::TestSpan;
use tracewell_testkit::decisions::{give, table};

use crate::{everything, matching, run, store_of};

#[test]
fn a_tag_finds_the_value_whatever_its_type_was() {
    let mut spans = vec![
        TestSpan::new(1, 1, "shop", "GET /", 10)
            .lasting_ns(5_000)
            .kind(SpanKind::Server)
            .with("http.status_code", AnyValue::Int(200))
            .with("load", AnyValue::Double(0.5)),
        TestSpan::new(2, 1, "shop", "GET /", 20)
            .with_text("http.response.status_code", "200")
            .with("cached", AnyValue::Bool(true)),
        TestSpan::new(3, 1, "bank", "charge", 30)
            .status(StatusCode::Error)
            .with_text("cached", "true")
            .with_event("declined", 1, vec![("reason".to_owned(), "limit".into())]),
    ];
    spans[2].status_message = "no money".to_owned();
    spans[2].scope_name = "card-lib".to_owned();
    spans[1].resource.push(("host.name".to_owned(), "a".into()));
    spans[0]
        .attributes
        .push(("host.name".to_owned(), "a".into()));
    let store = store_of(&[&spans]);
    let cases: Vec<(Expr, Vec<u64>)> = vec![
        (tags::tag("http.status_code", "200"), vec![2, 1]),
        (tags::tag("load", "0.5"), vec![1]),
        (tags::tag("cached", "true"), vec![3, 2]),
        (tags::tag("host.name", "a"), vec![2, 1]),
        (tags::tag("resource.host.name", "a"), vec![2]),
        (tags::tag("error", "true"), vec![3]),
        (tags::tag("error", "false"), vec![2, 1]),
        (tags::tag("span.kind", "server"), vec![1]),
        (tags::tag("otel.status_code", "ERROR"), vec![3]),
        (tags::tag("otel.status_description", "no money"), vec![3]),
        (tags::tag("otel.scope.name", "card-lib"), vec![3]),
        (tags::tag("event", "declined"), vec![3]),
        (tags::tag("reason", "limit"), vec![3]),
        (tags::tag("reason", "other"), vec![]),
        (tags::service("shop"), vec![2, 1]),
        (tags::operation("charge"), vec![3]),
        (tags::duration(None, Some(5_000)), vec![1]),
        (tags::duration(Some(5_001), None), vec![3, 2]),
        (
            Expr::all_of(vec![tags::service("shop"), tags::tag("cached", "true")]),
            vec![2],
        ),
    ];
    for (expr, want) in cases {
        let wanted = Search {
            filter: lower::lower(&expr).into(),
            range: TimeRange::ALL,
            limit: 10,
            after: None,
            detail: Detail::Summary,
        };
        assert_eq!(run(&store, &wanted).0, want, "{expr:?}");
    }
}

#[test]
fn names_that_look_reserved_find_both_meanings() {
    let columns = ["tag", "finds a span that has"];
    for (line, cells) in table("014-unscoped-attributes.md", &columns) {
        let mut span = TestSpan::new(1, 1, "shop", "op", 10);
        give(&mut span, &cells[1]);
        let store = store_of(&[&[span, TestSpan::new(2, 1, "shop", "op", 20)]]);
        let (key, value) = cells[0].split_once('=').unwrap();
        let wanted = Search {
            filter: lower::lower(&tags::tag(key, value)).into(),
            ..everything("{}")
        };
        assert_eq!(run(&store, &wanted).0, [1], "line {line}");
        if cells[1].contains(" = ") {
            // In TraceQL the scope ends at its point.
            let query = format!("{{ {} }}", cells[1]);
            assert_eq!(matching(&store, &query), [1], "line {line}");
        }
    }
}
