//! A receiver on free ports of this machine.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tracewell_access::Lock;
use tracewell_collector::{
    Accounting, Intake, IntakeConfig, OtlpConfig, OtlpListeners, OtlpReceiver, ReceiverSnapshot,
};
use tracewell_model::Consumer;

/// Generous: only a test that fails waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) receiver: OtlpReceiver,
    pub(crate) intake: Arc<Intake>,
    pub(crate) accounting: Arc<Accounting>,
}

pub(crate) struct Options {
    pub(crate) otlp: OtlpConfig,
    pub(crate) memory_budget_bytes: usize,
    pub(crate) max_connections: usize,
    pub(crate) lock: Arc<Lock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            otlp: OtlpConfig::default(),
            memory_budget_bytes: 256 << 20,
            max_connections: 1_000,
            lock: Arc::default(),
        }
    }
}

pub(crate) fn start(consumer: Arc<dyn Consumer>) -> Running {
    start_with(consumer, Options::default())
}

/// With a small limit for the size of requests.
pub(crate) fn start_limited(consumer: Arc<dyn Consumer>, max_request_bytes: usize) -> Running {
    let otlp = OtlpConfig {
        max_request_bytes,
        ..OtlpConfig::default()
    };
    start_with(
        consumer,
        Options {
            otlp,
            ..Options::default()
        },
    )
}

pub(crate) fn start_with(consumer: Arc<dyn Consumer>, options: Options) -> Running {
    let limits = IntakeConfig {
        memory_budget_bytes: options.memory_budget_bytes,
        workers: None,
        max_connections: options.max_connections,
        lock: options.lock,
    };
    let intake = Intake::start(limits, consumer).unwrap();
    let accounting = Accounting::new();
    let free_port = || Some(TcpListener::bind("127.0.0.1:0").unwrap());
    let listeners = OtlpListeners {
        grpc: free_port(),
        http: free_port(),
    };
    let receiver = OtlpReceiver::start(&options.otlp, listeners, &intake, &accounting).unwrap();
    Running {
        receiver,
        intake,
        accounting,
    }
}

impl Running {
    pub(crate) fn http_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.receiver.http_address().unwrap())
    }

    pub(crate) fn grpc_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.receiver.grpc_address().unwrap())
    }

    pub(crate) fn account(&self, receiver: &str) -> ReceiverSnapshot {
        let snapshot = self.accounting.snapshot();
        let mut accounts = snapshot.into_iter();
        accounts
            .find(|account| *account.receiver == *receiver)
            .unwrap()
    }

    pub(crate) fn http_account(&self) -> ReceiverSnapshot {
        self.account("otlp_http")
    }

    pub(crate) fn grpc_account(&self) -> ReceiverSnapshot {
        self.account("otlp_grpc")
    }

    /// Waits, without time of its own, until `condition` holds.
    pub(crate) async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !condition(self) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("the condition never came true");
    }
}
