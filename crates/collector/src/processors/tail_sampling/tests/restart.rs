//! A process that ends at any moment, with some records on the disk that nobody was
//! told of: no decision changes, no span is lost, nothing passes that was not
//! sampled.

use std::collections::{BTreeMap, BTreeSet};

use tracewell_model::{StatusCode, TraceId};
use tracewell_testkit::{Random, TestSpan};

use super::policies::{batches, by_trace};
use super::rig::Rig;
use super::shares::counts;
use crate::processors::tail_sampling::judge::Judge;
use crate::processors::tail_sampling::rule::TraceFacts;
use tracewell_model::trace_state::threshold::NEVER;

/// Sends, waits, syncs, answers and ends, as chance will have it; answers what was
/// acknowledged.
fn live(random: &mut Random, mut rig: Rig) -> (Rig, Vec<TestSpan>) {
    let mut acknowledged: Vec<TestSpan> = Vec::new();
    let mut open = Vec::new();
    let mut to_send = batches(random, 120);
    let mut known: BTreeMap<TraceId, usize> = BTreeMap::new();
    while !to_send.is_empty() {
        match random.below(12) {
            0..=3 => {
                let batch = to_send.pop().unwrap();
                open.push((rig.send(&batch), batch));
            }
            4..=6 => rig.after(random.below(4_000) as f64 / 1_000.0),
            7 => rig.behind.hold(random.once_in(2)),
            8 => rig.behind.take_held(random.below(3) as usize),
            9 => rig.spools.hold_acks(true),
            10 => rig.spools.sync(1 + random.below(4) as usize),
            _ => {
                if random.once_in(4) {
                    let also_there = random.below(rig.spools.waiting() as u64 + 1) as usize;
                    rig = rig.restart(also_there);
                } else if random.once_in(3) {
                    rig.spools.fail(random.below(3) as u32);
                } else {
                    rig.spools.sync(usize::MAX);
                    rig.spools.hold_acks(false);
                }
            }
        }
        open.retain(|(fate, batch)| match fate.try_recv() {
            Ok(Ok(())) => {
                acknowledged.extend(batch.iter().cloned());
                false
            }
            Ok(Err(_)) => {
                // Its client sends it again.
                to_send.push(batch.clone());
                false
            }
            Err(std::sync::mpsc::TryRecvError::Empty) => true,
            // The process ended before it said anything.
            Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                to_send.push(batch.clone());
                false
            }
        });
        for (trace, spans) in by_trace(&[rig.behind.came()]) {
            known.insert(trace, spans.len());
        }
    }
    rig.spools.sync(usize::MAX);
    rig.spools.hold_acks(false);
    rig.spools.fail(0);
    rig.behind.hold(false);
    // The last ones are acknowledged, and all that waits is decided.
    for _ in 0..20 {
        rig.sampler.step();
        rig.behind.take_held(usize::MAX);
        rig.after(6.0);
    }
    for (fate, batch) in open {
        if fate.try_recv() == Ok(Ok(())) {
            acknowledged.extend(batch);
        }
    }
    (rig, acknowledged)
}

#[test]
fn a_process_that_ends_anywhere_loses_nothing_and_changes_no_decision() {
    // A share by id is decided the same whenever it is decided, and however often: so
    // each trace must be there whole, or not at all.
    let policies = "{name: some, type: probabilistic, probabilistic: {sampling_percentage: 40}}";
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let rig = Rig::new(&format!("{{decision_wait: 10s, policies: [{policies}]}}"));
        let mut judge = Judge::new(&rig.config);
        let (rig, acknowledged) = live(&mut random, rig);
        let traces = by_trace(&[acknowledged]);
        let came = rig.behind.spans();
        for (trace, spans) in &traces {
            let facts = TraceFacts {
                id: *trace,
                ..TraceFacts::default()
            };
            let is_sampled = judge.judge(&facts, 0) != NEVER;
            for span in spans {
                let times = came.get(&span.span_id.0).copied().unwrap_or(0);
                assert_eq!(times > 0, is_sampled, "seed {seed}: {}", span.trace_id);
            }
        }
        // Whatever life decided, and whenever a span came.
        for (span, count) in counts(rig.behind.came()) {
            assert!((count - 2.5).abs() < 1e-9, "seed {seed}: {span:?}");
        }
        let [received, passed, dropped, rejected, in_flight] = rig.sums();
        assert_eq!(in_flight, 0, "seed {seed}: something waits for ever");
        assert_eq!(received, passed + dropped + rejected, "seed {seed}");
    }
}

