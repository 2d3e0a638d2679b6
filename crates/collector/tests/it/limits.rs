//! Memory: bombs, and more requests than fit.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_stream::StreamExt;

use crate::clients::{TRACES, framed, grpc_post, post, send, send_h2};
use crate::consumers::{Holding, Recorder};
use crate::requests::{bomb, gzip, protobuf_of_size};
use crate::running::{Options, start, start_limited, start_with};

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
        memory_budget_bytes: 100_000,
        ..Options::default()
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
        memory_budget_bytes: 100_000,
        ..Options::default()
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
        .until(|running| running.intake.admission().held_bytes() > 0)
        .await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(running.intake.admission().held_bytes(), 0);
    assert_eq!(running.http_account().requests["timed_out"], 1);
}

#[tokio::test]
async fn announced_bytes_that_do_not_come_shut_nobody_out() {
    let running = start(Arc::new(Recorder::default()));
    let address = running.receiver.http_address().unwrap();
    let mut idle = Vec::new();
    for _ in 0..8 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                    content-length: 67108864\r\n\r\n{";
        connection.write_all(head.as_bytes()).await.unwrap();
        idle.push(connection);
    }
    let announced = Bytes::from_static(b"\0\x04\0\0\0");
    let waiting = tokio_stream::iter([Ok::<_, std::io::Error>(Frame::data(announced))])
        .chain(tokio_stream::pending());
    let call = grpc_post(&running.grpc_url(TRACES), "identity", Bytes::new())
        .map(|_| StreamBody::new(waiting));
    let call = tokio::spawn(send_h2(call));
    running
        .until(|running| running.intake.admission().held_bytes() >= 8 + 5)
        .await;
    assert!(running.intake.admission().held_bytes() < 1 << 20);

    for _ in 0..4 {
        let request = post(
            &running.http_url("/v1/traces"),
            &[PROTOBUF],
            protobuf_of_size(1 << 20),
        );
        assert_eq!(send(request).await.unwrap().status, 200);
    }
    call.abort();
}

/// Small on the wire, large in columns: a span with links or attributes of two
/// bytes each.
fn swollen(field: u8, times: usize) -> Bytes {
    let mut span = Vec::new();
    put(&mut span, 1, &[7; 16]);
    put(&mut span, 2, &[7; 8]);
    for _ in 0..times {
        put(&mut span, field, &[]);
    }
    let mut body = Vec::new();
    for number in [2, 2, 1] {
        body.clear();
        put(&mut body, number, &span);
        std::mem::swap(&mut body, &mut span);
    }
    span.into()
}

fn put(out: &mut Vec<u8>, number: u8, content: &[u8]) {
    out.push(number << 3 | 2);
    prost::encoding::encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

#[tokio::test]
async fn what_becomes_too_large_when_read_is_refused_for_good_and_in_time() {
    const LINKS: u8 = 13;
    const ATTRIBUTES: u8 = 9;
    let options = Options {
        memory_budget_bytes: 48 << 20,
        ..Options::default()
    };
    let running = start_with(Arc::new(Recorder::default()), options);
    let url = running.http_url("/v1/traces");
    let headers = [PROTOBUF, ("content-encoding", "gzip")];
    // Without a bound 360 MB and 240 MB in columns alone.
    for (field, times) in [(LINKS, 10_000_000), (ATTRIBUTES, 10_000_000)] {
        let packed = gzip(&swollen(field, times));
        let before = peak_bytes();
        let reply = send(post(&url, &headers, packed.clone())).await.unwrap();
        assert_eq!(reply.status, 413);
        assert_eq!(reply.header("retry-after"), "");
        let call = grpc_post(&running.grpc_url(TRACES), "gzip", framed(1, &packed));
        let reply = send_h2(call).await.unwrap();
        assert_eq!(reply.header("grpc-status"), "8", "{reply:?}");
        assert!(!reply.header("grpc-message").contains("later"), "{reply:?}");
        if let (Some(before), Some(after)) = (before, peak_bytes()) {
            let grown = (after - before) >> 20;
            assert!(grown < 160, "grew by {grown} MiB");
        }
        running
            .until(|running| running.intake.admission().held_bytes() == 0)
            .await;
    }
}

#[tokio::test]
async fn heads_are_charged_until_the_answer() {
    let (consumer, mut acks) = Holding::new();
    let running = start_with(consumer, Options::default());
    let mut call = grpc_post(
        &running.grpc_url(TRACES),
        "identity",
        framed(0, &protobuf_of_size(10)),
    );
    let token = "x".repeat(20 << 10).parse().unwrap();
    call.headers_mut().insert("authorization", token);
    let waiting = tokio::spawn(send_h2(call));
    let ack = acks.recv().await.unwrap();
    assert!(running.intake.admission().held_bytes() > 20 << 10);
    ack(Ok(()));
    assert_eq!(waiting.await.unwrap().unwrap().header("grpc-status"), "0");
    running
        .until(|running| running.intake.admission().held_bytes() == 0)
        .await;
}
