//! Answers Jaeger's clients that ask how to sample: over HTTP on a port of its
//! own (usually 5778, where any path will do) and beside the spans.

use std::net::SocketAddr;

use bytes::Bytes;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tracewell_access::{Admitted, Lock};

use crate::intake::Accepted;
use crate::receivers::answers::{
    Answer, ReplyBody, accepted_answer, grpc_message, grpc_refused, http_response, plain_text,
};
use crate::receivers::body;
use crate::receivers::connections::Handler;
use crate::receivers::grpc;
use crate::receivers::port::Port;
use crate::refusal::Refusal;
use crate::sampling::{self, Sampling};

/// The gRPC method.
pub(super) const GET_STRATEGY: &str = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
/// Its service.
pub(super) const SERVICE: &str = "jaeger.api_v2.SamplingManager";

/// Answers HTTP requests of any path.
#[derive(Debug)]
pub(super) struct SamplingHandler {
    pub(super) port: Port,
}

impl Handler for SamplingHandler {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ReplyBody> {
        let (head, body) = request.into_parts();
        let answer = async |body, who: Admitted| {
            body::discard(body).await;
            over_http(&self.port.sampling(&who), &head)
        };
        self.port.answer(&head, peer, body, answer).await
    }

    fn lock(&self) -> &Lock {
        self.port.lock()
    }

    fn no_room(&self, peer: SocketAddr) {
        self.port.no_room(peer);
    }

    fn not_http(&self, peer: SocketAddr, error: &hyper::Error) {
        self.port.not_http(peer, error);
    }
}

/// The answer over HTTP.
pub(super) fn over_http(sampling: &Sampling, head: &Parts) -> Answer {
    // Clients of long ago ask what baggage they may set: anything.
    if head.uri.path().ends_with("/baggageRestrictions") {
        return answered(Bytes::from_static(b"[]"));
    }
    match service(head.uri.query().unwrap_or_default()) {
        Some(service) => answered(sampling::json(sampling, &service)),
        None => plain_text(
            StatusCode::BAD_REQUEST,
            "'service' parameter must be provided once",
        ),
    }
}

fn answered(json: Bytes) -> Answer {
    let content_type = HeaderValue::from_static("application/json");
    let response = http_response(StatusCode::OK, content_type, json);
    accepted_answer(response, &Accepted::default())
}

/// The one value of the parameter `service`.
fn service(query: &str) -> Option<String> {
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut values = pairs.filter(|(name, _)| *name == "service");
    let (_, value) = values.next()?;
    values.next().is_none().then(|| unescaped(value))
}

/// Resolves `+` and `%41`; what is no escape stays.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [] => return String::from_utf8_lossy(&out).into_owned(),
            [b'+', after @ ..] => {
                out.push(b' ');
                rest = after;
            }
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
                out.push(digit(high) << 4 | digit(low));
                rest = after;
            }
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
        }
    }
}

/// The answer over gRPC.
pub(super) async fn over_grpc(
    sampling: &Sampling,
    port: &Port,
    headers: &HeaderMap,
    body: Incoming,
) -> Answer {
    let answer = match grpc::small_message(port, headers, body).await {
        Ok(message) => sampling::protobuf(sampling, &message)
            .ok_or_else(|| Refusal::Undecodable("it is no SamplingStrategyParameters".to_owned())),
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(message) => accepted_answer(grpc_message(&message), &Accepted::default()),
        Err(refusal) => grpc_refused(&refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_once() {
        let table = [
            ("service=cart", Some("cart")),
            ("x=1&service=my%20cart+%C3%A9&y", Some("my cart é")),
            ("service=", Some("")),
            ("service=100%&z=", Some("100%")),
            ("", None),
            ("services=cart", None),
            ("service=a&service=b", None),
        ];
        for (query, want) in table {
            assert_eq!(service(query).as_deref(), want, "{query}");
        }
    }
}
