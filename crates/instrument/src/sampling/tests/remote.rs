//! The remote sampler: answers as Jaeger's versions write them, and the fetch.

use super::super::remote::{Endpoint, JaegerRemote};
use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

fn kept(sampler: &JaegerRemote, name: &str, count: usize) -> usize {
    let is_kept = |random: &u64| {
        sampler
            .decide(&SamplingQuestion {
                name,
                ..root(*random)
            })
            .is_sampled
    };
    randoms().take(count).filter(is_kept).count()
}

#[test]
fn answers_of_every_version_are_understood() {
    for (json, kept_of_1000) in [
        (
            r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}"#,
            450..=550,
        ),
        (
            r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":0.5},"rateLimitingSampling":null,"operationSampling":null}"#,
            450..=550,
        ),
        (
            r#"{"probabilisticSampling":{"samplingRate":1}}"#,
            1000..=1000,
        ),
        (
            r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{}}"#,
            0..=0,
        ),
        (
            r#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":5}}"#,
            5..=5,
        ),
        (
            r#"{"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":0}}"#,
            0..=0,
        ),
        (
            r#"{"strategyType":"PROBABILISTIC","operationSampling":{"defaultSamplingProbability":1,"perOperationStrategies":[]}}"#,
            1000..=1000,
        ),
    ] {
        let sampler = JaegerRemote::with_clock(0.0, Arc::new(SetClock::default()));
        sampler.apply(json.as_bytes()).unwrap();
        let kept = kept(&sampler, "a", 1000);
        assert!(kept_of_1000.contains(&kept), "{kept}: {json}");
    }
}

#[test]
fn operations_have_rates_of_their_own_and_a_lower_bound() {
    let clock = Arc::new(SetClock::default());
    let sampler = JaegerRemote::with_clock(0.0, Arc::clone(&clock) as _);
    sampler
        .apply(
            br#"{"strategyType":"PROBABILISTIC","operationSampling":{
        "defaultSamplingProbability":0,"defaultLowerBoundTracesPerSecond":0.5,
        "perOperationStrategies":[
            {"operation":"all","probabilisticSampling":{"samplingRate":1}},
            {"operation":"half","probabilisticSampling":{"samplingRate":0.5}}],
        "defaultUpperBoundTracesPerSecond":0}}"#,
        )
        .unwrap();
    assert_eq!(kept(&sampler, "all", 1000), 1000);
    assert!((450..=551).contains(&kept(&sampler, "half", 1000)));
    assert_eq!(kept(&sampler, "other", 1000), 1);
    assert_eq!(kept(&sampler, "another", 1000), 1, "each has its own bound");
    clock.advance_ms(2000);
    assert_eq!(kept(&sampler, "other", 1000), 1);
    let probable = sampler.decide(&SamplingQuestion {
        name: "all",
        ..root(1)
    });
    assert_eq!(probable.trace_state.as_deref(), Some("ot=th:0"));
}

#[test]
fn a_wrong_answer_changes_nothing() {
    let sampler = JaegerRemote::new(1.0);
    for (json, message) in [
        ("", "sampling strategy is not JSON"),
        ("[]", "`strategyType` is not"),
        ("{}", "`strategyType` is not"),
        (r#"{"strategyType":"ADAPTIVE"}"#, "`strategyType` is not"),
        (
            r#"{"strategyType":"PROBABILISTIC"}"#,
            "samplingRate` is not a number from 0 to 1",
        ),
        (
            r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":2}}"#,
            "from 0 to 1",
        ),
        (
            r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":"1"}}"#,
            "from 0 to 1",
        ),
        (
            r#"{"strategyType":1,"rateLimitingSampling":[]}"#,
            "maxTracesPerSecond` is not a number",
        ),
        (
            r#"{"operationSampling":{"perOperationStrategies":[{}]}}"#,
            "operation` is not a text",
        ),
    ] {
        let error = sampler.apply(json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(message), "{json}: {error}");
        assert_eq!(kept(&sampler, "a", 10), 10, "{json}");
    }
}

#[test]
fn endpoints_that_cannot_work_are_errors() {
    for (text, url) in [
        ("http://jaeger:5778/sampling", "http://jaeger:5778/sampling"),
        ("http://jaeger:5778", "http://jaeger:5778/sampling"),
        ("jaeger:5778", "http://jaeger:5778/sampling"),
        ("http://jaeger/x", "http://jaeger:80/x"),
        ("http://[::1]/x", "http://[::1]:80/x"),
        ("http://[::1]:5778/x", "http://[::1]:5778/x"),
    ] {
        assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), url);
    }
    for (part, message) in [
        ("endpoint=https://jaeger:5778", "needs TLS"),
        ("endpoint=http://jaeger:14250", "is a gRPC port"),
        ("endpoint=", "has no host"),
        ("endpoint=ftp://x", "unknown scheme"),
        ("endpoint=http://jaeger:x", "no number for a port"),
        ("endpoint=http://a b", "query or space"),
        ("pollingIntervalMs=0", "positive number of milliseconds"),
        ("initialSamplingRate=2", "from 0 to 1"),
        ("rate=1", "the key is not known"),
        ("http://jaeger:5778", "it has no `=`"),
    ] {
        let error = sampler_from_names(Some("parentbased_jaeger_remote"), Some(part), "shop")
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(message) && error.starts_with("OTEL_TRACES_SAMPLER_ARG has"),
            "{error}"
        );
    }
}

/// Answers each connection with the next of `answers`; reports the requests.
fn server(answers: Vec<&'static str>) -> (std::net::SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            drop(stream);
            if sender.send(String::from_utf8(request).unwrap()).is_err() {
                return;
            }
        }
    });
    (address, requests)
}

#[test]
fn the_thread_asks_again_and_keeps_the_last_good_answer() {
    let all = "HTTP/1.0 200 OK\r\n\r\n{\"strategyType\":0,\"probabilisticSampling\":{\"samplingRate\":1}}";
    let (address, requests) = server(vec![all, "HTTP/1.0 503 Away\r\n\r\n", "what", all]);
    let endpoint = format!("http://{address}/sampling").parse().unwrap();
    let sampler =
        JaegerRemote::polling(endpoint, "shop & co", Duration::from_millis(1), 0.0).unwrap();
    let wait = Duration::from_secs(20);
    let request = requests.recv_timeout(wait).unwrap();
    assert!(
        request.starts_with("GET /sampling?service=shop%20%26%20co HTTP/1.0\r\n"),
        "{request}"
    );
    // The second question is asked after the first answer was taken.
    for _ in 0..2 {
        requests.recv_timeout(wait).unwrap();
        assert_eq!(kept(&sampler, "a", 10), 10);
    }
    requests.recv_timeout(wait).unwrap();
    assert_eq!(kept(&sampler, "a", 10), 10);
}
