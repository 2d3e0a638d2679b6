//! The checks themselves.

mod in_traces;
mod lists;
mod scans;
mod sums;
mod traces;

pub use in_traces::{Asked, append_traces, ask_for_traces};
pub(super) use scans::filters;

use super::{append, scan, trace};
use crate::spans::{TestSpan, trace_id};
use tracewell_model::store::{Listed, OperationQuery};
use tracewell_model::{SpanFilter, StoreError, TimeRange, TraceStore};

type Check = fn(&dyn TraceStore);

pub(super) const ALL: &[(&str, Check)] = &[
    ("an empty store answers", an_empty_store_answers),
    (
        "an acknowledged span is visible at once",
        traces::visible_at_once,
    ),
    (
        "a trace in many batches is one",
        traces::a_trace_in_many_batches_is_one,
    ),
    (
        "exact duplicates are shown once",
        traces::duplicates_are_shown_once,
    ),
    (
        "traces hold the columns that were asked for",
        traces::traces_hold_the_wanted_columns,
    ),
    (
        "single spans of a trace are whole",
        traces::single_spans_are_whole,
    ),
    (
        "spans of one outline come in one order",
        traces::namesakes_stand_in_one_order,
    ),
    (
        "several traces come in the order asked",
        traces::several_traces_in_order,
    ),
    (
        "everything a span says comes back",
        traces::everything_comes_back,
    ),
    (
        "a scan shows what reading everything would",
        scans::scan_equals_reading_everything,
    ),
    (
        "a scan for traces leaves out none of them",
        in_traces::no_trace_is_left_out,
    ),
    (
        "sums and parted spans add up to what a scan shows",
        sums::sums_and_parted_spans_add_up,
    ),
    (
        "a range includes its start and excludes its end",
        scans::range_is_half_open,
    ),
    (
        "a range takes what runs into it",
        scans::what_runs_into_a_range_belongs,
    ),
    (
        "spans far from the others are found at their times",
        scans::far_spans_are_found,
    ),
    ("a scan ends when told to", scans::a_scan_ends_when_told),
    (
        "a cancelled query says so",
        scans::a_cancelled_query_says_so,
    ),
    (
        "operations are counted with kinds and failures",
        lists::operations_are_counted,
    ),
    (
        "attribute keys are sorted and complete",
        lists::keys_are_complete,
    ),
    ("the status counts", lists::the_status_counts),
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
