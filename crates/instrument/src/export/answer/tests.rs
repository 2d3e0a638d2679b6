//! Tests of what answers mean.

use super::*;
use hyper::header::{HeaderName, HeaderValue};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    pairs.iter().map(pair).collect()
}

/// 784111777 = Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110, section 5.6.7).
const NOW_UNIX_S: u64 = 784_111_777;

#[test]
fn http_answers_are_retried_as_the_specification_says() {
    let retry = |seconds: Option<u64>| Some(seconds.map(Duration::from_secs));
    for (status, retry_after, expect) in [
        (429, None, retry(None)),
        (503, Some("7"), retry(Some(7))),
        (503, Some("Sun, 06 Nov 1994 08:50:37 GMT"), retry(Some(60))),
        (503, Some("Sun, 06 Nov 1994 08:40:00 GMT"), retry(Some(0))),
        (502, Some("soon"), retry(None)),
        (504, None, retry(None)),
        (400, None, None),
        (401, None, None),
        (404, None, None),
        (500, None, None),
        (301, None, None),
    ] {
        let headers = match retry_after {
            Some(text) => headers(&[("retry-after", text)]),
            None => HeaderMap::new(),
        };
        match (from_http(status, &headers, b"", NOW_UNIX_S), expect) {
            (Answer::Retry { after, .. }, Some(expect)) => {
                assert_eq!(after, expect, "{status} {retry_after:?}");
            }
            (Answer::NotServed { .. }, None) => assert_eq!(status, 404),
            (Answer::Failed { .. }, None) => assert_ne!(status, 404),
            (answer, expect) => panic!("{status}: {answer:?}, expected {expect:?}"),
        }
    }
}

#[test]
fn grpc_answers_are_retried_as_the_specification_says() {
    for (code, is_retried) in [
        (1, true),
        (2, false),
        (3, false),
        (4, true),
        (7, false),
        (8, false),
        (10, true),
        (11, true),
        (12, false),
        (13, false),
        (14, true),
        (15, true),
        (16, false),
    ] {
        let code_text = i32::to_string(&code);
        let answer = from_grpc(&headers(&[("grpc-status", &code_text)]), b"");
        assert_eq!(
            matches!(answer, Answer::Retry { .. }),
            is_retried,
            "{code}: {answer:?}"
        );
        let is_served = !matches!(answer, Answer::NotServed { .. });
        assert_eq!(is_served, code != 12, "{code}: {answer:?}");
    }
}

/// `Status { code: 8, details: [Any { RetryInfo { retry_delay: 2.5 s } }] }`.
#[test]
fn retry_info_says_when_and_makes_exhaustion_retryable() {
    let mut status = super::super::proto::Writer::default();
    status.uint(1, 8);
    status.message(3, |w| {
        w.bytes(1, b"type.googleapis.com/google.rpc.RetryInfo");
        w.message(2, |w| {
            w.message(1, |w| {
                w.uint(1, 2);
                w.uint(2, 500_000_000);
            });
        });
    });
    let details = encode_base64(&status.buffer);
    let answer = from_grpc(
        &headers(&[("grpc-status", "8"), ("grpc-status-details-bin", &details)]),
        b"",
    );
    let Answer::Retry { after, .. } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(after, Some(Duration::from_millis(2500)));
}

#[test]
fn partial_success_is_read_and_malformed_answers_are_not() {
    let body = [0x0a, 0x07, 0x08, 0x03, 0x12, 0x03, b'b', b'a', b'd'];
    let accepted = |rejected, message: &str| Answer::Accepted {
        rejected,
        message: message.into(),
    };
    assert_eq!(
        from_http(200, &HeaderMap::new(), &body, 0),
        accepted(3, "bad")
    );
    let framed = [&[0, 0, 0, 0, 9][..], &body].concat();
    assert_eq!(
        from_grpc(&headers(&[("grpc-status", "0")]), &framed),
        accepted(3, "bad")
    );
    for malformed in [&b"\x0a\xff"[..], b"\xff\xff\xff", b"<html>", b""] {
        assert_eq!(
            from_http(200, &HeaderMap::new(), malformed, 0),
            accepted(0, "")
        );
    }
}

fn encode_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for digit in 0..=group.len() {
            text.push(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize].into());
        }
    }
    text
}

#[test]
fn what_is_too_large_is_known_from_what_will_never_be_taken() {
    let is_too_large = |answer: Answer| matches!(answer, Answer::TooLarge { .. });
    assert!(is_too_large(from_http(
        413,
        &HeaderMap::new(),
        b"",
        NOW_UNIX_S
    )));
    for (code, message, expected) in [
        (
            "8",
            "grpc: received message larger than max (5 vs. 4)",
            true,
        ),
        ("8", "gRPC message exceeds maximum size 4: 5", true),
        (
            "11",
            "Error, decoded message length too large: found 5",
            true,
        ),
        ("8", "quota", false),
        ("13", "larger than max", false),
    ] {
        let trailers = headers(&[("grpc-status", code), ("grpc-message", message)]);
        assert_eq!(
            is_too_large(from_grpc(&trailers, b"")),
            expected,
            "{message}"
        );
    }
}
