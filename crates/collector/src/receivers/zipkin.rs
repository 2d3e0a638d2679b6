//! The Zipkin receiver: `POST /api/v2/spans` (JSON, protobuf) and
//! `POST /api/v1/spans` (JSON, Thrift), usually on port 9411. What is asked
//! there is answered by others ([`questions`]).

pub(crate) mod questions;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;
use tracewell_wire::zipkin::{v1, v2};

use super::StartError;
use super::connections::{Serving, serve, stop_all};
use super::port::Port;
use questions::{Asked, Questions};

use super::posted::{Posted, Unserved, is_from_no_page, media_type};
use crate::accounting::Accounting;
use crate::intake::{Decoder, Intake};

/// Name in the accounts.
pub const RECEIVER: &str = "zipkin";

/// The receiver, running. Dropped without [`ZipkinReceiver::stop`], it stops
/// without anybody waiting for requests in flight.
#[derive(Debug)]
pub struct ZipkinReceiver(Serving);

impl ZipkinReceiver {
    /// Starts to serve a bound listener, from tasks of the current tokio
    /// runtime; `questions` answers what is no span.
    ///
    /// # Errors
    ///
    /// When the listener cannot be used; then nothing runs.
    pub fn start(
        listener: TcpListener,
        max_request_bytes: usize,
        intake: &Arc<Intake>,
        accounting: &Accounting,
        questions: Questions,
    ) -> Result<Self, StartError> {
        let posted = Posted {
            port: Port::new(RECEIVER, max_request_bytes, intake, accounting),
            route,
            other: None,
        };
        let handler = Asked { posted, questions };
        let serving = serve(listener, handler, intake.crowd());
        let receiver = RECEIVER;
        serving
            .map(Self)
            .map_err(|source| StartError::Listener { receiver, source })
    }

    /// Where it is served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Stops accepting, waits up to `patience` for requests in flight and
    /// answers how many connections had to be cut after that.
    pub async fn stop(self, patience: Duration) -> usize {
        stop_all([self.0], patience).await
    }
}

/// Prefixes of the path (`/zipkin/…` behind a proxy) do not matter.
fn route(head: &Parts) -> Result<Decoder, Unserved> {
    let path = head.uri.path().trim_end_matches('/');
    let media_type = media_type(&head.headers);
    let is_v1 = path.ends_with("/api/v1/spans");
    if !is_v1 && !path.ends_with("/api/v2/spans") {
        let text = "404 not found; this port takes Zipkin's spans at /api/v2/spans and \
                    /api/v1/spans; OTLP over HTTP goes to the OTLP port (4318 by default)";
        return Err((StatusCode::NOT_FOUND, text));
    }
    match (is_v1, &*media_type) {
        (true, "application/x-thrift") => Ok(v1::thrift::decode_within),
        (false, "application/x-protobuf") => Ok(v2::protobuf::decode_within),
        (true, "application/json") => Ok(v1::json::decode_within),
        (false, "application/json") => Ok(v2::json::decode_within),
        // What curl and proxies put there by themselves: Zipkin's default.
        (
            _,
            "" | "text/plain" | "application/octet-stream" | "application/x-www-form-urlencoded",
        ) if is_from_no_page(&head.headers) => Ok(if is_v1 {
            v1::json::decode_within
        } else {
            v2::json::decode_within
        }),
        (true, _) => Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "415 unsupported media type, supported: [application/json, application/x-thrift]",
        )),
        (false, _) => Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "415 unsupported media type, supported: [application/json, application/x-protobuf]",
        )),
    }
}
