//! OpenTelemetry's member of the tracestate.
//!
//! ```text
//! tracestate: ot=th:fd70a;rv:0123456789abcd;other:value
//!                threshold   randomness        kept as it is
//! ```
//!
//! It exists so that the probability travels with the trace. It must never
//! drop what it does not know.
//! (OpenTelemetry specification, Tracestate handling.)

use super::threshold::{Threshold, parse_randomness};
use super::{SamplingDecision, SamplingQuestion};
use crate::context::SpanContext;
use crate::propagation::trace_state;
use std::sync::Arc;

const KEY: &str = "ot";
const MAX_VALUE_BYTES: usize = 256;

/// The value of sub-key `name` in the parent's member.
fn sub_value<'a>(parent: Option<&'a SpanContext>, name: &str) -> Option<&'a str> {
    let list = parent?.trace_state.as_deref()?;
    let value = trace_state::get(list, KEY)?;
    value
        .split(';')
        .filter_map(|pair| pair.split_once(':'))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The 56 bits to compare: those of `rv`, or of the trace id.
pub(super) fn randomness(question: &SamplingQuestion<'_>) -> u64 {
    let explicit = sub_value(question.parent, "rv").and_then(parse_randomness);
    explicit.unwrap_or_else(|| question.trace_id.randomness())
}

/// The parent's threshold.
pub(super) fn threshold(parent: &SpanContext) -> Option<Threshold> {
    sub_value(Some(parent), "th").and_then(Threshold::parse)
}

/// Keeps the span if its randomness reaches `threshold`, which then goes into
/// its tracestate.
pub(super) fn keep_above(
    threshold: Option<Threshold>,
    question: &SamplingQuestion<'_>,
) -> SamplingDecision {
    match threshold.filter(|threshold| threshold.keeps(randomness(question))) {
        Some(threshold) => SamplingDecision::new(true, with_threshold(question, Some(threshold))),
        None => SamplingDecision::new(false, question.trace_state()),
    }
}

/// The parent's tracestate with this threshold, or with none where the span is
/// kept for a reason that is not probability.
pub(super) fn with_threshold(
    question: &SamplingQuestion<'_>,
    threshold: Option<Threshold>,
) -> Option<Arc<str>> {
    let list = question
        .parent
        .and_then(|parent| parent.trace_state.as_deref());
    let is_unchanged = match (question.parent, threshold) {
        (None, None) => true,
        (Some(parent), threshold) => self::threshold(parent) == threshold && list.is_some(),
        (None, Some(_)) => false,
    };
    if is_unchanged {
        return question.trace_state();
    }
    let mut value = threshold
        .map(|threshold| format!("th:{}", threshold.digits()))
        .unwrap_or_default();
    let old = list
        .and_then(|list| trace_state::get(list, KEY))
        .unwrap_or_default();
    for pair in old
        .split(';')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("th:"))
    {
        if value.len() + 1 + pair.len() <= MAX_VALUE_BYTES {
            if !value.is_empty() {
                value.push(';');
            }
            value.push_str(pair);
        }
    }
    trace_state::with(
        list,
        KEY,
        Some(value.as_str()).filter(|value| !value.is_empty()),
    )
}
