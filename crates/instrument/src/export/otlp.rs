//! An OTLP client: one request at a time, tried until it is taken or hopeless.
//!
//! It exists so that gRPC and HTTP differ in ten lines and nowhere else. It
//! must never try longer than its timeouts say.

use super::answer::{self, Answer};
use super::compress::compress;
use super::connect::{Connection, RawAnswer, Target};
use super::io::BoxedError;
#[cfg(feature = "http-json")]
use super::json;
use super::retry::Backoff;
use super::settings::{Compression, Protocol, TlsSettings};
use super::signal::Signal;
use super::tls::{self, Tls, TlsError};
use crate::record::{random_bits, wall_unix_s};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TE, USER_AGENT,
};
use hyper::{HeaderMap, Request, Uri};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

const AGENT: &str = concat!("tracewell-instrument/", env!("CARGO_PKG_VERSION"));

/// Where and how batches are sent.
#[derive(Debug)]
pub(crate) struct OtlpSettings {
    pub(crate) protocol: Protocol,
    #[cfg_attr(
        not(feature = "http-json"),
        expect(dead_code, reason = "only JSON names the fields of a request")
    )]
    pub(crate) signal: Signal,
    /// With the path of the request.
    pub(crate) endpoint: Uri,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The longest that one try takes.
    pub(crate) timeout: Duration,
    pub(crate) compression: Compression,
    pub(crate) tls: TlsSettings,
    pub(crate) resource: Vec<u8>,
    /// The longest that one batch is tried.
    pub(crate) export_timeout: Duration,
}

/// Why there can be no exporter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The endpoint has no host.
    #[error("endpoint {0} has no host: use a form such as http://localhost:4317")]
    NoHost(Uri),
}

/// What became of a batch.
pub(super) enum Outcome {
    Accepted {
        rejected: u64,
        message: String,
    },
    /// The backend wants to be left alone for longer than a batch is tried.
    Later {
        after: Duration,
        why: String,
    },
    /// A smaller one may be taken.
    TooLarge {
        why: String,
    },
    Failed {
        why: String,
    },
    /// Nor will other batches be taken.
    NotServed {
        why: String,
    },
}

pub(crate) struct Otlp {
    settings: OtlpSettings,
    target: Target,
    headers: HeaderMap,
    connection: Option<Connection>,
}

impl Otlp {
    pub(crate) fn new(settings: OtlpSettings) -> Result<Otlp, OtlpError> {
        let is_https = settings.endpoint.scheme_str() == Some("https");
        let tls = if is_https {
            Some(Tls::load(&settings.tls, settings.protocol)?)
        } else {
            None
        };
        let target = Target::new(&settings.endpoint, tls)
            .ok_or_else(|| OtlpError::NoHost(settings.endpoint.clone()))?;
        let headers = fixed_headers(&settings);
        Ok(Otlp {
            settings,
            target,
            headers,
            connection: None,
        })
    }

    pub(super) fn endpoint(&self) -> &Uri {
        &self.settings.endpoint
    }

    /// The resource of all requests, encoded.
    pub(super) fn resource(&self) -> &[u8] {
        &self.settings.resource
    }

