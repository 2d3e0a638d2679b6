//! A table: spans, query and range, and the series they make.

use super::{SECOND_NS, answer, lines};
use crate::store_of;
use std::sync::atomic::AtomicBool;
use tracewell_model::{AnyValue, QueryMemory, SpanKind, StatusCode, StoreError};
use tracewell_query::metrics::{self, Asked, Steps};
use tracewell_query::{lower, traceql};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{TestSpan, conformance};

const MS_NS: u64 = 1_000_000;

fn at(trace: u64, span: u64, service: &str, name: &str, second: f64) -> TestSpan {
    TestSpan::new(trace, span, service, name, (second * 1e9) as u64)
}

/// Two traces: `cart` is called by `shop` once in each minute.
pub(super) fn spans() -> Vec<TestSpan> {
    vec![
        at(1, 1, "shop", "buy", 60.0)
            .lasting_ns(4_000 * MS_NS)
            .with("items", AnyValue::Int(3)),
        at(1, 2, "cart", "add", 60.5)
            .child_of(1)
            .lasting_ns(1_000 * MS_NS)
            .kind(SpanKind::Server),
        at(1, 3, "cart", "add", 61.0)
            .child_of(1)
            .lasting_ns(512 * MS_NS)
            .status(StatusCode::Error)
            .with_event("retry", 5, vec![("attempt".to_owned(), AnyValue::Int(2))]),
        at(2, 1, "shop", "buy", 120.0)
            .lasting_ns(3_000 * MS_NS)
            .with("items", AnyValue::Double(0.5)),
        at(2, 2, "cart", "add", 121.0)
            .child_of(1)
            .lasting_ns(2_000 * MS_NS)
            .with_text("items", "none"),
        at(2, 3, "", "sweep", 170.0)
            .lasting_ns(0)
            .with("items", AnyValue::Int(0)),
    ]
}

