//! The Jaeger receiver: what its clients, agents and collectors send, each on
//! its own port.
//!
//! | usual port | what |
//! |---|---|
//! | 14250 | gRPC: `CollectorService/PostSpans` |
//! | 14268 | HTTP: a Thrift `Batch` at `/api/traces` |
//! | UDP 6831, 6832, 5775 | datagrams for an agent, in Thrift |
//! | 5778, 5779 | questions about sampling, over HTTP and gRPC |

mod datagrams;
mod grpc;
mod sampling;
mod thrift_http;

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::datagrams::Datagrams;
use self::grpc::GrpcHandler;
use self::sampling::SamplingHandler;
use super::StartError;
use super::connections::{Serving, serve, stop_all};
use super::port::Port;
use super::posted::Posted;
use crate::accounting::Accounting;
use crate::intake::Intake;

/// Names in the accounts.
pub const GRPC_RECEIVER: &str = "jaeger_grpc";
/// Likewise.
pub const THRIFT_HTTP_RECEIVER: &str = "jaeger_thrift_http";
/// Likewise.
pub const COMPACT_RECEIVER: &str = "jaeger_thrift_compact";
/// Likewise.
pub const BINARY_RECEIVER: &str = "jaeger_thrift_binary";
/// Likewise.
pub const ZIPKIN_COMPACT_RECEIVER: &str = "jaeger_zipkin_compact";

/// Likewise.
pub const SAMPLING_HTTP_RECEIVER: &str = "jaeger_sampling_http";
/// Likewise.
pub const SAMPLING_GRPC_RECEIVER: &str = "jaeger_sampling_grpc";

/// Listeners and sockets, already bound; a side without one is off.
#[derive(Debug, Default)]
pub struct JaegerListeners {
    /// For gRPC, usually port 14250.
    pub grpc: Option<TcpListener>,
    /// For Thrift over HTTP, usually port 14268.
    pub thrift_http: Option<TcpListener>,
    /// For datagrams in Thrift's compact protocol, usually port 6831.
    pub thrift_compact: Option<UdpSocket>,
    /// For datagrams in Thrift's binary protocol, usually port 6832.
    pub thrift_binary: Option<UdpSocket>,
    /// For datagrams of Zipkin's spans from clients of long ago, usually 5775.
    pub zipkin_compact: Option<UdpSocket>,
    /// For questions about sampling over HTTP, usually port 5778.
    pub sampling_http: Option<TcpListener>,
    /// For questions about sampling over gRPC, usually port 5779.
    pub sampling_grpc: Option<TcpListener>,
}

/// The receiver, running. Dropped without [`JaegerReceiver::stop`], it stops
/// without anybody waiting for what is in flight.
#[derive(Debug)]
pub struct JaegerReceiver {
    servings: Vec<(&'static str, Serving)>,
    datagrams: Vec<(&'static str, Datagrams)>,
}

impl JaegerReceiver {
    /// Starts to serve, from tasks of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When a listener cannot be used; then nothing runs.
    pub fn start(
        listeners: JaegerListeners,
        max_request_bytes: usize,
        intake: &Arc<Intake>,
        accounting: &Accounting,
    ) -> Result<Self, StartError> {
        let port = |name| Port::new(name, max_request_bytes, intake, accounting);
        let mut servings = Vec::new();
        for (name, listener, takes_spans) in [
            (GRPC_RECEIVER, listeners.grpc, true),
            (SAMPLING_GRPC_RECEIVER, listeners.sampling_grpc, false),
        ] {
            if let Some(listener) = listener {
                let handler = GrpcHandler {
                    port: port(name),
                    takes_spans,
                };
                let serving = serve(listener, handler, intake.crowd());
                servings.push((name, usable(name, serving)?));
            }
        }
        if let Some(listener) = listeners.sampling_http {
            let handler = SamplingHandler {
                port: port(SAMPLING_HTTP_RECEIVER),
            };
            let serving = serve(listener, handler, intake.crowd());
            servings.push((
                SAMPLING_HTTP_RECEIVER,
                usable(SAMPLING_HTTP_RECEIVER, serving)?,
            ));
        }
        if let Some(listener) = listeners.thrift_http {
            let handler = Posted {
                port: port(THRIFT_HTTP_RECEIVER),
                route: thrift_http::route,
                other: Some(thrift_http::sampling_answers()),
            };
            let serving = serve(listener, handler, intake.crowd());
            servings.push((THRIFT_HTTP_RECEIVER, usable(THRIFT_HTTP_RECEIVER, serving)?));
        }
        let mut datagrams = Vec::new();
        for (name, socket) in [
            (COMPACT_RECEIVER, listeners.thrift_compact),
            (BINARY_RECEIVER, listeners.thrift_binary),
            (ZIPKIN_COMPACT_RECEIVER, listeners.zipkin_compact),
        ] {
            if let Some(socket) = socket {
                let receiving = Datagrams::receive(socket, port(name));
                datagrams.push((name, usable(name, receiving)?));
            }
        }
        Ok(Self {
            servings,
            datagrams,
        })
    }

    /// Where the side with this name in the accounts is served.
    #[must_use]
    pub fn address(&self, receiver: &str) -> Option<SocketAddr> {
        let mut servings = self.servings.iter();
        let serving = servings.find(|(name, _)| *name == receiver);
        let mut datagrams = self.datagrams.iter();
        let of_datagrams = datagrams.find(|(name, _)| *name == receiver);
        serving
            .map(|(_, serving)| serving.address())
            .or_else(|| of_datagrams.map(|(_, datagrams)| datagrams.address()))
    }

    /// Stops accepting, waits up to `patience` for what is in flight and
    /// answers how many connections had to be cut after that.
    pub async fn stop(self, patience: Duration) -> usize {
        let deadline = Instant::now() + patience;
        let servings = self.servings.into_iter().map(|(_, serving)| serving);
        let serving = stop_all(servings, patience);
        // All at once, so that none takes datagrams while another drains.
        self.datagrams.iter().for_each(|(_, side)| side.close());
        let datagrams = async {
            for (_, datagrams) in self.datagrams {
                datagrams.stop(deadline).await;
            }
        };
        tokio::join!(serving, datagrams).0
    }
}

fn usable<T>(receiver: &'static str, result: std::io::Result<T>) -> Result<T, StartError> {
    result.map_err(|source| StartError::Listener { receiver, source })
}
