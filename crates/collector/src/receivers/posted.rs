//! HTTP receivers of the protocols before OTLP, which have one form: a list of
//! spans is posted and answered with 202, a refusal with a status and a text.

use std::net::SocketAddr;

use http::header::{ALLOW, CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tracewell_access::{Admitted, Lock};

use super::answers::{Answer, ReplyBody, accepted_answer, plain_text, text_refused, text_response};
use super::body::{self, must_read_on};
use super::connections::Handler;
use super::port::Port;
use crate::intake::{Accepted, Decode, Decoder};
use crate::refusal::Refusal;

/// What a request that is not served is told.
pub(super) type Unserved = (StatusCode, &'static str);

/// Finds the decoder of a request that posts spans by its path and headers.
pub(super) type Route = fn(&Parts) -> Result<Decoder, Unserved>;

/// Answers requests that post spans.
pub(super) struct Posted {
    pub(super) port: Port,
    pub(super) route: Route,
    /// Answers what is no post of spans.
    pub(super) other: Option<Other>,
}

/// The answer to a request that asks for something; `None` for another.
pub(super) type Other = Box<dyn Fn(&Port, &Admitted, &Parts) -> Option<Answer> + Send + Sync>;

impl std::fmt::Debug for Posted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Posted");
        shown.field("port", &self.port).finish_non_exhaustive()
    }
}

impl Handler for Posted {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ReplyBody> {
        let (head, body) = request.into_parts();
        let answer = async |body, who: Admitted| self.answer(&head, &who, body).await;
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

impl Posted {
    async fn answer(&self, head: &Parts, who: &Admitted, mut body: Incoming) -> Answer {
        let other = self.other.as_ref();
        let other = other.and_then(|other| other(&self.port, who, head));
        if let Some(answer) = other {
            body::discard(body).await;
            return answer;
        }
        let answer = match (self.route)(head) {
            Err((status, text)) => plain_text(status, text),
            Ok(_) if head.method != Method::POST => {
                let text = "405 method not allowed, supported: [POST]";
                let mut answer = plain_text(StatusCode::METHOD_NOT_ALLOWED, text);
                let post = HeaderValue::from_static("POST");
                answer.response.headers_mut().insert(ALLOW, post);
                answer
            }
            Ok(decoder) => match self
                .port
                .take(head, who, &mut body, Decode::Stated(decoder))
                .await
            {
                Ok(accepted) => return accepted_202(&accepted),
                Err(refusal @ (Refusal::TimedOut(_) | Refusal::Interrupted)) => {
                    // Nothing more comes; the connection closes after the answer.
                    return text_refused(&refusal);
                }
                Err(refusal) => text_refused(&refusal),
            },
        };
        if must_read_on(head, &body) {
            body::discard(body).await;
        }
        answer
    }
}

/// The media type of a request, without parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let media_type = text.split(';').next().unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}

/// May a request whose media type says nothing be taken? Browsers ask before
/// they send JSON, Thrift or protobuf for a page, but not before they send
/// text: any page could send spans that way.
pub(super) fn is_from_no_page(headers: &HeaderMap) -> bool {
    !headers.contains_key(ORIGIN)
}

/// These protocols have no place for spans that were left out: the text is for
/// people who look.
fn accepted_202(accepted: &Accepted) -> Answer {
    let text = accepted.message.clone().unwrap_or_default();
    accepted_answer(text_response(StatusCode::ACCEPTED, text), accepted)
}
