//! Spans through a proxy: what it is asked for, and what is said when it refuses.
//!
//! The backend has a name that only the proxy can find, so that nothing arrives
//! past it.

use crate::certificates::Authority;
use crate::collector::Collector;
use crate::proxy_server::{Asked, ProxyServer};
use crate::variables::with;
use hyper::StatusCode;
use std::time::Duration;
use tracewell_instrument::{Builder, FlushError, TlsSettings, builder};

const LONG: Duration = Duration::from_secs(20);
/// `user:pass word`, as RFC 7617 has it.
const PROOF: &str = "Basic dXNlcjpwYXNzIHdvcmQ=";

/// Sends two spans, one after the other; what the flushes said.
fn send(setup: Builder) -> Result<(), FlushError> {
    let guard = setup.without_panic_hook().build().unwrap();
    for _ in 0..2 {
        guard.tracer().unwrap().span("one").start().end();
        guard.flush(LONG)?;
    }
    Ok(())
}

fn failure(setup: Builder) -> String {
    let setup = setup.batch(
        tracewell_instrument::BatchSettings::default().export_timeout(Duration::from_secs(2)),
    );
    match send(setup) {
        Err(FlushError::Failed { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

fn has(why: &str, parts: &[&str]) {
    for part in parts {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
    assert!(!why.contains("pass"), "a password is said: {why}");
}

fn asked(method: &str, target: &str, authorization: Option<&str>) -> Asked {
    Asked {
        method: method.to_owned(),
        target: target.to_owned(),
        host: "collector.internal:4318".to_owned(),
        authorization: authorization.map(str::to_owned),
    }
}

#[test]
fn plain_http_is_asked_for_by_its_whole_address() {
    for protocol in ["http/protobuf", "http/json"] {
        let collector = Collector::start();
        let proxy = ProxyServer::wanting(collector.address, PROOF);
        let url = format!("http://user:pass%20word@{}/", proxy.address);
        let sent = send(with(&[
            ("HTTP_PROXY", &url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://name:secret@collector.internal:4318",
            ),
        ]));
        assert_eq!(sent, Ok(()));
        let expected = "http://collector.internal:4318/v1/traces";
        let expected = asked("POST", expected, Some(PROOF));
        assert_eq!(proxy.asked(), [expected.clone(), expected]);
        let received = collector.received();
        assert_eq!(received.len(), 2);
        let own = &received[0].headers;
        assert_eq!(own["host"], "collector.internal:4318");
    }
}

#[test]
fn grpc_and_https_go_through_a_tunnel() {
    let authority = Authority::new();
    for (scheme, variable) in [("http", "http_proxy"), ("https", "HTTPS_PROXY")] {
        for protocol in ["grpc", "http/protobuf"] {
            if (scheme, protocol) == ("http", "http/protobuf") {
                continue;
            }
            let collector = match scheme {
                "http" => Collector::start(),
                _ => Collector::behind(authority.server("collector.internal", None)),
            };
            let proxy = ProxyServer::wanting(collector.address, PROOF);
            let url = format!("user:pass%20word@{}", proxy.address);
            let endpoint = format!("{scheme}://collector.internal:4318");
            let setup = with(&[
                (variable, &url),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ]);
            let sent = send(setup.tls(TlsSettings::default().authorities(authority.file())));
            assert_eq!(sent, Ok(()), "{protocol} {scheme}");
            // One connection for both.
            let expected = asked("CONNECT", "collector.internal:4318", Some(PROOF));
            assert_eq!(proxy.asked(), [expected], "{protocol} {scheme}");
            let received = collector.received();
            assert_eq!(received.len(), 2);
            assert!(!received[0].headers.contains_key("proxy-authorization"));
        }
    }
}

#[test]
fn a_proxy_may_itself_be_behind_tls() {
    let authority = Authority::new();
    let collector = Collector::start();
    let proxy = ProxyServer::behind(collector.address, authority.server("localhost", None));
    let url = format!("https://localhost:{}", proxy.address.port());
    let setup = with(&[
        ("ALL_PROXY", &url),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://collector.internal:4318",
        ),
    ]);
    let sent = send(setup.tls(TlsSettings::default().authorities(authority.file())));
    assert_eq!(sent, Ok(()));
    assert_eq!(proxy.asked().len(), 2);
}

#[test]
fn log_records_go_the_same_way() {
    use tracing_subscriber::layer::SubscriberExt as _;
    let collector = Collector::start();
    let proxy = ProxyServer::to(collector.address);
    let setup = with(&[(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://collector.internal:4318",
    )]);
    let setup = setup.proxy(format!("http://{}", proxy.address)).logs();
    let guard = setup.without_panic_hook().build().unwrap();
    let layer =
        tracewell_instrument::correlation::logs::layer().with_logger(guard.logger().unwrap());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info!("one");
    });
    guard.flush(LONG).unwrap();
    let targets: Vec<_> = proxy.asked().into_iter().map(|it| it.target).collect();
    assert_eq!(targets, ["http://collector.internal:4318/v1/logs"]);
}

#[test]
fn code_says_which_proxy_or_none_whatever_the_environment_says() {
    let collector = Collector::start();
    let proxy = ProxyServer::to(collector.address);
    let nowhere = ("HTTP_PROXY", "http://proxy.invalid:1");
    // Also for a backend on this machine.
    let setup = with(&[nowhere, ("NO_PROXY", "*")]).endpoint(collector.url());
    assert_eq!(
        send(setup.proxy(format!("http://{}", proxy.address))),
        Ok(())
    );
    assert_eq!(proxy.asked().len(), 2);
    let elsewhere = with(&[nowhere]).endpoint("http://collector.invalid:1");
    let why = failure(elsewhere.without_proxy());
    assert!(!why.contains("proxy"), "{why}");
    let here = with(&[nowhere]).endpoint(collector.url());
    assert_eq!(send(here), Ok(()), "this machine is no matter for a proxy");
}

#[test]
fn a_proxy_that_is_not_there_is_named_with_its_variable() {
    // Bound and never listening: refused, and nobody else gets the port.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = closed.local_addr().unwrap();
    let url = format!("http://user:password@{address}");
    for protocol in ["http/protobuf", "grpc"] {
        let why = failure(with(&[
            ("ALL_PROXY", &url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://collector.internal:4318",
            ),
        ]));
        let named = format!("cannot reach the proxy http://{address} of ALL_PROXY");
        has(&why, &[&named, "collector.internal in NO_PROXY", "refused"]);
    }
}

#[test]
fn a_proxy_that_wants_a_password_gets_it_or_the_variable_is_named() {
    for protocol in ["http/protobuf", "grpc"] {
        let collector = Collector::start();
        let proxy = ProxyServer::wanting(collector.address, PROOF);
        for (user, part) in [
            ("", "http://user:password@host:port"),
            (
                "user:pasword@",
                "does not take the user and password of HTTP_PROXY",
            ),
        ] {
            let url = format!("http://{user}{}", proxy.address);
            let why = failure(with(&[
                ("HTTP_PROXY", &url),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                (
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                    "http://collector.internal:4318",
                ),
            ]));
            for part in [part, "HTTP_PROXY", "407"] {
                assert!(why.contains(part), "{part} is not in: {why}");
            }
            assert!(!why.contains("pasword"), "{why}");
            // Asking again is no use.
            assert_eq!(proxy.asked().len(), 1);
        }
        assert_eq!(collector.spans().len(), 0);
    }
}

#[test]
fn a_tunnel_that_is_refused_says_what_to_allow() {
    let collector = Collector::start();
    let proxy = ProxyServer::refusing(collector.address, StatusCode::FORBIDDEN);
    let url = format!("http://{}", proxy.address);
    let why = failure(grpc_through(&url));
    let allow = "allow CONNECT to collector.internal:4318";
    has(&why, &[&url, "HTTP 403", allow]);
    // Asking again is no use.
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn a_tunnel_that_fails_is_tried_again() {
    let collector = Collector::start();
    let proxy = ProxyServer::refusing(collector.address, StatusCode::BAD_GATEWAY);
    let url = format!("http://{}", proxy.address);
    assert_eq!(send(grpc_through(&url)), Ok(()));
    assert_eq!(proxy.asked().len(), 2);
    assert_eq!(collector.spans().len(), 2);
}

fn grpc_through(url: &str) -> Builder {
    with(&[
        ("HTTP_PROXY", url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://collector.internal:4318",
        ),
    ])
}

#[test]
fn what_a_proxy_answers_is_not_taken_for_the_backends_word() {
    let collector = Collector::start();
    let proxy = ProxyServer::refusing(collector.address, StatusCode::FORBIDDEN);
    let url = format!("http://{}", proxy.address);
    let why = failure(with(&[
        ("HTTP_PROXY", &url),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://collector.internal:4318",
        ),
    ]));
    has(
        &why,
        &[
            "HTTP 403",
            &format!("through the proxy {url} of HTTP_PROXY"),
        ],
    );
}

#[test]
fn a_proxy_that_cannot_be_used_is_found_at_set_up_without_its_password() {
    let there = "http://collector.internal:4318";
    for (url, part) in [
        ("socks5h://user:hunter@proxy:1080", "…@proxy:1080"),
        ("http://user:hunter@", "http://host:port"),
        ("http://user:hunt er@proxy", "http://host:port"),
        ("proxy:99999", "http://host:port"),
    ] {
        let setup = with(&[("HTTP_PROXY", url), ("OTEL_EXPORTER_OTLP_ENDPOINT", there)]);
        let said = setup.build().unwrap_err().to_string();
        assert!(said.starts_with("HTTP_PROXY is `"), "{said}");
        assert!(said.contains(part), "{part} is not in: {said}");
        assert!(!said.contains("hunt"), "a password is said: {said}");
        let said = builder().variables(|_| None).proxy(url).build();
        let said = said.unwrap_err().to_string();
        assert!(said.starts_with("proxy is `"), "{said}");
        // Nobody hears of a proxy that is not used.
        drop(with(&[("HTTP_PROXY", url)]).build().unwrap());
    }
}
