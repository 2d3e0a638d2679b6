//! An answer to a client, whatever its protocol, and what the accounts and the
//! people who run the server learn of it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use tracewell_wire::decompress::Encoding;

use crate::accounting::Outcome;
use crate::complaints::Complaint;
use crate::intake::Accepted;
use crate::refusal::Refusal;
use crate::rpc_status::status_protobuf;

/// An answer, and what the accounts learn of it.
pub(super) struct Answer {
    pub(super) response: Response<ReplyBody>,
    /// How the request is counted.
    pub(super) outcome: Outcome,
    /// What the client is told is wrong, if something is.
    pub(super) complaint: Option<String>,
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

/// An answer to what is no request of the protocol, for people who read it.
pub(super) fn plain_text(status: StatusCode, text: &'static str) -> Answer {
    let content_type = HeaderValue::from_static("text/plain");
    let body = Bytes::from_static(text.as_bytes());
    let response = http_response(status, content_type, body);
    unsupported_answer(response, text)
}

pub(super) fn http_response(
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

/// A refusal that people can read.
pub(super) fn text_refused(refusal: &Refusal) -> Answer {
    let verdict = refusal.verdict();
    let mut response = text_response(verdict.http, refusal.to_string());
    if let Some(delay) = verdict.retry_delay {
        let seconds = HeaderValue::from(delay.as_secs());
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    refused_answer(response, refusal)
}

pub(super) fn text_response(status: StatusCode, text: String) -> Response<ReplyBody> {
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    http_response(status, content_type, Bytes::from(text))
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

pub(super) fn accepted_answer(response: Response<ReplyBody>, accepted: &Accepted) -> Answer {
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

pub(super) fn refused_answer(response: Response<ReplyBody>, refusal: &Refusal) -> Answer {
    let outcome = refusal.verdict().outcome;
    // Who went away is told nothing.
    let is_told = outcome != Outcome::Abandoned;
    Answer {
        response,
        outcome,
        complaint: is_told.then(|| refusal.to_string()),
    }
}

pub(super) fn unsupported_answer(response: Response<ReplyBody>, text: &str) -> Answer {
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
            receiver: "".into(),
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
