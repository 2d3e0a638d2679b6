//! An OTLP client: one request at a time, tried until it is taken or hopeless.
//!
//! It exists so that gRPC and HTTP differ in ten lines and nowhere else. It
//! must never try longer than its timeouts say.

use super::answer::{self, Answer};
use super::compress::compress;
use super::connect::{Connection, RawAnswer, Target};
use super::io::{BoxedError, describe};
#[cfg(feature = "http-json")]
use super::json;
use super::proxy::{Proxy, ProxyError, ProxySettings};
use super::retry::Backoff;
use super::settings::{Compression, Protocol, TlsSettings};
use super::signal::Signal;
use super::tls::{self, Tls, TlsError};
use crate::record::{random_bits, wall_unix_s};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE,
    USER_AGENT,
};
use hyper::{HeaderMap, Method, Request, Uri};
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
    pub(crate) proxy: Option<ProxySettings>,
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
    /// As the request line, or HTTP/2, names it.
    address: Uri,
    headers: HeaderMap,
    connection: Option<Connection>,
}

impl Otlp {
    pub(crate) fn new(mut settings: OtlpSettings) -> Result<Otlp, OtlpError> {
        // Nobody is told of it, and messages must not say it.
        settings.endpoint = without_user(settings.endpoint);
        let is_https = settings.endpoint.scheme_str() == Some("https");
        let tls = if is_https {
            Some(Tls::load(&settings.tls, settings.protocol)?)
        } else {
            None
        };
        let proxy = settings.proxy.take();
        let proxy = proxy
            .map(|proxy| Proxy::new(proxy, &settings.tls))
            .transpose()?;
        let target = Target::new(&settings.endpoint, settings.protocol, tls, proxy)
            .ok_or_else(|| OtlpError::NoHost(settings.endpoint.clone()))?;
        let mut headers = fixed_headers(&settings);
        let forwarder = target.forwarder();
        if let Some(proof) = forwarder.and_then(Proxy::authorization) {
            headers.insert(PROXY_AUTHORIZATION, proof.clone());
        }
        let address = match settings.protocol {
            Protocol::Grpc => settings.endpoint.clone(),
            _ if forwarder.is_some() => settings.endpoint.clone(),
            _ => {
                let path = settings.endpoint.path_and_query().cloned();
                path.map_or_else(Uri::default, Uri::from)
            }
        };
        Ok(Otlp {
            settings,
            target,
            address,
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
            // Whatever happened to the connection, it is not to be trusted: it is gone.
            Ok(Err(error)) => match error.downcast::<ProxyError>() {
                Ok(error) => return error.into_answer(),
                Err(error) => describe(error.as_ref()),
            },
            Err(_) => "the backend did not answer in time".to_owned(),
        };
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
            None => self.target.connect().await?,
        };
        let answer = connection.send(self.request(body)).await?;
        self.connection = Some(connection);
        Ok(answer)
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.address.clone();
        *request.headers_mut() = self.headers.clone();
        request
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
            let read = match read {
                Answer::NotServed { why } => Answer::NotServed {
                    why: format!("{why} at {}", self.settings.endpoint),
                },
                other => other,
            };
            match self.target.forwarder() {
                Some(proxy) => proxy.judge(answer.status, read),
                None => read,
            }
        }
    }
}

fn without_user(endpoint: Uri) -> Uri {
    let mut parts = endpoint.clone().into_parts();
    if let Some(authority) = &mut parts.authority
        && let Some((_, host)) = authority.as_str().rsplit_once('@')
        && let Ok(host) = host.parse()
    {
        *authority = host;
    }
    Uri::from_parts(parts).unwrap_or(endpoint)
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
            let host = settings.endpoint.authority();
            let host = host.map_or("", |host| host.as_str());
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
