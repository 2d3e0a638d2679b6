//! How likely it was that a root span would be recorded, as far as it says so
//! itself.
//!
//! OpenTelemetry's consistent sampling writes a threshold into the trace state
//! (`ot=th:…`, specification "TraceState: Probability Sampling"); Jaeger's
//! clients write the tags `sampler.type` and `sampler.param`, OpenTelemetry's
//! sampler for them in Go the same behind `jaeger.`. Most SDKs say nothing.

use tracewell_model::batch::view::{SpanRef, ValueRef};

/// What a root span says of its sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sampling) enum Chance {
    /// It had this chance, above 0.
    Known(f64),
    /// Nothing: it had the share that its client was told.
    Unknown,
    /// It was let through by a floor or a limit, and stands for no other.
    Floor,
}

/// Bits of a threshold.
const THRESHOLD_DIGITS: usize = 14;

impl Chance {
    pub(super) fn of(span: SpanRef<'_>) -> Self {
        if let Some(share) = of_trace_state(span.trace_state()) {
            return Self::Known(share);
        }
        let tag = |names: [&str; 2]| names.into_iter().find_map(|name| span.attribute(name));
        match tag(["sampler.type", "jaeger.sampler.type"]) {
            Some(ValueRef::Str("probabilistic")) => tag(["sampler.param", "jaeger.sampler.param"])
                .and_then(number)
                .filter(|share| *share > 0.0 && *share <= 1.0)
                .map_or(Self::Unknown, Self::Known),
            Some(ValueRef::Str("const")) => Self::Known(1.0),
            Some(ValueRef::Str("lowerbound" | "ratelimiting")) => Self::Floor,
            _ => Self::Unknown,
        }
    }
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Double(share) => Some(share),
        ValueRef::Int(share) => Some(share as f64),
        ValueRef::Str(text) => text.parse().ok(),
        _ => None,
    }
}

/// `vendor=…,ot=th:fd70a4;rv:…`: what is below the threshold is rejected.
fn of_trace_state(state: &str) -> Option<f64> {
    let members = state.split(',').map(str::trim);
    let ours = members.filter_map(|member| member.strip_prefix("ot="));
    let digits = ours
        .flat_map(|value| value.split(';'))
        .find_map(|part| part.strip_prefix("th:"))?;
    if digits.is_empty() || digits.len() > THRESHOLD_DIGITS {
        return None;
    }
    let written = u64::from_str_radix(digits, 16).ok()?;
    let threshold = written << (4 * (THRESHOLD_DIGITS - digits.len()));
    let all = (1u64 << (4 * THRESHOLD_DIGITS)) as f64;
    let share = 1.0 - threshold as f64 / all;
    (share > 0.0).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_model::AnyValue;
    use tracewell_model::batch::view::BatchView;
    use tracewell_testkit::{TestSpan, batch};

    fn chance(trace_state: &str, attributes: &[(&str, AnyValue)]) -> Chance {
        let mut span = TestSpan::new(1, 1, "shop", "buy", 5);
        span.trace_state = trace_state.to_owned();
        let attributes = attributes.iter();
        span.attributes = attributes
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        let batch = batch(&[span]);
        Chance::of(BatchView::new(&batch).span(0))
    }

    #[test]
    fn a_span_says_how_likely_it_was() {
        let text = |text: &str| AnyValue::String(text.to_owned());
        let tags = |kind: &str, param: AnyValue| {
            chance(
                "",
                &[("sampler.type", text(kind)), ("sampler.param", param)],
            )
        };
        // The specification's own examples: 100 %, 50 %, 25 %, 1 %.
        assert_eq!(chance("ot=th:0", &[]), Chance::Known(1.0));
        assert_eq!(chance("ot=th:8", &[]), Chance::Known(0.5));
        assert_eq!(chance("a=1, ot=rv:1;th:c ,b=2", &[]), Chance::Known(0.25));
        let Chance::Known(share) = chance("ot=th:fd70a4", &[]) else {
            panic!("it says 1 %");
        };
        assert!((share - 0.01).abs() < 1e-6, "{share}");
        for nothing in [
            "",
            "ot=rv:1",
            "ot=th:",
            "ot=th:xyz",
            "ot=th:123456789012345",
            "th:8",
        ] {
            assert_eq!(chance(nothing, &[]), Chance::Unknown, "{nothing}");
        }
        assert_eq!(
            tags("probabilistic", AnyValue::Double(0.25)),
            Chance::Known(0.25)
        );
        assert_eq!(tags("probabilistic", text("0.5")), Chance::Known(0.5));
        assert_eq!(tags("probabilistic", AnyValue::Int(1)), Chance::Known(1.0));
        assert_eq!(tags("probabilistic", AnyValue::Int(0)), Chance::Unknown);
        let of_go = [
            ("jaeger.sampler.type", text("probabilistic")),
            ("jaeger.sampler.param", AnyValue::Double(0.5)),
        ];
        assert_eq!(chance("", &of_go), Chance::Known(0.5));
        assert_eq!(tags("const", AnyValue::Bool(true)), Chance::Known(1.0));
        assert_eq!(tags("lowerbound", AnyValue::Double(0.1)), Chance::Floor);
        assert_eq!(tags("ratelimiting", AnyValue::Int(5)), Chance::Floor);
    }
}
