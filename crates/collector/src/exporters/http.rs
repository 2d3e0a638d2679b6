//! A peer that is reached over HTTP/1.1: one `POST` for each message, on
//! connections that stay open.
//!
//! Redirects are not followed: **what is secret goes to nobody but the peer that
//! the file names.** Proxies of the environment are not asked.

mod config;
mod packing;

pub use config::HttpConfig;
pub(crate) use config::shown;
pub(super) use config::url;
pub use packing::Compression;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tracewell_model::SpanBatch;
use tracewell_model::clock::{Clock, SystemClock};

use super::auth::Authenticator;
use super::connector::Connector;
use super::peer::{Answer, LeftOut, root_cause};
use super::tls::Tls;

/// Answers are a few bytes and errors a sentence; nobody may send us more.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Characters of an error that are shown.
const SHOWN_CHARS_MAX: usize = 300;

type Encode = Arc<dyn Fn(&SpanBatch) -> Vec<u8> + Send + Sync>;

/// What a kind of exporter says over HTTP.
#[derive(Clone)]
pub(super) struct HttpProtocol {
    /// Of what [`HttpProtocol::encode`] writes.
    pub(super) content_type: &'static str,
    /// A batch as a message.
    pub(super) encode: Encode,
    /// May what was answered so be sent again?
    pub(super) may_pass: fn(StatusCode) -> bool,
    /// What an answer of this content type says was left out.
    pub(super) left_out: fn(&str, &[u8]) -> Option<LeftOut>,
    /// What an error says, if it is no plain text.
    pub(super) message: fn(&str, &[u8]) -> Option<String>,
}

impl fmt::Debug for HttpProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("HttpProtocol");
        debug
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

/// Connections to a peer, made when they are needed and made again.
#[derive(Debug)]
pub(crate) struct Peer {
    protocol: HttpProtocol,
    client: Client<Connector, Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
    authenticator: Option<Arc<Authenticator>>,
    compression: Compression,
    timeout: Duration,
}

impl Peer {
    /// Connects to nobody yet.
    pub(super) fn new(
        protocol: HttpProtocol,
        url: &str,
        config: &HttpConfig,
    ) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
        let is_encrypted = uri.scheme_str() == Some("https");
        let tls = is_encrypted.then(|| Tls::load(&config.tls, b"http/1.1"));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(config.idle_timeout)
            .pool_max_idle_per_host(if config.keeps_alive { usize::MAX } else { 0 })
            .build(Connector::new(tls.transpose()?));
        let mut headers = config.headers.clone();
        let content_type = HeaderValue::from_static(protocol.content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some(name) = config.compression.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        let agent = HeaderValue::from_static(concat!("tracewell/", env!("CARGO_PKG_VERSION")));
        headers.entry(header::USER_AGENT).or_insert(agent);
        let authenticator = config.auth.as_ref().map(|auth| auth.load());
        Ok(Self {
            protocol,
            client,
            uri,
            headers,
            authenticator: authenticator.transpose()?,
            compression: config.compression,
            timeout: config.timeout,
        })
    }

    pub(super) fn encode(&self, batch: &SpanBatch) -> Vec<u8> {
        (self.protocol.encode)(batch)
    }

    pub(super) fn pack(&self, message: Vec<u8>) -> Bytes {
        self.compression.pack(message)
    }

    pub(super) async fn send(&self, body: Bytes) -> Answer {
        match tokio::time::timeout(self.timeout, self.exchange(body)).await {
            Err(_late) => Answer::Again {
                after: None,
                why: format!("no answer within {:?}", self.timeout),
            },
            Ok(Err(why)) => Answer::Again { after: None, why },
            Ok(Ok((head, body))) => self.judge(&head, &body),
        }
    }

    async fn exchange(&self, body: Bytes) -> Result<(Parts, Bytes), String> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(authenticator) = &self.authenticator {
            authenticator.sign(request.headers_mut()).await;
        }
        let response = self.client.request(request).await;
        let (head, body) = response.map_err(|error| root_cause(&error))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        // The head says what became of the request; an answer that breaks off behind
        // it, or is too long, says nothing else.
        Ok((head, body.map(|body| body.to_bytes()).unwrap_or_default()))
    }

    fn judge(&self, head: &Parts, body: &[u8]) -> Answer {
        let status = head.status;
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or(self.protocol.content_type);
        if status.is_success() {
            return Answer::Taken {
                left_out: (self.protocol.left_out)(content_type, body),
            };
        }
        let mut why = status.to_string();
        if let Some(said) = (self.protocol.message)(content_type, body).or_else(|| plain(body)) {
            why = format!(
                "{why}: {}",
                said.chars().take(SHOWN_CHARS_MAX).collect::<String>()
            );
        }
        if let Some(elsewhere) = head
            .headers
            .get(header::LOCATION)
            .filter(|_| status.is_redirection())
        {
            let elsewhere = String::from_utf8_lossy(elsewhere.as_bytes());
            why = format!(
                "{why}; it points to {elsewhere}: write that as the endpoint, if it is meant"
            );
        }
        match status {
            _ if (self.protocol.may_pass)(status) => Answer::Again {
                after: head.headers.get(header::RETRY_AFTER).and_then(retry_after),
                why,
            },
            // Spans are not to blame, so whoever sent them keeps them.
            StatusCode::UNAUTHORIZED
            | StatusCode::PAYMENT_REQUIRED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::UNSUPPORTED_MEDIA_TYPE => Answer::Denied(why),
            _ if status.is_redirection() => Answer::Denied(why),
            _ => Answer::Refused(why),
        }
    }
}

/// The first line of an error.
fn plain(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let is_shown = !line.starts_with('<') && !line.contains(char::is_control);
    is_shown.then(|| line.to_owned())
}

fn retry_after(value: &HeaderValue) -> Option<Duration> {
    pause(value.to_str().ok()?, SystemClock.now_ns())
}

/// `Retry-After`: seconds, or a date.
fn pause(text: &str, now_ns: u64) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let at = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(Duration::from_nanos(now_ns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_says_when_to_come_again_in_seconds_or_by_date() {
        let now_ns = 1_000_000_000 * 1_000_000_000;
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            // A billion seconds after the epoch, and a minute more.
            ("Sun, 09 Sep 2001 01:47:40 GMT", Some(60)),
            ("Sun, 09 Sep 2001 01:46:39 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(
                pause(text, now_ns),
                seconds.map(Duration::from_secs),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_is_shown_unless_it_is_a_page() {
        assert_eq!(plain(b"\n  too large \nmore"), Some("too large".to_owned()));
        assert_eq!(plain(b"<html><body>502"), None);
        assert_eq!(plain(b""), None);
    }
}
