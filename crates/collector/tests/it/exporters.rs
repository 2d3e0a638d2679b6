//! What exporters make of a peer's answers. No real backend answers like this
//! when asked to, so this one reads its answers off a list.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use prost::Message;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracewell_collector::exporters::{ExporterAccount, ExporterSnapshot};
use tracewell_collector::pipelines::{
    self,
    graph::{Graph, Ground, Spooled},
};
use tracewell_collector::written::fields::Reading;
use tracewell_collector::written::yaml;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, SpanId, StoreError};
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

/// A status, and the message of one that is OK.
pub(crate) type Reply = (u8, Vec<u8>);

pub(crate) const OK: u8 = 0;
pub(crate) const INVALID_ARGUMENT: u8 = 3;
/// The peer takes it and is gone before it can say so.
pub(crate) const GONE: u8 = 255;
const RESOURCE_EXHAUSTED: u8 = 8;
pub(crate) const UNAVAILABLE: u8 = 14;
pub(crate) const UNAUTHENTICATED: u8 = 16;

pub(crate) struct Peer {
    pub(crate) address: String,
    /// Spans of each request, as they came.
    seen: Arc<Mutex<Vec<usize>>>,
    /// What it will answer, before OK.
    pub(crate) replies: Arc<Mutex<VecDeque<Reply>>>,
    /// Ids of the spans of requests that it took.
    pub(crate) taken: Arc<Mutex<Vec<SpanId>>>,
}

/// Answers with these, then with OK.
pub(crate) async fn peer(replies: impl IntoIterator<Item = Reply>) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::new(Mutex::new(replies.into_iter().collect()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::new(Mutex::new(Vec::new()));
    let (saw, took, answers) = (Arc::clone(&seen), Arc::clone(&taken), Arc::clone(&replies));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (replies, saw) = (Arc::clone(&answers), Arc::clone(&saw));
            let took = Arc::clone(&took);
            let service = service_fn(move |request: Request<Incoming>| {
                let (replies, saw) = (Arc::clone(&replies), Arc::clone(&saw));
                let took = Arc::clone(&took);
                async move {
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let spans = protobuf::decode(&body[5..]).unwrap().batch;
                    saw.lock().unwrap().push(spans.len());
                    let reply = replies.lock().unwrap().pop_front().unwrap_or_default();
                    if reply.0 == OK || reply.0 == GONE {
                        took.lock().unwrap().extend(&spans.spans().span_id);
                    }
                    match reply.0 {
                        GONE => Err(io::Error::other("the peer is gone")),
                        _ => Ok(response(reply)),
                    }
                }
            });
            let builder = Builder::new(TokioExecutor::new());
            tokio::spawn(async move {
                builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .ok();
            });
        }
    });
    Peer {
        address,
        seen,
        replies,
        taken,
    }
}

fn response((status, message): Reply) -> Response<BoxBody<Bytes, Infallible>> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(u16::from(status)));
    trailers.insert("grpc-message", HeaderValue::from_static("as listed"));
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    let body = if status == OK { frame } else { Vec::new() };
    let body = Full::new(Bytes::from(body));
    let body = body.with_trailers(async move { Some(Ok(trailers)) });
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(BodyExt::boxed(body)).unwrap()
}

/// An exporter of a file, before this peer.
struct Exporter {
    entry: Arc<dyn Consumer>,
    account: Arc<ExporterAccount>,
}

impl Exporter {
    fn new(peer: &Peer, more: &str) -> Self {
        let text = format!(
            "receivers: {{otlp: {{protocols: {{http: }}}}}}
exporters: {{otlp: {{endpoint: \"http://{}\", compression: none, {more}}}}}
service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [otlp]}}}}}}",
            peer.address
        );
        let reading = Reading::new(Path::new("file.yaml"));
        let root = yaml::parse(&text).unwrap().unwrap();
        let file = pipelines::read(&root, &reading);
        assert_eq!(reading.into_found().0, []);
        let store: Arc<dyn Consumer> = Arc::new(Unused);
        let ground = Ground {
            store,
            runtime: Handle::current(),
            watched: Box::new(|consumer| consumer),
        };
        let graph = Graph::start(file, Spooled::new(), ground).unwrap();
        Self {
            entry: graph.entries().of("otlp_http").unwrap(),
            account: graph.accounts().exporters().remove(0),
        }
    }

    fn begin(&self, spans: &[TestSpan]) -> oneshot::Receiver<Result<(), StoreError>> {
        let (told, fate) = oneshot::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        self.entry.consume(Arc::new(batch(spans)), ack);
        fate
    }

    async fn send(&self, spans: &[TestSpan]) -> Result<(), StoreError> {
        self.begin(spans).await.unwrap()
    }

    fn account(&self) -> ExporterSnapshot {
        self.account.snapshot()
    }
}

pub(crate) struct Unused;

impl Consumer for Unused {
    fn consume(&self, _batch: Arc<SpanBatch>, _ack: Ack) {
        panic!("no pipeline ends in the store");
    }
}

