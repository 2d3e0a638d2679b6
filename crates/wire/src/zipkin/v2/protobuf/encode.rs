//! Spans as `ListOfSpans` of Zipkin's protobuf: the reverse of the decoder
//! beside it.

use std::net::{Ipv4Addr, Ipv6Addr};

use tracewell_model::{SpanBatch, SpanKind};

use crate::fields::{put_bytes, put_fixed64, put_message, put_u64};
use crate::zipkin::endpoint::Endpoint;
use crate::zipkin::v2::written::{self, Written};

/// A list of the spans in these rows, in this order.
#[must_use]
pub fn encode(batch: &SpanBatch, rows: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let mut out = Vec::new();
    written::for_each(batch, rows, |span| {
        put_message(&mut out, 0x0a, |out| put_span(out, span));
    });
    out
}

fn put_span(out: &mut Vec<u8>, written: &Written<'_>) {
    let span = written.span;
    put_bytes(out, 0x0a, &span.trace_id().0);
    if let Some(parent) = span.parent_span_id() {
        put_bytes(out, 0x12, &parent.0);
    }
    put_bytes(out, 0x1a, &span.span_id().0);
    put_u64(out, 0x20, kind(span.kind()));
    put_bytes(out, 0x2a, written.name.as_bytes());
    put_fixed64(out, 0x31, written.start_us);
    put_u64(out, 0x38, written.duration_us);
    put_endpoint(out, 0x42, &written.local);
    put_endpoint(out, 0x4a, &written.remote);
    for (at_us, text) in written.annotations() {
        put_message(out, 0x52, |out| {
            put_fixed64(out, 0x09, at_us);
            put_bytes(out, 0x12, text.as_bytes());
        });
    }
    for (key, value) in written.tags() {
        put_message(out, 0x5a, |out| {
            put_bytes(out, 0x0a, key.as_bytes());
            put_bytes(out, 0x12, value.as_bytes());
        });
    }
    put_u64(out, 0x68, u64::from(written.is_shared));
}

/// Writes it, unless nothing is known.
fn put_endpoint(out: &mut Vec<u8>, tag: u8, endpoint: &Endpoint<'_>) {
    if !endpoint.is_known() {
        return;
    }
    put_message(out, tag, |out| {
        put_bytes(out, 0x0a, endpoint.service_in_lower_case().as_bytes());
        if let Some(ip) = parsed::<Ipv4Addr>(&endpoint.ipv4) {
            put_bytes(out, 0x12, &ip.octets());
        }
        if let Some(ip) = parsed::<Ipv6Addr>(&endpoint.ipv6) {
            put_bytes(out, 0x1a, &ip.octets());
        }
        put_u64(out, 0x20, endpoint.port as u64);
    });
}

fn parsed<A: std::str::FromStr>(text: &[u8]) -> Option<A> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Zipkin has no number for the others.
fn kind(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Client => 1,
        SpanKind::Server => 2,
        SpanKind::Producer => 3,
        SpanKind::Consumer => 4,
        SpanKind::Internal | SpanKind::Unspecified => 0,
    }
}
