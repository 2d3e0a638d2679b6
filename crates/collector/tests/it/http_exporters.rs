//! What exporters over HTTP send, and what they make of answers.

use prost::Message;
use tokio::net::TcpSocket;
use tracewell_model::StoreError;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::decompress::{Encoding, decompress};
use tracewell_wire::otlp::{json, protobuf};
use tracewell_wire::zipkin::v2;

use super::exporters::partial_success;
use super::http_peer::{Exporter, HttpPeer, Reply, Seen, http_peer, spans};

/// Quick, and with an end.
const QUICK: &str =
    "retry_on_failure: {initial_interval: 1ms, max_interval: 1ms, max_elapsed_time: 60s}";

fn otlp(peer: &HttpPeer, more: &str) -> Exporter {
    let section = format!("endpoint: \"{}/\", {QUICK}, {more}", peer.url());
    Exporter::new(("otlphttp", &section), &[]).unwrap()
}

fn opened(seen: &Seen) -> Vec<u8> {
    let coding = seen.headers.get("content-encoding");
    let coding = coding.map_or("", |coding| coding.to_str().unwrap());
    decompress(&seen.body, Encoding::parse(coding).unwrap(), 1 << 20).unwrap()
}

#[tokio::test]
async fn every_encoding_in_every_compression_arrives_as_it_was() {
    let sent = spans(50);
    // As a receiver has them: one resource for all that have the same.
    let expected = protobuf::decode(&protobuf::encode(&batch(&sent))).unwrap();
    let expected = protobuf::encode(&expected.batch);
    for encoding in ["proto", "json"] {
        for compression in [
            "none",
            "gzip",
            "zlib",
            "deflate",
            "snappy",
            "x-snappy-framed",
            "zstd",
            "lz4",
        ] {
            let peer = http_peer([]).await;
            let exporter = otlp(
                &peer,
                &format!("encoding: {encoding}, compression: {compression}"),
            );
            assert_eq!(exporter.send(&sent).await, Ok(()));
            let seen = &peer.seen()[0];
            assert_eq!(seen.path, "/v1/traces");
            let body = opened(seen);
            assert_eq!(body.len() == seen.body.len(), compression == "none");
            let (decoded, content_type) = match encoding {
                "proto" => (protobuf::decode(&body), "application/x-protobuf"),
                _ => (json::decode(&body), "application/json"),
            };
            assert_eq!(seen.headers["content-type"], content_type);
            assert_eq!(
                protobuf::encode(&decoded.unwrap().batch),
                expected,
                "{encoding} {compression}"
            );
            assert_eq!(exporter.account().sent, 50);
        }
    }
}

#[tokio::test]
async fn what_may_pass_is_sent_again_and_nothing_else() {
    let again = [429, 502, 503, 504].map(|status| Reply::of(status, "").with("retry-after", "0"));
    let peer = http_peer(again).await;
    let exporter = otlp(&peer, "");
    assert_eq!(exporter.send(&spans(3)).await, Ok(()));
    let account = exporter.account();
    assert_eq!(
        (account.sent, account.retries, account.last_error),
        (3, 4, None)
    );
    assert_eq!(peer.seen().len(), 5);
    for (status, reason) in [
        (400, "refused_by_peer"),
        (413, "refused_by_peer"),
        (500, "refused_by_peer"),
        (401, "denied_by_peer"),
        (403, "denied_by_peer"),
        (404, "denied_by_peer"),
        (405, "denied_by_peer"),
        (415, "denied_by_peer"),
    ] {
        let peer = http_peer([Reply::of(status, "as listed\nand more")]).await;
        let exporter = otlp(&peer, "");
        let told = exporter.send(&spans(3)).await.unwrap_err();
        let is_for_good = matches!(told, StoreError::Refused(_));
        assert_eq!(is_for_good, reason == "refused_by_peer", "{told}");
        assert!(told.to_string().ends_with("as listed"), "{told}");
        let account = exporter.account();
        assert_eq!(account.rejected.get(reason), Some(&3), "{status}");
        assert_eq!((account.retries, account.in_flight), (0, 0));
    }
}