fn spans(count: u64, text_bytes: usize) -> Vec<TestSpan> {
    let text = "x".repeat(text_bytes);
    let span = |number| TestSpan::new(1, number, "a", "x", number).with_text("text", &text);
    (1..=count).map(span).collect()
}

const QUICK: &str = "retry_on_failure: {initial_interval: 1ms, max_interval: 1ms}";

/// An answer of OTLP that leaves spans out.
pub(crate) fn partial_success(rejected: i64, message: &str) -> Vec<u8> {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    let partial_success = Some(ExportTracePartialSuccess {
        rejected_spans: rejected,
        error_message: message.to_owned(),
    });
    ExportTraceServiceResponse { partial_success }.encode_to_vec()
}

#[tokio::test]
async fn what_may_pass_is_sent_again_until_it_is_taken() {
    let again = (UNAVAILABLE, Vec::new());
    let peer = peer([again.clone(), again]).await;
    let exporter = Exporter::new(&peer, QUICK);
    assert_eq!(exporter.send(&spans(3, 1)).await, Ok(()));
    assert_eq!(*peer.seen.lock().unwrap(), [3, 3, 3]);
    let account = exporter.account();
    assert_eq!(
        (account.sent, account.retries, account.in_flight),
        (3, 2, 0)
    );
    assert_eq!(account.last_error, None);
}

#[tokio::test]
async fn what_a_peer_will_never_take_is_refused_and_what_it_denies_us_is_not() {
    for (status, reason) in [
        (INVALID_ARGUMENT, "refused_by_peer"),
        // Without a time to come again: too large for it.
        (RESOURCE_EXHAUSTED, "refused_by_peer"),
        (UNAUTHENTICATED, "denied_by_peer"),
    ] {
        let peer = peer([(status, Vec::new())]).await;
        let exporter = Exporter::new(&peer, QUICK);
        let told = exporter.send(&spans(3, 1)).await.unwrap_err();
        let is_for_good = matches!(told, StoreError::Refused(_));
        assert_eq!(is_for_good, reason == "refused_by_peer", "{told}");
        assert!(told.to_string().contains("as listed"), "{told}");
        let account = exporter.account();
        assert_eq!(account.rejected.get(reason), Some(&3));
        assert_eq!((account.retries, account.in_flight), (0, 0));
    }
}

#[tokio::test]
async fn a_large_batch_goes_in_pieces_and_a_bad_one_takes_no_other_with_it() {
    let peer = peer([(OK, Vec::new()), (INVALID_ARGUMENT, Vec::new())]).await;
    let exporter = Exporter::new(&peer, QUICK);
    // Twelve of a megabyte: a message has three at most.
    let told = exporter.send(&spans(12, 1 << 20)).await;
    let seen = peer.seen.lock().unwrap().clone();
    assert_eq!(seen.iter().sum::<usize>(), 12);
    assert!(
        seen.len() >= 4 && seen.iter().all(|spans| *spans < 4),
        "{seen:?}"
    );
    assert_eq!(told, Ok(()), "those that were taken would be sent again");
    let (account, refused) = (exporter.account(), seen[1] as u64);
    assert_eq!(account.rejected.get("refused_by_peer"), Some(&refused));
    assert_eq!((account.sent, account.in_flight), (12 - refused, 0));
}

#[tokio::test]
async fn what_a_peer_leaves_out_counts_as_rejected() {
    let peer = peer([(OK, partial_success(2, "no name"))]).await;
    let exporter = Exporter::new(&peer, QUICK);
    assert_eq!(exporter.send(&spans(5, 1)).await, Ok(()));
    let account = exporter.account();
    assert_eq!((account.received, account.sent), (5, 3));
    assert_eq!(account.rejected.get("left_out_by_peer"), Some(&2));
}

#[tokio::test]
async fn a_full_queue_says_come_again_and_what_is_never_taken_is_told_in_time() {
    let peer = peer(vec![(UNAVAILABLE, Vec::new()); 10_000]).await;
    let slow = "sending_queue: {queue_size: 2, num_consumers: 1},
        retry_on_failure: {initial_interval: 1ms, max_interval: 1ms, max_elapsed_time: 300ms}";
    let exporter = Exporter::new(&peer, slow);
    let waiting = [exporter.begin(&spans(2, 1)), exporter.begin(&spans(2, 1))];
    let told = exporter.send(&spans(3, 1)).await;
    assert!(matches!(told, Err(StoreError::Busy(_))), "{told:?}");
    let account = exporter.account();
    assert_eq!(account.rejected.get("queue_full"), Some(&3));
    assert_eq!((account.received, account.in_flight), (7, 4));
    for fate in waiting {
        let told = fate.await.unwrap();
        assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    }
    assert_eq!(
        exporter.account().rejected.get("peer_unavailable"),
        Some(&4)
    );
    assert_eq!(exporter.account().in_flight, 0);
}
