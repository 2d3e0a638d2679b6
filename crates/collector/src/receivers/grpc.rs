//! gRPC as receivers need it: framing, compression flag, and status of unary
//! calls.
//!
//! Written on hyper's HTTP/2 instead of a gRPC framework's service, because the
//! framing of one message is all that is needed, and because a framework
//! decompresses on the threads that serve sockets, outside our memory budget,
//! and answers an oversized message with a code that OTLP clients retry
//! (`OUT_OF_RANGE`). Spec: gRPC over HTTP/2 (`PROTOCOL-HTTP2.md`).

pub(super) mod health;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use hyper::body::Incoming;
use tracewell_access::Admitted;
use tracewell_wire::decompress::Encoding;

use super::answers::{ReplyBody, grpc_message, grpc_refused};
use super::body::{self, Length};
use super::port::Port;
use crate::intake::{Accepted, Decode, Decoder, RequestBody};
use crate::refusal::Refusal;

/// A message is preceded by a flag (1: compressed) and its length, big-endian.
const PREFIX_BYTES: usize = 5;
pub(super) const PREFIX: Length = Length::Prefixed {
    prefix_bytes: PREFIX_BYTES,
    announced: |prefix| match *prefix {
        [_, a, b, c, d] => u32::from_be_bytes([a, b, c, d]).into(),
        // Refused as too large; cannot be, the prefix has five bytes.
        _ => u64::MAX,
    },
};

/// Reads the one message of a call.
pub(super) async fn message(
    port: &Port,
    headers: &HeaderMap,
    who: &Admitted,
    mut body: Incoming,
    decoder: Decoder,
) -> Result<Accepted, Refusal> {
    let to = port.to(who)?;
    let encoding = encoding(headers)?;
    let _head = port.intake.charge_head(headers)?;
    let mut permit = port.intake.admission().permit();
    let framed = body::collect(&mut body, PREFIX, port.limit_bytes, &mut permit).await?;
    let (is_compressed, bytes) = unframe(framed)?;
    let body = RequestBody {
        bytes,
        encoding: match (is_compressed, encoding) {
            (false, _) => Encoding::Identity,
            (true, Encoding::Identity) => {
                return Err(Refusal::Undecodable(
                    "the message is flagged as compressed but grpc-encoding is missing".into(),
                ));
            }
            (true, encoding) => encoding,
        },
        decode: Decode::Stated(decoder),
        limit_bytes: port.limit_bytes,
        permit,
    };
    port.intake.accept(body, &port.account, to).await
}

/// Messages of calls that carry no spans hold a name or two.
const SMALL_MESSAGE_BYTES: usize = 64 << 10;

/// The one message of a call that carries no spans.
pub(super) async fn small_message(
    port: &Port,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, Refusal> {
    let _head = port.intake.charge_head(headers)?;
    let mut permit = port.intake.admission().permit();
    let framed = body::collect(&mut body, PREFIX, SMALL_MESSAGE_BYTES, &mut permit).await?;
    match unframe(framed)? {
        (false, message) => Ok(message),
        (true, _) => Err(Refusal::Undecodable(
            "send this message uncompressed".to_owned(),
        )),
    }
}

/// Answers a question about health. No request of a protocol, so it is in no
/// account. `is_here` knows the services of the port.
pub(super) async fn answer_health(
    port: &Port,
    mut body: Incoming,
    is_here: impl Fn(&str) -> bool,
) -> Response<ReplyBody> {
    let mut permit = port.intake.admission().permit();
    let limit_bytes = health::MAX_REQUEST_BYTES;
    let collected = body::collect(&mut body, PREFIX, limit_bytes, &mut permit).await;
    match collected.and_then(unframe) {
        Ok((false, message)) => match health::check(&message, is_here) {
            Some(answer) => grpc_message(&answer),
            None => tonic::Status::not_found("no such service on this port").into_http(),
        },
        Ok((true, _)) => tonic::Status::unimplemented("send this message uncompressed").into_http(),
        Err(refusal) => grpc_refused(&refusal).response,
    }
}

/// Is this a gRPC call? `application/grpc`, `application/grpc+proto` and either
/// with parameters; not `application/grpc-web`.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    let rest = content_type.and_then(|text| text.strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

pub(super) fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let Some(value) = headers.get("grpc-encoding") else {
        return Ok(Encoding::Identity);
    };
    let name = String::from_utf8_lossy(value.as_bytes());
    Encoding::parse(&name).ok_or_else(|| Refusal::unknown_encoding(&name))
}

/// Takes the message out of the body of a unary call.
pub(super) fn unframe(framed: Bytes) -> Result<(bool, Bytes), Refusal> {
    let undecodable = |text: String| Err(Refusal::Undecodable(text));
    let Some((&[flag, a, b, c, d], message)) = framed.split_first_chunk::<PREFIX_BYTES>() else {
        let len = framed.len();
        return undecodable(format!(
            "the gRPC body has {len} bytes, fewer than the 5 before a message"
        ));
    };
    let announced = u32::from_be_bytes([a, b, c, d]) as usize;
    if message.len() != announced {
        let len = message.len();
        return undecodable(format!(
            "the gRPC message has {len} bytes, announced were {announced}; \
             a call takes exactly one message"
        ));
    }
    if flag > 1 {
        return undecodable(format!("the gRPC compression flag is {flag}, not 0 or 1"));
    }
    Ok((flag == 1, framed.slice(PREFIX_BYTES..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_whole_message_is_taken() {
        let good = unframe(Bytes::from_static(b"\x01\0\0\0\x02ab")).unwrap();
        assert_eq!(good, (true, Bytes::from_static(b"ab")));
        let bad: [(&[u8], &str); 5] = [
            (b"", "has 0 bytes"),
            (b"\0\0\0", "has 3 bytes"),
            (b"\0\0\0\0\x02a", "announced were 2"),
            (b"\0\0\0\0\x01ab", "exactly one message"),
            (b"\x02\0\0\0\0", "flag is 2"),
        ];
        for (framed, text) in bad {
            let refusal = unframe(Bytes::copy_from_slice(framed)).unwrap_err();
            assert!(refusal.to_string().contains(text), "{refusal}");
        }
    }

    #[test]
    fn grpc_is_told_from_its_relatives() {
        let table = [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/x-protobuf", false),
        ];
        for (content_type, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
            assert_eq!(is_grpc(&headers), expected, "{content_type}");
        }
    }
}