#[tokio::test]
async fn a_peer_that_names_a_time_beyond_our_patience_is_not_asked_before() {
    // In seconds, and as a date that is far away.
    for time in ["3600", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let peer = http_peer([Reply::of(503, "later").with("retry-after", time)]).await;
        let told = otlp(&peer, "").send(&spans(1)).await.unwrap_err();
        assert!(matches!(told, StoreError::Unavailable(_)), "{told}");
        assert!(
            told.to_string().ends_with("503 Service Unavailable: later"),
            "{told}"
        );
        assert_eq!(peer.seen().len(), 1, "{time}");
    }
}

#[tokio::test]
async fn a_peer_that_is_not_there_makes_senders_wait_and_is_named() {
    // Kept, so that nobody else gets it, and nobody listens.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = closed.local_addr().unwrap();
    for (kind, endpoint) in [
        ("otlphttp", format!("http://{address}")),
        ("zipkin", format!("http://{address}/api/v2/spans")),
    ] {
        let section = format!("endpoint: \"{endpoint}\", retry_on_failure: {{enabled: false}}");
        let exporter = Exporter::new((kind, &section), &[]).unwrap();
        let told = exporter.send(&spans(1)).await.unwrap_err();
        assert!(matches!(told, StoreError::Unavailable(_)), "{told}");
        let account = exporter.account();
        assert!(account.last_error.unwrap().contains("refused"));
        assert!(endpoint.starts_with(&account.endpoint) || account.endpoint.starts_with(&endpoint));
    }
}

