//! Random traces in random batches, judged by the processor and by the plainest way
//! there is: all spans of a trace, one after another.

use std::collections::{BTreeMap, BTreeSet};

use tracewell_model::{AnyValue, StatusCode, TraceId};
use tracewell_testkit::{Random, TestSpan};

use super::rig::{Rig, SECOND};

pub(super) type Judge = fn(&[TestSpan]) -> bool;

/// Does a span or its resource have such a value?
fn has(spans: &[TestSpan], key: &str, test: impl Fn(&AnyValue) -> bool) -> bool {
    let mut all = spans
        .iter()
        .flat_map(|span| span.attributes.iter().chain(&span.resource));
    all.any(|(name, value)| name == key && test(value))
}

fn has_text(spans: &[TestSpan], key: &str, texts: &[&str]) -> bool {
    has(
        spans,
        key,
        |value| matches!(value, AnyValue::String(text) if texts.contains(&text.as_str())),
    )
}

fn has_int(spans: &[TestSpan], key: &str, least: i64, most: i64) -> bool {
    has(
        spans,
        key,
        |value| matches!(value, AnyValue::Int(number) if (least..=most).contains(number)),
    )
}

fn duration_ms(spans: &[TestSpan]) -> i64 {
    let first = spans.iter().map(|span| span.start_ns).min().unwrap();
    let last = spans.iter().map(|span| span.end_ns).max().unwrap();
    (last as i64 - first as i64) / 1_000_000
}

fn has_error(spans: &[TestSpan]) -> bool {
    spans.iter().any(|span| span.status == StatusCode::Error)
}

