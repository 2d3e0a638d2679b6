//! The OTLP receiver: traces over gRPC and over HTTP, each on its own port.
//!
//! Spec: OTLP 1.11. Metrics and logs, which default SDKs send to the same
//! addresses, are answered with success and thrown away, so that nobody's logs
//! fill with errors because of us; they are counted and said once.

mod answers;
pub mod config;
mod grpc;
mod http;
mod signal;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use self::config::OtlpConfig;
use self::grpc::GrpcHandler;
use self::http::HttpHandler;
use crate::accounting::Accounting;
use crate::intake::Intake;
use crate::receivers::StartError;
use crate::receivers::connections::{Serving, serve, stop_all};
use crate::receivers::port::Port;

/// Name of the gRPC side in the accounts.
pub const GRPC_RECEIVER: &str = "otlp_grpc";
/// Name of the HTTP side in the accounts.
pub const HTTP_RECEIVER: &str = "otlp_http";

/// Listeners, already bound; a side without one is off.
#[derive(Debug, Default)]
pub struct OtlpListeners {
    /// For OTLP over gRPC, usually port 4317.
    pub grpc: Option<TcpListener>,
    /// For OTLP over HTTP, usually port 4318.
    pub http: Option<TcpListener>,
}

/// The receiver, running. Dropped without [`OtlpReceiver::stop`], it stops
/// without anybody waiting for requests in flight.
#[derive(Debug)]
pub struct OtlpReceiver {
    grpc: Option<Serving>,
    http: Option<Serving>,
}

impl OtlpReceiver {
    /// Starts to serve, from tasks of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the configuration or a listener cannot be used; then nothing runs.
    pub fn start(
        config: &OtlpConfig,
        listeners: OtlpListeners,
        intake: &Arc<Intake>,
        accounting: &Accounting,
    ) -> Result<Self, StartError> {
        let cors = config.cors().map_err(StartError::Config)?;
        let limit_bytes = config.effective_limit_bytes(intake.admission().limit_bytes());
        let port = |receiver| Port::new(receiver, limit_bytes, intake, accounting);
        let failed = |receiver| move |source| StartError::Listener { receiver, source };
        let grpc = listeners.grpc.map(|listener| {
            serve(listener, GrpcHandler(port(GRPC_RECEIVER)), intake.crowd())
                .map_err(failed(GRPC_RECEIVER))
        });
        let http = listeners.http.map(|listener| {
            let port = Port {
                told: http::told,
                ..port(HTTP_RECEIVER)
            };
            serve(listener, HttpHandler { port, cors }, intake.crowd())
                .map_err(failed(HTTP_RECEIVER))
        });
        Ok(Self {
            grpc: grpc.transpose()?,
            http: http.transpose()?,
        })
    }

    /// Where gRPC is served.
    #[must_use]
    pub fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc.as_ref().map(Serving::address)
    }

    /// Where HTTP is served.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Serving::address)
    }

    /// Stops accepting, waits up to `patience` for requests in flight and
    /// answers how many connections had to be cut after that. The consumer must
    /// still answer meanwhile.
    pub async fn stop(self, patience: Duration) -> usize {
        stop_all([self.grpc, self.http].into_iter().flatten(), patience).await
    }
}
