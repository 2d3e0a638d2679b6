//! Completion of values.

use std::sync::atomic::AtomicBool;

use tracewell_model::values::Value;
use tracewell_model::{AnyValue, Level, SpanFilter, SpanKind, StatusCode, TimeRange};
use tracewell_query::keys::keys_among;
use tracewell_query::traceql::{self, Intrinsic};
use tracewell_query::values::{
    IntrinsicValues, ValuesOf, attribute_values, intrinsic_values, intrinsic_values_among,
    of_service,
};
use tracewell_testkit::TestSpan;
use tracewell_testkit::narrow::NarrowStore;

use crate::store_of;

fn store() -> NarrowStore {
    let route = |n: u64, route: &str| {
        TestSpan::new(n, 1, "shop", "GET", n * 10)
            .lasting_ns(1)
            .with_text("http.route", route)
            .with("code", AnyValue::Int(200 + n as i64 % 2))
    };
    let spans = [
        route(1, "/cart"),
        route(2, "/cart"),
        route(3, "/Checkout"),
        TestSpan::new(4, 1, "bank", "charge", 40)
            .kind(SpanKind::Client)
            .status(StatusCode::Error)
            .with("code", AnyValue::String("none".to_owned()))
            .with("ok", AnyValue::Bool(false))
            .with_event("retry", 1, vec![("wait".to_owned(), AnyValue::Double(0.5))])
            .with_event("retry", 2, vec![("wait".to_owned(), AnyValue::Double(0.5))]),
    ];
    store_of(&[&spans])
}

fn values(level: Level, key: &str, prefix: &str, range: (u64, u64)) -> Vec<(AnyValue, u64)> {
    let of = ValuesOf {
        level,
        key,
        prefix,
        among: &SpanFilter::All,
        range: TimeRange {
            start_ns: range.0,
            end_ns: range.1,
        },
        limit: 10,
    };
    let found = attribute_values(&store(), &of, &AtomicBool::new(false)).unwrap();
    found
        .entries
        .into_iter()
        .map(|value| (value.value, value.count))
        .collect()
}

#[test]
fn values_are_counted_by_spans_most_frequent_first() {
    const ALL: (u64, u64) = (0, u64::MAX);
    type Case = (
        Level,
        &'static str,
        &'static str,
        (u64, u64),
        Vec<(AnyValue, u64)>,
    );
    let cases: [Case; 8] = [
        (
            Level::Span,
            "http.route",
            "",
            ALL,
            vec![("/cart".into(), 2), ("/Checkout".into(), 1)],
        ),
        (
            Level::Span,
            "http.route",
            "/CH",
            ALL,
            vec![("/Checkout".into(), 1)],
        ),
        // The batch holds more than the range.
        (
            Level::Span,
            "http.route",
            "",
            (20, 30),
            vec![("/cart".into(), 1)],
        ),
        (
            Level::Span,
            "code",
            "",
            ALL,
            vec![
                (AnyValue::Int(201), 2),
                ("none".into(), 1),
                (AnyValue::Int(200), 1),
            ],
        ),
        (
            Level::Span,
            "ok",
            "f",
            ALL,
            vec![(AnyValue::Bool(false), 1)],
        ),
        // One resource for three spans counts three times.
        (
            Level::Resource,
            "service.name",
            "",
            ALL,
            vec![("shop".into(), 3), ("bank".into(), 1)],
        ),
        (
            Level::Event,
            "wait",
            "",
            ALL,
            vec![(AnyValue::Double(0.5), 2)],
        ),
        (Level::Span, "wait", "", ALL, vec![]),
    ];
    for (level, key, prefix, range, want) in cases {
        assert_eq!(
            values(level, key, prefix, range),
            want,
            "{level:?} {key} {prefix}"
        );
    }
}

#[test]
fn keys_beyond_the_columns_of_a_batch_are_counted_too() {
    let mut span = TestSpan::new(1, 1, "shop", "wide", 5);
    for n in 0..1_200 {
        span = span.with_text(&format!("key{n}"), "x");
    }
    let store = store_of(&[&[span]]);
    let of = |key| ValuesOf {
        level: Level::Span,
        key,
        prefix: "",
        among: &SpanFilter::All,
        range: TimeRange::ALL,
        limit: 5,
    };
    for key in ["key0", "key1199"] {
        let found = attribute_values(&store, &of(key), &AtomicBool::new(false)).unwrap();
        assert_eq!(found.entries.len(), 1, "{key}");
    }
}

