//! A connection to the backend, kept open between batches.
//!
//! It exists because a client with pools and connectors is far more than one
//! connection needs. It must never send plain text to an `https` endpoint.

use super::io::BoxedError;
use super::proxy::Proxy;
use super::settings::Protocol;
use super::tls::Tls;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper::{HeaderMap, Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// An answer is a few bytes; this much is read (OTLP specification).
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Where the backend is.
#[derive(Debug)]
pub(super) struct Target {
    host: String,
    port: u16,
    protocol: Protocol,
    tls: Option<Tls>,
    proxy: Option<Proxy>,
}

pub(super) enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// An answer as it came, trailers among the headers.
pub(super) struct RawAnswer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Target {
    /// `None` where the address has no host.
    pub(super) fn new(
        endpoint: &Uri,
        protocol: Protocol,
        tls: Option<Tls>,
        proxy: Option<Proxy>,
    ) -> Option<Target> {
        let host = endpoint
            .host()?
            .trim_start_matches('[')
            .trim_end_matches(']');
        let default_port = if tls.is_some() { 443 } else { 80 };
        Some(Target {
            host: host.to_owned(),
            port: endpoint.port_u16().unwrap_or(default_port),
            protocol,
            tls,
            proxy,
        })
    }

    /// The proxy that reads the requests themselves: those of plain HTTP/1. For
    /// others it carries bytes.
    pub(super) fn forwarder(&self) -> Option<&Proxy> {
        let is_read = self.tls.is_none() && self.protocol != Protocol::Grpc;
        self.proxy.as_ref().filter(|_| is_read)
    }

    pub(super) async fn connect(&self) -> Result<Connection, BoxedError> {
        let io = match &self.proxy {
            None => {
                let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
                tcp.set_nodelay(true)?;
                Box::new(tcp)
            }
            Some(proxy) if self.forwarder().is_some() => proxy.connect().await?,
            Some(proxy) => proxy.tunnel(&self.host, self.port).await?,
        };
        let io = match &self.tls {
            Some(tls) => tls.connect(&self.host, io).await?,
            None => io,
        };
        let io = TokioIo::new(io);
        // A connection that breaks is noticed by the next request.
        match self.protocol {
            Protocol::HttpProtobuf | Protocol::HttpJson => {
                let (sender, connection) = http1::handshake(io).await?;
                tokio::spawn(connection);
                Ok(Connection::Http1(sender))
            }
            Protocol::Grpc => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
                tokio::spawn(connection);
                Ok(Connection::Http2(sender))
            }
        }
    }
}

impl Connection {
    /// Whether it can take a request; waits for one that is under way.
    pub(super) async fn is_ready(&mut self) -> bool {
        match self {
            Connection::Http1(sender) => sender.ready().await.is_ok(),
            Connection::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<RawAnswer, BoxedError> {
        let response = match self {
            Connection::Http1(sender) => sender.send_request(request).await?,
            Connection::Http2(sender) => sender.send_request(request).await?,
        };
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?;
        let mut headers = head.headers;
        if let Some(trailers) = body.trailers() {
            headers.extend(trailers.clone());
        }
        Ok(RawAnswer {
            status: head.status.as_u16(),
            headers,
            body: body.to_bytes(),
        })
    }
}
