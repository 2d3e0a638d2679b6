//! What goes over the wire, as tables: what others sent, what is refused, and
//! that nothing panics.

mod captures;
mod malformed;
mod properties;

use super::{Propagated, Propagators};
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use std::collections::BTreeMap;

const TRACE: TraceId = TraceId(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
const SPAN: SpanId = SpanId(0xb7ad_6b71_6920_3331);

fn span(flags: TraceFlags) -> Propagated {
    let span = SpanContext {
        trace_id: TRACE,
        span_id: SPAN,
        flags,
        ..SpanContext::default()
    };
    Propagated {
        span,
        ..Propagated::default()
    }
}

fn named(names: &str) -> Propagators {
    Propagators::from_names(names).expect("a known name")
}

fn written(names: &str, propagated: &Propagated) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    named(names).inject(propagated, &mut headers);
    headers
}

fn read(names: &str, headers: &[(&str, &str)]) -> Propagated {
    named(names).extract(&headers)
}

/// The ids and flags read, or `-`.
fn read_span(names: &str, headers: &[(&str, &str)]) -> String {
    let span = read(names, headers).span;
    if span.is_valid() {
        assert!(span.is_remote, "{headers:?}");
        format!("{}-{}-{:02x}", span.trace_id, span.span_id, span.flags.0)
    } else {
        "-".to_owned()
    }
}

#[test]
fn names_choose_formats_and_order() {
    let cases = [
        ("", "traceparent tracestate baggage"),
        (
            " baggage , tracecontext,baggage",
            "baggage traceparent tracestate",
        ),
        ("b3", "b3"),
        (
            "b3multi",
            "x-b3-traceid x-b3-spanid x-b3-sampled x-b3-flags",
        ),
        ("jaeger,xray", "uber-trace-id uberctx- x-amzn-trace-id"),
        (
            "ottrace",
            "ot-tracer-traceid ot-tracer-spanid ot-tracer-sampled ot-baggage-",
        ),
        ("none", ""),
    ];
    for (names, fields) in cases {
        assert_eq!(named(names).fields().join(" "), fields, "{names}");
    }
}

#[test]
fn unknown_names_are_errors_that_say_what_is_known() {
    let message = |names| {
        Propagators::from_names(names)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message("tracecontext,B3"),
        "OTEL_PROPAGATORS has `B3`, which is not known; write one or more of \
         tracecontext, baggage, b3, b3multi, jaeger, xray, ottrace, none"
    );
    assert_eq!(
        message("none,b3"),
        "OTEL_PROPAGATORS has `none` beside other names in `none,b3`; \
         write `none` alone or leave it out"
    );
}

#[test]
fn the_last_format_that_finds_a_parent_wins_and_keeps_the_tracestate_of_the_same_span() {
    let traceparent = (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    let state = ("tracestate", "ot=th:8");
    let same = ("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1");
    let other = ("b3", "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-1");
    let same = read("tracecontext,b3", &[traceparent, state, same]);
    assert_eq!(same.span.trace_state.as_deref(), Some("ot=th:8"));
    let other = read("tracecontext,b3", &[traceparent, state, other]);
    assert_eq!(other.span.span_id, SpanId(0x00f0_67aa_0ba9_02b7));
    assert_eq!(other.span.trace_state, None);
}

#[test]
fn debug_is_passed_on_and_never_put_into_w3c() {
    let debug = TraceFlags(0x83);
    let headers = |names| {
        written(names, &span(debug))
            .into_values()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
    assert_eq!(headers("b3"), format!("{ids}-d"));
    assert_eq!(
        headers("b3multi"),
        "1 b7ad6b7169203331 0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(headers("tracecontext"), format!("00-{ids}-03"));
    assert_eq!(
        headers("jaeger"),
        "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:3"
    );
}

#[test]
fn a_refusal_without_ids_reaches_everybody_behind() {
    for headers in [
        ("b3", "0"),
        ("x-b3-sampled", "0"),
        ("X-B3-Sampled", "false"),
    ] {
        let propagated = read("b3", &[headers]);
        assert!(
            propagated.span.is_valid() && !propagated.span.is_sampled(),
            "{headers:?}"
        );
        assert!(
            written("b3", &propagated)["b3"].ends_with("-0"),
            "{headers:?}"
        );
    }
}

#[test]
fn carriers_match_names_without_regard_to_case_and_replace_on_inject() {
    let mut map = std::collections::HashMap::from([("TraceParent".to_owned(), "old".to_owned())]);
    let mut pairs = vec![("TraceParent".to_owned(), "old".to_owned())];
    let propagated = span(TraceFlags::SAMPLED);
    named("tracecontext").inject(&propagated, &mut map);
    named("tracecontext").inject(&propagated, &mut pairs);
    assert_eq!((map.len(), pairs.len()), (1, 1));
    assert_eq!(named("tracecontext").extract(&map).span.span_id, SPAN);
    assert_eq!(named("tracecontext").extract(&pairs).span.span_id, SPAN);
}

#[test]
fn http_headers_carry_every_format() {
    let mut propagated = span(TraceFlags::SAMPLED);
    propagated.baggage = propagated
        .baggage
        .with("tenant.id", "acme")
        .with("not a token", "x");
    for names in [
        "tracecontext,baggage",
        "b3,baggage",
        "b3multi,baggage",
        "jaeger",
        "xray,baggage",
        "ottrace",
    ] {
        let mut headers = http::HeaderMap::new();
        named(names).inject(&propagated, &mut headers);
        let back = named(names).extract(&headers);
        assert_eq!(
            (back.span.trace_id, back.span.span_id),
            (TRACE, SPAN),
            "{names}"
        );
        assert!(back.span.is_sampled(), "{names}");
        assert_eq!(back.baggage.get("tenant.id"), Some("acme"), "{names}");
        assert_eq!(back.baggage.len(), 1, "{names}");
    }
}
