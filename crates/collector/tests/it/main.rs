//! Real clients against running receivers, in one binary.

#![expect(
    clippy::unwrap_used,
    reason = "clippy exempts test functions, not what they call"
)]

mod accounting;
mod captures;
mod clients;
mod complaints;
mod consumers;
mod cors;
mod crowds;
mod disk_queue;
mod exporters;
mod grpc;
mod http;
mod http_exporters;
mod http_peer;
mod legacy;
mod limits;
mod load_balancing;
mod metrics_push;
mod refusals;
mod requests;
mod running;
mod stopping;
mod tls_exporters;
