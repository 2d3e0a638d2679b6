//! The receivers of the process, started and stopped together.

use crate::config::Config;
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tracewell_collector::{
    Accounting, Intake, JaegerListeners, JaegerReceiver, OtlpConfig, OtlpListeners, OtlpReceiver,
    Questions, StartError, ZipkinReceiver,
};

/// All that run.
pub(super) struct Receivers {
    otlp: OtlpReceiver,
    jaeger: JaegerReceiver,
    zipkin: Option<ZipkinReceiver>,
}

impl Receivers {
    /// Starts to serve what is bound; Zipkin's port with who answers questions.
    pub(super) fn start(
        config: &Config,
        otlp: OtlpListeners,
        jaeger: JaegerListeners,
        zipkin: Option<(TcpListener, axum::Router)>,
        intake: &Arc<Intake>,
        accounting: &Accounting,
    ) -> Result<Self, StartError> {
        let max_request_bytes = config.otlp.max_request_bytes;
        let otlp_config = OtlpConfig {
            max_request_bytes,
            cors_allowed_origins: config.otlp.cors_allowed_origins.clone(),
        };
        let zipkin = zipkin.map(|(listener, questions)| {
            let questions = answered_by(questions);
            ZipkinReceiver::start(listener, max_request_bytes, intake, accounting, questions)
        });
        Ok(Self {
            otlp: OtlpReceiver::start(&otlp_config, otlp, intake, accounting)?,
            jaeger: JaegerReceiver::start(jaeger, max_request_bytes, intake, accounting)?,
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

/// Has a router answer what clients ask.
fn answered_by(router: axum::Router) -> Questions {
    let service = TowerToHyperService::new(router);
    Box::new(move |head| {
        let request = http::Request::from_parts(head, axum::body::Body::empty());
        let answer = service.call(request);
        Box::pin(async move {
            let response = answer.await.unwrap_or_else(|never| match never {});
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        })
    })
}