/// Query, then start, end and step in seconds, then the series.
type Case = (&'static str, [u64; 3], &'static [&'static str]);

const CASES: [Case; 30] = [
    // A sample at T is of (T - step, T], edges are multiples of the step.
    (
        "{ } | count_over_time()",
        [60, 180, 60],
        &["__name__=count_over_time: 60=1 120=3 180=2"],
    ),
    (
        "{ } | count_over_time()",
        [61, 179, 60],
        &["__name__=count_over_time: 60=1 120=3 180=2"],
    ),
    (
        "{ } | count_over_time()",
        [121, 179, 60],
        &["__name__=count_over_time: 120=3 180=2"],
    ),
    (
        "{ } | count_over_time()",
        [60, 62, 1],
        &["__name__=count_over_time: 60=1 61=2 62=0"],
    ),
    (
        "{ } | rate()",
        [60, 180, 60],
        &["__name__=rate: 60=0.016667 120=0.05 180=0.033333"],
    ),
    ("{ name = \"nothing\" } | rate()", [60, 180, 60], &[]),
    // Every label value has a series, and a series every sample.
    (
        "{ } | count_over_time() by (resource.service.name)",
        [60, 180, 60],
        &[
            "resource.service.name=: 60=0 120=0 180=1",
            "resource.service.name=cart: 60=0 120=2 180=1",
            "resource.service.name=shop: 60=1 120=1 180=0",
        ],
    ),
    (
        "{ } | count_over_time() by (kind, status)",
        [60, 180, 120],
        &[
            "kind=internal,status=unset: 0=0 120=2 240=2",
            "kind=internal,status=error: 0=0 120=1 240=0",
            "kind=server,status=unset: 0=0 120=1 240=0",
        ],
    ),
    // A missing value is no label; where all are missing the first is nil.
    (
        "{ } | count_over_time() by (span.items, name)",
        [60, 180, 180],
        &[
            "name=add: 0=0 180=2",
            "span.items=0,name=sweep: 0=0 180=1",
            "span.items=3,name=buy: 0=0 180=1",
            "span.items=0.5,name=buy: 0=0 180=1",
            "span.items=none,name=add: 0=0 180=1",
        ],
    ),
    (
        "{ name = \"add\" } | count_over_time() by (span.items)",
        [60, 180, 180],
        &["span.items=nil: 0=0 180=2", "span.items=none: 0=0 180=1"],
    ),
    // Durations are seconds; what is no number does not count.
    (
        "{ } | max_over_time(duration)",
        [60, 180, 60],
        &["__name__=max_over_time: 60=4 120=3 180=2"],
    ),
    (
        "{ } | min_over_time(duration)",
        [60, 180, 60],
        &["__name__=min_over_time: 60=4 120=0.512 180=0"],
    ),
    (
        "{ } | sum_over_time(duration)",
        [60, 180, 60],
        &["__name__=sum_over_time: 60=4 120=4.512 180=2"],
    ),
    (
        "{ } | avg_over_time(duration)",
        [60, 180, 60],
        &["__name__=avg_over_time: 60=4 120=1.504 180=1"],
    ),
    (
        "{ } | sum_over_time(.items)",
        [0, 180, 60],
        &["__name__=sum_over_time: 60=3 120=0.5 180=0"],
    ),
    (
        "{ name = \"add\" } | avg_over_time(span.items)",
        [0, 180, 60],
        &[],
    ),
    // Buckets are powers of two of nanoseconds, shown in seconds.
    (
        "{ name = \"add\" } | histogram_over_time(duration)",
        [60, 180, 60],
        &[
            "__bucket=0.536870912: 60=0 120=1 180=0",
            "__bucket=1.073741824: 60=0 120=1 180=0",
            "__bucket=2.147483648: 60=0 120=0 180=1",
        ],
    ),
    (
        "{ } | histogram_over_time(span.items) by (name)",
        [60, 180, 180],
        &[
            "name=buy,__bucket=0.5: 0=0 180=1",
            "name=buy,__bucket=4: 0=0 180=1",
            "name=sweep,__bucket=0: 0=0 180=1",
        ],
    ),
    (
        "{ } | quantile_over_time(duration, 0.5, 1) by (resource.service.name)",
        [60, 180, 180],
        &[
            "resource.service.name=,p=0.5: 180=0",
            "resource.service.name=,p=1: 180=0",
            "resource.service.name=cart,p=0.5: 180=1.073742",
            "resource.service.name=cart,p=1: 180=2.147484",
            "resource.service.name=shop,p=0.5: 180=3.037",
            "resource.service.name=shop,p=1: 180=4.294967",
        ],
    ),
    // Stages after that.
    (
        "{ } | count_over_time() by (name) | topk(1)",
        [60, 180, 60],
        &["name=add: 120=2 180=1", "name=buy: 60=1"],
    ),
    (
        "{ } | count_over_time() by (name) | bottomk(1)",
        [60, 180, 60],
        &["name=add: 60=0", "name=buy: 180=0", "name=sweep: 120=0"],
    ),
    (
        "{ } | count_over_time() by (name) > 1",
        [60, 180, 60],
        &["name=add: 120=2"],
    ),
    (
        "{ } | max_over_time(duration) by (name) > 3500ms",
        [60, 180, 60],
        &["name=buy: 60=4"],
    ),
    (
        "({ status = error } | count_over_time()) / ({ } | count_over_time())",
        [60, 180, 60],
        &["__name__=(count_over_time / count_over_time): 60=0 120=0.333333 180=0"],
    ),
    (
        "({ name = \"add\" } | rate() by (name)) / ({ } | rate() by (name))",
        [60, 180, 60],
        &["name=add: 120=1 180=1"],
    ),
    (
        "100 * ({ } | count_over_time() by (name)) / ({ } | count_over_time())",
        [60, 180, 60],
        &[
            "name=add: 60=0 120=66.666667 180=50",
            "name=buy: 60=100 120=33.333333 180=0",
            "name=sweep: 60=0 120=0 180=50",
        ],
    ),
    // Relations and stages between spans.
    (
        "{ name = \"buy\" } > { } | count_over_time() by (name)",
        [60, 180, 60],
        &["name=add: 60=0 120=2 180=1"],
    ),
    (
        "{ } | by(resource.service.name) | count() > 1 | count_over_time() by (name)",
        [60, 180, 60],
        &["name=add: 60=0 120=2 180=0"],
    ),
    (
        "{ } | count_over_time() by (span:childCount)",
        [60, 180, 180],
        &[
            "span:childCount=0: 0=0 180=4",
            "span:childCount=1: 0=0 180=1",
            "span:childCount=2: 0=0 180=1",
        ],
    ),
    (
        "{ } | max_over_time(trace:duration) by (trace:rootName)",
        [60, 180, 180],
        &["trace:rootName=buy: 180=50"],
    ),
];

#[test]
fn spans_make_series() {
    let spans = spans();
    let store = store_of(&[&spans[..2], &spans[2..5], &spans[5..]]);
    for (query, range, want) in CASES {
        let [start, end, step] = range.map(|seconds| seconds * SECOND_NS);
        let steps = Steps::over(start, end, Some(step)).unwrap();
        let got = answer(&store, query, &Asked::of(steps));
        assert_eq!(lines(&got, &steps), want, "{query} {range:?}");
        assert_eq!(got.partial, None, "{query}");
    }
}

#[test]
fn an_instant_is_one_step_over_all() {
    let store = store_of(&[&spans()]);
    let instant = Steps::instant(60 * SECOND_NS, 120 * SECOND_NS).unwrap();
    for (query, want) in [
        ("{ } | count_over_time()", "__name__=count_over_time: 120=4"),
        ("{ } | rate()", "__name__=rate: 120=0.066667"),
        (
            "{ } | sum_over_time(duration)",
            "__name__=sum_over_time: 120=8.512",
        ),
    ] {
        let got = answer(&store, query, &Asked::of(instant));
        assert_eq!(lines(&got, &instant), [want], "{query}");
    }
}

#[test]
fn series_that_are_cut_off_are_missed_aloud() {
    let store = store_of(&[&spans()]);
    let steps = Steps::over(0, 180 * SECOND_NS, None).unwrap();
    let asked = Asked {
        max_series: 2,
        ..Asked::of(steps)
    };
    let got = answer(&store, "{ } | rate() by (name)", &asked);
    assert_eq!(got.series.len(), 2);
    let why = got.partial.unwrap();
    assert!(
        why.starts_with("there are 3 series, and no more than 2"),
        "{why}"
    );
}

#[test]
fn exemplars_show_what_was_measured_and_where() {
    let store = store_of(&[&spans()]);
    let steps = Steps::over(60 * SECOND_NS, 180 * SECOND_NS, Some(60 * SECOND_NS)).unwrap();
    let ask = |query: &str, exemplars| {
        let asked = Asked {
            exemplars,
            ..Asked::of(steps)
        };
        let series = answer(&store, query, &asked).series;
        let all = series.into_iter().flat_map(|series| series.exemplars);
        all.map(|of| (of.at_ns / MS_NS, of.value))
            .collect::<Vec<_>>()
    };
    let slow = "{ name = \"buy\" } | max_over_time(duration)";
    assert_eq!(ask(slow, 100), [(60_000, 4.0), (120_000, 3.0)]);
    assert_eq!(ask(slow, 1).len(), 1);
    assert_eq!(ask(slow, 0), []);
    assert_eq!(
        ask("{ name = \"buy\" } | count_over_time()", 100),
        [(60_000, 1.0), (120_000, 1.0)]
    );
    let quantiles = "{ name = \"add\" } | quantile_over_time(duration, 0.1, 1)";
    assert_eq!(ask(quantiles, 100).len(), 3);
}

#[test]
fn series_that_find_no_room_are_missed_aloud() {
    let memory = QueryMemory::new(1 << 20, 100 << 10);
    let store = MemoryStore::new(1 << 30).with_query_memory(memory.clone());
    let spans: Vec<TestSpan> = (1..=200)
        .map(|n| at(n, n, "shop", &format!("op {n}"), n as f64))
        .collect();
    conformance::append(&store, &spans).unwrap();
    let steps = Steps::over(0, 240 * SECOND_NS, Some(SECOND_NS)).unwrap();
    let got = answer(&store, "{ } | rate() by (name)", &Asked::of(steps));
    assert!((1..200).contains(&got.series.len()), "{}", got.series.len());
    let why = got.partial.unwrap();
    assert!(
        why.contains("more series than memory has room for"),
        "{why}"
    );
    assert_eq!(memory.held_bytes(), 0);
}

#[test]
fn a_query_that_nobody_waits_for_ends() {
    let store = store_of(&[&spans()]);
    let asked = Asked::of(Steps::over(0, 180 * SECOND_NS, None).unwrap());
    for query in [
        "{ } | rate()",
        "{ } >> { } | rate()",
        "{ } | compare({ error })",
    ] {
        let query = lower::metrics(&traceql::parse(query).unwrap()).unwrap();
        let ended = metrics::series(&store, &query, &asked, &AtomicBool::new(true));
        assert_eq!(ended, Err(StoreError::Cancelled));
    }
}
