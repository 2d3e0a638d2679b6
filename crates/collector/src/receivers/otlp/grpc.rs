//! OTLP over gRPC: framing, compression flag, and status of unary calls.
//!
//! Written on hyper's HTTP/2 instead of a gRPC framework's service, because the
//! framing of one message is all that is needed, and because a framework
//! decompresses on the threads that serve sockets, outside our memory budget,
//! and answers an oversized message with a code that OTLP clients retry
//! (`OUT_OF_RANGE`). Spec: gRPC over HTTP/2 (`PROTOCOL-HTTP2.md`).

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tracewell_wire::decompress::Encoding;
use tracewell_wire::otlp;

use super::answers::{
    self, Answer, ReplyBody, Sender, grpc_accepted, grpc_message, grpc_refused, grpc_unimplemented,
    plain_text,
};
use super::grpc_health;
use super::signal::Signal;
use crate::accounting::ReceiverAccount;
use crate::intake::{Accepted, Decode, IgnoredBody, Intake, RequestBody};
use crate::receivers::body::{self, Length};
use crate::receivers::connections::Handler;
use crate::refusal::Refusal;

/// A message is preceded by a flag (1: compressed) and its length, big-endian.
const PREFIX_BYTES: usize = 5;
const PREFIX: Length = Length::Prefixed {
    prefix_bytes: PREFIX_BYTES,
    announced: |prefix| match *prefix {
        [_, a, b, c, d] => u32::from_be_bytes([a, b, c, d]).into(),
        // Refused as too large; cannot be, the prefix has five bytes.
        _ => u64::MAX,
    },
};

/// Answers gRPC calls.
#[derive(Debug)]
pub(super) struct GrpcHandler {
    intake: Arc<Intake>,
    account: Arc<ReceiverAccount>,
    limit_bytes: usize,
}

impl Handler for GrpcHandler {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ReplyBody> {
        if request.uri().path() == grpc_health::CHECK && is_grpc(request.headers()) {
            return self.health(request.into_body()).await;
        }
        let progress = self.account.request();
        let (head, body) = request.into_parts();
        let answer = self.answer(&head, body).await;
        progress.end(answer.outcome);
        let sender = Sender {
            peer,
            headers: &head.headers,
            path: head.uri.path(),
        };
        if let Some(complaint) = answer.complaint(sender) {
            self.account.complain(complaint);
        }
        answer.response
    }

    fn no_room(&self, peer: SocketAddr) {
        let max = self.intake.max_connections();
        self.account.complain(answers::no_room(peer, max));
    }

    fn not_http(&self, peer: SocketAddr, error: &hyper::Error) {
        self.account.complain(answers::not_http(peer, error));
    }
}

impl GrpcHandler {
    pub(super) fn new(
        intake: Arc<Intake>,
        account: Arc<ReceiverAccount>,
        limit_bytes: usize,
    ) -> Self {
        Self {
            intake,
            account,
            limit_bytes,
        }
    }

    async fn answer(&self, head: &Parts, body: Incoming) -> Answer {
        if head.version != Version::HTTP_2 || !is_grpc(&head.headers) {
            body::discard(body).await;
            return plain_text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "415 this port takes gRPC; send OTLP over HTTP to the HTTP port (4318 by default)",
            );
        }
        let signal = Signal::of_grpc_path(head.uri.path());
        match signal.filter(|_| head.method == Method::POST) {
            Some(Signal::Traces) => match self.export(&head.headers, body).await {
                Ok(accepted) => grpc_accepted(&accepted),
                Err(refusal) => grpc_refused(&refusal),
            },
            Some(ignored) => self.ignore(ignored, &head.headers, body).await,
            None => grpc_unimplemented("no such method; this port takes OTLP"),
        }
    }

    async fn export(&self, headers: &HeaderMap, mut body: Incoming) -> Result<Accepted, Refusal> {
        let encoding = encoding(headers)?;
        let _head = self.intake.charge_head(headers)?;
        let mut permit = self.intake.admission().permit();
        let framed = body::collect(&mut body, PREFIX, self.limit_bytes, &mut permit).await?;
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
            decode: Decode::Stated(otlp::protobuf::decode_within),
            limit_bytes: self.limit_bytes,
            permit,
        };
        self.intake.accept(body, &self.account).await
    }

    /// No request of OTLP, so it is in no account.
    async fn health(&self, mut body: Incoming) -> Response<ReplyBody> {
        let mut permit = self.intake.admission().permit();
        let limit_bytes = grpc_health::MAX_REQUEST_BYTES;
        let collected = body::collect(&mut body, PREFIX, limit_bytes, &mut permit).await;
        match collected.and_then(unframe) {
            Ok((false, message)) => match grpc_health::check(&message) {
                Some(answer) => grpc_message(&answer),
                None => tonic::Status::not_found("no such service on this port").into_http(),
            },
            Ok((true, _)) => {
                tonic::Status::unimplemented("send this message uncompressed").into_http()
            }
            Err(refusal) => grpc_refused(&refusal).response,
        }
    }

    async fn ignore(&self, signal: Signal, headers: &HeaderMap, mut body: Incoming) -> Answer {
        signal.say_ignored_once();
        let items = self.count(signal, headers, &mut body).await;
        body::discard(body).await;
        self.account.signal_ignored(signal.name(), items);
        grpc_accepted(&Accepted::default()).ignored()
    }

    /// What a call holds that is thrown away; nothing where that is not to be
    /// found out: it is no reason to refuse.
    async fn count(&self, signal: Signal, headers: &HeaderMap, body: &mut Incoming) -> u64 {
        let (Some(items), Ok(encoding)) = (signal.items(), encoding(headers)) else {
            return 0;
        };
        let mut permit = self.intake.admission().permit();
        let collected = body::collect(body, PREFIX, self.limit_bytes, &mut permit).await;
        let Ok((is_compressed, bytes)) = collected.and_then(unframe) else {
            return 0;
        };
        let body = IgnoredBody {
            bytes,
            encoding: if is_compressed {
                encoding
            } else {
                Encoding::Identity
            },
            count: Box::new(move |plain| items.count_protobuf(plain)),
            limit_bytes: self.limit_bytes,
            permit,
        };
        self.intake.count(body).await.unwrap_or_default()
    }
}

/// Is this a gRPC call? `application/grpc`, `application/grpc+proto` and either
/// with parameters; not `application/grpc-web`.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    let rest = content_type.and_then(|text| text.strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let Some(value) = headers.get("grpc-encoding") else {
        return Ok(Encoding::Identity);
    };
    let name = String::from_utf8_lossy(value.as_bytes());
    Encoding::parse(&name).ok_or_else(|| Refusal::unknown_encoding(&name))
}

/// Takes the message out of the body of a unary call.
fn unframe(framed: Bytes) -> Result<(bool, Bytes), Refusal> {
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
