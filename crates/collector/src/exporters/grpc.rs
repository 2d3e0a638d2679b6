//! A peer that is reached over gRPC: its settings, and one request to it.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};
use tracewell_model::SpanBatch;

use super::Protocol;
use super::codec::BytesCodec;
use super::peer::Answer;
use super::queue::QueueConfig;
use super::retry::RetryConfig;
use crate::rpc_status;
use crate::written::fields::Fields;

/// The Collector's time for one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Silence on a connection after which its peer is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What an exporter over gRPC can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct GrpcConfig {
    /// `HOST:PORT`, as written.
    pub endpoint: String,
    /// As a URL, whose scheme says whether it is encrypted.
    pub url: String,
    /// Whose certificate is expected, if not that of the host.
    pub server_name: Option<String>,
    /// How requests are packed.
    pub compression: Compression,
    /// Sent with each request.
    pub headers: Vec<(String, String)>,
    /// For one attempt.
    pub timeout: Duration,
    /// What may wait.
    pub queue: QueueConfig,
    /// When it is tried again.
    pub retry: RetryConfig,
}

/// How requests are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl GrpcConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let endpoint = fields.text("endpoint");
        let endpoint = endpoint.filter(|written| !written.text.is_empty());
        if endpoint.is_none() {
            fields.mistake(format!(
                "{} is missing; write for example jaeger:4317",
                fields.path("endpoint")
            ));
        }
        let endpoint = endpoint.map(|written| written.text).unwrap_or_default();
        let (mut is_insecure, mut server_name) = (false, None);
        if let Some(tls) = fields.section("tls") {
            is_insecure = tls.switch("insecure", false);
            server_name = tls.text("server_name_override").map(|written| written.text);
            for file in [
                "ca_file",
                "ca_pem",
                "cert_file",
                "cert_pem",
                "key_file",
                "key_pem",
            ] {
                tls.not_served(
                    file,
                    "authorities are those of the system; certificates of our own are not sent yet",
                );
            }
            tls.not_served(
                "insecure_skip_verify",
                "add the peer's authority to those of the system",
            );
            for taken in ["min_version", "max_version", "include_system_ca_certs_pool"] {
                tls.has(taken);
            }
            tls.end();
        }
        let config = Self {
            url: url(&endpoint, is_insecure),
            endpoint,
            server_name,
            compression: fields.value("compression", Compression::Gzip, compression),
            headers: headers(&fields),
            timeout: fields.duration("timeout", TIMEOUT),
            queue: QueueConfig::read(fields.section("sending_queue")),
            retry: RetryConfig::read(fields.section("retry_on_failure")),
        };
        if !config.endpoint.is_empty()
            && let Err(why) = Endpoint::from_shared(config.url.clone())
        {
            fields.mistake(format!(
                "{}: {:?} is no HOST:PORT ({})",
                fields.path("endpoint"),
                config.endpoint,
                root_cause(&why)
            ));
        }
        fields.not_served("authority", "use tls.server_name_override");
        fields.not_served(
            "auth",
            "write the header under headers, such as authorization",
        );
        for taken in [
            "balancer_name",
            "keepalive",
            "read_buffer_size",
            "wait_for_ready",
            "write_buffer_size",
        ] {
            fields.has(taken);
        }
        fields.end();
        config
    }

    /// For one attempt; zero is no limit to the Collector.
    fn patience(&self) -> Duration {
        match self.timeout.is_zero() {
            true => Duration::from_secs(3_600),
            false => self.timeout,
        }
    }
}

/// The scheme decides where it is written; else it is TLS unless told otherwise.
fn url(endpoint: &str, is_insecure: bool) -> String {
    // Names are resolved anew for each connection in any case.
    let endpoint = endpoint.strip_prefix("dns:///").unwrap_or(endpoint);
    let has_scheme = ["http://", "https://"]
        .iter()
        .any(|scheme| endpoint.starts_with(scheme));
    match (has_scheme, is_insecure) {
        (true, _) => endpoint.to_owned(),
        (false, true) => format!("http://{endpoint}"),
        (false, false) => format!("https://{endpoint}"),
    }
}

