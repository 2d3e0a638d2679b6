//! That no header does harm, and that what is written is read back.

use super::super::{Baggage, Propagated};
use super::{named, written};
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use proptest::prelude::*;

const ALL: &str = "tracecontext,baggage,b3,b3multi,jaeger,xray,ottrace";
const HEADERS: [&str; 15] = [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
    "uberctx-key",
    "x-amzn-trace-id",
    "ot-tracer-traceid",
    "ot-tracer-spanid",
    "ot-tracer-sampled",
    "ot-baggage-key",
];

/// Text near to what the formats look like, and any text at all.
fn header() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9a-fA-F:;=,%+@ -]{0,80}",
        "(00|ff|01)-[0-9a-f]{31,33}-[0-9a-f]{15,17}-[0-9a-f]{1,3}[-]?",
        "Root=1-[0-9a-f]{7,9}-[0-9a-f]{23,25};Parent=[0-9a-f]{16}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_read_can_be_written_and_read_again(
        headers in prop::collection::vec((prop::sample::select(&HEADERS[..]), header()), 0..8)
    ) {
        let read = named(ALL).extract(&headers);
        // Mere flags, where the ids are missing, are not a span.
        prop_assert!(read.span.is_valid() || read.span == SpanContext::default());
        let again = named(ALL).extract(&written(ALL, &read));
        prop_assert_eq!(again.span.trace_id, read.span.trace_id);
        prop_assert_eq!(again.span.span_id, read.span.span_id);
        prop_assert_eq!(again.span.trace_state, read.span.trace_state);
    }

    #[test]
    fn what_is_sent_arrives(
        trace_id in 1u128.., span_id in 1u64.., is_sampled: bool, value in ".{0,40}",
    ) {
        let flags = TraceFlags::default().with(TraceFlags::SAMPLED, is_sampled);
        let sent = Propagated {
            span: SpanContext {
                trace_id: TraceId(trace_id), span_id: SpanId(span_id), flags,
                trace_state: None, is_remote: true,
            },
            baggage: Baggage::new().with("key", value),
        };
        for names in ["tracecontext,baggage", "b3,baggage", "b3multi,baggage", "jaeger", "xray,baggage", "ottrace"] {
            prop_assert_eq!(&named(names).extract(&written(names, &sent)), &sent, "{}", names);
        }
    }
}
