//! What goes back to OTLP clients, on both transports.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use tracewell_wire::decompress::Encoding;
use tracewell_wire::otlp;

use super::rpc_status::{response_json, response_protobuf, status_json, status_protobuf};
use crate::accounting::Outcome;
use crate::complaints::Complaint;
use crate::intake::{Accepted, Decoder};
use crate::refusal::Refusal;

/// An answer, and what the accounts learn of it.
pub(super) struct Answer {
    pub(super) response: Response<ReplyBody>,
    /// How the request is counted.
    pub(super) outcome: Outcome,
    /// What the client is told is wrong, if something is.
    pub(super) complaint: Option<String>,
}

/// Encodings of messages over HTTP; an answer has that of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Protobuf,
    Json,
}

impl Format {
    /// Reads a `Content-Type`; its parameters (`charset=utf-8`) do not matter.
    pub(super) fn of(content_type: Option<&HeaderValue>) -> Stated {
        let text = content_type.map_or(Some(""), |value| value.to_str().ok());
        let media_type = text.and_then(|text| text.split(';').next());
        match media_type
            .map(|text| text.trim().to_ascii_lowercase())
            .as_deref()
        {
            Some("application/x-protobuf") => Stated::As(Self::Protobuf),
            Some("application/json") => Stated::As(Self::Json),
            // What `sendBeacon`, curl and proxies put there by themselves.
            Some(
                ""
                | "text/plain"
                | "application/octet-stream"
                | "application/x-www-form-urlencoded",
            ) => Stated::Nothing,
            _ => Stated::Other,
        }
    }

    /// Tells by how a plain body begins. A request in protobuf begins with field
    /// 1, which as text would be an empty line.
    pub(crate) fn sniff(body: &[u8]) -> Option<Self> {
        match body {
            [b'{', ..] | [0xef, 0xbb, 0xbf, ..] => Some(Self::Json),
            [] | [0x0a, ..] => Some(Self::Protobuf),
            _ => None,
        }
    }

    pub(crate) fn decoder(self) -> Decoder {
        match self {
            Self::Protobuf => otlp::protobuf::decode_within,
            Self::Json => otlp::json::decode_within,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }
}

/// What a request says about its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    As(Format),
    /// Nothing of use: look at the body.
    Nothing,
    /// That it is something else.
    Other,
}

