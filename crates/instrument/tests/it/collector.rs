//! An OTLP collector on a port of its own: gRPC and HTTP on the same one.
//!
//! It exists as an independent check of what the exporter sends. It answers as
//! it is told, in order, and with success when it has run out of orders.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A request as it came.
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// Empty where logs were sent.
    pub(crate) request: ExportTraceServiceRequest,
    /// Empty where spans were sent.
    pub(crate) logs: ExportLogsServiceRequest,
}

/// What to answer.
#[derive(Clone)]
pub(crate) struct Order {
    /// HTTP status over HTTP, gRPC status over gRPC.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    orders: Mutex<VecDeque<Order>>,
    /// Larger requests are refused, with 413 or in the words of a gRPC server,
    /// and not received.
    max_request_bytes: Option<usize>,
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    state: Arc<State>,
}

impl Collector {
    pub(crate) fn start() -> Collector {
        Collector::obeying([])
    }

    pub(crate) fn obeying(orders: impl IntoIterator<Item = Order>) -> Collector {
        Collector::run(orders, None, None)
    }

    /// Is connected to and never answers.
    pub(crate) fn silent() -> Collector {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Open as long as the tests run.
        std::mem::forget(listener);
        Collector {
            address,
            scheme: "http",
            state: Arc::default(),
        }
    }

    /// Takes no request that is larger.
    pub(crate) fn taking_at_most(max_request_bytes: usize) -> Collector {
        Collector::run([], None, Some(max_request_bytes))
    }

    /// Behind TLS, with these certificates.
    pub(crate) fn behind(tls: ServerConfig) -> Collector {
        Collector::run([], Some(TlsAcceptor::from(Arc::new(tls))), None)
    }

    fn run(
        orders: impl IntoIterator<Item = Order>,
        tls: Option<TlsAcceptor>,
        max_request_bytes: Option<usize>,
    ) -> Collector {
        let state = Arc::new(State {
            max_request_bytes,
            ..State::default()
        });
        state.orders.lock().unwrap().extend(orders);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        let scheme = if tls.is_some() { "https" } else { "http" };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(serve(listener, tls, shared));
        });
        Collector {
            address,
            scheme,
            state,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut *self.state.received.lock().unwrap())
    }

    /// All spans that arrived so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let spans = self
            .received()
            .into_iter()
            .flat_map(|received| spans_of(received.request));
        spans.collect()
    }

    /// All log records that arrived so far, each with the name of its scope.
    pub(crate) fn records(&self) -> Vec<(String, LogRecord)> {
        let records = self
            .received()
            .into_iter()
            .flat_map(|received| records_of(received.logs));
        records.collect()
    }
}

/// Each with the name of its scope.
pub(crate) fn records_of(request: ExportLogsServiceRequest) -> Vec<(String, LogRecord)> {
    let scopes = request
        .resource_logs
        .into_iter()
        .flat_map(|resource| resource.scope_logs);
    let records = scopes.flat_map(|logs| {
        let scope = logs.scope.unwrap_or_default().name;
        let named = move |record| (scope.clone(), record);
        logs.log_records.into_iter().map(named)
    });
    records.collect()
}

pub(crate) fn spans_of(request: ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

async fn serve(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, state).await,
                Some(tls) => match tls.accept(stream).into_fallible().await {
                    Ok(stream) => converse(stream, state).await,
                    // Read to its end, so that the client hears why.
                    Err((_, mut stream)) => {
                        stream.shutdown().await.ok();
                        tokio::io::copy(&mut stream, &mut tokio::io::sink())
                            .await
                            .ok();
                    }
                },
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, state: Arc<State>) {
    let service = service_fn(move |request| answer(state.clone(), request));
    let builder = auto::Builder::new(TokioExecutor::new());
    builder
        .serve_connection(TokioIo::new(stream), service)
        .await
        .ok();
}

type Answer = Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>;

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let is_grpc = head.headers["content-type"] == "application/grpc";
    if state.max_request_bytes.is_some_and(|max| body.len() > max) {
        let too_large = "grpc: received message larger than max";
        return Ok(if is_grpc {
            grpc(Some(Order {
                status: 8,
                headers: vec![("grpc-message", too_large)],
                body: Vec::new(),
            }))
        } else {
            http(Some(Order {
                status: 413,
                headers: Vec::new(),
                body: Vec::new(),
            }))
        });
    }
    let order = state.orders.lock().unwrap().pop_front();
    let message = if is_grpc {
        body.slice(5..)
    } else {
        body.clone()
    };
    let encoding = head
        .headers
        .get("content-encoding")
        .or(head.headers.get("grpc-encoding"));
    let is_framed_as_compressed = is_grpc && body[0] == 1;
    assert_eq!(
        is_framed_as_compressed,
        is_grpc && encoding.is_some(),
        "a frame of gRPC says whether it is compressed"
    );
    let message = match encoding.map(|encoding| encoding.to_str().unwrap()) {
        None => message.to_vec(),
        Some("zstd") => zstd::bulk::decompress(&message, 1 << 24).unwrap(),
        Some("gzip") => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&message[..])
                .read_to_end(&mut plain)
                .unwrap();
            plain
        }
        Some(other) => panic!("unexpected encoding {other}"),
    };
    let path = head.uri.path().to_owned();
    let (mut request, mut logs) = Default::default();
    let is_json = head.headers["content-type"] == "application/json";
    match (path.to_ascii_lowercase().contains("logs"), is_json) {
        (true, false) => logs = ExportLogsServiceRequest::decode(&message[..]).unwrap(),
        (false, false) => request = ExportTraceServiceRequest::decode(&message[..]).unwrap(),
        (true, true) => logs = serde_json::from_slice(&message).unwrap(),
        (false, true) => request = serde_json::from_slice(&message).unwrap(),
    }
    state.received.lock().unwrap().push(Received {
        path,
        headers: head.headers,
        request,
        logs,
    });
    Ok(if is_grpc { grpc(order) } else { http(order) })
}

fn http(order: Option<Order>) -> Answer {
    let order = order.unwrap_or(Order {
        status: 200,
        headers: Vec::new(),
        body: Vec::new(),
    });
    let mut answer = Response::builder().status(order.status);
    for (name, value) in order.headers {
        answer = answer.header(name, value);
    }
    answer
        .body(Full::new(Bytes::from(order.body)).boxed())
        .unwrap()
}

fn grpc(order: Option<Order>) -> Answer {
    let order = order.unwrap_or(Order {
        status: 0,
        headers: Vec::new(),
        body: Vec::new(),
    });
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(order.body.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(&order.body);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", order.status.into());
    for (name, value) in order.headers {
        trailers.insert(name, value.parse().unwrap());
    }
    let body = Full::new(Bytes::from(framed)).with_trailers(async move { Some(Ok(trailers)) });
    let answer = Response::builder().header("content-type", "application/grpc");
    answer.body(body.boxed()).unwrap()
}
