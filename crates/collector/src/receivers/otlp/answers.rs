//! What goes back to OTLP clients, on both transports.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use tracewell_wire::decompress::Encoding;
use tracewell_wire::otlp;

use super::rpc_status::{response_json, response_protobuf, status_json, status_protobuf};
use crate::accounting::Outcome;
use crate::intake::{Accepted, Decode};
use crate::refusal::Refusal;

/// An answer and how its request is counted.
pub(super) type Answer = (Response<ReplyBody>, Outcome);

/// Encodings of messages over HTTP; an answer has that of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Protobuf,
    Json,
}

impl Format {
    /// Reads a `Content-Type`; its parameters (`charset=utf-8`) do not matter.
    pub(super) fn of(content_type: Option<&HeaderValue>) -> Option<Self> {
        let text = content_type?.to_str().ok()?;
        let media_type = text.split(';').next()?.trim();
        if media_type.eq_ignore_ascii_case("application/x-protobuf") {
            Some(Self::Protobuf)
        } else if media_type.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    pub(super) fn decoder(self) -> Decode {
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
    (response, outcome(accepted))
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
    (response, verdict.outcome)
}

/// An answer to what is no OTLP request, for people who read it.
pub(super) fn plain_text(status: StatusCode, text: &'static str) -> Answer {
    let content_type = HeaderValue::from_static("text/plain");
    let body = Bytes::from_static(text.as_bytes());
    let response = http_response(status, content_type, body);
    (response, Outcome::Unsupported)
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

/// Success over gRPC: one uncompressed message, which every client accepts and
/// which is too short to gain from compression, then the status.
pub(super) fn grpc_accepted(accepted: &Accepted) -> Answer {
    let message = response_protobuf(accepted);
    let mut data = BytesMut::with_capacity(5 + message.len());
    data.put_u8(0);
    data.put_u32(u32::try_from(message.len()).expect("the text of a partial success is short"));
    data.put(message);
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(tonic::Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let mut response = Response::new(ReplyBody {
        data: Some(data.freeze()),
        trailers: Some(trailers),
    });
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    (response, outcome(accepted))
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
    (response, verdict.outcome)
}

/// An answer to a gRPC call of something that is not here.
pub(super) fn grpc_unimplemented(message: &str) -> Answer {
    let response = tonic::Status::unimplemented(message).into_http();
    (response, Outcome::Unsupported)
}

fn outcome(accepted: &Accepted) -> Outcome {
    if accepted.rejected_spans > 0 {
        Outcome::PartlyAccepted
    } else {
        Outcome::Accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_read_liberally() {
        let table = [
            ("application/x-protobuf", Some(Format::Protobuf)),
            ("application/json", Some(Format::Json)),
            ("application/json; charset=utf-8", Some(Format::Json)),
            ("Application/JSON ;x=y", Some(Format::Json)),
            ("application/protobuf", None),
            ("text/plain", None),
            ("", None),
        ];
        for (text, format) in table {
            let value = HeaderValue::from_static(text);
            assert_eq!(Format::of(Some(&value)), format, "{text}");
        }
        assert_eq!(Format::of(None), None);
    }
}
