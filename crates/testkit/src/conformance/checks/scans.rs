//! A scan shows what reading everything would, in its order.

use super::{MS, START_NS, span};
use crate::conformance::{append, scan, scan_unordered, trace};
use crate::random::Random;
use crate::spans::{TestSpan, batch, trace_id};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use tracewell_model::filter::{CompareOp, Condition, Field, Intrinsic, Literal, Place};
use tracewell_model::store::{ScanColumns, ScanRequest};
use tracewell_model::{SpanFilter, SpanKind, StatusCode, StoreError, TimeRange, TraceStore};

pub(in crate::conformance) fn filters() -> Vec<SpanFilter> {
    let attribute = |place, key: &str, condition| {
        SpanFilter::Test(Field::Attribute(place, vec![key.into()]), condition)
    };
    let intrinsic = |field, condition| SpanFilter::Test(Field::Intrinsic(field), condition);
    let text = |text: &str| Condition::Compare(CompareOp::Equal, Literal::Str(text.to_owned()));
    let failed = Condition::Compare(CompareOp::Equal, Literal::Bool(true));
    let server = Condition::Compare(CompareOp::Equal, Literal::Kind(SpanKind::Server));
    let error = Condition::Compare(CompareOp::NotEqual, Literal::Status(StatusCode::Error));
    let slow = Condition::Compare(CompareOp::Greater, Literal::Int(1_000_000_000));
    let cart = attribute(Place::Resource, "service.name", text("cart"));
    let get = intrinsic(Intrinsic::Name, text("GET /"));
    let mut filters = vec![
        SpanFilter::All,
        SpanFilter::None,
        cart.clone(),
        get.clone(),
        intrinsic(Intrinsic::Failed, failed),
        intrinsic(Intrinsic::Kind, server),
        intrinsic(Intrinsic::Status, error),
        intrinsic(Intrinsic::Duration, slow),
        intrinsic(Intrinsic::EventName, text("exception")),
        intrinsic(Intrinsic::ScopeName, text("pg")),
        intrinsic(Intrinsic::ParentSpanId, Condition::Absent),
        attribute(Place::Resource, "service.name", text("nobody")),
        attribute(Place::Span, "http.request.method", text("GET")),
        attribute(Place::Any, "user.id", Condition::Exists),
        attribute(Place::Any, "user.id", Condition::Absent),
        attribute(Place::Event, "retry", Condition::Exists),
        attribute(Place::Link, "retry", Condition::Exists),
        attribute(
            Place::Span,
            "http.status_code",
            Condition::Compare(CompareOp::GreaterOrEqual, Literal::Int(404)),
        ),
        attribute(Place::Span, "no.such.key", Condition::Exists),
    ];
    filters.push(SpanFilter::And(vec![cart.clone(), get.clone()]));
    filters.push(SpanFilter::Or(vec![cart.clone(), get]));
    filters.push(SpanFilter::Not(Box::new(cart)));
    filters
}

pub(super) fn scan_equals_reading_everything(store: &dyn TraceStore) {
    let spans = Random::new(23).spans(1500, START_NS);
    for part in spans.chunks(211) {
        append(store, part).expect("stored");
    }
    let range = TimeRange {
        start_ns: START_NS + 10_000 * MS,
        end_ns: START_NS + 50_000 * MS,
    };
    let all = batch(&spans);
    for filter in filters() {
        for range in [TimeRange::ALL, range] {
            let rows = filter.matching(&all);
            let durations = &all.spans().duration_ns;
            let rows = rows
                .iter()
                .filter(|row| range.includes(spans[*row].start_ns, durations[*row]));
            let mut wanted: Vec<_> = rows
                .map(|row| (spans[row].trace_id.0, spans[row].span_id.0))
                .collect();
            wanted.sort_unstable();
            assert_eq!(
                scan(store, &filter, range).0,
                wanted,
                "{filter:?} in {range:?}"
            );
            for visitors in [1, 3] {
                let (shown, report) = scan_unordered(store, &filter, range, visitors);
                assert_eq!(
                    shown, wanted,
                    "{visitors} visitors: {filter:?} in {range:?}"
                );
                assert_eq!(report.lacking(), None);
            }
        }
    }
}

pub(super) fn range_is_half_open(store: &dyn TraceStore) {
    append(
        store,
        &(1..=3).map(|number| span(1, number)).collect::<Vec<_>>(),
    )
    .expect("stored");
    let range = TimeRange {
        start_ns: START_NS + MS,
        end_ns: START_NS + 3 * MS,
    };
    let (shown, _) = scan(store, &SpanFilter::All, range);
    assert_eq!(
        shown.iter().map(|(_, span)| span[7]).collect::<Vec<_>>(),
        [1, 2]
    );
}

