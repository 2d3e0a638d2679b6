//! When traces are decided, what becomes of late spans, and of traces while what
//! stands behind or the disk takes nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::TryRecvError;

use tracewell_model::StoreError;
use tracewell_testkit::{Random, TestSpan};

use super::policies::batches;
use super::rig::{Rig, SECOND};
use crate::processors::tail_sampling::state::locked;

const ERRORS: &str = "{name: errors, type: status_code, status_code: {status_codes: [ERROR]}}";

fn span(trace: u64, id: u64) -> TestSpan {
    TestSpan::new(trace, id, "a", "x", SECOND).child_of(99)
}

fn failed(trace: u64, id: u64) -> TestSpan {
    span(trace, id).status(tracewell_model::StatusCode::Error)
}

fn ids(rig: &Rig) -> Vec<u8> {
    let mut ids: Vec<u8> = rig.behind.spans().into_keys().map(|id| id[7]).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_client_is_answered_when_the_disk_has_its_spans() {
    let mut rig = Rig::new(&format!("{{policies: [{ERRORS}]}}"));
    rig.spools.hold_acks(true);
    let fate = rig.send(&[failed(1, 1)]);
    rig.after(1.0);
    assert_eq!(fate.try_recv(), Err(TryRecvError::Empty));
    rig.spools.sync(1);
    assert_eq!(fate.try_recv(), Ok(Ok(())));
    rig.spools.hold_acks(false);
    rig.spools.fail(1);
    let fate = rig.send(&[failed(2, 2)]);
    assert!(matches!(
        fate.try_recv(),
        Ok(Err(StoreError::Unavailable(_)))
    ));
    assert_eq!(rig.send(&[]).try_recv(), Ok(Ok(())));
    rig.after(1.0);
    rig.after(31.0);
    assert_eq!(ids(&rig), [1]);
    assert_eq!(rig.sums(), [2, 1, 0, 1, 0]);
}

#[test]
fn a_decision_waits_from_the_first_span_and_less_after_the_root() {
    let mut rig = Rig::new(&format!(
        "{{decision_wait: 30s, decision_wait_after_root_received: 5s, policies: [{ERRORS}]}}"
    ));
    rig.send(&[failed(1, 1), failed(2, 2)]);
    rig.after(0.0);
    rig.after(10.0);
    let mut root = span(2, 3);
    root.parent_span_id = tracewell_model::SpanId::default();
    rig.send(&[root, span(1, 4)]);
    rig.after(0.0);
    rig.after(4.9);
    assert_eq!(ids(&rig), [0u8; 0]);
    rig.after(0.6);
    assert_eq!(ids(&rig), [2, 3]);
    rig.after(14.0);
    assert_eq!(ids(&rig), [2, 3]);
    rig.after(1.0);
    assert_eq!(ids(&rig), [1, 2, 3, 4]);
}

#[test]
fn a_clock_that_is_set_decides_nothing() {
    for set_ns in [0, 1_900_000_000 * SECOND] {
        let mut rig = Rig::new(&format!("{{policies: [{ERRORS}]}}"));
        rig.send(&[failed(1, 1)]);
        rig.after(0.0);
        rig.after(10.0);
        rig.clock.set_ns(set_ns);
        rig = rig.restart(0);
        rig.after(1.0);
        assert_eq!(ids(&rig), [0u8; 0], "too early");
        rig.after(20.0);
        assert_eq!(ids(&rig), [1], "too late");
    }
}

#[test]
fn late_spans_follow_the_decision() {
    let mut rig = Rig::new(&format!("{{policies: [{ERRORS}]}}"));
    rig.send(&[failed(1, 1), span(2, 2)]);
    rig.after(0.0);
    rig.after(31.0);
    assert_eq!(ids(&rig), [1]);
    // Of a trace that was not sampled, not even one that would have made it so.
    assert_eq!(
        rig.send(&[failed(2, 3), span(1, 4), span(3, 5)]).recv(),
        Ok(Ok(()))
    );
    rig.after(1.0);
    assert_eq!(ids(&rig), [1, 4]);
    assert_eq!(rig.sums(), [5, 2, 2, 0, 1]);
    rig = rig.restart(0);
    rig.send(&[failed(2, 6), span(1, 7)]);
    rig.after(1.0);
    assert_eq!(ids(&rig), [1, 4, 7]);
    assert_eq!(rig.sums(), [3, 1, 1, 0, 1]);
}

#[test]
fn a_trace_that_was_forgotten_is_new() {
    let mut rig = Rig::new(&format!(
        "{{num_traces: 2, decision_wait: 1s, policies: [{ERRORS}]}}"
    ));
    for trace in 1..=4 {
        rig.send(&[span(trace, trace)]);
        rig.after(0.0);
        rig.after(1.1);
    }
    rig.send(&[failed(1, 5), failed(4, 6)]);
    rig.after(0.0);
    rig.after(1.1);
    assert_eq!(ids(&rig), [5]);
}

#[test]
fn too_many_traces_are_decided_before_their_time_the_oldest_first() {
    let mut rig = Rig::new(&format!("{{num_traces: 3, policies: [{ERRORS}]}}"));
    for trace in 1..=5 {
        rig.send(&[failed(trace, trace)]);
        rig.after(0.001);
    }
    assert_eq!(ids(&rig), [1, 2]);
    assert_eq!(locked(&rig.sampler.state).decided_early, 2);
    rig.after(31.0);
    assert_eq!(ids(&rig), [1, 2, 3, 4, 5]);
}

#[test]
fn a_trace_that_is_too_large_is_not_sampled() {
    let mut rig = Rig::new(&format!(
        "{{maximum_trace_size_bytes: 20000, policies: [{ERRORS}]}}"
    ));
    let large = failed(1, 1).with_text("text", &"x".repeat(30_000));
    rig.send(&[large]);
    rig.send(&[failed(2, 2)]);
    rig.send(&[failed(1, 3)]);
    rig.after(0.0);
    rig.after(1.0);
    assert_eq!(rig.sums(), [3, 0, 2, 0, 1]);
    rig.after(31.0);
    assert_eq!(ids(&rig), [2]);
}

#[test]
fn what_is_sampled_is_tried_until_it_is_taken() {
    let mut rig = Rig::new(&format!("{{policies: [{ERRORS}]}}"));
    rig.send(&[failed(1, 1), span(2, 2)]);
    rig.after(0.0);
    rig.behind.answer(Some(StoreError::Busy("full".to_owned())));
    for _ in 0..20 {
        rig.after(10.0);
    }
    assert_eq!(rig.sums(), [2, 0, 1, 0, 1]);
    rig.behind.answer(None);
    rig.after(6.0);
    assert_eq!(ids(&rig), [1]);
    assert_eq!(rig.sums(), [2, 1, 1, 0, 0]);

    rig.send(&[failed(3, 3)]);
    let why = StoreError::Refused("too large".to_owned());
    rig.behind.answer(Some(why));
    rig.after(0.0);
    rig.after(31.0);
    assert_eq!(rig.sums(), [3, 1, 1, 1, 0]);
    rig.behind.answer(None);
    let mut rig = rig.restart(0);
    rig.after(31.0);
    assert_eq!(ids(&rig), [1], "refused for good, and asked again");
}

#[test]
fn decisions_wait_for_a_disk_that_takes_nothing() {
    let mut rig = Rig::new(&format!("{{policies: [{ERRORS}]}}"));
    rig.send(&[failed(1, 1), span(2, 2)]);
    rig.after(0.0);
    rig.spools.fail(5);
    rig.after(31.0);
    assert_eq!(rig.sums(), [2, 0, 0, 0, 2], "decided without the disk");
    for _ in 0..5 {
        rig.after(6.0);
    }
    assert_eq!(ids(&rig), [1]);
    assert_eq!(rig.sums(), [2, 1, 1, 0, 0]);
}

#[test]
fn spans_that_cannot_be_read_are_counted_and_stop_no_others() {
    let mut rig = Rig::new(&format!("{{policies: [{ERRORS}]}}"));
    rig.send(&[failed(1, 1), failed(2, 2)]);
    rig.send(&[failed(2, 3)]);
    rig.after(0.0);
    rig.spools.lose(0);
    rig.after(31.0);
    assert_eq!(ids(&rig), [3]);
    assert_eq!(rig.sums(), [3, 1, 0, 2, 0]);
}

#[test]
fn the_disk_is_given_back() {
    let mut rig = Rig::new(&format!("{{decision_wait: 1s, policies: [{ERRORS}]}}"));
    let mut trace = 0;
    for _ in 0..400 {
        let spans: Vec<TestSpan> = (0..100).map(|id| span(trace + id, id + 1)).collect();
        trace += 100;
        rig.send(&spans);
        rig.after(0.1);
    }
    let (batches, notes) = rig.spools.kept();
    // 40,000 traces were decided; some of the last steps are kept to be remembered.
    assert!(batches < 250, "{batches} batches are kept");
    assert!(notes < 600, "{notes} notes are kept");
    for restarts in 0..3 {
        rig = rig.restart(0);
        let all = (0..trace - 2_000).step_by(97 + restarts);
        let late: Vec<TestSpan> = all.map(|trace| failed(trace, 1_000 + trace)).collect();
        rig.send(&late);
        rig.after(0.0);
        rig.after(3.0);
        assert_eq!(ids(&rig), [0u8; 0], "a decision was forgotten");
    }
}

#[test]
fn the_account_adds_up_at_every_moment() {
    let mut rig = Rig::new(&format!("{{decision_wait: 1s, policies: [{ERRORS}]}}"));
    let (account, is_over) = (rig.account.clone(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            while !is_over.load(Ordering::Acquire) || looks == 0 {
                let now = account.snapshot();
                let out = now.passed + now.rejected + now.dropped.values().sum::<u64>();
                assert_eq!(now.received, out + now.in_flight, "{now:?}");
                looks += 1;
            }
        });
        let mut random = Random::new(11);
        for batch in batches(&mut random, 300) {
            rig.send(&batch);
            rig.after(0.05);
        }
        rig.after(2.0);
        is_over.store(true, Ordering::Release);
        reader.join().unwrap();
    });
    let [received, passed, dropped, rejected, in_flight] = rig.sums();
    assert_eq!((received, rejected, in_flight), (passed + dropped, 0, 0));
}