/// A whole answer: at most one piece of data and, for gRPC, trailers.
#[derive(Debug, Default)]
pub(super) struct ReplyBody {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let data = this.data.take().map(Frame::data);
        let frame = data.or_else(|| this.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// Success over HTTP.
pub(super) fn http_accepted(accepted: &Accepted, format: Format) -> Answer {
    let body = match format {
        Format::Protobuf => response_protobuf(accepted),
        Format::Json => response_json(accepted),
    };
    let response = http_response(StatusCode::OK, format.content_type(), body);
    accepted_answer(response, accepted)
}

/// A refusal over HTTP.
pub(super) fn http_refused(refusal: &Refusal, format: Format) -> Answer {
    let verdict = refusal.verdict();
    let body = match format {
        Format::Protobuf => status_protobuf(refusal),
        Format::Json => status_json(refusal),
    };
    let mut response = http_response(verdict.http, format.content_type(), body);
    if let Some(delay) = verdict.retry_delay {
        let seconds = HeaderValue::from(delay.as_secs());
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    refused_answer(response, refusal)
}

/// An answer to what is no OTLP request, for people who read it.
pub(super) fn plain_text(status: StatusCode, text: &'static str) -> Answer {
    let content_type = HeaderValue::from_static("text/plain");
    let body = Bytes::from_static(text.as_bytes());
    let response = http_response(status, content_type, body);
    unsupported_answer(response, text)
}

fn http_response(
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody {
        data: Some(body).filter(|body| !body.is_empty()),
        trailers: None,
    });
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Success over gRPC.
pub(super) fn grpc_accepted(accepted: &Accepted) -> Answer {
    let response = grpc_message(&response_protobuf(accepted));
    accepted_answer(response, accepted)
}

/// One uncompressed message, which every client accepts and which is too short
/// to gain from compression, then the status.
pub(super) fn grpc_message(message: &Bytes) -> Response<ReplyBody> {
    let mut data = BytesMut::with_capacity(5 + message.len());
    data.put_u8(0);
    data.put_u32(u32::try_from(message.len()).expect("answers are short"));
    data.put_slice(message);
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(tonic::Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let mut response = Response::new(ReplyBody {
        data: Some(data.freeze()),
        trailers: Some(trailers),
    });
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// A refusal over gRPC.
pub(super) fn grpc_refused(refusal: &Refusal) -> Answer {
    let verdict = refusal.verdict();
    let details = status_protobuf(refusal);
    let status = tonic::Status::with_details(verdict.code, refusal.to_string(), details);
    let mut response = status.into_http();
    if let Refusal::UnknownEncoding(_) = refusal {
        let known = HeaderValue::from_static(Encoding::NAMES);
        response.headers_mut().insert("grpc-accept-encoding", known);
    }
    refused_answer(response, refusal)
}

/// An answer to a gRPC call of something that is not here.
pub(super) fn grpc_unimplemented(message: &str) -> Answer {
    let response = tonic::Status::unimplemented(message).into_http();
    unsupported_answer(response, message)
}

fn accepted_answer(response: Response<ReplyBody>, accepted: &Accepted) -> Answer {
    Answer {
        response,
        outcome: if accepted.rejected_spans > 0 {
            Outcome::PartlyAccepted
        } else {
            Outcome::Accepted
        },
        complaint: accepted.message.clone(),
    }
}

fn refused_answer(response: Response<ReplyBody>, refusal: &Refusal) -> Answer {
    let outcome = refusal.verdict().outcome;
    // Who went away is told nothing.
    let is_told = outcome != Outcome::Abandoned;
    Answer {
        response,
        outcome,
        complaint: is_told.then(|| refusal.to_string()),
    }
}

fn unsupported_answer(response: Response<ReplyBody>, text: &str) -> Answer {
    Answer {
        response,
        outcome: Outcome::Unsupported,
        complaint: Some(text.to_owned()),
    }
}

impl Answer {
    /// The success of a request that was thrown away.
    pub(super) fn ignored(self) -> Self {
        Self {
            outcome: Outcome::Ignored,
            ..self
        }
    }

    /// What is told of it to the people who run the server.
    pub(super) fn complaint(&self, from: Sender<'_>) -> Option<Complaint> {
        let message = self.complaint.clone()?;
        let reason = match self.outcome {
            Outcome::Accepted => "no_spans",
            outcome => outcome.label(),
        };
        Some(from.complaint(reason, message))
    }
}

/// Who sent a request, and where to.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) peer: SocketAddr,
    pub(super) headers: &'a HeaderMap,
    pub(super) path: &'a str,
}

impl Sender<'_> {
    fn complaint(self, reason: &'static str, message: String) -> Complaint {
        let agent = self.headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        let agent = String::from_utf8_lossy(agent.unwrap_or_default());
        Complaint {
            // The account puts its name here.
            receiver: "",
            reason,
            peer: self.peer,
            user_agent: agent.into_owned(),
            path: self.path.to_owned(),
            message,
            times: 0,
            last_ns: 0,
        }
    }
}

/// What is told of a connection on which no HTTP was spoken.
pub(super) fn not_http(peer: SocketAddr, error: &hyper::Error) -> Complaint {
    let text = format!("what came is no HTTP ({error}); is it TLS, or another protocol?");
    of_connection(peer, "not_http", text)
}

/// What is told of a connection that was not taken.
pub(super) fn no_room(peer: SocketAddr, max: usize) -> Complaint {
    let text = format!(
        "all {max} connections that there may be are at work; more are allowed with more open \
         files (ulimit -n) and a larger memory_limit"
    );
    of_connection(peer, "no_room", text)
}

fn of_connection(peer: SocketAddr, reason: &'static str, message: String) -> Complaint {
    let sender = Sender {
        peer,
        headers: &HeaderMap::new(),
        path: "",
    };
    sender.complaint(reason, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_read_liberally() {
        let table = [
            ("application/x-protobuf", Stated::As(Format::Protobuf)),
            ("application/json", Stated::As(Format::Json)),
            ("application/json; charset=utf-8", Stated::As(Format::Json)),
            ("Application/JSON ;x=y", Stated::As(Format::Json)),
            ("text/plain;charset=UTF-8", Stated::Nothing),
            ("", Stated::Nothing),
            ("application/protobuf", Stated::Other),
            ("text/html", Stated::Other),
        ];
        for (text, stated) in table {
            let value = HeaderValue::from_static(text);
            assert_eq!(Format::of(Some(&value)), stated, "{text}");
        }
        assert_eq!(Format::of(None), Stated::Nothing);
    }
}