/// A section of policies, and what it means.
pub(super) const CASES: &[(&str, Judge)] = &[
    ("{name: a, type: always_sample}", |_| true),
    (
        "{name: a, type: latency, latency: {threshold_ms: 30000}}",
        |t| duration_ms(t) >= 30_000,
    ),
    (
        "{name: a, type: latency, latency: {threshold_ms: 20000, upper_threshold_ms: 50000}}",
        |t| (20_001..=50_000).contains(&duration_ms(t)),
    ),
    (
        "{name: a, type: status_code, status_code: {status_codes: [ERROR]}}",
        has_error,
    ),
    (
        "{name: a, type: status_code, status_code: {status_codes: [OK, UNSET]}}",
        |t| t.iter().any(|span| span.status != StatusCode::Error),
    ),
    (
        "{name: a, type: string_attribute, string_attribute: {key: http.request.method, values: [POST]}}",
        |t| has_text(t, "http.request.method", &["POST"]),
    ),
    (
        "{name: a, type: string_attribute, string_attribute: {key: service.name, values: ['^ca', 'out$'], enabled_regex_matching: true, cache_max_size: 10}}",
        |t| has_text(t, "service.name", &["cart", "checkout"]),
    ),
    (
        "{name: a, type: string_attribute, string_attribute: {key: url.path, values: [GET], invert_match: true}}",
        |t| !has_text(t, "url.path", &["GET"]),
    ),
    (
        "{name: a, type: numeric_attribute, numeric_attribute: {key: http.status_code, min_value: 400, max_value: 599}}",
        |t| has_int(t, "http.status_code", 400, 599),
    ),
    (
        "{name: a, type: numeric_attribute, numeric_attribute: {key: http.status_code, min_value: -5}}",
        |t| has_int(t, "http.status_code", -5, i64::MAX),
    ),
    (
        "{name: a, type: numeric_attribute, numeric_attribute: {key: retry, max_value: 0, invert_match: true}}",
        |t| !has_int(t, "retry", i64::MIN, 0),
    ),
    (
        "{name: a, type: boolean_attribute, boolean_attribute: {key: retry, value: true}}",
        |t| has(t, "retry", |value| *value == AnyValue::Bool(true)),
    ),
    (
        "{name: a, type: trace_state, trace_state: {key: vendor, values: [t1, t2]}}",
        |t| {
            t.iter()
                .any(|span| ["vendor=t1", "vendor=t2"].contains(&span.trace_state.as_str()))
        },
    ),
    ("{name: a, type: trace_flags}", |t| {
        t.iter().any(|span| span.flags & 1 == 1)
    }),
    (
        "{name: a, type: span_count, span_count: {min_spans: 5}}",
        |t| t.len() >= 5,
    ),
    (
        "{name: a, type: span_count, span_count: {min_spans: 3, max_spans: 6}}",
        |t| (3..=6).contains(&t.len()),
    ),
    (
        "{name: a, type: ottl_condition, ottl_condition: {error_mode: ignore, span: ['status.code == STATUS_CODE_ERROR and name == \"charge\"'], spanevent: ['name == \"exception\"']}}",
        |t| {
            t.iter().any(|span| {
                span.status == StatusCode::Error && span.name == "charge"
                    || span.events.iter().any(|event| event.name == "exception")
            })
        },
    ),
    (
        "{name: a, type: and, and: {and_sub_policy: [{name: b, type: status_code, status_code: {status_codes: [ERROR]}}, {name: c, type: span_count, span_count: {min_spans: 4}}]}}",
        |t| has_error(t) && t.len() >= 4,
    ),
    (
        "{name: a, type: not, not: {not_sub_policy: {name: b, type: status_code, status_code: {status_codes: [ERROR]}}}}",
        |t| !has_error(t),
    ),
    (
        "{name: a, type: always_sample}, {name: d, type: drop, drop: {drop_sub_policy: [{name: b, type: status_code, status_code: {status_codes: [ERROR]}}]}}",
        |t| !has_error(t),
    ),
    // Found by one that is inverted: not sampled, whatever others say.
    (
        "{name: a, type: always_sample}, {name: b, type: string_attribute, string_attribute: {key: service.name, values: [cart], invert_match: true}}",
        |t| !has_text(t, "service.name", &["cart"]),
    ),
    // Not found by it: sampled only where no other said no.
    (
        "{name: a, type: status_code, status_code: {status_codes: [ERROR]}}, {name: b, type: string_attribute, string_attribute: {key: service.name, values: [cart], invert_match: true}}",
        |t| !has_text(t, "service.name", &["cart"]) && has_error(t),
    ),
    (
        "{name: a, type: composite, composite: {max_total_spans_per_second: 1000000000, policy_order: [c, b], composite_sub_policy: [{name: b, type: status_code, status_code: {status_codes: [ERROR]}}, {name: c, type: span_count, span_count: {min_spans: 8}}]}}",
        |t| has_error(t) || t.len() >= 8,
    ),
    (
        "{name: a, type: rate_limiting, rate_limiting: {spans_per_second: 1000000}}",
        |_| true,
    ),
    (
        "{name: a, type: bytes_limiting, bytes_limiting: {bytes_per_second: 1000000000, burst_capacity: 2000000000}}",
        |_| true,
    ),
    // Spans are some hundred bytes each.
    (
        "{name: a, type: bytes_limiting, bytes_limiting: {bytes_per_second: 1, burst_capacity: 1}}",
        |_| false,
    ),
];

/// Spans of traces, in batches that part and mix them.
pub(super) fn batches(random: &mut Random, traces: usize) -> Vec<Vec<TestSpan>> {
    let mut spans = random.spans(traces * 6, 1_700_000_000 * SECOND);
    // Each its own id, to be told apart.
    for (number, span) in spans.iter_mut().enumerate() {
        span.span_id.0 = (number as u64 + 1).to_be_bytes();
    }
    for index in (1..spans.len()).rev() {
        // Some stay together, as they do in life.
        if random.once_in(2) {
            let other = random.below(index as u64 + 1) as usize;
            spans.swap(index, other);
        }
    }
    let mut batches = Vec::new();
    while !spans.is_empty() {
        let size = (1 + random.below(40) as usize).min(spans.len());
        batches.push(spans.drain(..size).collect());
    }
    batches
}

/// All spans by trace.
pub(super) fn by_trace(batches: &[Vec<TestSpan>]) -> BTreeMap<TraceId, Vec<TestSpan>> {
    let mut traces: BTreeMap<TraceId, Vec<TestSpan>> = BTreeMap::new();
    for span in batches.iter().flatten() {
        traces.entry(span.trace_id).or_default().push(span.clone());
    }
    traces
}

