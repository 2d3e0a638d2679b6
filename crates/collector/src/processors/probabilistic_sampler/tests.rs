//! Thresholds and decisions, against numbers of the specification and of the
//! Collector's own documents.

use std::sync::Arc;

use tracewell_model::trace_state::Unreadable;
use tracewell_model::{AnyValue, TraceId};
use tracewell_testkit::{Random, TestSpan, batch, flatten};

use super::threshold::randomness_of;
use super::*;
use crate::written::section;

fn sampler(text: &str) -> ProbabilisticSampler {
    ProbabilisticSampler::new(section::read("p", text, ProbabilisticSamplerConfig::read).unwrap())
}

fn sampled(sampler: &ProbabilisticSampler, spans: &[TestSpan]) -> Vec<TestSpan> {
    let account = ProcessorAccount::new("traces".to_owned(), "p".to_owned());
    flatten(&sampler.change(Arc::new(batch(spans)), &account).unwrap())
}

/// Spans of as many traces with ids by chance.
fn traces(count: usize) -> Vec<TestSpan> {
    let mut spans = Random::new(7).spans(count, 1_000);
    for (index, span) in spans.iter_mut().enumerate() {
        let mut id = [0; 16];
        let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        id[..8].copy_from_slice(&mixed.to_be_bytes());
        id[8..].copy_from_slice(&mixed.wrapping_mul(0xd6e8_feb8_6659_fd93).to_be_bytes());
        span.trace_id = TraceId(id);
        span.trace_state.clear();
        span.attributes.clear();
    }
    spans
}

#[test]
fn thresholds_are_written_as_the_specification_does() {
    for (share, precision, digits) in [
        (1.0, 4, "0"),
        (0.5, 4, "8"),
        (0.25, 4, "c"),
        (0.1, 4, "e666"),
        (0.01, 4, "fd70a"),
        (1.0 / 3.0, 4, "aaab"),
        (1.0 / 3.0, 14, "aaaaaaaaaaaaac"),
    ] {
        let threshold = Threshold::of_probability(share, precision);
        assert_eq!(threshold.digits(), digits, "{share}");
        assert_eq!(Threshold::parse(digits), Some(threshold));
        let (low, high) = (share * 0.999, share * 1.001);
        assert!(
            (low..high).contains(&threshold.probability()) || precision < 5,
            "{share}"
        );
    }
    assert!(Threshold::of_probability(1e-20, 4) < NEVER);
    assert_eq!(Threshold::parse("xyz"), None);
    assert_eq!(Threshold::parse("012345678901234"), None);
}

#[test]
fn a_tracestate_keeps_what_others_have_in_it() {
    let state = OtelState::parse("a=1,ot=p:8;th:8, b=2").unwrap();
    assert_eq!(state.threshold, Threshold::parse("8"));
    let higher = Threshold::parse("c").unwrap();
    assert_eq!(state.with(higher, None), "ot=th:c;p:8,a=1,b=2");
    assert_eq!(
        OtelState::default().with(higher, Some(0x12)),
        "ot=rv:00000000000012;th:c"
    );
    for wrong in ["ot=th:", "ot=th:G", "ot=rv:12", "ot=th", "ot=th:1,ot=th:1"] {
        assert_eq!(OtelState::parse(wrong), Err(Unreadable), "{wrong}");
    }
}

#[test]
fn every_mode_keeps_its_share_of_whole_traces_and_says_so() {
    let spans = traces(20_000);
    for mode in ["hash_seed", "proportional", "equalizing"] {
        let sampler = sampler(&format!(
            "{{mode: {mode}, sampling_percentage: 25, hash_seed: 22}}"
        ));
        let kept = sampled(&sampler, &spans);
        let share = kept.len() as f64 / spans.len() as f64;
        assert!((0.24..0.26).contains(&share), "{mode}: {share}");
        for span in &kept {
            let state = OtelState::parse(&span.trace_state).unwrap();
            assert_eq!(state.threshold, Threshold::parse("c"), "{mode}");
            let own = randomness_of(span.trace_id);
            let randomness = state.randomness.unwrap_or(own);
            assert!(state.threshold.unwrap().keeps(randomness));
            assert_eq!(state.randomness.is_some(), mode == "hash_seed");
        }
        // Whoever samples after it with the same share keeps all in equalizing mode.
        let again = sampled(&sampler, &kept).len() as f64 / kept.len() as f64;
        match mode {
            "equalizing" => assert_eq!(again, 1.0),
            "proportional" => assert!((0.22..0.28).contains(&again), "{again}"),
            // It wants nothing to do with thresholds.
            _ => assert_eq!(again, 0.0),
        }
    }
}

#[test]
fn a_span_that_says_what_is_to_become_of_it_is_heard() {
    let mut spans = traces(4);
    for (span, priority) in spans.iter_mut().zip([
        AnyValue::Int(1),
        AnyValue::Int(0),
        AnyValue::from("2.5"),
        AnyValue::from("0"),
    ]) {
        span.attributes = vec![("sampling.priority".to_owned(), priority)];
    }
    for percentage in [0, 100] {
        let sampler = sampler(&format!(
            "{{mode: equalizing, sampling_percentage: {percentage}}}"
        ));
        let kept: Vec<_> = sampled(&sampler, &spans)
            .iter()
            .map(|span| span.trace_id)
            .collect();
        assert_eq!(kept, [spans[0].trace_id, spans[2].trace_id]);
    }
}

#[test]
fn what_cannot_be_judged_is_dropped_or_kept_as_told() {
    let mut spans = traces(2);
    spans[0].trace_state = "ot=th:zz".to_owned();
    // Its id says that it should not be here.
    spans[1].trace_state = "ot=th:8".to_owned();
    spans[1].trace_id = TraceId([1; 16]);
    for (closed, count) in [(true, 0), (false, 2)] {
        let text = format!("{{mode: equalizing, sampling_percentage: 100, fail_closed: {closed}}}");
        assert_eq!(sampled(&sampler(&text), &spans).len(), count);
    }
}
