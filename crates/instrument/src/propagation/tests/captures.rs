//! Headers that OpenTelemetry for Node.js and for Python wrote.

use super::super::{Baggage, Propagated};
use super::{SPAN, TRACE, named, written};
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use std::collections::BTreeMap;
use std::path::Path;

type Headers = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

fn capture(name: &str) -> Option<Headers> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/captures")
        .join(format!("propagation_{name}.json"));
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: {} is not there", file.display());
        return None;
    };
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json.as_object_mut().unwrap().remove("client");
    Some(serde_json::from_value(json).unwrap())
}

fn sent(case: &str) -> (TraceId, SpanId, bool) {
    match case {
        "sampled" => (TRACE, SPAN, true),
        "unsampled" => (TRACE, SPAN, false),
        "low64" => (
            TraceId(0xa3ce_929d_0e0e_4736),
            SpanId(0x00f0_67aa_0ba9_02b7),
            true,
        ),
        other => panic!("unknown case {other} in the capture"),
    }
}

/// The name in `OTEL_PROPAGATORS` of a format in the captures.
fn name_of(format: &str) -> &str {
    if format == "b3single" { "b3" } else { format }
}

#[test]
fn what_node_and_python_send_is_understood() {
    for client in ["node2", "py"] {
        let Some(capture) = capture(client) else {
            return;
        };
        for (case, formats) in &capture {
            let (trace_id, span_id, is_sampled) = sent(case);
            for (format, headers) in formats {
                let read = named(name_of(format)).extract(headers);
                let about = format!("{client} {case} {format}");
                if format != "baggage" {
                    assert_eq!(read.span.trace_id, trace_id, "{about}");
                    assert_eq!(read.span.span_id, span_id, "{about}");
                    assert_eq!(read.span.is_sampled(), is_sampled, "{about}");
                }
                if let Some(state) = headers.get("tracestate") {
                    assert_eq!(
                        read.span.trace_state.as_deref(),
                        Some(state.as_str()),
                        "{about}"
                    );
                }
                if format == "baggage" || format == "jaeger" {
                    assert_eq!(read.baggage.get("tenant.id"), Some("acme"), "{about}");
                    assert_eq!(
                        read.baggage.get("user.tier"),
                        Some("gold;é €, x=1"),
                        "{about}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_we_send_is_what_node_sends() {
    let Some(capture) = capture("node2") else {
        return;
    };
    for (case, formats) in &capture {
        let (trace_id, span_id, is_sampled) = sent(case);
        for (format, headers) in formats {
            let propagated = Propagated {
                span: SpanContext {
                    trace_id,
                    span_id,
                    flags: TraceFlags::default().with(TraceFlags::SAMPLED, is_sampled),
                    trace_state: headers.get("tracestate").map(|state| state.as_str().into()),
                    is_remote: false,
                },
                baggage: Baggage::new()
                    .with("tenant.id", "acme")
                    .with("user.tier", "gold;é €, x=1"),
            };
            let mut expected = headers.clone();
            // Jaeger's own clients write the flags without a leading zero.
            if let Some(header) = expected.get_mut("uber-trace-id") {
                *header = header.replace(":0:0", ":0:");
            }
            assert_eq!(
                written(name_of(format), &propagated),
                expected,
                "{case} {format}"
            );
        }
    }
}
