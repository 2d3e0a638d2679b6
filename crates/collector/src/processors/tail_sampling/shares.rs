//! Writes into sampled spans for how many they stand: `ot=th:…` in their tracestate.
//!
//! What came with a span counts as well: of traces of which a fourth came here, and of
//! those a half was sampled, an eighth is left. A threshold is only believed where the
//! randomness of the trace (`rv`, or the end of its id) is not below it. Policies throw
//! a hash of their own, so where it is below, **an `rv` is written that goes with the
//! threshold, the same for all spans of a trace**.

use std::collections::HashMap;
use std::sync::Arc;

use tracewell_model::{SpanBatch, TraceId};

use super::chance::hash_of;
use tracewell_model::trace_state::OtelState;
use tracewell_model::trace_state::threshold::{Threshold, randomness_of};

/// Salts the hash that a randomness is made of: another one than policies throw.
const SALT: &str = "rv";

/// Traces that are not named are left as they are, and so are spans whose tracestate
/// cannot be read.
pub(super) fn write_shares(batch: &mut Arc<SpanBatch>, shares: &HashMap<TraceId, Threshold>) {
    if shares.is_empty() {
        return;
    }
    let spans = batch.spans();
    let states = spans.trace_state.dict.iter();
    let states: Vec<Option<OtelState>> = states.map(|text| OtelState::parse(text).ok()).collect();
    let mut written: Vec<(u32, Arc<str>)> = Vec::new();
    // Spans of a trace stand together, mostly.
    let mut last: Option<((TraceId, u32), Arc<str>)> = None;
    for (row, trace) in spans.trace_id.iter().enumerate() {
        let code = spans.trace_state.codes[row];
        let (Some(share), Some(state)) = (shares.get(trace), &states[code as usize]) else {
            continue;
        };
        let text = match &last {
            Some((of, text)) if *of == (*trace, code) => Arc::clone(text),
            _ => text(state, *trace, *share).into(),
        };
        last = Some(((*trace, code), Arc::clone(&text)));
        written.push((row as u32, text));
    }
    if !written.is_empty() {
        let spans = Arc::make_mut(batch).spans_mut();
        spans.trace_state.set(written);
    }
}

fn text(state: &OtelState, trace: TraceId, share: Threshold) -> String {
    let came = state.threshold.unwrap_or(Threshold::ALWAYS);
    let threshold = came.then(share);
    let randomness = state.randomness.unwrap_or_else(|| randomness_of(trace));
    let mut state = state.clone();
    if !threshold.keeps(randomness) {
        state.randomness = Some(threshold.kept_randomness(hash_of(SALT, trace)));
    }
    state.with(threshold, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_what_was_sampled_are_multiplied() {
        let half = Threshold::parse("8").unwrap();
        // Ids whose last 56 bits are above and below a half.
        let (high, low) = (TraceId([0xff; 16]), TraceId([1; 16]));
        for (trace, came, goes) in [
            (high, "", "ot=th:8"),
            (high, "ot=th:0", "ot=th:8"),
            (high, "ot=th:8", "ot=th:c"),
            (high, "a=b,ot=th:c;x:y,c=d", "ot=th:e;x:y,a=b,c=d"),
            (high, "ot=rv:90000000000000", "ot=rv:90000000000000;th:8"),
        ] {
            let state = OtelState::parse(came).unwrap();
            assert_eq!(text(&state, trace, half), goes, "{came}");
        }
        for (trace, came, threshold) in [
            (low, "", "8"),
            (low, "ot=th:4", "a"),
            (high, "ot=rv:40000000000000;th:4", "a"),
        ] {
            let state = OtelState::parse(came).unwrap();
            let written = OtelState::parse(&text(&state, trace, half)).unwrap();
            let threshold = Threshold::parse(threshold).unwrap();
            assert_eq!(written.threshold, Some(threshold), "{came}");
            assert!(threshold.keeps(written.randomness.unwrap()), "{came}");
        }
    }
}
