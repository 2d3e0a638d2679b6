//! Sums, and spans that are told apart where they may be parted, say what spans say.

use super::START_NS;
use crate::conformance::append;
use crate::spans::{TestSpan, batch};
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanChunk, ScanColumns, ScanReport, ScanRequest, Sums};
use tracewell_model::{SpanFilter, SpanId, StatusCode, TimeRange, TraceId, TraceStore};

const SECOND_NS: u64 = 1_000_000_000;

/// A step of a length that stores keep sums for.
const STEP_NS: u64 = 5 * SECOND_NS;

/// Spans of few kinds, in traces that end in another batch than they begin in, one
/// in twenty twice.
fn batches() -> Vec<Vec<TestSpan>> {
    let span = |number: u64| {
        let service = ["cart", "shop", "pay"][(number % 3) as usize];
        let name = ["GET /", "add"][(number / 3 % 2) as usize];
        let start_ns = START_NS + number * SECOND_NS / 97;
        let span = TestSpan::new(number / 6, 1 + number % 6, service, name, start_ns)
            .lasting_ns(1_000 << (number % 5 / 3));
        let is_failed = number.is_multiple_of(50);
        if is_failed {
            span.status(StatusCode::Error)
        } else {
            span
        }
    };
    let mut batches = Vec::new();
    for first in (0..2_400).step_by(401) {
        let mut spans: Vec<TestSpan> = (first..first + 401).map(span).collect();
        spans.extend((first..first + 401).step_by(20).map(span));
        spans.extend((first.saturating_sub(30)..first).step_by(11).map(span));
        batches.push(spans);
    }
    batches
}

/// What a scan said.
#[derive(Default)]
struct Told {
    spans_by_step: BTreeMap<u64, u64>,
    parted: Vec<(TraceId, SpanId, u64)>,
    whole_traces: u64,
}

impl Told {
    fn add(&mut self, chunk: &ScanChunk<'_>) {
        let spans = chunk.batch.spans();
        let step = |row: usize| spans.start_ns[row].div_ceil(STEP_NS);
        for row in chunk.rows.iter() {
            let count = chunk.weights.map_or(1, |weights| weights[row].spans);
            *self.spans_by_step.entry(step(row)).or_default() += count;
            let is_example = count == 0;
            assert!(!is_example || spans.trace_id[row] != TraceId::default());
        }
        for row in chunk.parted_rows().iter() {
            let id = (spans.trace_id[row], spans.span_id[row], step(row));
            self.parted.push(id);
        }
        self.whole_traces += chunk.whole_traces;
    }

    fn merge(&mut self, other: Self) {
        for (step, count) in other.spans_by_step {
            *self.spans_by_step.entry(step).or_default() += count;
        }
        self.parted.extend(other.parted);
        self.whole_traces += other.whole_traces;
    }
}

fn ask(store: &dyn TraceStore, request: &ScanRequest<'_>) -> Told {
    let (mut one, mut two) = (Told::default(), Told::default());
    {
        let mut first = |chunk: &ScanChunk<'_>, _: &ScanReport| {
            one.add(chunk);
            ControlFlow::Continue(())
        };
        let mut second = |chunk: &ScanChunk<'_>, _: &ScanReport| {
            two.add(chunk);
            ControlFlow::Continue(())
        };
        let scanned = store.scan_unordered(request, &mut [&mut first, &mut second]);
        assert_eq!(scanned.expect("scanning works").lacking(), None);
    }
    one.merge(two);
    one
}

pub(super) fn sums_and_parted_spans_add_up(store: &dyn TraceStore) {
    let mut stored = Vec::new();
    for spans in batches() {
        append(store, &spans).expect("stored");
        stored.extend(spans);
    }
    let all = batch(&stored);
    let cancelled = AtomicBool::new(false);
    let late = TimeRange {
        start_ns: START_NS + 7 * SECOND_NS,
        end_ns: START_NS + 19 * SECOND_NS,
    };
    for filter in super::filters() {
        for (range, sums) in [
            (TimeRange::ALL, Sums::No),
            (TimeRange::ALL, Sums::OfAll),
            (TimeRange::ALL, Sums::BySteps(STEP_NS)),
            (late, Sums::BySteps(STEP_NS)),
        ] {
            let context = format!("{filter:?} in {range:?} with {sums:?}");
            let request = ScanRequest {
                range,
                filter: &filter,
                traces: None,
                columns: ScanColumns {
                    parted_apart: true,
                    whole_traces: true,
                    sums,
                    ..ScanColumns::default()
                },
                cancelled: &cancelled,
            };
            let told = ask(store, &request);
            // In order spans have all they have, whatever is asked for apart.
            let mut in_order = HashSet::new();
            let scanned = store.scan(&request, &mut |chunk, _| {
                let spans = chunk.batch.spans();
                let ids = |row: usize| {
                    let step = spans.start_ns[row].div_ceil(STEP_NS);
                    (spans.trace_id[row], spans.span_id[row], step)
                };
                in_order.extend(chunk.rows.iter().map(ids));
                ControlFlow::Continue(())
            });
            assert_eq!(scanned.expect("scanning works").lacking(), None);
            let columns = all.spans();
            let distinct: HashSet<_> = filter
                .matching(&all)
                .iter()
                .filter(|row| range.includes(columns.start_ns[*row], columns.duration_ns[*row]))
                .map(|row| {
                    let step = columns.start_ns[row].div_ceil(STEP_NS);
                    (columns.trace_id[row], columns.span_id[row], step)
                })
                .collect();
            assert_eq!(in_order, distinct, "{context}");
            let traces: HashSet<_> = distinct.iter().map(|(trace, ..)| trace).collect();
            let parted: HashSet<_> = told.parted.iter().copied().collect();
            let parted_traces: HashSet<_> = parted.iter().map(|(trace, ..)| trace).collect();
            assert!(parted.is_subset(&distinct), "{context}");
            assert_eq!(
                told.whole_traces + parted_traces.len() as u64,
                traces.len() as u64,
                "traces: {context}"
            );
            let mut by_step = told.spans_by_step;
            // Each that was shown as parted counted once too often, but for one.
            for (.., step) in &told.parted {
                *by_step.entry(*step).or_default() -= 1;
            }
            for (.., step) in &parted {
                *by_step.entry(*step).or_default() += 1;
            }
            by_step.retain(|_, count| *count > 0);
            if sums == Sums::OfAll {
                let total: u64 = by_step.values().sum();
                assert_eq!(total, distinct.len() as u64, "{context}");
                continue;
            }
            let mut wanted: BTreeMap<u64, u64> = BTreeMap::new();
            for (.., step) in &distinct {
                *wanted.entry(*step).or_default() += 1;
            }
            assert_eq!(by_step, wanted, "{context}");
        }
    }
    assert_filters_matter(&all);
}

/// Else the check would say little.
fn assert_filters_matter(all: &tracewell_model::SpanBatch) {
    let filters = super::filters();
    let matching = |filter: &SpanFilter| filter.matching(all).count();
    let some = filters.iter().filter(|filter| {
        let count = matching(filter);
        count > 0 && count < all.len()
    });
    assert!(some.count() > 5);
}
