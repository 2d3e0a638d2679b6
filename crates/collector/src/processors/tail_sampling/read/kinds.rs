//! What each kind of policy is told. **A policy that could never say yes because
//! something was left out is a mistake.**

use std::sync::Arc;

use regex::Regex;
use tracewell_ottl::{Compiler, Context};

use crate::processors::tail_sampling::bucket::Bucket;
use crate::processors::tail_sampling::chance::Chance;
use crate::processors::tail_sampling::condition::{SpanCondition, Texts};
use crate::processors::tail_sampling::rule::Rule;
use crate::written::fields::Fields;
use crate::written::fields::nested::pattern_mistake;

/// What the Collector salts the hash with.
const HASH_SALT: &str = "default-hash-seed";

pub(super) fn latency(section: &Fields<'_>) -> Option<Rule> {
    let ms = |name| i64::try_from(section.number(name, 0, 0)).unwrap_or(i64::MAX);
    let (over_ms, up_to_ms) = (ms("threshold_ms"), ms("upper_threshold_ms"));
    if up_to_ms != 0 && up_to_ms <= over_ms {
        section.mistake(format!(
            "{}: {up_to_ms} is not above threshold_ms, {over_ms}; raise it, or leave it out",
            section.path("upper_threshold_ms")
        ));
        return None;
    }
    Some(Rule::Latency {
        over_ms,
        up_to_ms: Some(up_to_ms).filter(|ms| *ms != 0),
    })
}

pub(super) fn probabilistic(section: &Fields<'_>) -> Rule {
    let salt = section.text("hash_salt").map(|salt| salt.text);
    let salt = salt.filter(|salt| !salt.is_empty());
    let percentage = section.fraction("sampling_percentage", 0.0);
    Rule::Chance(Chance::new(
        salt.as_deref().unwrap_or(HASH_SALT),
        percentage,
    ))
}

pub(super) fn span_count(section: &Fields<'_>) -> Rule {
    let most = section.number("max_spans", 0, 0);
    Rule::SpanCount {
        least: section.number("min_spans", 0, 0),
        most: Some(most).filter(|most| *most != 0),
    }
}

pub(super) fn bucket(section: &Fields<'_>, name: &'static str) -> Bucket {
    let per_second = section.number(name, 0, 1);
    if !section.has(name) {
        let path = section.path(name);
        section.mistake(format!("{path} is missing: how many may pass in a second"));
    }
    let twice = per_second.saturating_mul(2);
    let capacity = section.number("burst_capacity", twice, 0);
    Bucket::new(per_second, if capacity == 0 { twice } else { capacity })
}

pub(super) fn status_codes(section: &Fields<'_>) -> Option<SpanCondition> {
    let mut codes = Vec::new();
    let written = section.list("status_codes");
    for code in &written {
        match code.text.as_str() {
            "UNSET" => codes.push(0),
            "OK" => codes.push(1),
            "ERROR" => codes.push(2),
            other => {
                let path = section.path("status_codes");
                let message = format!("{path}: {other:?} is not one of OK, ERROR, UNSET");
                section.reading().mistake(code.location, message);
            }
        }
    }
    if written.is_empty() {
        let path = section.path("status_codes");
        section.mistake(format!(
            "{path} is missing; one or more of OK, ERROR, UNSET"
        ));
        return None;
    }
    Some(SpanCondition::StatusCode(codes))
}

pub(super) fn ottl(section: &Fields<'_>) -> Option<SpanCondition> {
    // What fails on a span does not hold for it, whatever the mode.
    section.has("error_mode");
    let compiler = Compiler::default();
    let (mut conditions, mut written) = (Vec::new(), 0);
    for (name, context) in [("span", Context::Span), ("spanevent", Context::SpanEvent)] {
        for line in section.lines(name) {
            written += 1;
            match compiler.condition(&line.text, context) {
                Ok(condition) => conditions.push(condition),
                Err(mistake) => {
                    let message = format!("{}: {mistake}", section.path(name));
                    section.reading().mistake(line.location, message);
                }
            }
        }
    }
    if written == 0 {
        let path = section.path("span");
        section.mistake(format!(
            "{path} is missing, and spanevent; write one at least"
        ));
    }
    Some(SpanCondition::Ottl(Arc::new(conditions)))
}

pub(super) fn texts(section: &Fields<'_>) -> Option<Texts> {
    // Sizes a cache of ours that is not there: each distinct text is asked once a batch.
    section.has("cache_max_size");
    let mut written = section.lines("values");
    written.retain(|value| !value.text.is_empty());
    if written.is_empty() {
        let path = section.path("values");
        section.mistake(format!(
            "{path} is missing or empty; write the texts to look for"
        ));
        return None;
    }
    if !section.switch("enabled_regex_matching", false) {
        return Some(Texts::Exactly(
            written.into_iter().map(|v| v.text).collect(),
        ));
    }
    let mut patterns = Vec::new();
    for value in written {
        match Regex::new(&value.text) {
            Ok(pattern) => patterns.push(pattern),
            Err(why) => {
                let path = section.path("values");
                let message = format!("{path}: {}", pattern_mistake(&value.text, &why));
                section.reading().mistake(value.location, message);
            }
        }
    }
    Some(Texts::Matching(patterns))
}
