//! A disk that is full, what stands behind far behind, and senders that come again at
//! once: all of it is bounded, and ends by itself.

use std::sync::{Arc, mpsc};

use tracewell_model::store::Ack;
use tracewell_model::{Consumer, StoreError};
use tracewell_testkit::{TestSpan, batch};

use super::rig::{Rig, SECOND};
use crate::processors::tail_sampling::state::locked;

const ALL: &str = "{name: all, type: always_sample}";
const NONE: &str = "{name: none, type: probabilistic, probabilistic: {sampling_percentage: 0}}";

fn spans(trace: u64, ids: std::ops::Range<u64>) -> Vec<TestSpan> {
    ids.map(|id| TestSpan::new(trace, id + 1, "a", "x", SECOND))
        .collect()
}

/// Sends batches of new traces until one is refused; answers how many were taken.
fn fill(rig: &mut Rig, next: &mut u64) -> usize {
    for taken in 0.. {
        let batch: Vec<TestSpan> = (0..10)
            .flat_map(|_| {
                *next += 1;
                spans(*next, 0..5)
            })
            .collect();
        match rig.send(&batch).recv().unwrap() {
            Ok(()) => rig.after(0.01),
            Err(StoreError::Busy(_) | StoreError::Unavailable(_)) => return taken,
            Err(error) => panic!("{error}"),
        }
    }
    0
}

/// Decisions go on, and give back what they do not need: nobody need free a byte.
#[test]
fn a_full_disk_is_got_out_of_by_deciding() {
    for policy in [ALL, NONE] {
        let mut rig = Rig::new(&format!("{{decision_wait: 10s, policies: [{policy}]}}"));
        // As with the real one: it would be long before it is time by itself.
        rig.sampler.memories.step_bytes = u64::MAX;
        rig.spools.full_at(1_000_000);
        let mut next = 0;
        for round in 0..4 {
            let taken = fill(&mut rig, &mut next);
            assert!(taken > 100, "round {round}: {taken} batches");
            rig.after(11.0);
            rig.after(1.0);
            assert_eq!(rig.sums()[4], 0, "round {round}: something waits");
            rig = rig.restart(0);
            rig.sampler.memories.step_bytes = u64::MAX;
        }
        // What was decided before is known still.
        rig.send(&spans(1, 7..8)).recv().unwrap().unwrap();
        rig.after(0.0);
        rig.after(1.0);
        assert_eq!(rig.sums()[4], 0, "its trace is taken for a new one");
    }
}

#[test]
fn a_trace_that_goes_on_for_ever_holds_nothing_back() {
    for policy in [ALL, NONE] {
        let mut rig = Rig::new(&format!("{{decision_wait: 1s, policies: [{policy}]}}"));
        for id in 0..600 {
            rig.send(&spans(1, id * 10..id * 10 + 10))
                .recv()
                .unwrap()
                .unwrap();
            rig.after(0.1);
        }
        let (batches, notes) = rig.spools.kept();
        assert!(batches < 30, "{policy}: {batches} batches are kept");
        assert!(notes < 60, "{policy}: {notes} notes are kept");
        // It is not forgotten either.
        let mut rig = rig.restart(0);
        let before = rig.sums()[4];
        rig.send(&spans(1, 9_000..9_001)).recv().unwrap().unwrap();
        rig.after(0.0);
        rig.after(0.5);
        assert_eq!((before, rig.sums()[4]), (0, 0), "{policy}");
    }
}

#[test]
fn what_is_decided_and_not_delivered_is_bounded() {
    let mut rig = Rig::new(&format!(
        "{{num_traces: 10, decision_wait: 1s, policies: [{ALL}]}}"
    ));
    rig.behind.answer(Some(StoreError::Busy("away".to_owned())));
    let mut taken = 0;
    let told = loop {
        assert!(taken < 1_000, "nobody is told to come again");
        match rig
            .send(&spans(taken + 1, 2 * taken..2 * taken + 2))
            .recv()
            .unwrap()
        {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        rig.after(0.3);
    };
    let StoreError::Busy(why) = &told else {
        panic!("{told}");
    };
    assert!(
        why.starts_with("50 sampled traces wait to be delivered"),
        "{why}"
    );
    // Those that waited by then are decided all the same.
    rig.after(2.0);
    assert!((50..61).contains(&taken), "{taken}");
    assert_eq!(locked(&rig.sampler.state).undelivered as u64, taken);
    let mut rig = rig.restart(0);
    rig.after(0.0);
    assert_eq!(locked(&rig.sampler.state).undelivered as u64, taken);
    let told = rig.send(&spans(2_000, 9_000..9_001)).recv().unwrap();
    assert!(matches!(told, Err(StoreError::Busy(_))), "{told:?}");
    rig.behind.answer(None);
    for _ in 0..5 {
        rig.after(6.0);
    }
    assert_eq!(rig.behind.spans().len() as u64, 2 * taken);
    assert_eq!(rig.send(&spans(2_000, 9_000..9_001)).recv(), Ok(Ok(())));
}

#[test]
fn each_batch_of_a_group_is_counted_as_it_was_answered() {
    let mut rig = Rig::new(&format!("{{policies: [{ALL}]}}"));
    rig.sampler.read.joined_spans = 10;
    for trace in 1..=3 {
        let count = 10 * trace;
        rig.send(&spans(trace, 1_000 * trace..1_000 * trace + count));
    }
    rig.after(0.0);
    let refused = StoreError::Refused("too large".to_owned());
    let busy = StoreError::Busy("full".to_owned());
    rig.behind.answer_next([None, Some(refused), Some(busy)]);
    rig.after(31.0);
    assert_eq!(rig.sums(), [60, 0, 0, 0, 60], "not all of it was answered");
    rig.after(6.0);
    assert_eq!(rig.sums(), [60, 40, 0, 20, 0]);
    let came = rig.behind.spans();
    assert_eq!(came.len(), 40);
    assert!(
        came.values().all(|times| *times == 1),
        "something came twice"
    );
}

/// A client that is told to come again may do so at once, from within.
#[test]
fn who_is_refused_may_send_from_within() {
    let Rig {
        spools, processor, ..
    } = Rig::new(&format!("{{policies: [{ALL}]}}"));
    let processor = Arc::new(processor);
    spools.fail(1);
    let (told, fate) = mpsc::channel();
    let again = Arc::clone(&processor);
    let ack: Ack = Box::new(move |result| {
        assert!(result.is_err(), "{result:?}");
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        again.consume(Arc::new(batch(&spans(1, 0..1))), ack);
    });
    processor.consume(Arc::new(batch(&spans(1, 0..1))), ack);
    assert_eq!(fate.recv(), Ok(Ok(())));
}
