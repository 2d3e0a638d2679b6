//! Queues on the disk: what clients are told, what the peer gets, and what is found
//! at the next start. The disk is one in memory here; the store's tests have the
//! real one, and those of the server both together.

mod spool_in_memory;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracewell_collector::exporters::{ExporterAccount, ExporterSnapshot};
use tracewell_collector::pipelines::{
    self, ComponentId,
    graph::{Graph, Ground, Spooled},
};
use tracewell_collector::written::fields::Reading;
use tracewell_collector::written::yaml;
use tracewell_model::spool::Spools;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanId, StoreError};
use tracewell_testkit::spans::span_id;
use tracewell_testkit::{TestSpan, batch};

use crate::exporters::{
    GONE, INVALID_ARGUMENT, OK, Peer, Reply, UNAUTHENTICATED, UNAVAILABLE, Unused, peer,
};
use spool_in_memory::SpoolInMemory;

/// An exporter with a queue on the disk.
struct Queued {
    entry: Arc<dyn Consumer>,
    account: Arc<ExporterAccount>,
    graph: Arc<Graph>,
}

impl Queued {
    fn new(peer: &Peer, spool: &SpoolInMemory, queue: &str) -> Self {
        let text = file(&peer.address, queue);
        let reading = Reading::new(Path::new("file.yaml"));
        let root = yaml::parse(&text).unwrap().unwrap();
        let file = pipelines::read(&root, &reading);
        assert_eq!(reading.into_found().0, []);
        let store: Arc<dyn Consumer> = Arc::new(Unused);
        let spools: Arc<dyn Spools> = Arc::new(spool.clone());
        let storage = ComponentId::parse("file_storage/queues").unwrap();
        let ground = Ground {
            store,
            runtime: Handle::current(),
            watched: Box::new(|consumer| consumer),
        };
        let spools = Spooled::from([(storage, spools)]);
        let graph = Graph::start(file, spools, ground).unwrap();
        Self {
            entry: graph.entries().of("otlp_http").unwrap(),
            account: graph.accounts().exporters().remove(0),
            graph,
        }
    }

    async fn send(&self, spans: &[TestSpan]) -> Result<(), StoreError> {
        let (told, fate) = oneshot::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        self.entry.consume(Arc::new(batch(spans)), ack);
        fate.await.unwrap()
    }

    /// The account, which adds up at any moment.
    fn account(&self) -> ExporterSnapshot {
        let account = self.account.snapshot();
        let out = account.sent + account.rejected.values().sum::<u64>();
        assert_eq!(account.received, out + account.in_flight);
        account
    }

    async fn until(&self, what: &str, is_so: impl Fn(&ExporterSnapshot) -> bool) {
        until(what, || is_so(&self.account())).await;
    }
}

fn file(address: &str, queue: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: }}}}}}
extensions: {{file_storage/queues: {{directory: /var/queues}}}}
exporters:
  otlp:
    endpoint: \"http://{address}\"
    compression: none
    retry_on_failure: {{initial_interval: 1ms, max_interval: 1ms, max_elapsed_time: 1ms}}
    sending_queue: {{storage: file_storage/queues, {queue}}}
service:
  extensions: [file_storage/queues]
  pipelines: {{traces: {{receivers: [otlp], exporters: [otlp]}}}}"
    )
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn spans(ids: std::ops::Range<u64>) -> Vec<TestSpan> {
    ids.map(|id| TestSpan::new(1, id + 1, "a", "x", id))
        .collect()
}

fn ids(ids: std::ops::Range<u64>) -> Vec<SpanId> {
    ids.map(|id| span_id(id + 1)).collect()
}

fn taken(peer: &Peer) -> Vec<SpanId> {
    let mut taken = peer.taken.lock().unwrap().clone();
    taken.sort_by_key(|id| id.to_string());
    taken
}

fn always(status: u8) -> Vec<Reply> {
    vec![(status, Vec::new()); 100_000]
}

fn comes_back(peer: &Peer) {
    peer.replies.lock().unwrap().clear();
}

