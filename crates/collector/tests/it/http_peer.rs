//! A peer over HTTP that answers off a list, in the clear or through TLS, and
//! exporters of a file before it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tracewell_collector::exporters::{ExporterAccount, ExporterSnapshot};
use tracewell_collector::pipelines::{
    self,
    graph::{Graph, Ground, Spooled},
};
use tracewell_collector::written::fields::Reading;
use tracewell_collector::written::yaml;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};
use tracewell_testkit::{TestSpan, batch};

/// Status, headers and body.
#[derive(Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn of(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct HttpPeer {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl HttpPeer {
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The first part of its address.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Answers with these, then with 200 and nothing; gRPC always with OK.
pub(super) async fn http_peer(replies: impl IntoIterator<Item = Reply>) -> HttpPeer {
    serve(replies.into_iter().collect(), None).await
}

pub(super) async fn tls_peer(config: ServerConfig) -> HttpPeer {
    serve(VecDeque::new(), Some(TlsAcceptor::from(Arc::new(config)))).await
}

async fn serve(replies: VecDeque<Reply>, tls: Option<TlsAcceptor>) -> HttpPeer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (replies, seen) = (
        Arc::new(Mutex::new(replies)),
        Arc::new(Mutex::new(Vec::new())),
    );
    let saw = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (replies, saw, tls) = (Arc::clone(&replies), Arc::clone(&saw), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => answer(stream, replies, saw).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => answer(stream, replies, saw).await,
                        Err(_refused) => {}
                    },
                }
            });
        }
    });
    HttpPeer { port, seen }
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    saw: Arc<Mutex<Vec<Seen>>>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (replies, saw) = (Arc::clone(&replies), Arc::clone(&saw));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let is_grpc = head.headers[header::CONTENT_TYPE] == "application/grpc";
            saw.lock().unwrap().push(Seen {
                path: head.uri.path().to_owned(),
                headers: head.headers,
                body,
            });
            if is_grpc {
                return Ok::<_, Infallible>(grpc_ok());
            }
            let reply = replies.lock().unwrap().pop_front();
            Ok(response(reply.unwrap_or(Reply::of(200, ""))))
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let served = builder.serve_connection(TokioIo::new(stream), service);
    served.await.ok();
}

fn response(reply: Reply) -> Response<BoxBody<Bytes, Infallible>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = Full::new(Bytes::from(reply.body));
    response.body(BodyExt::boxed(body)).unwrap()
}

fn grpc_ok() -> Response<BoxBody<Bytes, Infallible>> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    let body = Full::new(Bytes::from_static(&[0; 5]));
    let body = body.with_trailers(async move { Some(Ok(trailers)) });
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(BodyExt::boxed(body)).unwrap()
}

/// A pipeline of one exporter.
pub(super) struct Exporter {
    entry: Arc<dyn Consumer>,
    account: Arc<ExporterAccount>,
}

/// What is wrong with a file.
pub(super) type Mistakes = Vec<String>;

impl Exporter {
    /// `exporter` is its name and section, `extensions` are all of theirs.
    pub(super) fn new(
        exporter: (&str, &str),
        extensions: &[(&str, &str)],
    ) -> Result<Self, Mistakes> {
        let (name, section) = exporter;
        let sections = extensions
            .iter()
            .map(|(name, text)| format!("{name}: {{{text}}}"));
        let sections = sections.collect::<Vec<_>>().join(", ");
        let names = extensions.iter().map(|(name, _)| *name);
        let names = names.collect::<Vec<_>>().join(", ");
        let text = format!(
            "receivers: {{otlp: {{protocols: {{http: }}}}}}
extensions: {{{sections}}}
exporters: {{{name}: {{{section}}}}}
service:
  extensions: [{names}]
  pipelines: {{traces: {{receivers: [otlp], exporters: [{name}]}}}}"
        );
        let reading = Reading::new(Path::new("file.yaml"));
        let root = yaml::parse(&text).unwrap().unwrap();
        let file = pipelines::read(&root, &reading);
        let mistakes = reading.into_found().0;
        if !mistakes.is_empty() {
            return Err(mistakes.iter().map(ToString::to_string).collect());
        }
        let store: Arc<dyn Consumer> = Arc::new(Unused);
        let ground = Ground {
            store,
            runtime: Handle::current(),
            watched: Box::new(|consumer| consumer),
        };
        let graph = Graph::start(file, Spooled::new(), ground).map_err(|why| vec![why])?;
        Ok(Self {
            entry: graph.entries().of("otlp_http").unwrap(),
            account: graph.accounts().exporters().remove(0),
        })
    }

    pub(super) async fn send(&self, spans: &[TestSpan]) -> Result<(), StoreError> {
        let (told, fate) = oneshot::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        self.entry.consume(Arc::new(batch(spans)), ack);
        fate.await.unwrap()
    }

    pub(super) fn account(&self) -> ExporterSnapshot {
        self.account.snapshot()
    }
}

struct Unused;

impl Consumer for Unused {
    fn consume(&self, _batch: Arc<SpanBatch>, _ack: Ack) {
        panic!("no pipeline ends in the store");
    }
}

pub(super) fn spans(count: u64) -> Vec<TestSpan> {
    let span =
        |number| TestSpan::new(1, number, "shop", "buy", number).with_text("text", "one of many");
    (1..=count).map(span).collect()
}
