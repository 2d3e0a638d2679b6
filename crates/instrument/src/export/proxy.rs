//! The HTTP proxy between us and the backend, where there is one.
//!
//! ```text
//! http/…  over http    POST http://backend/v1/traces   each request, by the proxy
//! https, and all gRPC  CONNECT backend:port            once, then bytes both ways
//! ```
//!
//! It exists because many networks let nothing out but through one. Whose fault a
//! failure is must always be said, and the password never.

use super::answer::Answer;
use super::io::{BoxedError, Io, describe};
use super::settings::{Protocol, TlsSettings};
use super::tls::{self, Tls, TlsError};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Request, Uri};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use std::fmt;
use tokio::net::TcpStream;

/// Which proxy, and who said so.
#[derive(Debug)]
pub(crate) struct ProxySettings {
    /// Its address and what proves to it who we are.
    pub(crate) intercept: Intercept,
    /// The variable, or the method of the builder.
    pub(crate) setting: String,
    /// What to do so that there is none.
    pub(crate) without: String,
}

#[derive(Debug)]
pub(super) struct Proxy {
    settings: ProxySettings,
    host: String,
    port: u16,
    tls: Option<Tls>,
}

impl Proxy {
    /// A proxy behind TLS is believed as the backend is.
    pub(super) fn new(settings: ProxySettings, tls: &TlsSettings) -> Result<Proxy, TlsError> {
        let uri = settings.intercept.uri();
        let is_https = uri.scheme_str() == Some("https");
        let tls = TlsSettings {
            authorities: tls.authorities.clone(),
            ..TlsSettings::default()
        };
        let host = uri.host().unwrap_or_default();
        Ok(Proxy {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if is_https { 443 } else { 80 }),
            tls: if is_https {
                Some(Tls::load(&tls, Protocol::HttpProtobuf)?)
            } else {
                None
            },
            settings,
        })
    }

    /// What proves to it who we are.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.settings.intercept.basic_auth()
    }

    pub(super) async fn connect(&self) -> Result<Box<dyn Io>, BoxedError> {
        let connecting = async {
            let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
            tcp.set_nodelay(true)?;
            match &self.tls {
                Some(tls) => tls.connect(&self.host, Box::new(tcp)).await,
                None => Ok(Box::new(tcp) as Box<dyn Io>),
            }
        };
        let connected: Result<_, BoxedError> = connecting.await;
        connected.map_err(|error| {
            let (why, without) = (describe(error.as_ref()), &self.settings.without);
            let fix = tls::fix(&why);
            let advice = fix.unwrap_or("set it to one that runs");
            let why = format!("cannot reach {self}: {why}; {advice}, or {without}");
            let is_final = fix.is_some();
            ProxyError { why, is_final }.into()
        })
    }

    /// A connection to the backend.
    pub(super) async fn tunnel(&self, host: &str, port: u16) -> Result<Box<dyn Io>, BoxedError> {
        let authority = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let io = TokioIo::new(self.connect().await?);
        let (mut sender, connection) = http1::handshake(io).await?;
        tokio::spawn(connection.with_upgrades());
        let mut request = Request::connect(&*authority).header(HOST, &*authority);
        if let Some(proof) = self.authorization() {
            request = request.header(PROXY_AUTHORIZATION, proof);
        }
        let answer = sender
            .send_request(request.body(Empty::<Bytes>::new())?)
            .await?;
        match answer.status().as_u16() {
            200..=299 => {
                let upgraded = hyper::upgrade::on(answer).await?;
                Ok(Box::new(TokioIo::new(upgraded)))
            }
            407 => Err(self.unproven().into()),
            status @ (429 | 500..) => {
                let why = format!("{self} did not reach {authority} (HTTP {status})");
                let is_final = false;
                Err(ProxyError { why, is_final }.into())
            }
            status => {
                let without = &self.settings.without;
                let why = format!(
                    "{self} refused (HTTP {status}): allow CONNECT to {authority} there, or \
                     {without}"
                );
                let is_final = true;
                Err(ProxyError { why, is_final }.into())
            }
        }
    }

    /// What an answer means that came this way and may be its own.
    pub(super) fn judge(&self, status: u16, answer: Answer) -> Answer {
        if status == 407 {
            return self.unproven().into_answer();
        }
        answer.map_why(|why| format!("{why} through {self}"))
    }

    /// It does not know who we are.
    fn unproven(&self) -> ProxyError {
        let setting = &self.settings.setting;
        let why = match self.authorization() {
            Some(_) => {
                format!("{self} does not take the user and password of {setting} (HTTP 407)")
            }
            None => format!(
                "{self} wants a user and a password (HTTP 407): set {setting} to \
                 http://user:password@host:port"
            ),
        };
        ProxyError {
            why,
            is_final: true,
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri: &Uri = self.settings.intercept.uri();
        let address = uri.to_string();
        let address = address.trim_end_matches('/');
        write!(f, "the proxy {address} of {}", self.settings.setting)
    }
}

/// Why nothing comes through.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct ProxyError {
    why: String,
    /// Asking again is no use.
    is_final: bool,
}

impl ProxyError {
    pub(super) fn into_answer(self) -> Answer {
        let ProxyError { why, is_final } = self;
        if is_final {
            Answer::Failed { why }
        } else {
            Answer::Retry { after: None, why }
        }
    }
}
