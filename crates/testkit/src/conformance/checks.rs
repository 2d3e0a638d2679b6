//! The checks themselves.

use super::{append, scan, trace};
use crate::random::Random;
use crate::spans::{TestSpan, batch, flatten, trace_id};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use tracewell_model::batch::identity::Outline;
use tracewell_model::filter::{CompareOp, Condition, Field, Intrinsic, Literal, Place};
use tracewell_model::store::{
    Listed, Operation, OperationQuery, ScanColumns, ScanRequest, ServiceCount,
};
use tracewell_model::{
    SpanBatch, SpanFilter, SpanKind, StatusCode, StoreError, TimeRange, TraceId, TraceStore,
};

type Check = fn(&dyn TraceStore);

pub(super) const ALL: &[(&str, Check)] = &[
    ("an empty store answers", an_empty_store_answers),
    ("an acknowledged span is visible at once", visible_at_once),
    (
        "a trace in many batches is one",
        a_trace_in_many_batches_is_one,
    ),
    ("exact duplicates are shown once", duplicates_are_shown_once),
    (
        "traces hold the columns that were asked for",
        traces_hold_the_wanted_columns,
    ),
    ("single spans of a trace are whole", single_spans_are_whole),
    (
        "several traces come in the order asked",
        several_traces_in_order,
    ),
    ("everything a span says comes back", everything_comes_back),
    (
        "a scan shows what reading everything would",
        scan_equals_reading_everything,
    ),
    (
        "a range includes its start and excludes its end",
        range_is_half_open,
    ),
    (
        "a range takes what runs into it",
        what_runs_into_a_range_belongs,
    ),
    (
        "spans far from the others are found at their times",
        far_spans_are_found,
    ),
    ("a scan ends when told to", a_scan_ends_when_told),
    ("a cancelled query says so", a_cancelled_query_says_so),
    (
        "operations are counted with kinds and failures",
        operations_are_counted,
    ),
    ("attribute keys are sorted and complete", keys_are_complete),
    ("the status counts", the_status_counts),
    ("an empty batch is stored", an_empty_batch_is_stored),
    ("many writers lose nothing", many_writers_lose_nothing),
    (
        "after shut-down it refuses and still reads",
        refuses_after_shut_down,
    ),
];

const START_NS: u64 = 1_700_000_000_000_000_000;
const MS: u64 = 1_000_000;

fn span(trace: u64, span: u64) -> TestSpan {
    TestSpan::new(trace, span, "cart", "add", START_NS + span * MS)
}

fn an_empty_store_answers(store: &dyn TraceStore) {
    assert_eq!(trace(store, trace_id(1)), []);
    assert_eq!(scan(store, &SpanFilter::All, TimeRange::ALL).0, []);
    let all = OperationQuery::all(TimeRange::ALL);
    let operations = store.operations(&all).expect("reads");
    assert_eq!(operations, Listed::whole(Vec::new()));
    let services = store.services(TimeRange::ALL).expect("reads");
    assert_eq!(services, Listed::whole(Vec::new()));
    let keys = store.attribute_keys(TimeRange::ALL).expect("reads");
    assert_eq!(keys, Listed::whole(Vec::new()));
    assert_eq!(store.status().spans, 0);
    assert_eq!(store.status().unhealthy, None);
}

fn visible_at_once(store: &dyn TraceStore) {
    for number in 1..50 {
        append(store, &[span(number, 1)]).expect("stored");
        assert_eq!(trace(store, trace_id(number)), [span(number, 1)]);
        assert_eq!(
            scan(store, &SpanFilter::All, TimeRange::ALL).0.len(),
            number as usize
        );
    }
}

fn a_trace_in_many_batches_is_one(store: &dyn TraceStore) {
    for number in 1..=20 {
        append(store, &[span(7, number), span(100 + number, 1)]).expect("stored");
    }
    assert_eq!(
        trace(store, trace_id(7)),
        (1..=20).map(|n| span(7, n)).collect::<Vec<_>>()
    );
}

fn duplicates_are_shown_once(store: &dyn TraceStore) {
    let other = span(7, 1).with_text("attempt", "second");
    append(store, &[span(7, 1), span(7, 1), span(7, 2)]).expect("stored");
    append(store, &[span(7, 2), other.clone()]).expect("stored");
    append(store, &[span(7, 1)]).expect("stored");
    let (never, least) = (AtomicBool::new(false), ScanColumns::default());
    let part = store.traces(&[trace_id(7)], Some(&least), &never);
    let part = part.expect("reads").into_only().expect("stored").0;
    assert_eq!(part.len(), 3, "also when only some columns are read");
    let mut shown = trace(store, trace_id(7));
    assert_eq!(
        shown.len(),
        3,
        "two spans that share an id but differ stay: {shown:?}"
    );
    shown.sort_by_key(|span| span.attributes.len());
    assert_eq!(shown, [span(7, 1), span(7, 2), other]);
}

