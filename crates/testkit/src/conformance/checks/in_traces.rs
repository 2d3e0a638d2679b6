//! A scan that asks for traces leaves out none that fulfils what is asked.

use super::{MS, START_NS};
use crate::conformance::append;
use crate::random::Random;
use crate::spans::{TestSpan, batch};
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::filter::{CompareOp, Condition, Field, Intrinsic, Literal};
use tracewell_model::store::{ScanColumns, ScanRequest};
use tracewell_model::{SpanFilter, SpanId, TimeRange, TraceId, TraceStore, TraceTree};

/// Conditions on whole traces of the data of [`Random`].
fn conditions() -> Vec<SpanFilter> {
    let test = |field, op, literal| {
        SpanFilter::Test(Field::Intrinsic(field), Condition::Compare(op, literal))
    };
    let text = |text: &str| Literal::Str(text.to_owned());
    let long = test(
        Intrinsic::TraceDuration,
        CompareOp::Greater,
        Literal::Int(1_000 * MS as i64),
    );
    let cart = test(Intrinsic::RootService, CompareOp::Equal, text("cart"));
    let charge = test(Intrinsic::RootName, CompareOp::Equal, text("charge"));
    let rootless = test(Intrinsic::RootName, CompareOp::Equal, text(""));
    vec![
        test(Intrinsic::TraceDuration, CompareOp::Less, Literal::Int(0)),
        SpanFilter::Not(Box::new(long.clone())),
        SpanFilter::And(vec![long, cart.clone()]),
        SpanFilter::Or(vec![cart, charge]),
        rootless,
    ]
}

fn spans() -> Vec<TestSpan> {
    Random::new(71).spans(1200, START_NS)
}

/// Appends the spans that [`ask_for_traces`] asks for, some traces in two parts.
///
/// # Panics
/// If the store refuses them.
pub fn append_traces(store: &dyn TraceStore) {
    for part in spans().chunks(173) {
        append(store, part).expect("stored");
    }
}

/// Asks for all sorts of spans in traces of all sorts.
///
/// # Panics
/// If the store does not answer.
#[must_use]
pub fn ask_for_traces(store: &dyn TraceStore) -> Vec<Asked> {
    let mut traces: BTreeMap<TraceId, Vec<_>> = BTreeMap::new();
    for span in spans() {
        traces.entry(span.trace_id).or_default().push(span);
    }
    let traces: Vec<_> = traces.into_values().map(|spans| batch(&spans)).collect();
    let cancelled = AtomicBool::new(false);
    let mut asked = Vec::new();
    for filter in super::filters() {
        for condition in conditions() {
            let request = ScanRequest {
                range: TimeRange::ALL,
                filter: &filter,
                traces: Some(&condition),
                columns: ScanColumns::default(),
                cancelled: &cancelled,
            };
            let mut shown = HashSet::new();
            let report = store.scan(&request, &mut |chunk, _| {
                let spans = chunk.batch.spans();
                let rows = chunk.rows.iter();
                shown.extend(rows.map(|row| (spans.trace_id[row], spans.span_id[row])));
                ControlFlow::Continue(())
            });
            assert_eq!(report.expect("scanning works").lacking(), None);
            let (mut matching, mut wanted) = (HashSet::new(), HashSet::new());
            for trace in &traces {
                let spans = trace.spans();
                let rows = filter.matching(trace);
                let ids = rows
                    .iter()
                    .map(|row| (spans.trace_id[row], spans.span_id[row]));
                let ids: Vec<_> = ids.collect();
                matching.extend(ids.iter().copied());
                let facts = TraceTree::new(trace).facts(trace);
                if !condition.matching_in_trace(trace, &facts).is_empty() {
                    wanted.extend(ids);
                }
            }
            asked.push(Asked {
                text: format!("{filter:?} in traces of {condition:?}"),
                matching,
                wanted,
                shown,
            });
        }
    }
    asked
}

type Ids = HashSet<(TraceId, SpanId)>;

/// What was asked and what came.
#[derive(Debug)]
pub struct Asked {
    /// For people.
    pub text: String,
    /// Spans that match by themselves.
    pub matching: Ids,
    /// Those of them whose traces do.
    pub wanted: Ids,
    /// What the scan showed.
    pub shown: Ids,
}

pub(super) fn no_trace_is_left_out(store: &dyn TraceStore) {
    let mut matter = 0;
    append_traces(store);
    for asked in ask_for_traces(store) {
        assert!(asked.shown.is_superset(&asked.wanted), "{}", asked.text);
        assert!(asked.shown.is_subset(&asked.matching), "{}", asked.text);
        matter += usize::from(!asked.wanted.is_empty() && asked.wanted != asked.matching);
    }
    assert!(matter > 20, "{matter}");
}
