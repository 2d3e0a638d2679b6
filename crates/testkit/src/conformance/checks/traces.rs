//! Traces and spans come back as they were sent.

use super::{START_NS, filters, span};
use crate::conformance::{append, scan, trace};
use crate::random::Random;
use crate::spans::{TestSpan, batch, flatten, trace_id};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use tracewell_model::batch::identity::Outline;
use tracewell_model::store::ScanColumns;
use tracewell_model::{SpanBatch, SpanFilter, TimeRange, TraceId, TraceStore};

pub(super) fn visible_at_once(store: &dyn TraceStore) {
    for number in 1..50 {
        append(store, &[span(number, 1)]).expect("stored");
        assert_eq!(trace(store, trace_id(number)), [span(number, 1)]);
        assert_eq!(
            scan(store, &SpanFilter::All, TimeRange::ALL).0.len(),
            number as usize
        );
    }
}

pub(super) fn a_trace_in_many_batches_is_one(store: &dyn TraceStore) {
    for number in 1..=20 {
        append(store, &[span(7, number), span(100 + number, 1)]).expect("stored");
    }
    assert_eq!(
        trace(store, trace_id(7)),
        (1..=20).map(|n| span(7, n)).collect::<Vec<_>>()
    );
}

pub(super) fn duplicates_are_shown_once(store: &dyn TraceStore) {
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

pub(super) fn traces_hold_the_wanted_columns(store: &dyn TraceStore) {
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

pub(super) fn single_spans_are_whole(store: &dyn TraceStore) {
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

pub(super) fn namesakes_stand_in_one_order(store: &dyn TraceStore) {
    let names: Vec<String> = (0..9).map(|number| format!("name {number}")).collect();
    let named = |trace, name: &String| TestSpan {
        name: name.clone(),
        ..span(trace, 1)
    };
    // The same spans, but come in another order, and with others between.
    for name in &names {
        append(store, &[named(1, name), span(1, 2)]).expect("stored");
    }
    for name in names.iter().rev() {
        append(store, &[named(2, name)]).expect("stored");
    }
    let all: Vec<TestSpan> = names[3..]
        .iter()
        .chain(&names[..3])
        .map(|name| named(3, name))
        .collect();
    append(store, &all).expect("stored");
    let never = AtomicBool::new(false);
    let with_names = ScanColumns {
        names: true,
        ..ScanColumns::default()
    };
    let outline = batch(&all).outline(0);
    let mut orders = BTreeSet::new();
    for id in [1, 2, 3].map(trace_id) {
        for found in [
            store.traces(&[id], None, &never),
            store.traces(&[id], Some(&with_names), &never),
            store.spans(id, &[outline], &never),
        ] {
            let (found, _held) = found.expect("reads").into_only().expect("stored");
            let rows = (0..found.len()).filter(|row| found.outline(*row) == outline);
            let order = rows.map(|row| found.spans().name.get(row).to_owned());
            orders.insert(order.collect::<Vec<_>>());
        }
    }
    assert_eq!(orders.len(), 1, "{orders:?}");
    assert!(orders.iter().all(|order| order.len() == names.len()));
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

pub(super) fn several_traces_in_order(store: &dyn TraceStore) {
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

pub(super) fn everything_comes_back(store: &dyn TraceStore) {
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