#[tokio::test]
async fn what_a_peer_leaves_out_counts_as_rejected_in_both_encodings() {
    let of_protobuf = Reply {
        status: 200,
        body: partial_success(2, "no name"),
        ..Reply::default()
    };
    let json = |spans: &str| {
        let body =
            format!(r#"{{"partialSuccess":{{"rejectedSpans":{spans},"errorMessage":"no name"}}}}"#);
        Reply::of(200, &body).with("content-type", "application/json; charset=utf-8")
    };
    for (encoding, reply) in [
        (
            "proto",
            of_protobuf.with("content-type", "application/x-protobuf"),
        ),
        ("json", json("\"2\"")),
        ("json", json("2")),
        // Whatever was asked for, the answer says what it is.
        ("proto", json("2")),
    ] {
        let peer = http_peer([reply]).await;
        let exporter = otlp(&peer, &format!("encoding: {encoding}"));
        assert_eq!(exporter.send(&spans(5)).await, Ok(()));
        let account = exporter.account();
        assert_eq!(
            (account.sent, account.rejected.get("left_out_by_peer")),
            (3, Some(&2))
        );
    }
}

#[tokio::test]
async fn what_a_peer_says_is_shown_in_every_form() {
    #[derive(Clone, PartialEq, Message)]
    struct Status {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
    }
    let status = Status {
        code: 3,
        message: "no such tenant".to_owned(),
    };
    let of_protobuf = Reply {
        status: 400,
        body: status.encode_to_vec(),
        ..Reply::default()
    };
    let page = Reply::of(400, "<html>nothing for people</html>").with("content-type", "text/html");
    for (reply, said) in [
        (
            of_protobuf.with("content-type", "application/x-protobuf"),
            "400 Bad Request: no such tenant",
        ),
        (
            Reply::of(400, r#"{"code":3,"message":"no such tenant"}"#)
                .with("content-type", "application/json"),
            "400 Bad Request: no such tenant",
        ),
        (
            Reply::of(400, "no such tenant").with("content-type", "text/plain"),
            "400 Bad Request: no such tenant",
        ),
        (page, "400 Bad Request"),
        (
            Reply::of(308, "").with("location", "https://other/"),
            "308 Permanent Redirect; it points to https://other/: write that as the endpoint, if it is meant",
        ),
    ] {
        let peer = http_peer([reply]).await;
        let exporter = otlp(&peer, "");
        exporter.send(&spans(1)).await.unwrap_err();
        assert_eq!(exporter.account().last_error.as_deref(), Some(said));
        assert_eq!(peer.seen().len(), 1);
    }
}

#[tokio::test]
async fn zipkin_gets_its_own_model_and_a_name_for_those_without() {
    let sent = [
        TestSpan::new(1, 1, "shop", "buy", 1_000),
        TestSpan::new(1, 2, "", "pay", 2_000),
    ];
    for (format, content_type) in [
        ("json", "application/json"),
        ("proto", "application/x-protobuf"),
    ] {
        let again = Reply::of(500, "the storage is away");
        let peer = http_peer([again, Reply::of(202, "")]).await;
        let section = format!(
            "endpoint: \"{}/api/v2/spans\", format: {format}, default_service_name: nobody, {QUICK}",
            peer.url()
        );
        let exporter = Exporter::new(("zipkin", &section), &[]).unwrap();
        assert_eq!(exporter.send(&sent).await, Ok(()));
        let seen = &peer.seen()[1];
        assert_eq!(
            (&*seen.path, &seen.headers["content-type"]),
            ("/api/v2/spans", &content_type.parse().unwrap())
        );
        assert!(!seen.headers.contains_key("content-encoding"));
        let decoded = match format {
            "json" => v2::json::decode(&seen.body),
            _ => v2::protobuf::decode(&seen.body),
        };
        let batch = decoded.unwrap().batch;
        let mut services = batch.resource_services();
        services.sort_unstable();
        assert_eq!((batch.len(), services), (2, vec!["nobody", "shop"]));
    }
}

#[tokio::test]
async fn headers_and_authenticators_reach_the_peer_over_http_and_grpc() {
    let peer = http_peer([]).await;
    let extensions = [
        ("bearertokenauth", "token: secret"),
        (
            "basicauth/them",
            "client_auth: {username: us, password: them}",
        ),
        ("headers_setter", "headers: [{key: tenant, value: acme}]"),
    ];
    for (kind, endpoint) in [("otlphttp", peer.url()), ("otlp", peer.url())] {
        for (name, header, value) in [
            ("bearertokenauth", "authorization", "Bearer secret"),
            ("basicauth/them", "authorization", "Basic dXM6dGhlbQ=="),
            ("headers_setter", "tenant", "acme"),
        ] {
            let section = format!(
                "endpoint: \"{endpoint}\", headers: {{X-Own: mine}}, auth: {{authenticator: {name}}}"
            );
            let exporter = Exporter::new((kind, &section), &extensions).unwrap();
            assert_eq!(exporter.send(&spans(1)).await, Ok(()), "{kind}");
            let seen = peer.seen().pop().unwrap();
            assert_eq!(seen.headers[header], value, "{kind}");
            assert_eq!(seen.headers["x-own"], "mine", "{kind}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_told_with_its_place() {
    for (kind, section, message) in [
        (
            "otlphttp",
            "compression: gzip",
            "exporters.otlphttp.endpoint is missing",
        ),
        (
            "otlphttp",
            "endpoint: \"tempo:4318\"",
            "exporters.otlphttp.endpoint: ",
        ),
        (
            "otlphttp",
            "endpoint: \"http://a:b@tempo\"",
            "use the extension basicauth",
        ),
        (
            "otlphttp",
            "endpoint: \"http://tempo\", encoding: xml",
            "\"xml\" is not one of proto, json",
        ),
        (
            "otlphttp",
            "endpoint: \"http://tempo\", compression: br",
            "\"br\" is not one of gzip",
        ),
        (
            "otlphttp",
            "endpoint: \"http://tempo\", proxy_url: \"http://p\"",
            "proxies are not asked",
        ),
        (
            "otlphttp",
            "endpoint: \"http://tempo\", tls: {cert_file: a}",
            "cert_file and key_file go together",
        ),
        (
            "otlphttp",
            "endpoint: \"http://tempo\", tls: {min_version: \"1.0\"}",
            "older ones are broken",
        ),
        (
            "otlphttp",
            "endpoint: \"http://tempo\", auth: {authenticator: nobody}",
            "there is no nobody in service.extensions",
        ),
        (
            "otlphttp",
            "endpoint: \"https://tempo\", tls: {ca_file: /nowhere/ca.pem}",
            "file.yaml:3:66: exporters.otlphttp.tls.ca_file: /nowhere/ca.pem: it cannot be read",
        ),
        (
            "zipkin",
            "format: json",
            "exporters.zipkin.endpoint is missing",
        ),
        ("file", "format: json", "exporters.file.path is missing"),
        (
            "file",
            "path: /tmp/a, group_by: {enabled: true}",
            "exporters.file.group_by is not served",
        ),
    ] {
        let told = Exporter::new((kind, section), &[]).err().unwrap();
        assert!(
            told.iter().any(|told| told.contains(message)),
            "{told:?}\n{message}"
        );
    }
}
