//! Several peers behind one exporter: who gets what, and what clients are told when
//! one of them is away.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

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
use tracewell_model::{Consumer, SpanId, StoreError};
use tracewell_testkit::{TestSpan, batch};

use crate::exporters::{INVALID_ARGUMENT, Peer, UNAVAILABLE, Unused, peer};

struct Balanced {
    entry: Arc<dyn Consumer>,
    account: Arc<ExporterAccount>,
}

impl Balanced {
    fn new(peers: &[&Peer], more: &str) -> Self {
        let names: Vec<&str> = peers.iter().map(|peer| &*peer.address).collect();
        let text = format!(
            "receivers: {{otlp: {{protocols: {{http: }}}}}}
exporters:
  loadbalancing:
    resolver: {{static: {{hostnames: [{}]}}}}
    protocol: {{otlp: {{compression: none, tls: {{insecure: true}}}}}}
    retry_on_failure: {{initial_interval: 1ms, max_interval: 1ms, max_elapsed_time: 50ms}}
    {more}
service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [loadbalancing]}}}}}}",
            names.join(", ")
        );
        let reading = Reading::new(Path::new("file.yaml"));
        let root = yaml::parse(&text).unwrap().unwrap();
        let file = pipelines::read(&root, &reading);
        assert_eq!(reading.into_found(), (vec![], vec![]));
        let store: Arc<dyn Consumer> = Arc::new(Unused);
        let ground = Ground {
            store,
            runtime: Handle::current(),
            watched: Box::new(|consumer| consumer),
        };
        let graph = Graph::start(file, Spooled::new(), ground).unwrap();
        let accounts = graph.accounts().exporters();
        assert_eq!(accounts.len(), 1);
        Self {
            entry: graph.entries().of("otlp_http").unwrap(),
            account: Arc::clone(&accounts[0]),
        }
    }

    async fn send(&self, spans: &[TestSpan]) -> Result<(), StoreError> {
        let (told, fate) = oneshot::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        self.entry.consume(Arc::new(batch(spans)), ack);
        fate.await.unwrap()
    }

    /// The account, which adds up, as do those of its peers.
    fn account(&self) -> ExporterSnapshot {
        let account = self.account.snapshot();
        for of in account.peers.iter().chain([&account]) {
            let out = of.sent + of.moved + of.rejected.values().sum::<u64>();
            assert_eq!(of.received, out + of.in_flight, "{of:?}");
        }
        account
    }
}

/// Spans of many traces, each twice, far from one another.
fn spans(traces: u64) -> Vec<TestSpan> {
    let span = |number: u64| {
        let (trace, services) = (number % traces, ["shop", "cart", "stock"]);
        let service = services[(number / 7 % 3) as usize];
        TestSpan::new(trace, number + 1, service, "x", number + 1)
    };
    (0..2 * traces).map(span).collect()
}

fn taken(peer: &Peer) -> Vec<SpanId> {
    peer.taken.lock().unwrap().clone()
}

/// Which peer has each value of `of`; every span is with one of them.
fn whereabouts<K: Ord>(
    peers: &[&Peer],
    spans: &[TestSpan],
    of: impl Fn(&TestSpan) -> K,
) -> BTreeMap<K, usize> {
    let mut found = BTreeMap::new();
    let taken: Vec<Vec<SpanId>> = peers.iter().map(|peer| taken(peer)).collect();
    for span in spans {
        let with: Vec<usize> = (0..peers.len())
            .filter(|peer| taken[*peer].contains(&span.span_id))
            .collect();
        assert_eq!(with.len(), 1, "{span:?}");
        let first = *found.entry(of(span)).or_insert(with[0]);
        assert_eq!(first, with[0], "{span:?} is with another peer");
    }
    found
}