#[test]
fn policies_say_what_looking_at_every_span_says() {
    for (number, (policies, judge)) in CASES.iter().enumerate() {
        for seed in 0..4 {
            let mut random = Random::new(seed * 1_000 + number as u64);
            let batches = batches(&mut random, 60);
            let mut rig = Rig::new(&format!("{{policies: [{policies}]}}"));
            for batch in &batches {
                assert_eq!(rig.send(batch).recv(), Ok(Ok(())));
                rig.after(0.01);
            }
            assert_eq!(rig.behind.batches(), 0, "nothing is decided yet");
            rig.after(31.0);
            let expected: BTreeSet<[u8; 8]> = by_trace(&batches)
                .into_values()
                .filter(|trace| judge(trace))
                .flatten()
                .map(|span| span.span_id.0)
                .collect();
            let came = rig.behind.spans();
            assert!(came.values().all(|times| *times == 1));
            let came: BTreeSet<[u8; 8]> = came.into_keys().collect();
            assert_eq!(came, expected, "{policies}, seed {seed}");
            let all = batches.iter().map(Vec::len).sum::<usize>() as u64;
            let kept = expected.len() as u64;
            assert_eq!(rig.sums(), [all, kept, all - kept, 0, 0]);
        }
    }
}

#[test]
fn what_goes_on_is_what_came_joined_in_few_batches() {
    let mut random = Random::new(7);
    let batches = batches(&mut random, 200);
    let mut rig = Rig::new("{policies: [{name: a, type: always_sample}]}");
    for batch in &batches {
        rig.send(batch);
    }
    rig.after(0.0);
    rig.after(31.0);
    let sorted = |mut spans: Vec<TestSpan>| {
        spans.sort_by_key(|span| span.span_id);
        spans
    };
    let sent: Vec<TestSpan> = batches.iter().flatten().cloned().collect();
    assert_eq!(sorted(rig.behind.came()), sorted(sent));
    assert_eq!(rig.behind.batches(), 1);
}

/// Traces of so many spans each, decided one after another at these times.
fn kept(policies: &str, sizes: &[(f64, u64)]) -> Vec<bool> {
    let mut rig = Rig::new(&format!("{{decision_wait: 100ms, policies: [{policies}]}}"));
    let mut kept = Vec::new();
    for (number, (after, size)) in sizes.iter().enumerate() {
        rig.after(*after);
        let ids = 0..*size;
        let spans: Vec<TestSpan> = ids
            .map(|id| TestSpan::new(number as u64 + 1, id + 1, "a", "x", SECOND))
            .collect();
        let before = rig.sums()[1];
        rig.send(&spans);
        rig.after(0.0);
        rig.after(0.1);
        kept.push(rig.sums()[1] > before);
    }
    kept
}

#[test]
fn limits_are_those_of_a_second() {
    let limit = "{name: a, type: rate_limiting, rate_limiting: {spans_per_second: 10}}";
    let sizes = [(0.0, 15), (0.0, 10), (0.3, 8), (10.0, 21), (0.0, 20)];
    assert_eq!(kept(limit, &sizes), [true, false, true, false, true]);

    let composite = "{name: a, type: composite, composite: {max_total_spans_per_second: 10,
        composite_sub_policy: [
            {name: many, type: span_count, span_count: {min_spans: 5}},
            {name: rest, type: always_sample}],
        rate_allocation: [{policy: many, percent: 60}, {policy: rest, percent: 40}]}}";
    // What is over the share of the first that says yes is not offered to the next.
    let sizes = [(0.0, 6), (0.0, 5), (0.0, 3), (0.0, 3), (2.0, 6), (0.0, 4)];
    assert_eq!(
        kept(composite, &sizes),
        [true, false, true, false, true, true]
    );
}

#[test]
fn the_first_that_says_yes_may_be_the_last_that_is_asked() {
    let policies = "{name: a, type: always_sample}, {name: b, type: string_attribute, string_attribute: {key: service.name, values: [a], invert_match: true}}";
    assert_eq!(kept(policies, &[(0.0, 1)]), [false]);
    let mut rig = Rig::new(&format!(
        "{{sample_on_first_match: true, policies: [{policies}]}}"
    ));
    rig.send(&[TestSpan::new(1, 1, "a", "x", SECOND)]);
    rig.after(0.0);
    rig.after(30.0);
    assert_eq!(rig.behind.spans().len(), 1);
}