    /// Until when a batch is tried that begins now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.settings.export_timeout
    }

    /// Sends a request; `on_failure` hears of each try that failed.
    pub(super) async fn export(
        &mut self,
        message: Vec<u8>,
        deadline: Instant,
        on_failure: &mut (dyn FnMut(&str) + Send),
    ) -> Outcome {
        let body = match self.body(message) {
            Ok(body) => body,
            Err(error) => {
                return Outcome::Failed {
                    why: format!("cannot compress: {error}"),
                };
            }
        };
        let mut backoff = Backoff::new();
        loop {
            let (after, why) = match self.attempt(body.clone(), deadline).await {
                Answer::Accepted { rejected, message } => {
                    return Outcome::Accepted { rejected, message };
                }
                Answer::TooLarge { why } => return Outcome::TooLarge { why },
                Answer::Failed { why } => return Outcome::Failed { why },
                Answer::NotServed { why } => return Outcome::NotServed { why },
                Answer::Retry { after, why } => (after, why),
            };
            on_failure(&why);
            let wait = backoff.wait(after, random_bits());
            if Instant::now() + wait >= deadline {
                return match after {
                    Some(_) => Outcome::Later { after: wait, why },
                    None => Outcome::Failed { why },
                };
            }
            sleep(wait).await;
        }
    }

    fn body(&self, message: Vec<u8>) -> std::io::Result<Bytes> {
        #[cfg(feature = "http-json")]
        let message = match self.settings.protocol {
            Protocol::HttpJson => json::from_protobuf(self.settings.signal, &message),
            Protocol::HttpProtobuf | Protocol::Grpc => message,
        };
        let message = compress(self.settings.compression, message)?;
        if self.settings.protocol != Protocol::Grpc {
            return Ok(message.into());
        }
        let length = u32::try_from(message.len()).map_err(std::io::Error::other)?;
        let mut framed = Vec::with_capacity(message.len() + 5);
        framed.push(u8::from(self.settings.compression != Compression::None));
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(&message);
        Ok(framed.into())
    }

    async fn attempt(&mut self, body: Bytes, deadline: Instant) -> Answer {
        let until = deadline.min(Instant::now() + self.settings.timeout);
        let why = match timeout_at(until, self.send(body)).await {
            Ok(Ok(answer)) => return self.read(&answer),
            Ok(Err(error)) => describe(error.as_ref()),
            Err(_) => "the backend did not answer in time".to_owned(),
        };
        // Whatever happened to it, it is not to be trusted.
        self.connection = None;
        match tls::fix(&why) {
            Some(fix) => Answer::Failed {
                why: format!("{why}; {fix}"),
            },
            None => Answer::Retry { after: None, why },
        }
    }

    async fn send(&mut self, body: Bytes) -> Result<RawAnswer, BoxedError> {
        let mut known = self.connection.take();
        if let Some(connection) = &mut known
            && !connection.is_ready().await
        {
            known = None;
        }
        let mut connection = match known {
            Some(connection) => connection,
            None => self.target.connect(self.settings.protocol).await?,
        };
        let answer = connection.send(self.request(body)?).await?;
        self.connection = Some(connection);
        Ok(answer)
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, BoxedError> {
        let endpoint = &self.settings.endpoint;
        let uri = match self.settings.protocol {
            Protocol::Grpc => endpoint.clone(),
            Protocol::HttpProtobuf | Protocol::HttpJson => endpoint
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .parse()?,
        };
        let mut request = Request::post(uri).body(Full::new(body))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    fn read(&self, answer: &RawAnswer) -> Answer {
        #[cfg(feature = "http-json")]
        if self.settings.protocol == Protocol::HttpJson && (200..300).contains(&answer.status) {
            return json::accepted(&answer.body);
        }
        let is_grpc = self.settings.protocol == Protocol::Grpc;
        if is_grpc && answer.status == 200 {
            answer::from_grpc(&answer.headers, &answer.body)
        } else if is_grpc && (200..300).contains(&answer.status) {
            let why = format!("the backend answered HTTP {}", answer.status);
            Answer::Failed { why }
        } else {
            let read =
                answer::from_http(answer.status, &answer.headers, &answer.body, wall_unix_s());
            match read {
                Answer::NotServed { why } => Answer::NotServed {
                    why: format!("{why} at {}", self.settings.endpoint),
                },
                other => other,
            }
        }
    }
}

fn fixed_headers(settings: &OtlpSettings) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let encoding = settings
        .compression
        .encoding()
        .map(HeaderValue::from_static);
    match settings.protocol {
        Protocol::HttpProtobuf | Protocol::HttpJson => {
            let content_type = match settings.protocol {
                Protocol::HttpJson => "application/json",
                _ => "application/x-protobuf",
            };
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            // HTTP/2 says it in the address.
            let authority = settings
                .endpoint
                .authority()
                .map_or("", |host| host.as_str());
            let host = authority.rsplit('@').next().unwrap_or_default();
            if let Ok(host) = HeaderValue::from_str(host) {
                headers.insert(HOST, host);
            }
            if let Some(encoding) = encoding {
                headers.insert(CONTENT_ENCODING, encoding);
            }
        }
        Protocol::Grpc => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            headers.insert(TE, HeaderValue::from_static("trailers"));
            if let Some(encoding) = encoding {
                headers.insert(HeaderName::from_static("grpc-encoding"), encoding);
            }
        }
    }
    // What the user says comes last, so that it can replace the rest.
    for (name, value) in &settings.headers {
        headers.insert(name.clone(), value.clone());
    }
    headers
}

/// An error with its causes: hyper's own text does not say what went wrong.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
