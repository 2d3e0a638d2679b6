//! A bad span costs itself alone, and the sender learns why.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tracewell_wire::otlp::{json, protobuf};
use tracewell_wire::{Decoded, RejectReason};

fn span(number: u8) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![number; 8],
        name: format!("span {number}"),
        events: vec![Event::default()],
        links: vec![Link::default()],
        ..Span::default()
    }
}

/// Good spans with the changed one in the middle of them.
fn request_with(change: impl Fn(&mut Span)) -> Vec<u8> {
    let mut spans: Vec<Span> = (1..=9).map(span).collect();
    change(&mut spans[4]);
    let of_scope = |spans| ScopeSpans {
        spans,
        ..ScopeSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![of_scope(vec![]), of_scope(spans)],
            ..ResourceSpans::default()
        }],
    }
    .encode_to_vec()
}

fn assert_alone(decoded: &Decoded, reason: RejectReason, message: &str) {
    assert_eq!(decoded.rejected.iter().collect::<Vec<_>>(), [(reason, 1)]);
    assert_eq!(decoded.rejected.message().unwrap(), message);
    let numbers = [1, 2, 3, 4, 6, 7, 8, 9];
    let ids = decoded.batch.spans().span_id.iter().map(|id| id.0);
    assert_eq!(ids.collect::<Vec<_>>(), numbers.map(|n| [n; 8]));
    // Its events and links went with it.
    assert_eq!(decoded.batch.events().span_row, (0..8).collect::<Vec<_>>());
    assert_eq!(decoded.batch.links().span_row, (0..8).collect::<Vec<_>>());
}

type Change = fn(&mut Span);

#[test]
fn a_bad_id_costs_one_span() {
    let cases: [(Change, RejectReason, &str); 6] = [
        (
            |span| span.trace_id = vec![1; 15],
            RejectReason::TraceId,
            "trace_id must be 16 bytes, got 15",
        ),
        (
            |span| span.trace_id = vec![0; 16],
            RejectReason::TraceId,
            "trace_id is all zeros",
        ),
        (
            |span| span.span_id = vec![1; 4],
            RejectReason::SpanId,
            "span_id must be 8 bytes, got 4",
        ),
        (
            |span| span.span_id.clear(),
            RejectReason::SpanId,
            "span_id must be 8 bytes, got 0",
        ),
        (
            |span| span.parent_span_id = vec![1; 16],
            RejectReason::ParentSpanId,
            "parent_span_id must be 8 bytes, got 16",
        ),
        (
            |span| span.links[0].span_id = vec![1],
            RejectReason::LinkId,
            "span_id of a link must be 8 bytes, got 1",
        ),
    ];
    for (change, reason, fault) in cases {
        let decoded = protobuf::decode(&request_with(change)).unwrap();
        let message = format!("1 span rejected: {fault} (resource 0, scope 1, span 4)");
        assert_alone(&decoded, reason, &message);
    }
}

#[test]
fn json_rejects_alone_too() {
    let body = |span: &str| {
        let good = r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"}"#;
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{good},{span},{good}]}}]}}]}}"#)
    };
    let id = r#""traceId":"0102030405060708090a0b0c0d0e0f10""#;
    let ids = r#""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708""#;
    let cases = [
        (
            r#"{"traceId":"0102","spanId":"0102030405060708"}"#.to_owned(),
            RejectReason::TraceId,
            "trace_id must be 32 hexadecimal digits, got 4",
        ),
        (
            format!(r#"{{{id},"spanId":"0000000000000000"}}"#),
            RejectReason::SpanId,
            "span_id is all zeros",
        ),
        (
            format!(r#"{{{id},"spanId":"010203040506070x"}}"#),
            RejectReason::SpanId,
            "span_id has a character that is not hexadecimal",
        ),
        (
            format!(r#"{{{id}}}"#),
            RejectReason::SpanId,
            "span_id must be 8 bytes, got 0",
        ),
        (
            format!(r#"{{{ids},"parentSpanId":"01"}}"#),
            RejectReason::ParentSpanId,
            "parent_span_id must be 16 hexadecimal digits, got 2",
        ),
        (
            format!(r#"{{{ids},"links":[{{"traceId":"01"}}]}}"#),
            RejectReason::LinkId,
            "trace_id of a link must be 32 hexadecimal digits, got 2",
        ),
    ];
    for (span, reason, fault) in cases {
        let decoded = json::decode(body(&span).as_bytes()).unwrap();
        assert_eq!(
            decoded.rejected.iter().collect::<Vec<_>>(),
            [(reason, 1)],
            "{span}"
        );
        let message = format!("1 span rejected: {fault} (resource 0, scope 0, span 1)");
        assert_eq!(decoded.rejected.message().unwrap(), message);
        assert_eq!(decoded.batch.len(), 2, "{span}");
    }
}
