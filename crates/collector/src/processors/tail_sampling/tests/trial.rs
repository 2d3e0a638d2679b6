//! What is said of traces that are stored is what becomes of them when they come.

use std::collections::BTreeSet;

use tracewell_model::TraceId;
use tracewell_testkit::{Random, TestSpan, batch};

use super::policies::{CASES, batches, by_trace};
use super::rig::{Rig, SECOND, read};
use crate::processors::tail_sampling::Trial;

const STEP_NS: u64 = SECOND / 10;
const BEGIN_NS: u64 = 1_700_000_000 * SECOND;

/// Spans of some traces that last up to five seconds; all times are whole steps.
fn spans(random: &mut Random, traces: usize) -> Vec<TestSpan> {
    let mut spans: Vec<TestSpan> = batches(random, traces).into_iter().flatten().collect();
    for (trace, of_trace) in by_trace(&[spans.clone()]).into_keys().zip(0u64..) {
        for span in spans.iter_mut().filter(|span| span.trace_id == trace) {
            span.start_ns = BEGIN_NS + (of_trace + random.below(30)) * STEP_NS;
            span.end_ns = span.start_ns + random.below(20) * STEP_NS;
        }
    }
    spans.sort_by_key(|span| (span.end_ns, span.trace_id));
    spans
}

/// The spans that go on where each comes when it ends.
fn kept_by_processor(section: &str, spans: &[TestSpan]) -> BTreeSet<[u8; 8]> {
    let mut rig = Rig::new(section);
    let mut at_ns = BEGIN_NS;
    for of_time in spans.chunk_by(|a, b| a.end_ns == b.end_ns) {
        while at_ns < of_time[0].end_ns {
            // Decisions are made between two steps.
            rig.after(0.05);
            rig.after(0.05);
            at_ns += STEP_NS;
        }
        rig.send(of_time);
        rig.after(0.0);
    }
    for _ in 0..40 {
        rig.after(0.05);
    }
    rig.behind.spans().into_keys().collect()
}

fn kept_by_trial(section: &str, spans: &[TestSpan]) -> BTreeSet<[u8; 8]> {
    let mut trial = Trial::new(&read(section).unwrap());
    let mut tried = Vec::new();
    for (trace, spans) in by_trace(&[spans.to_vec()]) {
        // As they are read: in parts, in any order.
        for part in spans.chunks(3).rev() {
            trial.look_at(&batch(part));
        }
        tried.push((trial.complete().unwrap(), trace));
    }
    assert!(trial.complete().is_none(), "there is no trace left");
    tried.sort_by_key(|(tried, trace)| (tried.due_ns, *trace));
    let is_sampled = |(tried, trace)| trial.is_sampled(&tried).then_some(trace);
    let kept: BTreeSet<TraceId> = tried.into_iter().filter_map(is_sampled).collect();
    let of_kept = spans.iter().filter(|span| kept.contains(&span.trace_id));
    of_kept.map(|span| span.span_id.0).collect()
}

#[test]
fn a_trial_says_what_the_processor_does() {
    let mut late = 0;
    for (number, (policies, _)) in CASES.iter().enumerate() {
        for (seed, waits) in [
            "decision_wait: 1s",
            "decision_wait: 1s, decision_wait_after_root_received: 300ms",
            "decision_wait: 1s, sample_on_first_match: true",
        ]
        .into_iter()
        .enumerate()
        {
            let mut random = Random::new((seed * 1_000 + number) as u64);
            let spans = spans(&mut random, 40);
            let section = format!("{{{waits}, policies: [{policies}]}}");
            let processor = kept_by_processor(&section, &spans);
            assert_eq!(kept_by_trial(&section, &spans), processor, "{section}");
            let mut trial = Trial::new(&read(&section).unwrap());
            for spans in by_trace(&[spans]).into_values() {
                trial.look_at(&batch(&spans));
                late += trial.complete().unwrap().late_spans;
            }
        }
    }
    assert!(late > 100, "{late} spans come late");
}

#[test]
fn limits_are_asked_in_the_order_of_decisions() {
    let limits = [
        "{name: a, type: rate_limiting, rate_limiting: {spans_per_second: 8}}",
        "{name: a, type: composite, composite: {max_total_spans_per_second: 12, composite_sub_policy: [{name: b, type: status_code, status_code: {status_codes: [ERROR]}}, {name: c, type: always_sample}]}}",
        "{name: a, type: and, and: {and_sub_policy: [{name: p, type: probabilistic, probabilistic: {sampling_percentage: 50}}, {name: c, type: rate_limiting, rate_limiting: {spans_per_second: 4}}]}}",
    ];
    for (policies, seed) in limits.into_iter().zip(0..) {
        let spans = spans(&mut Random::new(seed), 120);
        let section = format!("{{decision_wait: 1s, policies: [{policies}]}}");
        assert!(Trial::new(&read(&section).unwrap()).has_limits());
        let processor = kept_by_processor(&section, &spans);
        let share = processor.len() as f64 / spans.len() as f64;
        assert!((0.02..0.98).contains(&share), "{share} is sampled");
        assert_eq!(kept_by_trial(&section, &spans), processor, "{section}");
    }
}
