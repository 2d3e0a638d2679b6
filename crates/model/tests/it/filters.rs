//! Filters say the same as reading the spans one by one.

use tracewell_model::filter::{CompareOp, Condition, Field, Intrinsic, Literal, Place, TraceFacts};
use tracewell_model::{AnyValue, SpanFilter, SpanKind, StatusCode};
use tracewell_testkit::{TestSpan, batch};

fn spans() -> Vec<TestSpan> {
    let text = |text: &str| AnyValue::String(text.to_owned());
    vec![
        TestSpan::new(1, 1, "frontend", "GET /", 1000)
            .kind(SpanKind::Server)
            .with("http.status_code", AnyValue::Int(200))
            .with_text("user", "ann"),
        TestSpan::new(1, 2, "cart", "add", 1000)
            .lasting_ns(5_000_000)
            .with("http.status_code", AnyValue::Int(503))
            .with("ratio", AnyValue::Double(0.5))
            .with("cached", AnyValue::Bool(true)),
        TestSpan::new(1, 3, "cart", "add", 1000)
            .status(StatusCode::Error)
            .with("tags", AnyValue::Array(vec![text("red"), text("blue")]))
            .with_text("http.status_code", "200"),
        TestSpan::new(1, 4, "cart", "load", 1000)
            .with_event("exception", 7, vec![("user".to_owned(), text("bob"))])
            .status(StatusCode::Unset),
        TestSpan::new(1, 5, "cart", "load", 1000)
            .with_event("exception", 9, vec![])
            .status(StatusCode::Ok),
    ]
}

fn attribute(place: Place, key: &str, condition: Condition) -> SpanFilter {
    SpanFilter::Test(Field::Attribute(place, vec![key.into()]), condition)
}

fn intrinsic(field: Intrinsic, condition: Condition) -> SpanFilter {
    SpanFilter::Test(Field::Intrinsic(field), condition)
}

fn compare(op: CompareOp, literal: Literal) -> Condition {
    Condition::Compare(op, literal)
}

fn str(text: &str) -> Literal {
    Literal::Str(text.to_owned())
}

#[test]
fn conditions_and_the_rows_they_match() {
    use CompareOp::{Equal, Greater, LessOrEqual, NotEqual};
    let regex = |text| regex::Regex::new(text).unwrap();
    let status = "http.status_code";
    let cases: Vec<(&str, SpanFilter, &[usize])> = vec![
        (
            "int equals int, not text",
            attribute(Place::Span, status, compare(Equal, Literal::Int(200))),
            &[0],
        ),
        (
            "text equals text",
            attribute(Place::Span, status, compare(Equal, str("200"))),
            &[2],
        ),
        (
            "int against double",
            attribute(
                Place::Span,
                status,
                compare(Greater, Literal::Double(200.5)),
            ),
            &[1],
        ),
        (
            "double against int",
            attribute(Place::Span, "ratio", compare(LessOrEqual, Literal::Int(1))),
            &[1],
        ),
        (
            "bool",
            attribute(Place::Any, "cached", compare(Equal, Literal::Bool(true))),
            &[1],
        ),
        (
            "missing is never unequal",
            attribute(Place::Span, "user", compare(NotEqual, str("zoe"))),
            &[0],
        ),
        (
            "exists",
            attribute(Place::Span, "user", Condition::Exists),
            &[0],
        ),
        (
            "absent",
            attribute(Place::Any, "user", Condition::Absent),
            &[1, 2, 4],
        ),
        (
            "on an event",
            attribute(Place::Event, "user", compare(Equal, str("bob"))),
            &[3],
        ),
        (
            "anywhere",
            attribute(Place::Any, "user", Condition::Exists),
            &[0, 3],
        ),
        (
            "resource",
            attribute(Place::Resource, "service.name", compare(Equal, str("cart"))),
            &[1, 2, 3, 4],
        ),
        (
            "array, any element",
            attribute(Place::Span, "tags", compare(Equal, str("blue"))),
            &[2],
        ),
        (
            "array, no element",
            attribute(Place::Span, "tags", compare(NotEqual, str("blue"))),
            &[],
        ),
        (
            "array, none equal",
            attribute(Place::Span, "tags", compare(NotEqual, str("pink"))),
            &[2],
        ),
        (
            "regex",
            intrinsic(Intrinsic::Name, Condition::Matches(regex("^(?:.*d)$"))),
            &[1, 2, 3, 4],
        ),
        (
            "not regex",
            intrinsic(Intrinsic::Name, Condition::MatchesNot(regex("^(?:a.*)$"))),
            &[0, 3, 4],
        ),
        (
            "kind",
            intrinsic(
                Intrinsic::Kind,
                compare(Equal, Literal::Kind(SpanKind::Server)),
            ),
            &[0],
        ),
        (
            "status",
            intrinsic(
                Intrinsic::Status,
                compare(NotEqual, Literal::Status(StatusCode::Unset)),
            ),
            &[2, 4],
        ),
        (
            "duration",
            intrinsic(
                Intrinsic::Duration,
                compare(Greater, Literal::Int(1_000_000)),
            ),
            &[1],
        ),
        (
            "failed: status, 5xx, exception; not ok",
            intrinsic(Intrinsic::Failed, compare(Equal, Literal::Bool(true))),
            &[1, 2, 3],
        ),
        (
            "event name",
            intrinsic(Intrinsic::EventName, compare(Equal, str("exception"))),
            &[3, 4],
        ),
        (
            "event time",
            intrinsic(
                Intrinsic::EventTimeSinceStart,
                compare(Greater, Literal::Int(8)),
            ),
            &[4],
        ),
        (
            "id without leading zeros",
            intrinsic(Intrinsic::SpanId, compare(Equal, str("0003"))),
            &[2],
        ),
        (
            "no parent",
            intrinsic(Intrinsic::ParentSpanId, Condition::Absent),
            &[0, 1, 2, 3, 4],
        ),
        (
            "needs the trace",
            intrinsic(Intrinsic::RootName, Condition::Exists),
            &[],
        ),
    ];
    let batch = batch(&spans());
    for (name, filter, rows) in cases {
        assert_eq!(
            filter.matching(&batch).iter().collect::<Vec<_>>(),
            rows,
            "{name}"
        );
        let not = SpanFilter::Not(Box::new(filter)).matching(&batch);
        assert_eq!(not.count(), batch.len() - rows.len(), "not {name}");
    }
}

#[test]
fn trace_facts_decide_with_the_trace_and_nothing_without() {
    let batch = batch(&spans());
    let root = intrinsic(Intrinsic::RootName, compare(CompareOp::Equal, str("GET /")));
    let slow = intrinsic(
        Intrinsic::Duration,
        compare(CompareOp::Greater, Literal::Int(1_000_000)),
    );
    let both = SpanFilter::And(vec![root.clone(), slow.clone()]);
    let facts = TraceFacts {
        root_name: "GET /".into(),
        child_counts: vec![0; 5],
        ..TraceFacts::default()
    };
    assert_eq!(both.matching_in_trace(&batch, &facts).count(), 1);
    assert_eq!(both.span_local().matching(&batch).count(), 1);
    let neither = SpanFilter::And(vec![SpanFilter::Not(Box::new(root)), slow]);
    assert_eq!(neither.matching_in_trace(&batch, &facts).count(), 0);
    assert_eq!(
        neither.span_local().matching(&batch).count(),
        1,
        "weaker, never stronger"
    );
}
