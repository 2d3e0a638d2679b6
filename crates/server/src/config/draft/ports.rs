//! Ports that may be off, and when two of them are in each other's way.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Places;
use crate::config::value::PortAndHost;
use tracewell_collector::written::Place;

/// Ports of Jaeger's protocols; `None` where one is off.
#[derive(Debug, Default)]
pub(in super::super) struct JaegerPorts {
    pub(in super::super) grpc: Option<PortAndHost>,
    pub(in super::super) thrift_http: Option<PortAndHost>,
    pub(in super::super) thrift_compact: Option<PortAndHost>,
    pub(in super::super) thrift_binary: Option<PortAndHost>,
    pub(in super::super) zipkin_compact: Option<PortAndHost>,
}

/// Ports of health and metrics; `None` where one is off.
#[derive(Debug, Default)]
pub(in super::super) struct AdminPorts {
    pub(in super::super) collector: Option<PortAndHost>,
    pub(in super::super) query: Option<PortAndHost>,
    pub(in super::super) health_check: Option<PortAndHost>,
}

/// What clients are told that ask how to sample.
#[derive(Debug, Default)]
pub(in super::super) struct SamplingDraft {
    pub(in super::super) strategies_file: Option<PathBuf>,
    pub(in super::super) http: Option<PortAndHost>,
    pub(in super::super) grpc: Option<PortAndHost>,
}

/// Settings of ports that take datagrams: TCP may have the same number.
pub(in super::super) const UDP: [&str; 3] = [
    "receivers.jaeger.protocols.thrift_compact.endpoint",
    "receivers.jaeger.protocols.thrift_binary.endpoint",
    "receivers.jaeger.protocols.zipkin_compact.endpoint",
];

/// Is it a port of a protocol before OTLP, or for probes written for others, that
/// nobody asked for?
pub(super) fn is_optional(key: &str, places: &Places) -> bool {
    let legacy = [
        "receivers.jaeger.",
        "receivers.zipkin.",
        "sampling.",
        "admin.",
        "query.tempo.",
    ];
    let is_legacy = legacy.iter().any(|section| key.starts_with(section));
    is_legacy && matches!(places.get(key), None | Some(Place::Default))
}

/// Whether two listeners would take the same port from one another.
pub(in super::super) fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let same_host = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && same_host
}
