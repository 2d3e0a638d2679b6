//! The receivers of Jaeger's and Zipkin's protocols.

mod captures;
mod datagrams;
mod jaeger;
mod sampling;
mod zipkin;

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;

use http_body_util::BodyExt;
use tracewell_collector::{
    Accounting, Answering, Destination, Intake, IntakeConfig, JaegerListeners, JaegerReceiver,
    ReceiverSnapshot, Sampling, ZipkinReceiver,
};
use tracewell_model::Consumer;
use tracewell_testkit::thrift::{binary_call, jaeger_batch};

use crate::running::PATIENCE;

const MAX_REQUEST_BYTES: usize = 8 << 20;

/// All of these receivers on free ports.
struct Legacy {
    jaeger: JaegerReceiver,
    zipkin: ZipkinReceiver,
    sampling: Arc<Sampling>,
    accounting: Arc<Accounting>,
    // The workers live as long as it does.
    _intake: Arc<Intake>,
}

fn start(consumer: Arc<dyn Consumer>) -> Legacy {
    start_with(consumer, Arc::default())
}

fn start_with(consumer: Arc<dyn Consumer>, sampling: Arc<Sampling>) -> Legacy {
    let limits = IntakeConfig {
        memory_budget_bytes: 256 << 20,
        workers: None,
        max_connections: 100,
        lock: Arc::default(),
    };
    let destination = Destination::One {
        consumer,
        sampling: Arc::clone(&sampling),
    };
    let intake = Intake::start(limits, destination).unwrap();
    let accounting = Accounting::new();
    let tcp = || TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = || Some(UdpSocket::bind("127.0.0.1:0").unwrap());
    let listeners = JaegerListeners {
        grpc: Some(tcp()),
        thrift_http: Some(tcp()),
        thrift_compact: udp(),
        thrift_binary: udp(),
        zipkin_compact: udp(),
        sampling_http: Some(tcp()),
        sampling_grpc: Some(tcp()),
    };
    let jaeger = JaegerReceiver::start(listeners, MAX_REQUEST_BYTES, &intake, &accounting);
    let questions = Box::new(asked);
    let zipkin = ZipkinReceiver::start(tcp(), MAX_REQUEST_BYTES, &intake, &accounting, questions);
    Legacy {
        jaeger: jaeger.unwrap(),
        sampling,
        zipkin: zipkin.unwrap(),
        accounting,
        _intake: intake,
    }
}

/// Answers with the question.
fn asked(head: http::request::Parts) -> Answering {
    let text = bytes::Bytes::from(format!("asked {}", head.uri));
    let body = http_body_util::Full::new(text).map_err(Into::into);
    Box::pin(async { http::Response::new(body.boxed_unsync()) })
}

impl Legacy {
    fn address(&self, receiver: &str) -> SocketAddr {
        match receiver {
            "zipkin" => self.zipkin.address(),
            name => self.jaeger.address(name).unwrap(),
        }
    }

    fn url(&self, receiver: &str, path: &str) -> String {
        format!("http://{}{path}", self.address(receiver))
    }

    fn account(&self, receiver: &str) -> ReceiverSnapshot {
        let mut accounts = self.accounting.snapshot().into_iter();
        let found = accounts.find(|account| *account.receiver == *receiver);
        found.unwrap()
    }

    /// Waits until an account is as it must become.
    async fn until(&self, receiver: &str, is_so: impl Fn(&ReceiverSnapshot) -> bool) {
        let waiting = async {
            while !is_so(&self.account(receiver)) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("it stayed {:?}", self.account(receiver)));
    }
}

/// A datagram with one good span of this name.
fn datagram(name: &str) -> Vec<u8> {
    binary_call("emitBatch", &jaeger_batch(7, name))
}
