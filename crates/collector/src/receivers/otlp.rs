//! The OTLP receiver: traces over gRPC and over HTTP, each on its own port.
//!
//! Spec: OTLP 1.11. Metrics and logs, which default SDKs send to the same
//! addresses, are answered with success and thrown away, so that nobody's logs
//! fill with errors because of us; they are counted and said once.

mod answers;
pub mod config;
mod grpc;
mod grpc_health;
mod http;
mod rpc_status;
mod signal;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::config::{ConfigMistake, OtlpConfig};
use self::grpc::GrpcHandler;
use self::http::HttpHandler;
use crate::accounting::Accounting;
use crate::intake::Intake;
use crate::receivers::connections::crowd::Crowd;
use crate::receivers::connections::{Serving, serve};

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

/// Why the receiver did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Every mistake in the configuration.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigMistake>),
    /// A listener cannot be used.
    #[error("the {receiver} listener cannot be used: {source}")]
    Listener {
        /// Which side.
        receiver: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
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
        let crowd = Crowd::new(intake.max_connections());
        let failed = |receiver| move |source| StartError::Listener { receiver, source };
        let grpc = listeners.grpc.map(|listener| {
            let account = accounting.receiver(GRPC_RECEIVER);
            serve(
                listener,
                GrpcHandler::new(Arc::clone(intake), account, limit_bytes),
                &crowd,
            )
            .map_err(failed(GRPC_RECEIVER))
        });
        let http = listeners.http.map(|listener| {
            let account = accounting.receiver(HTTP_RECEIVER);
            serve(
                listener,
                HttpHandler::new(Arc::clone(intake), account, limit_bytes, cors),
                &crowd,
            )
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
        let deadline = Instant::now() + patience;
        let sides = [self.grpc, self.http];
        // Both at once, so that neither takes requests while the other drains.
        sides.iter().flatten().for_each(Serving::close);
        let mut cut = 0;
        for side in sides.into_iter().flatten() {
            cut += side.stop(deadline).await;
        }
        if cut > 0 {
            tracing::warn!(
                connections = cut,
                "OTLP connections were cut because their requests did not end in time"
            );
        }
        cut
    }
}
