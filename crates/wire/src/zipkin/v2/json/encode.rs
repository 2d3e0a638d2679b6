//! Spans in Zipkin's JSON, version 2: the reverse of the decoder beside it.

use tracewell_model::{SpanBatch, SpanKind};

use crate::json::members::{Members, object};
use crate::zipkin::endpoint::Endpoint;
use crate::zipkin::v2::written::{self, Written};

/// A list of the spans in these rows, in this order.
#[must_use]
pub fn encode(batch: &SpanBatch, rows: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let mut out = vec![b'['];
    written::for_each(batch, rows, |span| {
        if out.len() > 1 {
            out.push(b',');
        }
        put_span(&mut out, span);
    });
    out.push(b']');
    out
}

fn put_span(out: &mut Vec<u8>, written: &Written<'_>) {
    let span = written.span;
    object(out, |members| {
        members.quoted("traceId", span.trace_id().to_short_hex());
        if let Some(parent) = span.parent_span_id() {
            members.quoted("parentId", parent);
        }
        members.quoted("id", span.span_id());
        if let Some(kind) = kind(span.kind()) {
            members.always_text("kind", kind);
        }
        members.text("name", &written.name);
        for (name, us) in [
            ("timestamp", written.start_us),
            ("duration", written.duration_us),
        ] {
            if us > 0 {
                members.bare(name, us);
            }
        }
        put_endpoint(members, "localEndpoint", &written.local);
        put_endpoint(members, "remoteEndpoint", &written.remote);
        let mut annotations = written.annotations().peekable();
        if annotations.peek().is_some() {
            members.list("annotations", annotations, |out, (at_us, text)| {
                object(out, |annotation| {
                    annotation.bare("timestamp", at_us);
                    annotation.always_text("value", &text);
                });
            });
        }
        let mut tags = written.tags().peekable();
        if tags.peek().is_some() {
            members.value("tags", |out| {
                object(out, |members| {
                    for (key, value) in tags {
                        members.always_text(&key, &value);
                    }
                });
            });
        }
        if written.is_shared {
            members.bare("shared", true);
        }
    });
}

/// Writes it, unless nothing is known.
fn put_endpoint(members: &mut Members<'_>, name: &str, endpoint: &Endpoint<'_>) {
    if !endpoint.is_known() {
        return;
    }
    members.value(name, |out| {
        object(out, |members| {
            members.text("serviceName", &endpoint.service_in_lower_case());
            members.text("ipv4", &String::from_utf8_lossy(&endpoint.ipv4));
            members.text("ipv6", &String::from_utf8_lossy(&endpoint.ipv6));
            if endpoint.port != 0 {
                members.bare("port", endpoint.port);
            }
        });
    });
}

/// Zipkin has no name for the others.
fn kind(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Server => Some("SERVER"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
        SpanKind::Internal | SpanKind::Unspecified => None,
    }
}
