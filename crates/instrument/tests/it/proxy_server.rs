//! An HTTP proxy on a port of its own: absolute-form requests and CONNECT.
//!
//! It exists because what a proxy is told cannot be seen from either end. It
//! takes every name for one backend, which it alone can find.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// As the request line has it.
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) authorization: Option<String>,
}

struct State {
    backend: SocketAddr,
    /// What it answers to the first instead of doing as it is asked.
    refusal: Mutex<Option<StatusCode>>,
    /// What it wants in `Proxy-Authorization`.
    wants: Option<&'static str>,
    asked: Mutex<Vec<Asked>>,
}

pub(crate) struct ProxyServer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

impl ProxyServer {
    pub(crate) fn to(backend: SocketAddr) -> ProxyServer {
        ProxyServer::run(backend, None, None, None)
    }

    /// Serves nobody without this in `Proxy-Authorization`.
    pub(crate) fn wanting(backend: SocketAddr, authorization: &'static str) -> ProxyServer {
        ProxyServer::run(backend, None, Some(authorization), None)
    }

    /// Answers this to the first that asks.
    pub(crate) fn refusing(backend: SocketAddr, status: StatusCode) -> ProxyServer {
        ProxyServer::run(backend, Some(status), None, None)
    }

    /// Is itself reached over TLS.
    pub(crate) fn behind(backend: SocketAddr, tls: ServerConfig) -> ProxyServer {
        ProxyServer::run(backend, None, None, Some(tls))
    }

    fn run(
        backend: SocketAddr,
        refusal: Option<StatusCode>,
        wants: Option<&'static str>,
        tls: Option<ServerConfig>,
    ) -> ProxyServer {
        let state = Arc::new(State {
            backend,
            refusal: Mutex::new(refusal),
            wants,
            asked: Mutex::default(),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        let tls = tls.map(|mut config| {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            TlsAcceptor::from(Arc::new(config))
        });
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(serve(listener, tls, shared));
        });
        ProxyServer { address, state }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.state.asked.lock().unwrap())
    }
}

async fn serve(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(state.clone(), request));
            let http = server::Builder::new();
            match tls {
                None => {
                    let connection = http.serve_connection(TokioIo::new(stream), service);
                    connection.with_upgrades().await.ok();
                }
                Some(tls) => {
                    let stream = tls.accept(stream).await.unwrap();
                    let connection = http.serve_connection(TokioIo::new(stream), service);
                    connection.with_upgrades().await.ok();
                }
            }
        });
    }
}

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let text = |name| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let authorization = text(PROXY_AUTHORIZATION);
    state.asked.lock().unwrap().push(Asked {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        host: text(hyper::header::HOST).unwrap_or_default(),
        authorization: authorization.clone(),
    });
    if state.wants.is_some() && authorization.as_deref() != state.wants {
        return Ok(empty(StatusCode::PROXY_AUTHENTICATION_REQUIRED));
    }
    let refusal = state.refusal.lock().unwrap().take();
    if let Some(status) = refusal {
        return Ok(empty(status));
    }
    let Ok(mut backend) = TcpStream::connect(state.backend).await else {
        return Ok(empty(StatusCode::BAD_GATEWAY));
    };
    if request.method() == Method::CONNECT {
        tokio::spawn(async move {
            let mut client = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
            tokio::io::copy_bidirectional(&mut client, &mut backend)
                .await
                .ok();
        });
        return Ok(empty(StatusCode::OK));
    }
    forward(backend, request).await
}

async fn forward(backend: TcpStream, request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let (mut sender, connection) = client::handshake(TokioIo::new(backend)).await?;
    tokio::spawn(connection);
    let (mut head, body) = request.into_parts();
    head.headers.remove(PROXY_AUTHORIZATION);
    let path = head.uri.path_and_query().unwrap().as_str();
    head.uri = path.parse().unwrap();
    let answer = sender.send_request(Request::from_parts(head, body)).await?;
    Ok(answer.map(BodyExt::boxed))
}

fn empty(status: StatusCode) -> Answer {
    let body = Empty::new().map_err(|never| match never {});
    let mut answer = Response::new(body.boxed());
    *answer.status_mut() = status;
    answer
}
