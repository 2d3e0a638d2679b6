//! Connections: how many, how long, and who makes room for whom.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clients::{TRACES, call, grpc_client, post, send};
use crate::consumers::{Holding, Recorder};
use crate::requests::{json, protobuf};
use crate::running::{Options, Running, start, start_with};

const JSON: (&str, &str) = ("content-type", "application/json");

fn few(max_connections: usize) -> Options {
    Options {
        max_connections,
        ..Options::default()
    }
}

async fn connect(running: &Running) -> TcpStream {
    let address = running.receiver.http_address().unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Waits for the other side to end the connection.
async fn is_ended(connection: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    matches!(connection.read_to_end(&mut answer).await, Ok(0) | Err(_))
}

#[tokio::test]
async fn idle_connections_make_room_for_those_who_send() {
    let recorder = Arc::new(Recorder::default());
    let running = start_with(recorder.clone(), few(8));
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(connect(&running).await);
    }
    for _ in 0..3 {
        let request = post(&running.http_url("/v1/traces"), &[JSON], json(&["pay"]));
        assert_eq!(send(request).await.unwrap().status, 200);
    }
    assert_eq!(recorder.spans(), 3);
    // The oldest ones are gone.
    assert!(is_ended(&mut idle[0]).await);
}

#[tokio::test]
async fn a_connection_at_work_is_never_ended_for_another() {
    let (consumer, mut acks) = Holding::new();
    let running = start_with(consumer, few(2));
    let url = running.http_url("/v1/traces");
    let request = post(&url, &[JSON], json(&["pay"]));
    let working = [(); 2].map(|()| tokio::spawn(send(request.clone())));
    let (first, second) = (acks.recv().await.unwrap(), acks.recv().await.unwrap());

    let mut third = connect(&running).await;
    assert!(is_ended(&mut third).await);
    let complaint = running.accounting.complaints().remove(0);
    assert_eq!(complaint.reason, "no_room");
    assert!(
        complaint.message.contains("all 2 connections"),
        "{complaint:?}"
    );

    first(Ok(()));
    second(Ok(()));
    for answer in working {
        assert_eq!(answer.await.unwrap().unwrap().status, 200);
    }
}

#[tokio::test]
async fn silence_and_half_a_head_end_and_grpc_stays() {
    let running = start(Arc::new(Recorder::default()));
    let mut grpc = grpc_client(running.grpc_url("")).await;
    call(&mut grpc, TRACES, protobuf(&["pay"])).await.unwrap();
    let mut silent = connect(&running).await;
    let mut half = connect(&running).await;
    half.write_all(b"POST /v1/tra").await.unwrap();
    let mut used = connect(&running).await;
    let whole = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    used.write_all(whole).await.unwrap();
    let mut answer = [0; 12];
    used.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(40)).await;
    assert!(is_ended(&mut half).await);
    // Idle for 40 s is usual.
    used.write_all(whole).await.unwrap();
    used.read_exact(&mut answer).await.unwrap();

    tokio::time::advance(Duration::from_secs(700)).await;
    assert!(is_ended(&mut silent).await);
    tokio::time::resume();
    call(&mut grpc, TRACES, protobuf(&["pay"])).await.unwrap();
}
