//! What clients are told when their request is refused.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use prost::Message;
use tonic::{Code, Status};
use tracewell_model::{Consumer, StoreError};

use crate::clients::{
    TRACES, call, framed, grpc_client, grpc_post, in_pieces, post, send, send_h2,
};
use crate::consumers::{Losing, Recorder, Refusing};
use crate::requests::{gzip, protobuf, protobuf_of_size};
use crate::running::{start, start_limited};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

/// Just enough of `google.rpc.Status` to read it.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

fn has_retry_info(status: &Status) -> bool {
    let details = RpcStatus::decode(status.details()).unwrap();
    assert_eq!(details.code, i32::from(status.code()));
    assert_eq!(details.message, status.message());
    let is_retry = |detail: &prost_types::Any| detail.type_url.ends_with("google.rpc.RetryInfo");
    details.details.iter().any(is_retry)
}

#[tokio::test]
async fn a_store_that_refuses_is_reported_so_that_clients_do_right() {
    let reason = || "no space left".to_owned();
    let table = [
        (
            StoreError::Busy(reason()),
            429,
            Code::ResourceExhausted,
            "refused_busy",
            "busy",
        ),
        (
            StoreError::Unavailable(reason()),
            503,
            Code::Unavailable,
            "refused_unavailable",
            "unavailable",
        ),
        (
            StoreError::ShuttingDown,
            503,
            Code::Unavailable,
            "refused_shutting_down",
            "unavailable",
        ),
    ];
    for (error, http_status, code, rejected, outcome) in table {
        let running = start(Arc::new(Refusing(error.clone())));
        let url = running.http_url("/v1/traces");

        let reply = send(post(&url, &[PROTOBUF], protobuf(&["a", "b"])))
            .await
            .unwrap();
        assert_eq!(reply.status, http_status, "{error}");
        assert_eq!(reply.header("retry-after"), "1", "{error}");
        assert_eq!(reply.header("content-type"), PROTOBUF.1, "{error}");
        let status = RpcStatus::decode(&*reply.body).unwrap();
        assert_eq!(status.code, i32::from(code), "{error}");

        let mut client = grpc_client(running.grpc_url("")).await;
        let status = call(&mut client, TRACES, protobuf(&["a"]))
            .await
            .unwrap_err();
        assert_eq!(status.code(), code, "{error}");
        assert!(has_retry_info(&status), "{error}");

        let account = running.http_account();
        assert_eq!(
            (account.stored, account.rejected[rejected]),
            (0, 2),
            "{error}"
        );
        assert_eq!(account.requests[outcome], 1, "{error}");
    }
}

#[tokio::test]
async fn a_consumer_that_never_answers_costs_no_client_and_no_count() {
    let running = start(Arc::new(Losing));
    let request = post(
        &running.http_url("/v1/traces"),
        &[JSON],
        crate::requests::json(&["a"]),
    );
    let reply = send(request).await.unwrap();
    assert_eq!(reply.status, 500);
    assert_eq!(reply.json()["code"], i32::from(Code::Internal));
    let account = running.http_account();
    assert_eq!((account.in_flight, account.rejected["lost"]), (0, 1));
}

#[tokio::test]
async fn requests_that_are_no_otlp_are_told_what_is() {
    let running = start(Arc::new(Recorder::default()));
    let body = || Bytes::from_static(b"not read");
    let request = |method: &str, path: &str, content_type: &str| -> Request<Full<Bytes>> {
        let mut request = post(
            &running.http_url(path),
            &[("content-type", content_type)],
            body(),
        );
        *request.method_mut() = method.parse().unwrap();
        request
    };
    let media = "415 unsupported media type, supported: [application/json, application/x-protobuf]";
    let method = "405 method not allowed, supported: [POST]";
    let table = [
        (request("POST", "/v1/traces", "text/html"), 415, media),
        (
            request("POST", "/v1/metrics", "application/xml"),
            415,
            media,
        ),
        (request("GET", "/v1/traces", JSON.1), 405, method),
        (request("PUT", "/v1/traces", JSON.1), 405, method),
        (request("OPTIONS", "/v1/traces", JSON.1), 405, method),
        (request("POST", "/v1/trace", JSON.1), 404, "404 not found"),
        (request("GET", "/", JSON.1), 404, "404 not found"),
    ];
    let count = table.len() as u64;
    for (request, status, text) in table {
        let case = format!("{} {}", request.method(), request.uri().path());
        let reply = send(request).await.unwrap();
        assert_eq!(reply.status, status, "{case}");
        assert_eq!(reply.header("content-type"), "text/plain", "{case}");
        assert!(reply.text().starts_with(text), "{case}: {}", reply.text());
        if status == 405 {
            assert_eq!(reply.header("allow"), "POST");
        }
    }
    assert_eq!(running.http_account().requests["unsupported"], count);
}

