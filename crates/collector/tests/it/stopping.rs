//! The receiver stops: requests in flight are answered, others are not taken.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::clients::{TRACES, call, grpc_client, post, send};
use crate::consumers::{Holding, Recorder};
use crate::requests::protobuf;
use crate::running::{PATIENCE, start};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

#[tokio::test]
async fn requests_in_flight_are_answered() {
    let (consumer, mut acks) = Holding::new();
    let running = start(consumer);
    let request = post(
        &running.http_url("/v1/traces"),
        &[PROTOBUF],
        protobuf(&["a"]),
    );
    let over_http = tokio::spawn(send(request));
    let mut client = grpc_client(running.grpc_url("")).await;
    let over_grpc = tokio::spawn(async move { call(&mut client, TRACES, protobuf(&["b"])).await });
    let held = [acks.recv().await.unwrap(), acks.recv().await.unwrap()];

    let addresses = [
        running.receiver.grpc_address().unwrap(),
        running.receiver.http_address().unwrap(),
    ];
    let stopping = tokio::spawn(running.receiver.stop(PATIENCE));
    // New connections are refused while old requests wait.
    for address in addresses {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
    assert!(!stopping.is_finished());
    for ack in held {
        ack(Ok(()));
    }
    assert_eq!(over_http.await.unwrap().unwrap().status, 200);
    over_grpc.await.unwrap().unwrap();
    assert_eq!(stopping.await.unwrap(), 0);
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_end() {
    let running = start(Arc::new(Recorder::default()));
    let mut client = grpc_client(running.grpc_url("")).await;
    call(&mut client, TRACES, protobuf(&["a"])).await.unwrap();
    let idle = TcpStream::connect(running.receiver.http_address().unwrap()).await;
    assert_eq!(running.receiver.stop(PATIENCE).await, 0);
    drop(idle);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_and_still_accounted_for() {
    let (consumer, mut acks) = Holding::new();
    let running = start(consumer);
    let request = post(
        &running.http_url("/v1/traces"),
        &[PROTOBUF],
        protobuf(&["a"]),
    );
    let waiting = tokio::spawn(send(request));
    let ack = acks.recv().await.unwrap();
    assert_eq!(running.receiver.stop(Duration::ZERO).await, 1);
    assert!(waiting.await.unwrap().is_err());
    ack(Ok(()));
    let account = &running.accounting.snapshot()[1];
    assert_eq!(
        (account.received, account.stored, account.in_flight),
        (1, 1, 0)
    );
    assert_eq!(account.requests["abandoned"], 1);
}
