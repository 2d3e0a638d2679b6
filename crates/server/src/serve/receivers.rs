//! The receivers of the process, started and stopped together.

use crate::config::Config;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tracewell_collector::{
    Accounting, Intake, JaegerListeners, JaegerReceiver, OtlpConfig, OtlpListeners, OtlpReceiver,
    Sampling, StartError, ZipkinReceiver,
};

/// All that run.
pub(super) struct Receivers {
    otlp: OtlpReceiver,
    jaeger: JaegerReceiver,
    zipkin: Option<ZipkinReceiver>,
}

impl Receivers {
    /// Starts to serve what is bound.
    pub(super) fn start(
        config: &Config,
        sampling: &Arc<Sampling>,
        otlp: OtlpListeners,
        jaeger: JaegerListeners,
        zipkin: Option<TcpListener>,
        intake: &Arc<Intake>,
        accounting: &Accounting,
    ) -> Result<Self, StartError> {
        let max_request_bytes = config.otlp.max_request_bytes;
        let otlp_config = OtlpConfig {
            max_request_bytes,
            cors_allowed_origins: config.otlp.cors_allowed_origins.clone(),
        };
        let zipkin = zipkin
            .map(|listener| ZipkinReceiver::start(listener, max_request_bytes, intake, accounting));
        Ok(Self {
            otlp: OtlpReceiver::start(&otlp_config, otlp, intake, accounting)?,
            jaeger: JaegerReceiver::start(jaeger, max_request_bytes, sampling, intake, accounting)?,
            zipkin: zipkin.transpose()?,
        })
    }

    /// Stops accepting everywhere and waits for requests in flight.
    pub(super) async fn stop(self, patience: Duration) {
        let zipkin = async {
            if let Some(zipkin) = self.zipkin {
                zipkin.stop(patience).await;
            }
        };
        tokio::join!(self.otlp.stop(patience), self.jaeger.stop(patience), zipkin);
    }
}
