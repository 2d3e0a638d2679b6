//! Connections: how many, how long, and who makes room for whom.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracewell_access::{Lock, LockFiles};

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

/// How many connections were ended for this reason.
fn ended(running: &Running, reason: &str) -> u64 {
    let ended = running.intake.connections().ended;
    ended.iter().find(|(name, _)| *name == reason).unwrap().1
}

/// A lock with TLS, and the directory that must outlive it.
fn encrypted() -> (tempfile::TempDir, Arc<Lock>) {
    let dir = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| dir.path().join(name));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let files = LockFiles {
        certificate: Some(certificate),
        key: Some(key),
        ..LockFiles::default()
    };
    (
        dir,
        Lock::load(&files, tracewell_access::Tenancy::Off).unwrap(),
    )
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
    assert!(ended(&running, "made_room") > 0);
    assert!(running.intake.connections().open <= 8);
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

    assert_eq!(ended(&running, "no_room"), 1);

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
    assert_eq!(ended(&running, "slow"), 1);
    // Idle for 40 s is usual.
    used.write_all(whole).await.unwrap();
    used.read_exact(&mut answer).await.unwrap();

    tokio::time::advance(Duration::from_secs(700)).await;
    assert!(is_ended(&mut silent).await);
    assert!(ended(&running, "idle") > 0);
    tokio::time::resume();
    call(&mut grpc, TRACES, protobuf(&["pay"])).await.unwrap();
}

#[tokio::test]
async fn who_never_agrees_upon_tls_loses_the_place_as_with_half_a_head() {
    let (_dir, lock) = encrypted();
    let options = Options {
        lock: Arc::clone(&lock),
        ..Options::default()
    };
    let running = start_with(Arc::new(Recorder::default()), options);
    let mut silent = connect(&running).await;
    let mut half = connect(&running).await;
    // The first bytes of a greeting, and then nothing.
    half.write_all(&[22, 3, 1, 1, 0]).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(40)).await;
    assert!(is_ended(&mut silent).await);
    assert!(is_ended(&mut half).await);
    assert_eq!(ended(&running, "slow"), 2);
    tokio::time::resume();
    // What is no TLS is ended at once.
    let mut plain = connect(&running).await;
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut alert = Vec::new();
    plain.read_to_end(&mut alert).await.ok();
    assert!(!alert.starts_with(b"HTTP"));
    assert_eq!(lock.failed_handshakes(), 1);
}