#[tokio::test]
async fn spans_of_a_trace_go_to_one_peer_and_traces_to_all() {
    let peers = [peer([]).await, peer([]).await, peer([]).await];
    let peers = [&peers[0], &peers[1], &peers[2]];
    let balanced = Balanced::new(&peers, "");
    let spans = spans(200);
    for part in spans.chunks(60) {
        assert_eq!(balanced.send(part).await, Ok(()));
    }
    let found = whereabouts(&peers, &spans, |span| span.trace_id);
    let account = balanced.account();
    assert_eq!((account.received, account.sent), (400, 400));
    for of_peer in &account.peers {
        let number = peers
            .iter()
            .position(|peer| peer.address == of_peer.endpoint);
        let traces = found.values().filter(|peer| Some(**peer) == number);
        assert_eq!(of_peer.sent, 2 * traces.count() as u64);
        assert!(of_peer.sent > 0, "{of_peer:?}");
    }
}

#[tokio::test]
async fn spans_of_a_service_or_of_other_attributes_go_to_one_peer() {
    let peers = [peer([]).await, peer([]).await];
    let peers = [&peers[0], &peers[1]];
    let by_service = Balanced::new(&peers, "routing_key: service");
    let spans = spans(30);
    assert_eq!(by_service.send(&spans).await, Ok(()));
    let services = whereabouts(&peers, &spans, |span| format!("{:?}", span.resource));
    assert_eq!(services.len(), 3);
    for peer in peers {
        peer.taken.lock().unwrap().clear();
    }
    let more = "routing_key: attributes\n    routing_attributes: [tenant, span.name]";
    let by_tenant = Balanced::new(&peers, more);
    let span = |number: u64| {
        let name = ["a", "b"][number as usize % 2];
        let tenant = (number / 2 % 9) as i64;
        TestSpan::new(number, number + 1, "shop", name, 1).with("tenant", tenant.into())
    };
    let spans: Vec<TestSpan> = (0..90).map(span).collect();
    assert_eq!(by_tenant.send(&spans).await, Ok(()));
    let key = |span: &TestSpan| (span.name.clone(), format!("{:?}", span.attributes));
    let found = whereabouts(&peers, &spans, key);
    assert_eq!(found.len(), 18);
    assert!(found.values().any(|peer| *peer == 0) && found.values().any(|peer| *peer == 1));
}

#[tokio::test]
async fn a_peer_that_is_away_makes_its_part_fail_and_no_other() {
    let away = peer(vec![(UNAVAILABLE, Vec::new()); 100_000]).await;
    let there = peer([]).await;
    let balanced = Balanced::new(&[&away, &there], "");
    let spans = spans(100);
    let told = balanced.send(&spans).await;
    let Err(StoreError::Unavailable(why)) = told else {
        panic!("{told:?}");
    };
    assert!(why.contains(&away.address), "{why}");
    let account = balanced.account();
    let delivered = taken(&there).len() as u64;
    assert!(delivered > 0 && taken(&away).is_empty());
    assert_eq!((account.sent, account.in_flight), (delivered, 0));
    assert_eq!(
        account.rejected,
        BTreeMap::from([("peer_unavailable", 200 - delivered)])
    );
    let error = account.last_error.unwrap();
    assert!(error.starts_with(&away.address), "{error}");
    // And back.
    away.replies.lock().unwrap().clear();
    assert_eq!(balanced.send(&spans).await, Ok(()));
    assert_eq!(balanced.account().last_error, None);
}

#[tokio::test]
async fn what_one_refuses_for_good_does_not_bring_the_others_theirs_again() {
    let picky = peer(vec![(INVALID_ARGUMENT, Vec::new()); 10]).await;
    let there = peer([]).await;
    let balanced = Balanced::new(&[&picky, &there], "");
    let told = balanced.send(&spans(100)).await;
    assert!(matches!(told, Err(StoreError::Refused(_))), "{told:?}");
    let account = balanced.account();
    assert_eq!(account.sent, taken(&there).len() as u64);
    assert_eq!(account.rejected["refused_by_peer"], 200 - account.sent);
}
