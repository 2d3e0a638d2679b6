//! What waits can be looked at: from its acknowledgement until it is dropped, or until
//! what stands behind has it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tracewell_model::TimeRange;
use tracewell_model::waiting::Waiting;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, flatten};

use super::rig::{Rig, SECOND};

const ERRORS: &str = "{policies: [{name: e, type: status_code, status_code: {status_codes: [ERROR]}}], decision_wait: 10s}";

fn span(trace: u64, id: u64) -> TestSpan {
    TestSpan::new(trace, id, "a", "x", id * SECOND).child_of(99)
}

fn failed(trace: u64, id: u64) -> TestSpan {
    span(trace, id).status(tracewell_model::StatusCode::Error)
}

fn waiting(rig: &Rig) -> Arc<dyn Waiting> {
    rig.account.waiting().expect("it waits somewhere")
}

/// The ids of all spans that wait in the range.
fn ids_in(rig: &Rig, range: TimeRange) -> BTreeSet<u8> {
    let waiting = waiting(rig);
    let mut ids = BTreeSet::new();
    for batch in waiting.batches(range) {
        if let Some((spans, rows)) = waiting.read(&batch).expect("it can be read") {
            let all = flatten(&spans);
            ids.extend(rows.iter().map(|row| all[row].span_id.0[7]));
        }
    }
    ids
}

fn ids(rig: &Rig) -> Vec<u8> {
    ids_in(rig, TimeRange::ALL).into_iter().collect()
}

fn spans_of(rig: &Rig, trace: u64) -> u64 {
    waiting(rig).spans_of(trace_id(trace))
}

#[test]
fn a_trace_is_shown_until_it_is_dropped_or_taken() {
    let mut rig = Rig::new(ERRORS);
    rig.behind.hold(true);
    rig.send(&[span(1, 1), failed(2, 2), span(1, 3)]);
    rig.after(0.1);
    rig.send(&[span(2, 4), span(3, 5)]);
    rig.after(0.1);
    assert_eq!(ids(&rig), [1, 2, 3, 4, 5]);
    assert_eq!(
        [1, 2, 3, 4].map(|trace| spans_of(&rig, trace)),
        [2, 2, 1, 0]
    );
    // Trace 2 was handed on, and nobody has said that it was taken.
    rig.after(9.9);
    assert_eq!(ids(&rig), [2, 4, 5]);
    rig.behind.take_held(1);
    rig.after(0.05);
    assert_eq!(ids(&rig), [5]);
    assert_eq!([1, 2, 3].map(|trace| spans_of(&rig, trace)), [0, 0, 1]);
}

#[test]
fn of_a_trace_that_comes_again_only_the_late_spans_wait() {
    let mut rig = Rig::new(ERRORS);
    rig.send(&[failed(1, 1), span(2, 2)]);
    rig.after(0.1);
    rig.send(&[span(3, 3), span(1, 6)]);
    rig.after(0.1);
    rig.after(9.9);
    assert_eq!(ids(&rig), [3]);
    rig.behind.hold(true);
    rig.send(&[span(1, 4), span(2, 5)]);
    rig.after(0.01);
    assert_eq!(ids(&rig), [3, 4], "one was dropped as it came");
}

#[test]
fn batches_of_other_times_and_other_traces_are_not_read() {
    let mut rig = Rig::new(ERRORS);
    for id in 1..=9 {
        rig.send(&[span(id % 3, id)]);
    }
    rig.after(0.1);
    let range = TimeRange {
        start_ns: 3 * SECOND,
        end_ns: 5 * SECOND,
    };
    assert!(ids_in(&rig, range).is_superset(&[3, 4].into()));
    assert!(waiting(&rig).batches(range).len() <= 3);
    let of_trace = waiting(&rig).batches_of(&[trace_id(1)]);
    assert_eq!(of_trace.len(), 3);
    assert!(waiting(&rig).batches_of(&[trace_id(7)]).is_empty());
}

#[test]
fn what_waits_is_shown_again_after_a_kill_and_not_after_the_end() {
    let mut rig = Rig::new(ERRORS);
    rig.send(&[span(1, 1), failed(2, 2)]);
    rig.after(0.1);
    rig.send(&[span(1, 3)]);
    let mut rig = rig.restart(1);
    assert_eq!(ids(&rig), [1, 2, 3], "also what nobody had looked at");
    // Decided and handed on, and killed before that was noted.
    rig.behind.hold(true);
    rig.after(10.1);
    assert_eq!(ids(&rig), [2]);
    let rig = rig.restart(0);
    assert_eq!(ids(&rig), [2]);
    rig.processor.stop();
    assert!(rig.account.waiting().is_none());
}

#[test]
fn a_batch_that_cannot_be_read_says_so_and_one_that_is_done_with_is_none() {
    let mut rig = Rig::new(ERRORS);
    rig.send(&[span(1, 1)]);
    rig.after(0.1);
    let waiting = waiting(&rig);
    let batches = waiting.batches(TimeRange::ALL);
    rig.spools.lose(0);
    assert!(waiting.read(&batches[0]).is_err());
    rig.after(10.0);
    assert_eq!(waiting.read(&batches[0]), Ok(None));
}
