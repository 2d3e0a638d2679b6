//! What each sampler keeps, in virtual time and over many traces.

mod consistent;
mod per_second;
#[cfg(feature = "jaeger-remote")]
mod remote;

use super::*;
use crate::context::{SpanId, TraceFlags};
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that tests set.
#[derive(Debug, Default)]
struct SetClock(AtomicU64);

impl SetClock {
    fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms * 1_000_000, Ordering::Relaxed);
    }
}

impl SamplingClock for SetClock {
    fn now_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A root of the trace with this randomness.
fn root(trace_id: u64) -> SamplingQuestion<'static> {
    SamplingQuestion {
        kind: SpanKind::Server,
        service: "shop",
        ..SamplingQuestion::root(TraceId((7 << 64) | u128::from(trace_id)), "GET /")
    }
}

fn parent(flags: TraceFlags, is_remote: bool, trace_state: &str) -> SpanContext {
    SpanContext {
        trace_id: root(0x80_0000_0000_0000).trace_id,
        span_id: SpanId(1),
        flags,
        trace_state: Some(trace_state.into()).filter(|_| !trace_state.is_empty()),
        is_remote,
    }
}

fn child(parent: &SpanContext) -> SamplingQuestion<'_> {
    SamplingQuestion {
        parent: Some(parent),
        trace_id: parent.trace_id,
        ..root(0)
    }
}

/// Numbers that look random and are the same in every run (splitmix64).
fn randoms() -> impl Iterator<Item = u64> {
    (1u64..).map(|i| {
        let mut x = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    })
}

#[test]
fn the_environment_names_samplers() {
    let of = |name, argument| sampler_from_names(name, argument, "shop").unwrap();
    let half = of(Some("traceidratio"), Some("0.5"));
    assert!(half.decide(&root(0x80_0000_0000_0000)).is_sampled);
    assert!(!half.decide(&root(0x7f_ffff_ffff_ffff)).is_sampled);
    let refused = parent(TraceFlags::default(), true, "");
    for (name, argument, root_kept, refused_kept) in [
        (None, None, true, false),
        (Some(""), Some(""), true, false),
        (Some("always_on"), None, true, true),
        (Some("always_off"), None, false, false),
        (Some("traceidratio"), None, true, true),
        (Some("traceidratio"), Some("0"), false, false),
        (Some("parentbased_always_on"), None, true, false),
        (Some("parentbased_always_off"), None, false, false),
        (Some("parentbased_traceidratio"), Some(" 1.0 "), true, false),
    ] {
        let sampler = of(name, argument);
        assert_eq!(
            sampler.decide(&root(1)).is_sampled,
            root_kept,
            "{name:?} {argument:?}"
        );
        assert_eq!(
            sampler.decide(&child(&refused)).is_sampled,
            refused_kept,
            "{name:?}"
        );
    }
}

#[test]
fn values_that_are_not_understood_are_errors_that_name_the_variable() {
    let message = |name, argument| {
        sampler_from_names(Some(name), Some(argument), "shop")
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message("parentbased_sometimes", ""),
        "OTEL_TRACES_SAMPLER is `parentbased_sometimes`, which is not known; write always_on, \
         always_off, traceidratio, jaeger_remote, or one of these after parentbased_"
    );
    for argument in ["1.1", "-0.1", "NaN", "half", "1%"] {
        assert_eq!(
            message("traceidratio", argument),
            format!(
                "OTEL_TRACES_SAMPLER_ARG is `{argument}`; traceidratio takes a number from 0 to 1"
            )
        );
    }
}
