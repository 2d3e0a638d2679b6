//! What goes back to OTLP clients over HTTP, in the format of their request.

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use tracewell_wire::otlp;

use crate::intake::{Accepted, Decoder};
use crate::receivers::answers::{
    Answer, accepted_answer, grpc_message, http_response, refused_answer,
};
use crate::refusal::Refusal;
use crate::rpc_status::{response_json, response_protobuf, status_json, status_protobuf};

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

/// Success over gRPC.
pub(super) fn grpc_accepted(accepted: &Accepted) -> Answer {
    let response = grpc_message(&response_protobuf(accepted));
    accepted_answer(response, accepted)
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