fn traces_hold_the_wanted_columns(store: &dyn TraceStore) {
    let spans = Random::new(31).spans(400, START_NS);
    for part in spans.chunks(83) {
        append(store, part).expect("stored");
    }
    // The same again, in part: duplicates must not show.
    append(store, &spans[50..120]).expect("stored");
    let ids: BTreeSet<TraceId> = spans.iter().map(|span| span.trace_id).collect();
    let ids: Vec<TraceId> = ids.into_iter().collect();
    let never = AtomicBool::new(false);
    let whole = store.traces(&ids, None, &never).expect("reads").traces;
    for filter in filters() {
        let columns = ScanColumns::of_filter(&filter);
        let found = store.traces(&ids, Some(&columns), &never).expect("reads");
        assert_eq!(found.traces.len(), ids.len());
        for (part, whole) in found.traces.iter().zip(&whole) {
            let (part, whole) = (
                part.as_ref().expect("stored"),
                whole.as_ref().expect("stored"),
            );
            assert_eq!(part.len(), whole.len(), "{filter:?}");
            assert_eq!(
                shape_of(part, &filter),
                shape_of(whole, &filter),
                "{filter:?}"
            );
        }
    }
}

fn single_spans_are_whole(store: &dyn TraceStore) {
    let mut spans = Random::new(37).spans(600, START_NS);
    // Spans of one moment and of one id, and one that says the same twice.
    for span in &mut spans[..200] {
        let lasted_ns = span.end_ns.saturating_sub(span.start_ns);
        span.start_ns = START_NS + span.start_ns % 3;
        span.end_ns = span.start_ns + lasted_ns;
    }
    for part in spans.chunks(83) {
        append(store, part).expect("stored");
    }
    append(store, &spans[150..250]).expect("stored");
    let ids: BTreeSet<TraceId> = spans.iter().map(|span| span.trace_id).collect();
    let never = AtomicBool::new(false);
    for id in ids {
        let whole = store.traces(&[id], None, &never).expect("reads");
        let (whole, _held) = whole.into_only().expect("stored");
        let mut outlines: Vec<_> = (0..whole.len()).map(|row| whole.outline(row)).collect();
        let mut want = flatten(&whole);
        if outlines.len() > 3 {
            outlines.truncate(outlines.len() / 2);
            let outline = |span: &TestSpan| batch(std::slice::from_ref(span)).outline(0);
            want.retain(|span| outlines.contains(&outline(span)));
        }
        let absent = Outline {
            start_ns: outlines[0].start_ns,
            duration_ns: i64::MAX,
            ..outlines[0]
        };
        outlines.push(absent);
        let found = store.spans(id, &outlines, &never).expect("reads");
        let (found, _held) = found.into_only().expect("stored");
        let mut found = flatten(&found);
        for spans in [&mut found, &mut want] {
            spans.sort_by_key(|span| format!("{span:?}"));
        }
        assert_eq!(found, want);
        let none = store.spans(id, &[absent], &never).expect("reads");
        assert!(none.into_only().is_none());
    }
}

/// What every partial batch tells of the spans that match.
fn shape_of(batch: &SpanBatch, filter: &SpanFilter) -> Vec<([u8; 8], [u8; 8], u64, i64)> {
    let spans = batch.spans();
    let matched = filter.matching(batch);
    let rows = matched.iter().map(|row| {
        let ids = (spans.span_id[row].0, spans.parent_span_id[row].0);
        (ids.0, ids.1, spans.start_ns[row], spans.duration_ns[row])
    });
    let mut shape: Vec<_> = rows.collect();
    shape.sort_unstable();
    shape
}

fn several_traces_in_order(store: &dyn TraceStore) {
    append(store, &[span(1, 1), span(2, 1), span(3, 1)]).expect("stored");
    let ids = [3, 9, 1].map(trace_id);
    let found = store
        .traces(&ids, None, &AtomicBool::new(false))
        .expect("reads")
        .traces;
    let first = |index: usize| found[index].as_ref().map(|batch| batch.spans().trace_id[0]);
    assert_eq!(
        [first(0), first(1), first(2)],
        [Some(ids[0]), None, Some(ids[2])]
    );
}

fn everything_comes_back(store: &dyn TraceStore) {
    let spans = Random::new(11).spans(600, START_NS);
    for part in spans.chunks(97) {
        append(store, part).expect("stored");
    }
    let mut traces: BTreeMap<_, Vec<TestSpan>> = BTreeMap::new();
    for span in spans {
        traces.entry(span.trace_id).or_default().push(span);
    }
    for (id, mut wanted) in traces {
        wanted.sort_by_key(|span| (span.span_id, span.start_ns));
        assert_eq!(trace(store, id), wanted);
    }
}

pub(super) fn filters() -> Vec<SpanFilter> {
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

fn scan_equals_reading_everything(store: &dyn TraceStore) {
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
        }
    }
}