pub(super) fn what_runs_into_a_range_belongs(store: &dyn TraceStore) {
    let run = |number, from_ms: u64, ms: u64| {
        let start_ns = START_NS + from_ms * MS;
        TestSpan::new(1, number, "cart", "add", start_ns).lasting_ns(ms * MS)
    };
    let spans = [
        run(1, 0, 50),
        run(2, 0, 51),
        run(3, 0, 900),
        run(4, 50, 0),
        run(5, 90, 100),
        run(6, 100, 1),
    ];
    append(store, &spans).expect("stored");
    let range = TimeRange {
        start_ns: START_NS + 50 * MS,
        end_ns: START_NS + 100 * MS,
    };
    let (shown, _) = scan(store, &SpanFilter::All, range);
    let mut shown: Vec<u8> = shown.iter().map(|(_, span)| span[7]).collect();
    shown.sort_unstable();
    assert_eq!(shown, [2, 3, 4, 5]);
}

pub(super) fn far_spans_are_found(store: &dyn TraceStore) {
    const LAST_NS: u64 = u64::MAX;
    for number in 1..=20 {
        append(store, &[span(number, number)]).expect("stored");
    }
    let far = [0, 1, START_NS / 2, 2 * START_NS, LAST_NS - 1, LAST_NS];
    for (number, start_ns) in (100..).zip(far) {
        let alone = TestSpan::new(number, 1, "far", "alone", start_ns);
        // A trace that is begun here and goes on there.
        let begun = span(number + 100, 1);
        let goes_on = TestSpan::new(number + 100, 2, "far", "goes on", start_ns);
        append(store, &[alone, begun, goes_on]).expect("stored");
    }
    for (place, start_ns) in far.into_iter().enumerate() {
        let only = TimeRange {
            start_ns,
            end_ns: start_ns.saturating_add(1),
        };
        // From its last ns but one on, a range that ends nowhere; and what
        // starts at 0 still runs at 1.
        let count = if [1, LAST_NS - 1].contains(&start_ns) {
            4
        } else {
            2
        };
        assert_eq!(
            scan(store, &SpanFilter::All, only).0.len(),
            count,
            "{start_ns}"
        );
        let before = TimeRange {
            end_ns: start_ns,
            ..TimeRange::ALL
        };
        let earlier = match start_ns {
            LAST_NS => far.len(),
            _ => place,
        };
        let near = if start_ns > START_NS {
            20 + far.len()
        } else {
            0
        };
        let (shown, _) = scan(store, &SpanFilter::All, before);
        assert_eq!(shown.len(), 2 * earlier + near, "before {start_ns}");
    }
    assert_eq!(trace(store, trace_id(205)).len(), 2);
    let range = store.status().start_range_ns;
    assert_eq!(range, Some((0, LAST_NS)));
}

pub(super) fn a_scan_ends_when_told(store: &dyn TraceStore) {
    for number in 1..=10 {
        append(store, &[span(number, number)]).expect("stored");
    }
    let cancelled = AtomicBool::new(false);
    let columns = ScanColumns::default();
    let filter = SpanFilter::All;
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &filter,
        traces: None,
        columns,
        cancelled: &cancelled,
    };
    let mut calls = 0;
    let stopped = store.scan(&request, &mut |_, _| {
        calls += 1;
        ControlFlow::Break(())
    });
    assert!(stopped.is_ok(), "to stop early is no error");
    assert_eq!(calls, 1);
    let mut calls = 0;
    let stopped = store.scan_unordered(
        &request,
        &mut [&mut |_, _| {
            calls += 1;
            ControlFlow::Break(())
        }],
    );
    assert!(stopped.is_ok(), "to stop early is no error");
    assert_eq!(calls, 1);
}

pub(super) fn a_cancelled_query_says_so(store: &dyn TraceStore) {
    append(store, &[span(1, 1)]).expect("stored");
    let cancelled = AtomicBool::new(false);
    cancelled.store(true, Ordering::Relaxed);
    assert_eq!(
        store.traces(&[trace_id(1)], None, &cancelled),
        Err(StoreError::Cancelled)
    );
    let filter = SpanFilter::All;
    let columns = ScanColumns::default();
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &filter,
        traces: None,
        columns,
        cancelled: &cancelled,
    };
    let answer = store.scan(&request, &mut |_, _| ControlFlow::Continue(()));
    assert_eq!(answer, Err(StoreError::Cancelled));
    let answer = store.scan_unordered(&request, &mut [&mut |_, _| ControlFlow::Continue(())]);
    assert_eq!(answer, Err(StoreError::Cancelled));
}
