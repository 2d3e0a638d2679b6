//! What is wrong with a section, and what it is read as.

use std::time::Duration;

use super::rig::read;

#[test]
fn defaults_are_those_of_the_collector() {
    let config = read("{policies: [{name: a, type: always_sample}]}").unwrap();
    assert_eq!(config.decision_wait, Duration::from_secs(30));
    assert_eq!(config.decision_wait_after_root, None);
    assert_eq!(config.num_traces, 50_000);
    assert_eq!(
        [config.sampled_cache_size, config.non_sampled_cache_size],
        [50_000, 50_000]
    );
    assert_eq!(config.maximum_trace_size_bytes, 0);
}

#[test]
fn every_field_of_the_collector_is_known() {
    let config = read(
        "{decision_wait: 10s, decision_wait_after_root_received: 1s, num_traces: 10,
          block_on_overflow: true, expected_new_traces_per_sec: 5, num_shards: 4,
          sampling_strategy: trace-complete, sample_on_first_match: true,
          drop_pending_traces_on_shutdown: true, maximum_trace_size_bytes: 1000,
          decision_cache: {sampled_cache_size: 100, non_sampled_cache_size: 5},
          tail_storage: file_storage/tail,
          policies: [{name: a, type: always_sample, always_sample: {}}]}",
    )
    .unwrap();
    assert_eq!(
        config.decision_wait_after_root,
        Some(Duration::from_secs(1))
    );
    assert_eq!(
        [config.sampled_cache_size, config.non_sampled_cache_size],
        [100, 10]
    );
    assert_eq!(
        config.tail_storage.unwrap().id.to_string(),
        "file_storage/tail"
    );
}

#[test]
fn mistakes_say_what_to_write() {
    for (policies, expected) in [
        ("", "p.policies is missing or empty"),
        ("{type: always_sample}", "p.policies[0].name is missing"),
        ("{name: a}", "p.policies[0].type is missing"),
        (
            "{name: a, type: always_samples}",
            "p.policies[0].type: there is no policy \"always_samples\"; did you mean always_sample?",
        ),
        (
            "{name: a, type: my_extension}",
            "there is no policy \"my_extension\"; there are always_sample, latency",
        ),
        (
            "{name: a, type: always_sample}, {name: a, type: trace_flags}",
            "\"a\" is the name of two policies",
        ),
        (
            "{name: a, type: latency}",
            "p.policies[0].latency is missing",
        ),
        (
            "{name: a, type: latency, latency: {threshold_ms: 5, upper_threshold_ms: 5}}",
            "p.policies[0].latency.upper_threshold_ms: 5 is not above threshold_ms, 5",
        ),
        (
            "{name: a, type: status_code, status_code: {status_codes: [BAD]}}",
            "\"BAD\" is not one of OK, ERROR, UNSET",
        ),
        (
            "{name: a, type: string_attribute, string_attribute: {values: [x]}}",
            "string_attribute.key is missing",
        ),
        (
            "{name: a, type: string_attribute, string_attribute: {key: k}}",
            "string_attribute.values is missing",
        ),
        (
            "{name: a, type: string_attribute, string_attribute: {key: k, values: ['('], enabled_regex_matching: true}}",
            "\"(\" is not a pattern",
        ),
        (
            "{name: a, type: rate_limiting, rate_limiting: {}}",
            "rate_limiting.spans_per_second is missing",
        ),
        (
            "{name: a, type: and, and: {and_sub_policy: [{name: b, type: drop, drop: {}}]}}",
            "drop stands only among the policies themselves",
        ),
        (
            "{name: a, type: not, not: {}}",
            "not.not_sub_policy is missing",
        ),
        (
            "{name: a, type: composite, composite: {policy_order: [z], composite_sub_policy: [{name: b, type: always_sample}]}}",
            "policy_order: there is no sub-policy \"z\"",
        ),
        (
            "{name: a, type: ottl_condition, ottl_condition: {span: ['name =']}}",
            "ottl_condition.span: column",
        ),
        (
            "{name: a, type: ottl_condition, ottl_condition: {}}",
            "ottl_condition.span is missing",
        ),
        (
            "{name: a, type: trace_flags, latency: {threshold_ms: 5}}",
            "unknown key p.policies[0].latency",
        ),
    ] {
        let mistakes = read(&format!("{{policies: [{policies}]}}")).expect_err(policies);
        assert!(
            mistakes.iter().any(|mistake| mistake.contains(expected)),
            "{policies}: {mistakes:?}"
        );
    }
    let strategy = "{sampling_strategy: span-ingest, policies: [{name: a, type: always_sample}]}";
    let mistakes = read(strategy).unwrap_err();
    assert!(mistakes[0].contains("sampling_strategy: \"span-ingest\" is not served"));
}