fn compression(text: &str) -> Result<Compression, String> {
    match text {
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        "none" | "" => Ok(Compression::None),
        _ => Err(format!("{text:?} is not one of gzip, zstd, none")),
    }
}

fn headers(fields: &Fields<'_>) -> Vec<(String, String)> {
    let Some(section) = fields.section("headers") else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    for (name, value) in section.texts() {
        let is_name = AsciiMetadataKey::from_bytes(name.text.to_lowercase().as_bytes()).is_ok();
        let is_value = AsciiMetadataValue::try_from(&value.text).is_ok();
        if is_name && is_value {
            headers.push((name.text.to_lowercase(), value.text));
        } else {
            // Its value may be a secret.
            let message = format!(
                "{}: it cannot be sent as a header",
                section.path(&name.text)
            );
            section.reading().mistake(name.location, message);
        }
    }
    headers
}

/// A connection to a peer, made when it is needed and made again.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    protocol: Protocol,
    client: Grpc<Channel>,
    headers: Vec<(AsciiMetadataKey, AsciiMetadataValue)>,
    timeout: Duration,
}

impl Peer {
    /// Connects to nobody yet. Needs a runtime.
    pub(super) fn new(protocol: &Protocol, config: &GrpcConfig) -> Result<Self, String> {
        let wrong =
            |error: tonic::transport::Error| format!("{}: {}", config.endpoint, root_cause(&error));
        let mut endpoint = Endpoint::from_shared(config.url.clone())
            .map_err(wrong)?
            .connect_timeout(config.patience())
            // A peer whose machine is gone says nothing: the kernel alone would wait
            // a quarter of an hour.
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .tcp_keepalive(Some(KEEP_ALIVE));
        if config.url.starts_with("https://") {
            let mut tls = ClientTlsConfig::new().with_native_roots();
            if let Some(name) = &config.server_name {
                tls = tls.domain_name(name);
            }
            endpoint = endpoint.tls_config(tls).map_err(wrong)?;
        }
        // A server may pack its answer as it likes.
        let client = Grpc::new(endpoint.connect_lazy())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        let headers = config.headers.iter();
        Ok(Self {
            protocol: *protocol,
            client: match config.compression {
                Compression::None => client,
                Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
                Compression::Zstd => client.send_compressed(CompressionEncoding::Zstd),
            },
            // Checked when they were read.
            headers: headers
                .filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
                .collect(),
            timeout: config.patience(),
        })
    }

    pub(super) fn encode(&self, batch: &SpanBatch) -> Vec<Vec<u8>> {
        (self.protocol.encode)(batch)
    }

    pub(super) async fn send(&self, body: Bytes) -> Answer {
        let mut request = Request::new(body);
        for (name, value) in &self.headers {
            request.metadata_mut().insert(name.clone(), value.clone());
        }
        let mut client = self.client.clone();
        let call = async {
            let ready = client.ready().await;
            ready.map_err(|error| Status::from_error(Box::new(error)))?;
            let method = PathAndQuery::from_static(self.protocol.method);
            client.unary(request, method, BytesCodec).await
        };
        match tokio::time::timeout(self.timeout, call).await {
            Err(_late) => Answer::Again {
                after: None,
                why: format!("no answer within {:?}", self.timeout),
            },
            Ok(Err(status)) => judge(&status),
            Ok(Ok(response)) => Answer::Taken {
                left_out: (self.protocol.left_out)(&response.into_inner()),
            },
        }
    }
}

/// OTLP's table of codes that may pass; what never got an answer may, too.
fn judge(status: &Status) -> Answer {
    let after = rpc_status::retry_delay(status.details());
    let may_pass = match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::ResourceExhausted => after.is_some(),
        _ => status.source().is_some(),
    };
    let why = match status.source() {
        Some(source) => root_cause(source),
        None => format!("{:?}: {}", status.code(), status.message()),
    };
    match status.code() {
        // Spans are not to blame, so whoever sent them keeps them.
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::NotFound => {
            Answer::Denied(why)
        }
        _ if may_pass => Answer::Again { after, why },
        _ => Answer::Refused(why),
    }
}

/// What lies at the bottom: "connection refused", not "transport error".
fn root_cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