#[tokio::test]
async fn clients_are_answered_while_the_peer_is_away_and_it_gets_everything_once() {
    let peer = peer(always(UNAVAILABLE)).await;
    let spool = SpoolInMemory::default();
    let queued = Queued::new(&peer, &spool, "num_consumers: 3");
    for first in (0..60).step_by(3) {
        assert_eq!(queued.send(&spans(first..first + 3)).await, Ok(()));
    }
    queued
        .until("retries", |account| account.retries > 10)
        .await;
    let account = queued.account();
    assert_eq!((account.received, account.in_flight), (60, 60));
    let queue = account.queue.unwrap();
    assert_eq!((queue.requests, queue.held_bytes), (20, 6_000));
    assert!(account.last_error.is_some());

    comes_back(&peer);
    queued
        .until("all of it", |account| account.sent == 60)
        .await;
    assert_eq!(taken(&peer), ids(0..60));
    assert_eq!(queued.account().queue.unwrap().requests, 0);
    until("it is given up", || spool.records().is_empty()).await;
}

#[tokio::test]
async fn what_waits_when_the_process_ends_is_sent_by_the_next_one() {
    let away = peer(always(UNAVAILABLE)).await;
    let spool = SpoolInMemory::default();
    let queued = Queued::new(&away, &spool, "");
    for first in (0..40).step_by(4) {
        queued.send(&spans(first..first + 4)).await.unwrap();
    }
    // Nothing waits for a peer that is away.
    queued.graph.end().await;
    assert_eq!(queued.account().in_flight, 40);
    let late = queued.send(&spans(50..51)).await;
    assert_eq!(late, Err(StoreError::ShuttingDown));
    drop(queued);

    let back = peer([]).await;
    let queued = Queued::new(&back, &spool, "");
    let account = queued.account();
    assert_eq!((account.received, account.restored), (40, 40));
    queued.send(&spans(40..41)).await.unwrap();
    queued
        .until("all of it", |account| account.sent == 41)
        .await;
    assert_eq!(taken(&back), ids(0..41));
    assert_eq!(queued.account().restored, 40);
}

#[tokio::test]
async fn a_process_that_is_killed_sends_again_what_it_could_not_note() {
    let first = peer([]).await;
    let spool = SpoolInMemory::default();
    let queued = Queued::new(&first, &spool, "num_consumers: 1");
    for id in 0..10 {
        queued.send(&spans(id..id + 1)).await.unwrap();
    }
    queued
        .until("all of it", |account| account.sent == 10)
        .await;
    until("a note", || spool.records().is_empty()).await;
    // From here on nothing is noted.
    spool.refuse(None);
    first.replies.lock().unwrap().extend(always(UNAVAILABLE));
    for id in 10..15 {
        queued.send(&spans(id..id + 1)).await.unwrap();
    }
    queued.until("a retry", |account| account.retries > 0).await;
    let left = spool.left();
    let second = peer([]).await;
    let queued = Queued::new(&second, &left, "");
    assert_eq!(queued.account().restored, 5);
    queued.until("the rest", |account| account.sent == 5).await;
    assert_eq!(taken(&second), ids(10..15));
}

