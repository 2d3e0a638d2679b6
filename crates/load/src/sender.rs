//! Where requests go, and what the answers mean under OTLP's rules.

mod grpc;
mod http;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use clap::ValueEnum;

use super::encoding::Encoding;
use super::error::LoadError;
use super::reach::Credentials;

/// Which protocol carries the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// OTLP over gRPC, by default to port 4317
    Grpc,
    /// OTLP over HTTP, by default to port 4318
    Http,
}

/// How request bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// Not at all
    None,
    /// gzip at its fastest level
    Gzip,
    /// zstd at level 1
    Zstd,
}

/// What a request came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Taken, but for this many spans.
    Accepted {
        /// Spans that it will never take.
        rejected_spans: u64,
        /// Why.
        message: String,
    },
    /// Not taken; the same request may be sent again.
    Retry {
        /// When, if the server says so.
        after: Option<Duration>,
        /// Why it was not taken.
        reason: String,
    },
    /// Not taken, and sending it again would not help.
    Refused {
        /// Why.
        reason: String,
    },
}

/// One connection.
pub struct Sender(Transport);

enum Transport {
    Grpc(Box<grpc::GrpcSender>),
    Http(Box<http::HttpSender>),
}

impl Sender {
    /// One over HTTP for requests in protobuf as they are.
    ///
    /// # Errors
    /// The endpoint is no address.
    pub fn otlp_http(
        endpoint: &str,
        timeout: Duration,
        credentials: &Credentials,
    ) -> Result<Self, LoadError> {
        let (encoding, compression) = (Encoding::Protobuf, Compression::None);
        let protocol = Protocol::Http;
        Self::new(
            protocol,
            endpoint,
            encoding,
            compression,
            timeout,
            credentials,
        )
    }

    /// Prepares a connection; nothing is sent yet.
    pub(super) fn new(
        protocol: Protocol,
        endpoint: &str,
        encoding: Encoding,
        compression: Compression,
        timeout: Duration,
        credentials: &Credentials,
    ) -> Result<Self, LoadError> {
        Ok(Self(match protocol {
            Protocol::Grpc => {
                let sender = grpc::GrpcSender::new(endpoint, compression, timeout, credentials)?;
                Transport::Grpc(Box::new(sender))
            }
            Protocol::Http => {
                let sender = http::HttpSender::new(
                    endpoint,
                    encoding,
                    compression,
                    timeout,
                    credentials.clone(),
                )?;
                Transport::Http(Box::new(sender))
            }
        }))
    }

    /// The body as it is sent, so that a repeated request is compressed once.
    pub(super) fn prepare(&self, body: Bytes) -> io::Result<Bytes> {
        match &self.0 {
            // The gRPC library compresses each message itself.
            Transport::Grpc(_) => Ok(body),
            Transport::Http(sender) => sender.compress(body),
        }
    }

    /// Sends one prepared request.
    pub async fn send(&mut self, body: Bytes) -> Answer {
        match &mut self.0 {
            Transport::Grpc(sender) => sender.send(body).await,
            Transport::Http(sender) => sender.send(body).await,
        }
    }
}

/// `partial_success` of `ExportTraceServiceResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl ExportResponse {
    fn answer(self) -> Answer {
        let partial = self.partial_success.unwrap_or_default();
        Answer::Accepted {
            rejected_spans: u64::try_from(partial.rejected_spans).unwrap_or(0),
            message: partial.error_message,
        }
    }
}

/// The deepest cause, which is the one that tells people something.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