#[tokio::test]
async fn undecodable_bodies_are_told_where_and_what() {
    let running = start(Arc::new(Recorder::default()));
    let url = running.http_url("/v1/traces");
    let gzipped = ("content-encoding", "gzip");
    type Headers = [(&'static str, &'static str)];
    let table: [(&Headers, Bytes, &str); 5] = [
        (&[PROTOBUF], Bytes::from_static(b"\x0a\xff"), "byte "),
        (&[JSON], "{\"resourceSpans\":[".into(), "line 1"),
        (&[JSON], "{\"resourceSpans\":7}".into(), "resourceSpans"),
        (&[JSON, gzipped], "{}".into(), "gzip"),
        (
            &[JSON, gzipped],
            gzip(b"{\"resourceSpans\":[").split_to(12),
            "gzip",
        ),
    ];
    for (headers, body, text) in table {
        let reply = send(post(&url, headers, body)).await.unwrap();
        let case = format!("{headers:?} {text}");
        assert_eq!(reply.status, 400, "{case}");
        assert_eq!(reply.header("content-type"), headers[0].1, "{case}");
        let message = if headers[0] == JSON {
            let status = reply.json();
            assert_eq!(status["code"], 3, "{case}");
            assert_eq!(
                status["details"][0]["@type"],
                "type.googleapis.com/google.rpc.BadRequest"
            );
            status["message"].as_str().unwrap().to_owned()
        } else {
            RpcStatus::decode(&*reply.body).unwrap().message
        };
        assert!(message.contains(text), "{case}: {message}");
    }
    let mut client = grpc_client(running.grpc_url("")).await;
    let status = call(&mut client, TRACES, Bytes::from_static(b"\x0a\xff"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("byte "), "{status}");
    assert!(!has_retry_info(&status));
    assert_eq!(running.http_account().requests["undecodable"], 5);
}

#[tokio::test]
async fn unknown_encodings_are_named() {
    let running = start(Arc::new(Recorder::default()));
    let headers = [JSON, ("content-encoding", "br")];
    let reply = send(post(&running.http_url("/v1/traces"), &headers, "{}".into())).await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("br"), "{}", reply.text());

    let request = grpc_post(&running.grpc_url(TRACES), "br", framed(1, b"?"));
    let reply = send_h2(request).await.unwrap();
    assert_eq!(reply.header("grpc-status"), "12");
    assert!(reply.header("grpc-message").contains("br"));
    assert_eq!(
        reply.header("grpc-accept-encoding"),
        "identity,gzip,zstd,deflate,snappy,lz4"
    );
}

#[tokio::test]
async fn broken_grpc_framing_is_an_invalid_argument() {
    let running = start(Arc::new(Recorder::default()));
    let message = protobuf(&["pay"]);
    let two = [framed(0, &message), framed(0, &message)].concat();
    let table = [
        ("", Bytes::new()),
        ("", Bytes::from_static(b"\0\0\0")),
        ("", framed(0, &message).split_to(12)),
        ("", two.into()),
        ("", framed(2, &message)),
        ("", framed(1, &gzip(&message))),
        ("gzip", framed(1, &message)),
    ];
    for (encoding, body) in table {
        let case = format!("{encoding} {:?}", &body[..body.len().min(12)]);
        let reply = send_h2(grpc_post(&running.grpc_url(TRACES), encoding, body))
            .await
            .unwrap();
        assert_eq!(reply.header("grpc-status"), "3", "{case}: {reply:?}");
    }
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_for_good() {
    const LIMIT: usize = 64 << 10;
    let consumer: Arc<dyn Consumer> = Arc::new(Recorder::default());
    let running = start_limited(consumer, LIMIT);
    let url = running.http_url("/v1/traces");
    let large = protobuf_of_size(LIMIT);
    let announced = post(&url, &[PROTOBUF], large.clone());
    let packed = [PROTOBUF, ("content-encoding", "gzip")];
    let replies = [
        send(announced.clone()).await.unwrap(),
        send(in_pieces(announced.clone(), 1_000)).await.unwrap(),
        send_h2(announced).await.unwrap(),
        send(post(&url, &packed, gzip(&large))).await.unwrap(),
    ];
    for reply in replies {
        assert_eq!(reply.status, 413);
        assert_eq!(reply.header("retry-after"), "");
        let status = RpcStatus::decode(&*reply.body).unwrap();
        assert!(status.message.contains("65536"), "{}", status.message);
    }

    let mut plain = grpc_client(running.grpc_url("")).await;
    let mut packed = plain
        .clone()
        .send_compressed(tonic::codec::CompressionEncoding::Gzip);
    for client in [&mut plain, &mut packed] {
        let status = call(client, TRACES, large.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        assert!(!has_retry_info(&status));
    }
    assert_eq!(running.http_account().requests["too_large"], 4);
    assert_eq!(running.grpc_account().requests["too_large"], 2);

    // Up to the limit itself all is well.
    let fitting = protobuf_of_size(LIMIT - 100);
    let reply = send(post(&url, &[PROTOBUF], fitting.clone()))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    call(&mut plain, TRACES, fitting).await.unwrap();
}