fn range_is_half_open(store: &dyn TraceStore) {
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

fn what_runs_into_a_range_belongs(store: &dyn TraceStore) {
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

fn far_spans_are_found(store: &dyn TraceStore) {
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

fn a_scan_ends_when_told(store: &dyn TraceStore) {
    for number in 1..=10 {
        append(store, &[span(number, number)]).expect("stored");
    }
    let cancelled = AtomicBool::new(false);
    let columns = ScanColumns::default();
    let filter = SpanFilter::All;
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &filter,
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
}

fn a_cancelled_query_says_so(store: &dyn TraceStore) {
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
        columns,
        cancelled: &cancelled,
    };
    let answer = store.scan(&request, &mut |_, _| ControlFlow::Continue(()));
    assert_eq!(answer, Err(StoreError::Cancelled));
}

fn operations_are_counted(store: &dyn TraceStore) {
    let server = |number| span(1, number).kind(SpanKind::Server);
    append(
        store,
        &[server(1), server(2).status(StatusCode::Error), span(1, 3)],
    )
    .expect("stored");
    append(
        store,
        &[server(4), TestSpan::new(2, 1, "pay", "charge", START_NS)],
    )
    .expect("stored");
    let counted = |service: &str, name: &str, kind, spans, failed| Operation {
        service: service.to_owned(),
        name: name.to_owned(),
        kind,
        spans,
        failed,
    };
    let every = [
        counted("cart", "add", SpanKind::Internal, 1, 0),
        counted("cart", "add", SpanKind::Server, 3, 1),
        counted("pay", "charge", SpanKind::Internal, 1, 0),
    ];
    let all = OperationQuery::all(TimeRange::ALL);
    let (service, kind) = (Some("cart"), Some(SpanKind::Internal));
    let limit = 2;
    for (query, wanted, has_more) in [
        (all, &every[..], false),
        (OperationQuery { limit, ..all }, &every[..2], true),
        (OperationQuery { service, ..all }, &every[..2], false),
        (
            OperationQuery {
                service,
                kind,
                ..all
            },
            &every[..1],
            false,
        ),
        (
            OperationQuery {
                prefix: "CHA",
                ..all
            },
            &every[2..],
            false,
        ),
        (
            OperationQuery {
                service: Some(""),
                ..all
            },
            &[],
            false,
        ),
    ] {
        let listed = store.operations(&query).expect("reads");
        assert_eq!(
            (&*listed.entries, listed.has_more),
            (wanted, has_more),
            "{query:?}"
        );
    }
    let before = TimeRange {
        start_ns: 0,
        end_ns: START_NS - 1,
    };
    assert_eq!(
        store
            .operations(&OperationQuery::all(before))
            .expect("reads")
            .entries,
        [],
        "nothing was then"
    );
    let services = |range| store.services(range).expect("reads");
    let service = |name: &str, spans, failed| ServiceCount {
        name: name.to_owned(),
        spans,
        failed,
    };
    let both = vec![service("cart", 4, 1), service("pay", 1, 0)];
    assert_eq!(services(TimeRange::ALL), Listed::whole(both));
    assert_eq!(services(before).entries, [], "nothing was then");
}

fn keys_are_complete(store: &dyn TraceStore) {
    append(
        store,
        &[
            span(1, 1).with_text("b", "x"),
            span(1, 2).with_text("a", "x"),
        ],
    )
    .expect("stored");
    append(
        store,
        &[span(1, 3).with_event("e", 0, vec![("c".to_owned(), 1.into())])],
    )
    .expect("stored");
    let keys = store.attribute_keys(TimeRange::ALL).expect("reads").entries;
    let shown: Vec<_> = keys
        .iter()
        .map(|key| (key.level.name(), key.key.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("span", "a"),
            ("span", "b"),
            ("resource", "service.name"),
            ("event", "c")
        ]
    );
}

fn the_status_counts(store: &dyn TraceStore) {
    append(store, &[span(1, 1), span(1, 2), span(1, 2)]).expect("stored");
    let status = store.status();
    let repeated = 2..=3;
    assert!(repeated.contains(&status.spans), "{status:?}");
    assert_eq!(
        status.start_range_ns,
        Some((START_NS + MS, START_NS + 2 * MS))
    );
    assert!(status.bytes > 0);
}

fn an_empty_batch_is_stored(store: &dyn TraceStore) {
    append(store, &[]).expect("nothing is easily stored");
    assert_eq!(store.status().spans, 0);
}

fn many_writers_lose_nothing(store: &dyn TraceStore) {
    std::thread::scope(|scope| {
        for writer in 0..8u64 {
            scope.spawn(move || {
                for number in 1..=40 {
                    append(store, &[span(writer * 100 + number, 1)]).expect("stored");
                }
            });
        }
    });
    assert_eq!(scan(store, &SpanFilter::All, TimeRange::ALL).0.len(), 320);
}

fn refuses_after_shut_down(store: &dyn TraceStore) {
    append(store, &[span(1, 1)]).expect("stored");
    store.shut_down();
    store.shut_down();
    assert_eq!(append(store, &[span(1, 2)]), Err(StoreError::ShuttingDown));
    assert_eq!(trace(store, trace_id(1)), [span(1, 1)]);
}
