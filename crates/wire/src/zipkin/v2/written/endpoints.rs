//! Where a span was recorded, and whom it talked to: endpoints again, where
//! the attributes are those that the decoder makes of them.

use std::net::{Ipv4Addr, Ipv6Addr};

use tracewell_model::{SpanRef, ValueRef};

use crate::zipkin::endpoint::{Endpoint, LOCAL, Names, REMOTE};

/// Today's name of `peer.service` and that name.
const PEER_SERVICE: [&str; 2] = ["peer.service", "service.peer.name"];

/// The service that recorded the span.
pub(super) fn local(span: SpanRef<'_>) -> Endpoint<'_> {
    with_address(span.service(), span, &LOCAL)
}

/// Whom it called, or who called.
pub(super) fn remote(span: SpanRef<'_>) -> Endpoint<'_> {
    let named = PEER_SERVICE.iter().find_map(|key| text(span, key));
    with_address(named.unwrap_or_default(), span, &REMOTE)
}

/// Address and port become an endpoint together or stay tags together: the
/// decoder takes both from one place. Text for a port was a tag.
fn with_address<'a>(service: &'a str, span: SpanRef<'a>, names: &Names) -> Endpoint<'a> {
    let unplaced = Endpoint {
        service: service.as_bytes().into(),
        ..Endpoint::default()
    };
    let mut endpoint = unplaced.clone();
    match span.attribute(names.port) {
        None => {}
        Some(ValueRef::Int(port @ 1..=65_535)) => endpoint.port = port,
        Some(_) => return unplaced,
    }
    match text(span, names.ip) {
        Some(ip) if ip.parse::<Ipv4Addr>().is_ok() => {
            endpoint.ipv4 = ip.as_bytes().into();
            let second = text(span, names.ipv6).filter(|ip| ip.parse::<Ipv6Addr>().is_ok());
            endpoint.ipv6 = second.unwrap_or_default().as_bytes().into();
        }
        Some(ip) if ip.parse::<Ipv6Addr>().is_ok() => endpoint.ipv6 = ip.as_bytes().into(),
        None if span.attribute(names.ip).is_none() => {}
        _ => return unplaced,
    }
    endpoint
}

/// An attribute that is a text and not empty.
fn text<'a>(span: SpanRef<'a>, key: &str) -> Option<&'a str> {
    match span.attribute(key) {
        Some(ValueRef::Str(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}