#[tokio::test]
async fn what_is_noted_is_not_sent_again_while_something_before_it_waits() {
    // The first is told to come again for ever, the others are taken.
    let peer_of_both = peer([]).await;
    let spool = SpoolInMemory::default();
    let queued = Queued::new(&peer_of_both, &spool, "num_consumers: 2");
    let refusals = vec![(UNAVAILABLE, Vec::new()); 1];
    peer_of_both.replies.lock().unwrap().extend(refusals);
    for id in 0..6 {
        queued.send(&spans(id..id + 1)).await.unwrap();
    }
    queued.until("all of it", |account| account.sent == 6).await;
    assert_eq!(taken(&peer_of_both), ids(0..6));
    // On its own, a note is about what is before it.
    let (waiting, spool) = (peer(always(UNAVAILABLE)).await, SpoolInMemory::default());
    let queued = Queued::new(&waiting, &spool, "num_consumers: 2");
    queued.send(&spans(0..1)).await.unwrap();
    queued.until("a retry", |account| account.retries > 2).await;
    for id in 1..4 {
        // One of the two consumers is told that it will never be taken.
        let refused = (INVALID_ARGUMENT, Vec::new());
        queued.send(&spans(id..id + 1)).await.unwrap();
        waiting.replies.lock().unwrap().push_front(refused);
        let refused =
            move |account: &ExporterSnapshot| account.rejected.get("refused_by_peer") == Some(&id);
        queued.until("a refusal", refused).await;
    }
    until("a note", || spool.notes() > 0).await;
    queued.graph.end().await;
    let back = peer([]).await;
    let queued = Queued::new(&back, &spool, "");
    assert_eq!(queued.account().restored, 1);
    queued
        .until("the one that is left", |account| account.sent == 1)
        .await;
    assert_eq!(back.taken.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_peer_that_is_gone_before_it_answers_gets_it_again() {
    let peer = peer([(GONE, Vec::new())]).await;
    let queued = Queued::new(&peer, &SpoolInMemory::default(), "");
    queued.send(&spans(0..2)).await.unwrap();
    queued.until("all of it", |account| account.sent == 2).await;
    let twice = [1, 1, 2, 2].map(span_id);
    assert_eq!(taken(&peer), twice);
}

#[tokio::test]
async fn a_full_queue_says_come_again_in_what_it_is_counted_in() {
    for (queue, sizes, why) in [
        (
            "queue_size: 2",
            [3, 3],
            "2 batches wait in the queue of the exporter otlp",
        ),
        (
            "queue_size: 5, sizer: items",
            [3, 2],
            "5 spans wait in the queue of the exporter otlp",
        ),
        (
            "queue_size: 500, sizer: bytes",
            [3, 2],
            "the queue of the exporter otlp: it is full",
        ),
    ] {
        let peer = peer(always(UNAVAILABLE)).await;
        let spool = SpoolInMemory::default();
        let queued = Queued::new(&peer, &spool, queue);
        let mut sent = 0;
        for size in sizes {
            queued.send(&spans(sent..sent + size)).await.unwrap();
            sent += size;
        }
        let told = queued.send(&spans(90..92)).await.unwrap_err();
        assert!(
            matches!(&told, StoreError::Busy(said) if said.contains(why)),
            "{told}"
        );
        let account = queued.account();
        assert_eq!(account.rejected.get("queue_full"), Some(&2));
        assert_eq!(account.in_flight, sent);
        // What was restored counts, too.
        queued.graph.end().await;
        let queued = Queued::new(&peer, &spool, queue);
        let told = queued.send(&spans(90..92)).await;
        assert!(matches!(told, Err(StoreError::Busy(_))), "{told:?}");
        comes_back(&peer);
        queued
            .until("all of it", |account| account.sent == sent)
            .await;
        until("room", || spool.batches() == 0).await;
        queued.send(&spans(90..92)).await.unwrap();
    }
}

/// A batch of more than 4 MiB is kept in parts, and they go in together: else some of
/// them would be delivered each time its sender comes again.
#[tokio::test]
async fn of_a_large_batch_all_parts_are_taken_or_none() {
    let large: Vec<TestSpan> = spans(10..22)
        .into_iter()
        .zip('a'..)
        .map(|(span, letter)| span.with_text("text", &letter.to_string().repeat(1 << 20)))
        .collect();
    for queue in [
        "queue_size: 4",
        "queue_size: 12, sizer: items",
        "queue_size: 1000, sizer: bytes",
    ] {
        let peer = peer(always(UNAVAILABLE)).await;
        let spool = SpoolInMemory::default();
        let queued = Queued::new(&peer, &spool, queue);
        queued.send(&spans(0..1)).await.unwrap();
        let told = queued.send(&large).await;
        assert!(
            matches!(told, Err(StoreError::Busy(_))),
            "{queue}: {told:?}"
        );
        assert_eq!(spool.batches(), 1, "{queue}");
        let account = queued.account();
        assert_eq!(account.rejected.get("queue_full"), Some(&12), "{queue}");
        comes_back(&peer);
        until("room", || spool.batches() == 0).await;
        queued.send(&large).await.unwrap();
        let whole = |account: &ExporterSnapshot| account.sent == 13;
        queued.until("all of it", whole).await;
        let expected: Vec<SpanId> = [ids(0..1), ids(10..22)].concat();
        assert_eq!(taken(&peer), expected, "{queue}");
    }
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_told_and_gone_on_from() {
    let peer = peer([]).await;
    let spool = SpoolInMemory::default();
    let queued = Queued::new(&peer, &spool, "");
    let full = StoreError::Unavailable("disk is full".to_owned());
    queued.send(&spans(0..1)).await.unwrap();
    queued.until("the first", |account| account.sent == 1).await;
    spool.refuse(Some(full));
    let told = queued.send(&spans(1..3)).await.unwrap_err();
    let expected = "the queue of the exporter otlp: disk is full";
    assert!(
        matches!(&told, StoreError::Unavailable(why) if why == expected),
        "{told}"
    );
    assert_eq!(queued.account().rejected.get("disk_unavailable"), Some(&2));
    // What cannot be noted makes room all the same.
    until("room", || spool.batches() == 0).await;
    spool.refuse(None);
    queued.send(&spans(1..3)).await.unwrap();
    queued
        .until("the others", |account| account.sent == 3)
        .await;
    assert_eq!(taken(&peer), ids(0..3));
}

#[tokio::test]
async fn what_is_refused_or_damaged_is_counted_and_the_others_go_on() {
    let peer = peer([(INVALID_ARGUMENT, Vec::new()), (OK, Vec::new())]).await;
    let spool = SpoolInMemory::default();
    let queued = Queued::new(&peer, &spool, "num_consumers: 1");
    queued.send(&spans(0..3)).await.unwrap();
    queued.send(&spans(3..5)).await.unwrap();
    queued
        .until("the second", |account| account.sent == 2)
        .await;
    assert_eq!(queued.account().rejected.get("refused_by_peer"), Some(&3));
    until("it is given up", || spool.batches() == 0).await;

    peer.replies.lock().unwrap().extend(always(UNAVAILABLE));
    queued.send(&spans(5..6)).await.unwrap();
    queued.send(&spans(6..7)).await.unwrap();
    queued.graph.end().await;
    spool.damage_oldest();
    comes_back(&peer);
    let queued = Queued::new(&peer, &spool, "");
    queued
        .until("the last", |account| account.in_flight == 0)
        .await;
    let account = queued.account();
    assert_eq!((account.restored, account.sent), (2, 1));
    assert_eq!(account.rejected.get("damaged_on_disk"), Some(&1));
}

#[tokio::test]
async fn a_peer_that_denies_us_is_asked_until_somebody_mends_it() {
    let peer = peer(always(UNAUTHENTICATED)).await;
    let queued = Queued::new(&peer, &SpoolInMemory::default(), "");
    queued.send(&spans(0..3)).await.unwrap();
    queued.until("retries", |account| account.retries > 3).await;
    let said = queued.account().last_error.unwrap();
    assert!(said.contains("Unauthenticated"), "{said}");
    comes_back(&peer);
    queued.until("all of it", |account| account.sent == 3).await;
    assert_eq!(taken(&peer), ids(0..3));
}

#[tokio::test]
async fn a_large_batch_waits_in_parts() {
    let peer = peer([]).await;
    let spool = SpoolInMemory::default();
    let queued = Queued::new(&peer, &spool, "num_consumers: 1");
    let text = "x".repeat(1 << 20);
    let large: Vec<TestSpan> = spans(0..12)
        .into_iter()
        .enumerate()
        .map(|(at, span)| span.with_text("text", &format!("{at}{text}")))
        .collect();
    let mut records = 0;
    peer.replies.lock().unwrap().extend(always(UNAVAILABLE));
    assert_eq!(queued.send(&large).await, Ok(()));
    records += spool.batches();
    assert!(records >= 4, "{records}");
    comes_back(&peer);
    queued
        .until("all of it", |account| account.sent == 12)
        .await;
    assert_eq!(taken(&peer), ids(0..12));
}

#[test]
fn what_is_wrong_with_a_queue_is_told_with_its_place() {
    let wrong = |change: &dyn Fn(String) -> String| {
        let text = change(file("peer:4317", ""));
        let reading = Reading::new(Path::new("file.yaml"));
        let root = yaml::parse(&text).unwrap().unwrap();
        let _file = pipelines::read(&root, &reading);
        let mistakes = reading.into_found().0.into_iter();
        mistakes
            .map(|mistake| mistake.to_string())
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(wrong(&|text| text), "");
    let queue = |more: &'static str| {
        wrong(&move |text: String| text.replace("queues, }", &format!("queues, {more}}}")))
    };
    assert_eq!(queue("sizer: bytes, queue_size: 1000000"), "");
    for (more, why) in [
        (
            "sizer: bytes",
            "queue_size: it would be 1000 bytes; say how many",
        ),
        (
            "sizer: spans",
            "\"spans\" is not one of requests, items, bytes",
        ),
        (
            "wait_for_result: true",
            "senders are answered when their spans are on the disk",
        ),
        ("batch: {flush_timeout: 1s}", "the processor batch does it"),
    ] {
        let told = queue(more);
        assert!(
            told.contains(why) && told.starts_with("file.yaml:8:"),
            "{told}"
        );
    }
    let told = wrong(&|text| text.replace("extensions: [file_storage/queues]", "extensions: []"));
    let expected = "file.yaml:8:30: exporters.otlp.sending_queue.storage names file_storage/queues, \
                    which is no file_storage that service.extensions names; add it to both";
    assert_eq!(told, expected);
}
