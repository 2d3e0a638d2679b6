//! Memory: bombs, and more requests than fit.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracewell_collector::OtlpConfig;

use crate::clients::{TRACES, framed, grpc_post, post, send, send_h2};
use crate::consumers::{Holding, Recorder};
use crate::requests::{bomb, protobuf_of_size};
use crate::running::{Options, start_limited, start_with};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// The most memory that this process has held so far.
fn peak_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes << 10)
}

#[tokio::test]
async fn a_gzip_bomb_is_refused_with_memory_flat() {
    const BOMB_MEBIBYTES: usize = 512;
    let bomb = bomb(BOMB_MEBIBYTES);
    let running = start_limited(Arc::new(Recorder::default()), 4 << 20);
    assert!(bomb.len() < 4 << 20, "the bomb must pass as a body");
    let before = peak_bytes();

    let headers = [PROTOBUF, ("content-encoding", "gzip")];
    let request = post(&running.http_url("/v1/traces"), &headers, bomb.clone());
    assert_eq!(send(request).await.unwrap().status, 413);
    let request = grpc_post(&running.grpc_url(TRACES), "gzip", framed(1, &bomb));
    let reply = send_h2(request).await.unwrap();
    assert_eq!(reply.header("grpc-status"), "8", "{reply:?}");

    if let (Some(before), Some(after)) = (before, peak_bytes()) {
        // Other tests run beside this one, so the bound is loose; the bomb is
        // four times as large.
        let grown = (after - before) >> 20;
        assert!(grown < BOMB_MEBIBYTES / 4, "grew by {grown} MiB");
    }
    assert_eq!(running.intake.admission().held_bytes(), 0);
}

#[tokio::test]
async fn more_than_the_budget_is_told_to_come_again() {
    let (consumer, mut acks) = Holding::new();
    let options = Options {
        otlp: OtlpConfig::default(),
        memory_budget_bytes: 100_000,
    };
    let running = start_with(consumer, options);
    let url = running.http_url("/v1/traces");
    let request = post(&url, &[PROTOBUF], protobuf_of_size(40_000));

    let first = tokio::spawn(send(request.clone()));
    let ack = acks.recv().await.unwrap();
    assert!(running.intake.admission().held_bytes() >= 40_000);

    // 40,000 held, 40,000 for the body: the columns no longer fit.
    let reply = send(request.clone()).await.unwrap();
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), "1");
    let grpc = grpc_post(
        &running.grpc_url(TRACES),
        "identity",
        framed(0, &protobuf_of_size(40_000)),
    );
    assert_eq!(send_h2(grpc).await.unwrap().header("grpc-status"), "8");

    ack(Ok(()));
    assert_eq!(first.await.unwrap().unwrap().status, 200);
    running
        .until(|running| running.intake.admission().held_bytes() == 0)
        .await;
    let second = tokio::spawn(send(request));
    acks.recv().await.unwrap()(Ok(()));
    assert_eq!(second.await.unwrap().unwrap().status, 200);
    assert_eq!(running.http_account().requests["busy"], 1);
}

#[tokio::test]
async fn a_request_that_can_never_fit_the_budget_is_too_large_not_busy() {
    let options = Options {
        otlp: OtlpConfig::default(),
        memory_budget_bytes: 100_000,
    };
    let running = start_with(Arc::new(Recorder::default()), options);
    let request = post(
        &running.http_url("/v1/traces"),
        &[PROTOBUF],
        protobuf_of_size(60_000),
    );
    assert_eq!(send(request).await.unwrap().status, 413);
}

#[tokio::test]
async fn a_client_that_stalls_gives_its_memory_back() {
    let running = start_limited(Arc::new(Recorder::default()), 1 << 20);
    let address = running.receiver.http_address().unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 1000000\r\n\r\n{";
    connection.write_all(head.as_bytes()).await.unwrap();
    running
        .until(|running| running.intake.admission().held_bytes() == 1_000_000)
        .await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(running.intake.admission().held_bytes(), 0);
    assert_eq!(running.http_account().requests["timed_out"], 1);
}
