//! For how many a sampled span stands: counts of what goes on are those of what came,
//! as far as chance allows, and exactly where chance is known.

use std::collections::BTreeMap;

use tracewell_model::{StatusCode, TraceId};
use tracewell_testkit::{Random, TestSpan, batch};

use super::rig::{Rig, SECOND};
use tracewell_model::trace_state::OtelState;
use tracewell_model::trace_state::adjusted_count::AdjustedCounts;
use tracewell_model::trace_state::threshold::randomness_of;

const TRACES: u64 = 4_000;

/// Traces of two spans, every tenth of which has failed.
fn traces(random: &mut Random, trace_state: &str) -> Vec<TestSpan> {
    let mut spans = Vec::new();
    for number in 0..TRACES {
        let id = u128::from(random.number()) << 64 | u128::from(random.number());
        let id = TraceId(id.to_be_bytes());
        for part in 0..2 {
            let span_id = 2 * number + part + 1;
            let mut span = TestSpan::new(1, span_id, "a", "x", SECOND);
            span.trace_id = id;
            span.trace_state = trace_state.to_owned();
            if number % 10 == 0 && part == 1 {
                span = span.status(StatusCode::Error);
            }
            spans.push(span);
        }
    }
    spans
}

/// What goes on, with the count of each span.
fn counted(policies: &str, trace_state: &str) -> Vec<(TestSpan, f64)> {
    let mut rig = Rig::new(&format!("{{policies: [{policies}]}}"));
    for spans in traces(&mut Random::new(5), trace_state).chunks(500) {
        rig.send(spans);
    }
    rig.after(0.0);
    rig.after(31.0);
    counts(rig.behind.came())
}

pub(super) fn counts(spans: Vec<TestSpan>) -> Vec<(TestSpan, f64)> {
    let count = |span: TestSpan| {
        let batch = batch(std::slice::from_ref(&span));
        let count = AdjustedCounts::of(&batch).get(0);
        (span, count)
    };
    spans.into_iter().map(count).collect()
}

const SOME: &str = "{name: some, type: probabilistic, probabilistic: {sampling_percentage: 12.5}}";
const OTHERS: &str =
    "{name: others, type: probabilistic, probabilistic: {sampling_percentage: 50, hash_salt: x}}";
const ERRORS: &str = "{name: errors, type: status_code, status_code: {status_codes: [ERROR]}}";

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9 * expected
}

#[test]
fn a_trace_stands_for_as_many_as_chance_says() {
    let and = format!("{{name: both, type: and, and: {{and_sub_policy: [{SOME}, {OTHERS}]}}}}");
    let not = format!("{{name: n, type: not, not: {{not_sub_policy: {OTHERS}}}}}");
    let more = SOME.replace("12.5", "25").replace("some", "more");
    for (policies, each) in [
        (SOME.to_owned(), 8.0),
        (OTHERS.to_owned(), 2.0),
        (and, 16.0),
        (not, 2.0),
        // The same hash is asked twice: the larger share has the smaller.
        (format!("{SOME}, {more}"), 4.0),
        // Two hashes: one of them says yes.
        (format!("{SOME}, {OTHERS}"), 1.0 / (1.0 - 0.875 * 0.5)),
    ] {
        let spans = counted(&policies, "");
        assert!(
            spans.iter().all(|(_, count)| is_near(*count, each)),
            "{policies}: {:?}",
            spans.first()
        );
        let sum: f64 = spans.iter().map(|(_, count)| count).sum();
        let all = 2.0 * TRACES as f64;
        assert!((sum - all).abs() < all / 10.0, "{policies}: {sum} of {all}");
    }
}

#[test]
fn what_is_always_kept_stands_for_itself() {
    let spans = counted(&format!("{ERRORS}, {SOME}"), "");
    let mut failed: BTreeMap<TraceId, bool> = BTreeMap::new();
    for (span, _) in &spans {
        *failed.entry(span.trace_id).or_default() |= span.status == StatusCode::Error;
    }
    for (span, count) in &spans {
        let expected = if failed[&span.trace_id] { 1.0 } else { 8.0 };
        assert!(is_near(*count, expected), "{span:?}");
    }
    let errors = spans.iter().filter(|(s, _)| s.status == StatusCode::Error);
    let errors: f64 = errors.map(|(_, count)| count).sum();
    assert!(is_near(errors, TRACES as f64 / 10.0), "{errors}");
    // What came with them stays as it was.
    let spans = counted("{name: a, type: always_sample}", "vendor=1,ot=th:c");
    assert!(
        spans
            .iter()
            .all(|(s, _)| s.trace_state == "vendor=1,ot=th:c")
    );
    // A limit lets through what it lets through.
    let limit = "{name: a, type: rate_limiting, rate_limiting: {spans_per_second: 100}}";
    let spans = counted(limit, "");
    assert!(
        spans
            .iter()
            .all(|(s, count)| s.trace_state.is_empty() && *count == 1.0)
    );
}

