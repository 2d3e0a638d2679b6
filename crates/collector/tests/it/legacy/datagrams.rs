//! UDP, which cannot push back: everything that is sent arrives or is counted.

use std::sync::{Arc, OnceLock};

use tokio::net::UdpSocket;
use tracewell_collector::ReceiverSnapshot;
use tracewell_model::{Ack, Consumer, SpanBatch, StoreError};

use super::{Legacy, datagram, start};
use crate::consumers::{Holding, Recorder, Refusing};
use crate::running::PATIENCE;

const BINARY: &str = "jaeger_thrift_binary";

async fn sender(legacy: &Legacy, receiver: &str) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(legacy.address(receiver)).await.unwrap();
    socket
}

fn ended(account: &ReceiverSnapshot) -> u64 {
    account.requests.values().sum()
}

#[tokio::test]
async fn every_port_takes_both_protocols() {
    let recorder = Arc::new(Recorder::default());
    let legacy = start(recorder.clone());
    for receiver in [BINARY, "jaeger_thrift_compact", "jaeger_zipkin_compact"] {
        let socket = sender(&legacy, receiver).await;
        socket.send(&datagram(receiver)).await.unwrap();
        legacy.until(receiver, |account| account.stored == 1).await;
        // An empty batch in the compact protocol.
        let compact = b"\x82\x81\x00\x09emitBatch\x1c\x00\x00";
        socket.send(compact).await.unwrap();
        let taken = |account: &ReceiverSnapshot| account.requests["accepted"] == 2;
        legacy.until(receiver, taken).await;
    }
    let names = recorder.names();
    assert_eq!(
        names,
        [BINARY, "jaeger_thrift_compact", "jaeger_zipkin_compact"]
    );
}

#[tokio::test]
async fn a_malformed_datagram_is_counted_and_the_next_one_lives() {
    let recorder = Arc::new(Recorder::default());
    let legacy = start(recorder.clone());
    let socket = sender(&legacy, BINARY).await;
    let good = datagram("pay");
    for bytes in [&good[..], b"junk", &good[..40], b"", &good] {
        socket.send(bytes).await.unwrap();
    }
    legacy.until(BINARY, |account| ended(account) == 5).await;
    let account = legacy.account(BINARY);
    assert_eq!((account.stored, account.requests["undecodable"]), (2, 3));
    assert_eq!(recorder.names(), ["pay", "pay"]);
    let complaints = legacy.accounting.complaints();
    assert_eq!(complaints.len(), 1);
    assert_eq!(
        (complaints[0].reason, complaints[0].times),
        ("undecodable", 3)
    );
    assert_eq!(complaints[0].peer, socket.local_addr().unwrap());
}

#[tokio::test]
async fn what_the_store_refuses_is_counted() {
    let legacy = start(Arc::new(Refusing(StoreError::Busy("full".to_owned()))));
    let socket = sender(&legacy, BINARY).await;
    socket.send(&datagram("pay")).await.unwrap();
    legacy.until(BINARY, |account| ended(account) == 1).await;
    let account = legacy.account(BINARY);
    assert_eq!((account.received, account.rejected["refused_busy"]), (1, 1));
    assert_eq!(account.requests["busy"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_flood_everything_arrives_or_is_counted() {
    if std::fs::read("/proc/net/udp").is_err() {
        eprintln!("skipped: this system does not tell what it drops");
        return;
    }
    // More than the largest buffer that we ask for holds.
    const SENT: u64 = 40_000;
    let (holding, mut acks) = Holding::new();
    let legacy = start(holding);
    let socket = sender(&legacy, BINARY).await;
    let bytes = datagram("flood");
    for _ in 0..SENT {
        socket.send(&bytes).await.unwrap();
    }
    // Only now does the store answer: meanwhile everything filled up.
    let answering = tokio::spawn(async move {
        while let Some(ack) = acks.recv().await {
            ack(Ok(()));
        }
    });
    let sum = |account: &ReceiverSnapshot| ended(account) + account.datagrams_lost;
    legacy.until(BINARY, |account| sum(account) == SENT).await;
    answering.abort();
    let account = legacy.account(BINARY);
    assert!(account.datagrams_lost > 0, "{account:?}");
    assert_eq!(account.stored, account.requests["accepted"]);
    let complaints = legacy.accounting.complaints();
    let of_kernel = complaints.iter().find(|one| one.reason == "datagrams_lost");
    let message = &of_kernel.unwrap().message;
    // What was to be had, and where it is too little how to get more.
    let allowed = std::fs::read_to_string("/proc/sys/net/core/rmem_max");
    let allowed: usize = allowed.unwrap().trim().parse().unwrap();
    let kept = format!("keeps {} bytes", allowed.min(8 << 20));
    assert!(message.contains(&kept), "{message}");
    let is_told_how = message.contains("net.core.rmem_max=8388608");
    assert_eq!(is_told_how, allowed < 8 << 20, "{message}");
}

#[tokio::test]
async fn what_has_arrived_is_stored_before_the_end() {
    let recorder = Arc::new(Recorder::default());
    let legacy = start(recorder.clone());
    let socket = sender(&legacy, BINARY).await;
    for _ in 0..50 {
        socket.send(&datagram("pay")).await.unwrap();
    }
    legacy.jaeger.stop(PATIENCE).await;
    assert_eq!(recorder.spans(), 50);
}

#[tokio::test]
async fn no_port_goes_on_taking_while_another_waits_for_the_store() {
    let (holding, mut acks) = Holding::new();
    let legacy = start(holding);
    let first = sender(&legacy, "jaeger_thrift_compact").await;
    let second = sender(&legacy, BINARY).await;
    first.send(&datagram("pay")).await.unwrap();
    let held = acks.recv().await.unwrap();
    let stopping = tokio::spawn(legacy.jaeger.stop(PATIENCE * 2));
    // Who sends to a socket that is closed is told so, with the next one.
    let closed = async {
        while second.send(b"junk").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
    assert!(!stopping.is_finished());
    held(Ok(()));
    stopping.await.unwrap();
}

/// For every batch that it gets it sends another one to the same port.
#[derive(Default)]
struct Echo(OnceLock<std::net::UdpSocket>);

impl Consumer for Echo {
    fn consume(&self, _: Arc<SpanBatch>, ack: Ack) {
        // In vain, once nobody listens there.
        self.0.get().unwrap().send(&datagram("again")).ok();
        ack(Ok(()));
    }
}

#[tokio::test]
async fn who_goes_on_sending_does_not_keep_it_from_stopping() {
    let echo = Arc::new(Echo::default());
    let legacy = start(echo.clone());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(legacy.address(BINARY)).unwrap();
    // More than are decoded at once.
    for _ in 0..2_000 {
        socket.send(&datagram("first")).unwrap();
    }
    echo.0.set(socket).unwrap();
    let stopping = legacy.jaeger.stop(PATIENCE * 10);
    tokio::time::timeout(PATIENCE, stopping).await.unwrap();
    let accounts = legacy.accounting.snapshot();
    let account = accounts
        .iter()
        .find(|one| &*one.receiver == BINARY)
        .unwrap();
    assert_eq!(account.requests["abandoned"], 0);
    assert_eq!((account.stored, account.in_flight), (account.received, 0));
}