#[test]
fn what_every_span_has_is_listed() {
    let store = store();
    for (field, prefix, want) in [
        (IntrinsicValues::Name, "", vec![("GET", 3), ("charge", 1)]),
        (IntrinsicValues::Name, "CH", vec![("charge", 1)]),
        (IntrinsicValues::Service, "", vec![("shop", 3), ("bank", 1)]),
        (
            IntrinsicValues::Kind,
            "",
            vec![("internal", 3), ("client", 1)],
        ),
        (
            IntrinsicValues::Status,
            "",
            vec![("unset", 3), ("error", 1)],
        ),
    ] {
        let not_cancelled = AtomicBool::new(false);
        let found = intrinsic_values(
            &store,
            field,
            (None, prefix),
            TimeRange::ALL,
            5,
            &not_cancelled,
        );
        let found = found.unwrap().entries;
        let found: Vec<_> = found
            .iter()
            .map(|(value, count)| (value.as_str(), *count))
            .collect();
        assert_eq!(found, want, "{field:?} {prefix}");
    }
}

#[test]
fn of_a_service_only_its_own_is_offered() {
    let (store, never) = (store(), AtomicBool::new(false));
    let of = |service| {
        let of = ValuesOf {
            level: Level::Span,
            key: "code",
            prefix: "",
            among: &of_service(service),
            range: TimeRange::ALL,
            limit: 10,
        };
        let found = attribute_values(&store, &of, &never).unwrap();
        found.entries.len()
    };
    assert_eq!([of(None), of(Some("bank")), of(Some("none"))], [3, 1, 0]);
    for (field, service, want) in [
        (IntrinsicValues::Name, "shop", vec!["GET"]),
        (IntrinsicValues::Kind, "bank", vec!["client"]),
        (IntrinsicValues::Status, "shop", vec!["unset"]),
    ] {
        let among = (Some(service), "");
        let found = intrinsic_values(&store, field, among, TimeRange::ALL, 5, &never).unwrap();
        let names: Vec<String> = found.entries.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, want, "{field:?} of {service}");
    }
    let keys = |service| {
        let found = keys_among(&store, &of_service(Some(service)), TimeRange::ALL, &never).unwrap();
        let keys = found.entries.into_iter();
        let keys = keys.map(|key| format!("{}.{}", key.level.name(), key.key));
        keys.collect::<Vec<String>>()
    };
    assert_eq!(
        keys("shop"),
        ["span.code", "span.http.route", "resource.service.name"]
    );
    assert_eq!(
        keys("bank"),
        [
            "span.code",
            "span.ok",
            "resource.service.name",
            "event.wait"
        ]
    );
}

#[test]
fn values_among_spans_that_fulfil_a_condition() {
    let spans = [
        TestSpan::new(1, 1, "shop", "GET", 10).lasting_ns(1),
        TestSpan::new(1, 2, "bank", "pay", 10)
            .lasting_ns(1)
            .child_of(1)
            .kind(SpanKind::Client),
        TestSpan::new(2, 1, "shop", "GET", 10).lasting_ns(1),
        TestSpan::new(3, 1, "cron", "run", 10).lasting_ns(1),
    ];
    let store = store_of(&[&spans]);
    let text = |text: &str| Value::Str(text.to_owned().into());
    for (intrinsic, condition, want) in [
        (
            Intrinsic::Name,
            "{}",
            vec![text("GET"), text("pay"), text("run")],
        ),
        (
            Intrinsic::Name,
            "{ resource.service.name = \"bank\" }",
            vec![text("pay")],
        ),
        (Intrinsic::RootName, "{}", vec![text("GET"), text("run")]),
        (
            Intrinsic::RootService,
            "{ name = \"run\" }",
            vec![text("cron")],
        ),
        (
            Intrinsic::Kind,
            "{ name = \"pay\" }",
            vec![Value::Kind(SpanKind::Client)],
        ),
        (Intrinsic::Name, "{ name = \"none\" }", vec![]),
    ] {
        let condition = traceql::parse(condition).unwrap();
        let among = tracewell_query::lower::lower(condition.as_filter().unwrap());
        let never = AtomicBool::new(false);
        let wanted = (TimeRange::ALL, 10);
        let found = intrinsic_values_among(&store, intrinsic, &among, wanted, &never).unwrap();
        assert_eq!(found.entries, want, "{intrinsic:?} {condition:?}");
    }
}
