//! Thresholds: what is kept, and what the tracestate says of it.

use super::*;

fn state(decision: &SamplingDecision) -> &str {
    decision.trace_state.as_deref().unwrap_or("-")
}

#[test]
fn a_ratio_keeps_its_part_and_smaller_ratios_keep_subsets() {
    let samplers = [1.0, 0.5, 0.1, 0.01].map(Ratio::new);
    let mut kept = [0u32; 4];
    for random in randoms().take(100_000) {
        let is_kept = samplers
            .each_ref()
            .map(|sampler| sampler.decide(&root(random)).is_sampled);
        assert!(
            is_kept.is_sorted_by(|more, less| more >= less),
            "{random:x}: {is_kept:?}"
        );
        for (count, is_kept) in kept.iter_mut().zip(is_kept) {
            *count += u32::from(is_kept);
        }
    }
    for (count, expected) in kept.iter().zip([100_000, 50_000, 10_000, 1_000]) {
        assert!(count.abs_diff(expected) <= expected / 10, "{kept:?}");
    }
}

#[test]
fn what_is_kept_says_by_which_threshold_and_keeps_what_others_wrote() {
    let half = Ratio::new(0.5);
    let mid = root(0x80_0000_0000_0000);
    assert_eq!(state(&half.decide(&mid)), "ot=th:8");
    for (before, is_sampled, after) in [
        ("a=1", true, "ot=th:8,a=1"),
        ("a=1,ot=th:0,b=2", true, "ot=th:8,a=1,b=2"),
        ("a=1,ot=th:8", true, "a=1,ot=th:8"),
        (
            "ot=x:y;th:4;rv:ffffffffffffff",
            true,
            "ot=th:8;x:y;rv:ffffffffffffff",
        ),
        // Explicit randomness is what counts, unless it is malformed.
        ("ot=rv:00000000000001", false, "ot=rv:00000000000001"),
        ("ot=rv:1", true, "ot=th:8;rv:1"),
        ("ot=rv:0000000000000G", true, "ot=th:8;rv:0000000000000G"),
    ] {
        let parent = parent(TraceFlags::SAMPLED, true, before);
        let decision = half.decide(&child(&parent));
        assert_eq!(
            (decision.is_sampled, state(&decision)),
            (is_sampled, after),
            "{before}"
        );
    }
}

#[test]
fn a_parent_that_decided_is_followed() {
    let sampler = ParentBased::new(Arc::new(Ratio::new(0.5)));
    let deferred = TraceFlags::DEFERRED;
    // The trace's randomness is just what a half keeps.
    for (flags, is_remote, before, is_sampled, after) in [
        (TraceFlags::SAMPLED, true, "a=1", true, "a=1"),
        (TraceFlags::SAMPLED, false, "ot=th:c", true, "ot=th:c"),
        (TraceFlags::SAMPLED, true, "ot=th:4", true, "ot=th:4"),
        (TraceFlags::SAMPLED, true, "ot=th:8", true, "ot=th:8"),
        // Kept by a caller although its own threshold says no.
        (
            TraceFlags::SAMPLED,
            true,
            "ot=th:c;x:y,a=1",
            true,
            "ot=x:y,a=1",
        ),
        (TraceFlags::SAMPLED, true, "ot=th:c", true, "-"),
        (TraceFlags::default(), true, "ot=th:0", false, "ot=th:0"),
        (TraceFlags::default(), false, "", false, "-"),
        (deferred, true, "", true, "ot=th:8"),
    ] {
        let parent = parent(flags, is_remote, before);
        let decision = sampler.decide(&child(&parent));
        assert_eq!(
            (decision.is_sampled, state(&decision)),
            (is_sampled, after),
            "{flags:?} {before}"
        );
    }
    let opposite = ParentBased::new(Arc::new(AlwaysOn))
        .remote_sampled(Arc::new(AlwaysOff))
        .remote_not_sampled(Arc::new(AlwaysOn));
    let yes = parent(TraceFlags::SAMPLED, true, "");
    let no = parent(TraceFlags::default(), true, "");
    assert!(!opposite.decide(&child(&yes)).is_sampled);
    assert!(opposite.decide(&child(&no)).is_sampled);
}