#[test]
fn a_decision_stands_although_policies_would_now_decide_otherwise() {
    // One span that fails makes the trace; it comes when the trace is decided already.
    let errors = "{name: errors, type: status_code, status_code: {status_codes: [ERROR]}}";
    for seed in 0..60 {
        let mut random = Random::new(1_000 + seed);
        let mut rig = Rig::new(&format!("{{decision_wait: 10s, policies: [{errors}]}}"));
        let of = |trace: u64, id: u64| TestSpan::new(trace, id, "a", "x", 1_000);
        let mut sent = Vec::new();
        for trace in 1..=20 {
            let span = of(trace, trace);
            let span = if random.once_in(2) {
                span.status(StatusCode::Error)
            } else {
                span
            };
            sent.push(span);
        }
        for spans in sent.chunks(7) {
            assert_eq!(rig.send(spans).recv(), Ok(Ok(())));
        }
        rig.after(0.0);
        rig.behind.hold(true);
        if random.once_in(2) {
            rig.after(random.below(10) as f64);
            rig = rig.restart(0);
        }
        rig.spools.hold_acks(random.once_in(2));
        rig.after(10.5);
        rig.spools.sync(random.below(3) as usize);
        rig.sampler.step();
        let decided = rig.spools.waiting() == 0;
        rig.behind.take_held(random.below(3) as usize);
        rig.sampler.step();
        let also_there = random.below(rig.spools.waiting() as u64 + 1) as usize;
        rig = rig.restart(also_there);
        rig.behind.hold(false);
        // Those that did not fail get a span that did.
        let late: Vec<TestSpan> = sent
            .iter()
            .map(|span| {
                of(
                    u64::from(span.trace_id.0[15]),
                    100 + u64::from(span.span_id.0[7]),
                )
            })
            .map(|span| span.status(StatusCode::Error))
            .collect();
        rig.send(&late);
        for _ in 0..10 {
            rig.after(6.0);
        }
        let came: BTreeSet<u8> = rig.behind.spans().into_keys().map(|id| id[7]).collect();
        for span in &sent {
            let (first, second) = (span.span_id.0[7], 100 + span.span_id.0[7]);
            let is_whole = came.contains(&first) == came.contains(&second);
            assert!(is_whole, "seed {seed}: half of trace {first}");
            if span.status == StatusCode::Error {
                assert!(came.contains(&first), "seed {seed}: {first} is lost");
            } else if decided {
                assert!(!came.contains(&first), "seed {seed}: {first} was decided");
            }
        }
        assert_eq!(rig.sums()[4], 0, "seed {seed}");
    }
}

#[test]
fn what_was_handed_on_is_handed_on_again_only_where_nobody_said_that_it_was_taken() {
    let mut rig = Rig::new("{policies: [{name: a, type: always_sample}]}");
    rig.send(&[TestSpan::new(1, 1, "a", "x", 1)]);
    rig.after(0.0);
    rig.behind.hold(true);
    rig.after(31.0);
    assert_eq!(rig.behind.held(), 1);
    let mut rig = rig.restart(0);
    rig.behind.hold(false);
    rig.after(0.0);
    assert_eq!(rig.behind.spans().into_values().collect::<Vec<_>>(), [1]);
    assert_eq!(rig.sums(), [1, 1, 0, 0, 0]);
    let mut rig = rig.restart(0);
    rig.after(60.0);
    assert_eq!(rig.behind.spans().into_values().collect::<Vec<_>>(), [1]);
    assert_eq!(rig.sums(), [0, 0, 0, 0, 0]);
}

#[test]
fn a_process_that_is_started_again_and_again_decides_all_the_same() {
    let mut rig = Rig::new("{policies: [{name: a, type: always_sample}]}");
    rig.send(&[TestSpan::new(1, 1, "a", "x", 1)]);
    rig.after(0.0);
    for _ in 0..18 {
        rig.after(1.2);
        rig.after(0.6);
        rig = rig.restart(0);
    }
    assert_eq!(rig.behind.spans().len(), 0, "too early");
    for _ in 0..18 {
        rig.after(1.2);
        rig.after(0.6);
        rig = rig.restart(0);
    }
    assert_eq!(rig.behind.spans().len(), 1);
}