#[test]
fn what_came_with_a_span_is_multiplied_and_its_randomness_goes_with_it() {
    let spans = counted(SOME, "vendor=1,ot=th:c");
    assert!(spans.iter().all(|(_, count)| is_near(*count, 32.0)));
    let mut of_trace: BTreeMap<TraceId, u64> = BTreeMap::new();
    let mut passed_on = 0.0;
    for (span, count) in &spans {
        let state = OtelState::parse(&span.trace_state).unwrap();
        assert!(
            span.trace_state.ends_with(",vendor=1"),
            "{}",
            span.trace_state
        );
        let threshold = state.threshold.unwrap();
        let randomness = state.randomness.unwrap_or(randomness_of(span.trace_id));
        assert!(threshold.keeps(randomness), "{}", span.trace_state);
        assert_eq!(
            *of_trace.entry(span.trace_id).or_insert(randomness),
            randomness
        );
        // Who samples a half of that by its randomness gets a half.
        let half =
            threshold.then(tracewell_model::trace_state::threshold::Threshold::parse("8").unwrap());
        passed_on += f64::from(u8::from(half.keeps(randomness))) * 2.0 * count;
    }
    let sum: f64 = spans.iter().map(|(_, count)| count).sum();
    assert!((passed_on - sum).abs() < sum / 8.0, "{passed_on} of {sum}");
}

#[test]
fn late_spans_stand_for_as_many_also_after_a_restart() {
    let mut rig = Rig::new(&format!("{{policies: [{SOME}]}}"));
    let spans = traces(&mut Random::new(5), "");
    rig.send(&spans);
    rig.after(0.0);
    rig.behind.hold(true);
    rig.after(31.0);
    // Decided, and not delivered.
    rig = rig.restart(0);
    rig.behind.hold(false);
    rig.after(1.0);
    let before = rig.behind.came();
    assert!(before.len() > 100);
    for round in 1..3u8 {
        let again = |span: &TestSpan| {
            let mut span = span.clone();
            span.span_id.0[0] = round;
            span
        };
        rig.send(&spans.iter().map(again).collect::<Vec<_>>());
        rig.after(0.0);
        rig.after(1.0);
        rig = rig.restart(0);
        rig.after(1.0);
    }
    let all = counts(rig.behind.came());
    assert_eq!(all.len(), before.len() * 3);
    assert!(all.iter().all(|(_, count)| is_near(*count, 8.0)));
}

#[test]
fn what_each_policy_said_is_counted() {
    let mut rig = Rig::new(&format!(
        "{{policies: [{ERRORS}, {SOME}, {{name: d, type: drop, drop: {{drop_sub_policy: [{{name: c, type: span_count, span_count: {{min_spans: 3}}}}]}}}}]}}"
    ));
    let mut spans = traces(&mut Random::new(5), "");
    let mut third = spans[0].clone();
    third.span_id.0 = [9; 8];
    spans.push(third);
    rig.send(&spans);
    rig.after(0.0);
    rig.after(31.0);
    let [_, passed, dropped, ..] = rig.sums();
    let counts = rig.snapshot().decisions.unwrap();
    let [sampled, not_sampled, too_large] = counts.all.map(|(_, count)| count);
    assert_eq!(sampled.traces + not_sampled.traces, TRACES);
    assert_eq!((sampled.spans, not_sampled.spans), (passed, dropped));
    assert_eq!(too_large.traces, 0);
    let said = |name: &str| {
        let policy = counts.policies.iter().find(|policy| *policy.name == *name);
        policy.unwrap().said.map(|(_, count)| count.traces)
    };
    assert_eq!(said("d"), [0, TRACES - 1, 0, 1]);
    let [yes, no, ..] = said("errors");
    assert_eq!((yes, no), (TRACES / 10 - 1, TRACES * 9 / 10));
    let [yes, no, ..] = said("some");
    assert_eq!(yes + no, TRACES - 1, "one was dropped and not asked of");
    assert!(sampled.traces < yes + TRACES / 10);
}
