//! The accounts add up, whatever happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prost::Message;
use tracewell_model::{Ack, Consumer, SpanBatch, StoreError};

use crate::clients::{TRACES, call, grpc_client, post, send};
use crate::consumers::Holding;
use crate::requests::{protobuf, request, spoil};
use crate::running::start;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// Stores, is busy, is unavailable, loses: each twice in turn, because the test
/// alternates between transports; from another thread.
#[derive(Default)]
struct Moody(AtomicUsize);

impl Consumer for Moody {
    fn consume(&self, _: Arc<SpanBatch>, ack: Ack) {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        std::thread::spawn(move || match turn / 2 % 4 {
            0 => ack(Ok(())),
            1 => ack(Err(StoreError::Busy("full".to_owned()))),
            2 => ack(Err(StoreError::Unavailable("no disk".to_owned()))),
            _ => drop(ack),
        });
    }
}

#[tokio::test]
async fn received_is_stored_plus_rejected_after_a_mix() {
    let running = start(Arc::new(Moody::default()));
    let url = running.http_url("/v1/traces");
    let mut client = grpc_client(running.grpc_url("")).await;
    let spoiled = bytes::Bytes::from(spoil(request(&["a", "b", "c"]), "b").encode_to_vec());
    for _ in 0..8 {
        for body in [protobuf(&["a", "b"]), spoiled.clone(), "\x0a".into()] {
            send(post(&url, &[PROTOBUF], body.clone())).await.unwrap();
            call(&mut client, TRACES, body).await.ok();
        }
    }
    for account in running.accounting.snapshot() {
        let rejected: u64 = account.rejected.values().sum();
        assert_eq!(account.received, 8 * 5, "{account:?}");
        assert_eq!(account.received, account.stored + rejected, "{account:?}");
        assert_eq!(account.in_flight, 0, "{account:?}");
        assert!(account.stored > 0, "{account:?}");
        assert_eq!(account.rejected["span_id"], 8, "{account:?}");
        assert_eq!(account.requests.values().sum::<u64>(), 8 * 3, "{account:?}");
        assert_eq!(account.requests["undecodable"], 8, "{account:?}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_takes_no_span_out_of_the_accounts() {
    let (consumer, mut acks) = Holding::new();
    let running = start(consumer);
    let request = post(
        &running.http_url("/v1/traces"),
        &[PROTOBUF],
        protobuf(&["a"]),
    );
    let leaving = tokio::spawn(send(request));
    let ack = acks.recv().await.unwrap();
    assert_eq!(running.http_account().in_flight, 1);
    leaving.abort();
    running
        .until(|running| running.http_account().requests["abandoned"] == 1)
        .await;
    ack(Ok(()));
    let account = running.http_account();
    assert_eq!((account.stored, account.in_flight), (1, 0));
    assert_eq!(running.intake.admission().held_bytes(), 0);
}
