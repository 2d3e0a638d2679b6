//! A peer that is reached over gRPC: its settings, and one request to it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::uri::{PathAndQuery, Uri};
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Extensions, Request, Status};
use tracewell_model::SpanBatch;

use super::Protocol;
use super::auth::{Authenticator, AuthenticatorRef};
use super::codec::BytesCodec;
use super::connector::{Connector, KEEP_ALIVE};
use super::headers;
use super::peer::{Answer, root_cause};
use super::queue::QueueConfig;
use super::retry::RetryConfig;
use super::tls::{Tls, TlsConfig};
use crate::rpc_status;
use crate::written::fields::Fields;

/// The Collector's time for one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What an exporter over gRPC can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct GrpcConfig {
    /// `HOST:PORT`, as written.
    pub endpoint: String,
    /// As a URL, whose scheme says whether it is encrypted.
    pub url: String,
    /// Where it is encrypted.
    pub tls: TlsConfig,
    /// Who we say that we are.
    pub auth: Option<AuthenticatorRef>,
    /// How requests are packed.
    pub compression: Compression,
    /// Sent with each request.
    pub headers: HeaderMap,
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

impl Default for GrpcConfig {
    /// To nobody yet.
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            url: String::new(),
            tls: TlsConfig::read(None),
            auth: None,
            compression: Compression::Gzip,
            headers: HeaderMap::new(),
            timeout: TIMEOUT,
            queue: QueueConfig::default(),
            retry: RetryConfig::default(),
        }
    }
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
        let config = Self::read_others(&fields).to(&endpoint);
        if !endpoint.is_empty()
            && let Err(why) = config.check()
        {
            fields.mistake(format!("{}: {why}", fields.path("endpoint")));
        }
        fields.end();
        config
    }

    /// Reads a section without an endpoint: others say it.
    pub(super) fn read_template(fields: Option<Fields<'_>>) -> Self {
        let Some(fields) = fields else {
            return Self::default();
        };
        if fields.has("endpoint") {
            fields.reading().warn(format!(
                "{}: the resolver says where the peers are; leave it out",
                fields.path("endpoint")
            ));
        }
        let config = Self::read_others(&fields);
        fields.end();
        config
    }

    fn read_others(fields: &Fields<'_>) -> Self {
        let config = Self {
            tls: TlsConfig::read(fields.section("tls")),
            auth: AuthenticatorRef::read(fields),
            compression: fields.value("compression", Compression::Gzip, compression),
            headers: headers::read(fields),
            timeout: fields.duration("timeout", TIMEOUT),
            queue: QueueConfig::read(fields.section("sending_queue")),
            retry: RetryConfig::read(fields.section("retry_on_failure")),
            ..Self::default()
        };
        fields.not_served("authority", "use tls.server_name_override");
        for taken in [
            "balancer_name",
            "keepalive",
            "read_buffer_size",
            "wait_for_ready",
            "write_buffer_size",
        ] {
            fields.has(taken);
        }
        config
    }

    /// The same, to that endpoint.
    pub(super) fn to(&self, endpoint: &str) -> Self {
        Self {
            url: url(endpoint, self.tls.is_insecure),
            endpoint: endpoint.to_owned(),
            ..self.clone()
        }
    }

    /// # Errors
    /// The endpoint is none.
    pub(super) fn check(&self) -> Result<(), String> {
        let endpoint = Endpoint::from_shared(self.url.clone());
        let endpoint = endpoint
            .map_err(|why| format!("{:?} is no HOST:PORT ({})", self.endpoint, root_cause(&why)));
        endpoint.map(|_| ())
    }

    /// For one attempt; zero is no limit to the Collector.
    fn patience(&self) -> Duration {
        match self.timeout.is_zero() {
            true => Duration::from_secs(3_600),
            false => self.timeout,
        }
    }
}

/// What of an endpoint is shown: what stands before an @ is nobody's to see.
pub(super) fn shown(endpoint: &str) -> &str {
    endpoint
        .rsplit_once('@')
        .map_or(endpoint, |(_, shown)| shown)
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

/// A connection to a peer, made when it is needed and made again.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    protocol: Protocol,
    client: Grpc<Channel>,
    headers: HeaderMap,
    authenticator: Option<Arc<Authenticator>>,
    timeout: Duration,
}

impl Peer {
    /// Connects to nobody yet. Needs a runtime.
    pub(super) fn new(protocol: &Protocol, config: &GrpcConfig) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}", config.endpoint);
        let origin: Uri = config
            .url
            .parse()
            .map_err(|error| wrong(format!("{error}")))?;
        let is_encrypted = origin.scheme_str() == Some("https");
        let tls = is_encrypted.then(|| Tls::load(&config.tls, b"h2"));
        let host = origin.host().unwrap_or_default();
        let port = origin
            .port_u16()
            .unwrap_or(if is_encrypted { 443 } else { 80 });
        // The connector encrypts: where an address says https the channel would want
        // to do it.
        let endpoint = Endpoint::from_shared(format!("http://{host}:{port}"))
            .map_err(|error| wrong(root_cause(&error)))?
            .origin(origin.clone())
            .connect_timeout(config.patience())
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        let connector = Connector::new(tls.transpose()?);
        // A server may pack its answer as it likes.
        let client = Grpc::new(endpoint.connect_with_connector_lazy(connector))
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        let authenticator = config.auth.as_ref().map(|auth| auth.load());
        Ok(Self {
            protocol: *protocol,
            client: match config.compression {
                Compression::None => client,
                Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
                Compression::Zstd => client.send_compressed(CompressionEncoding::Zstd),
            },
            headers: config.headers.clone(),
            authenticator: authenticator.transpose()?,
            timeout: config.patience(),
        })
    }

    pub(super) fn encode(&self, batch: &SpanBatch) -> Vec<Vec<u8>> {
        (self.protocol.encode)(batch)
    }

    pub(super) async fn send(&self, body: Bytes) -> Answer {
        let mut headers = self.headers.clone();
        if let Some(authenticator) = &self.authenticator {
            authenticator.sign(&mut headers).await;
        }
        let metadata = MetadataMap::from_headers(headers);
        let request = Request::from_parts(metadata, Extensions::default(), body);
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
