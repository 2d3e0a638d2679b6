//! A request may not become more than there is room for: reading ends long
//! before it has become what it would.

use tracewell_wire::otlp::{json, protobuf};
use tracewell_wire::{Decoded, Room, WireError};

use crate::field;

const GRANTED: usize = 8 << 20;

/// Reads within [`GRANTED`]; answers the result and the most that was asked.
fn within(
    body: &[u8],
    decode: fn(&[u8], Room<'_>) -> Result<Decoded, WireError>,
) -> (Result<Decoded, WireError>, usize) {
    let mut most = 0;
    let mut grant = |bytes: usize| {
        most = most.max(bytes);
        bytes <= GRANTED
    };
    let result = decode(body, Room::granted_by(&mut grant));
    (result, most)
}

fn in_span(content: &[u8]) -> Vec<u8> {
    let ids = [field(1, &[1; 16]), field(2, &[2; 8])].concat();
    field(1, &field(2, &field(2, &[&ids, content].concat())))
}

#[test]
fn two_bytes_that_become_forty_are_stopped_wherever_they_stand() {
    let empty = |number, times| field(number, &[]).repeat(times);
    let resources = (0..300_000u32).flat_map(|n| {
        let url = n.to_le_bytes().map(|byte| byte & 0x7f);
        field(1, &field(3, &url))
    });
    let scopes: Vec<u8> = (0..300_000u32)
        .flat_map(|n| field(2, &field(3, &n.to_le_bytes().map(|byte| byte & 0x7f))))
        .collect();
    let bodies = [
        ("links", in_span(&empty(13, 3_000_000))),
        ("events", in_span(&empty(11, 3_000_000))),
        ("attributes", in_span(&empty(9, 3_000_000))),
        (
            "attributes of an event",
            in_span(&field(11, &empty(3, 3_000_000))),
        ),
        (
            "attributes of a link",
            in_span(&field(13, &empty(4, 3_000_000))),
        ),
        (
            "attributes of a resource",
            field(1, &field(1, &empty(1, 3_000_000))),
        ),
        (
            "attributes of a scope",
            field(1, &field(2, &field(1, &empty(3, 3_000_000)))),
        ),
        ("resources", resources.collect()),
        ("scopes", field(1, &scopes)),
        (
            "bytes that are not UTF-8",
            in_span(&field(5, &vec![0xff; 4_000_000])),
        ),
    ];
    for (what, body) in bodies {
        let (result, most) = within(&body, protobuf::decode_within);
        let error = result.expect_err(what);
        assert!(error.is_no_room(), "{what}: {error}");
        assert!(
            most < GRANTED * 4,
            "{what}: {most} bytes were asked for at once"
        );
    }
}

#[test]
fn json_is_stopped_as_well() {
    let ids = r#""traceId":"01010101010101010101010101010101","spanId":"0202020202020202""#;
    let list = |item: &str| vec![item; 1_000_000].join(",");
    let spans = [
        ("links", format!(r#"{{{ids},"links":[{}]}}"#, list("{}"))),
        ("events", format!(r#"{{{ids},"events":[{}]}}"#, list("{}"))),
        (
            "attributes",
            format!(r#"{{{ids},"attributes":[{}]}}"#, list(r#"{"key":"a"}"#)),
        ),
        ("spans", list(&format!("{{{ids}}}"))),
    ];
    for (what, spans) in spans {
        let body = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
        let (result, most) = within(body.as_bytes(), json::decode_within);
        let error = result.expect_err(what);
        assert!(error.is_no_room(), "{what}: {error}");
        assert!(
            most < GRANTED * 4,
            "{what}: {most} bytes were asked for at once"
        );
    }
}

#[test]
fn an_ordinary_request_asks_for_little_more_than_it_takes() {
    let ids = [field(1, &[1; 16]), field(2, &[2; 8])].concat();
    let span = field(2, &[ids, field(5, b"GET /products")].concat());
    let body = field(1, &field(2, &span.repeat(50_000)));
    let (result, most) = within(&body, protobuf::decode_within);
    let batch = result.unwrap().batch;
    assert_eq!(batch.len(), 50_000);
    assert!(most <= batch.memory_bytes() * 3 / 2, "{most} asked");
}
