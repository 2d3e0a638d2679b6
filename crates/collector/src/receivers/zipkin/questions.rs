//! What clients ask on the port instead of sending: a Zipkin server answers
//! its query API there, too.
//!
//! Who answers is handed in: **this crate knows no query**. A question carries
//! no spans and is in no account of them.

use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::Either;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tracewell_access::Lock;

use crate::receivers::answers::ReplyBody;
use crate::receivers::connections::{AnswerError, Handler};
use crate::receivers::posted::Posted;

/// An answer that may be of any length, and may break off.
pub type AnswerBody = UnsyncBoxBody<Bytes, AnswerError>;

/// An answer to come; dropped when the client goes away.
pub type Answering = Pin<Box<dyn Future<Output = Response<AnswerBody>> + Send>>;

/// Answers what is asked with GET or HEAD.
pub type Questions = Box<dyn Fn(Parts) -> Answering + Send + Sync>;

/// Takes spans, and has questions answered.
pub(super) struct Asked {
    pub(super) posted: Posted,
    pub(super) questions: Questions,
}

impl Handler for Asked {
    type Body = Either<ReplyBody, AnswerBody>;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Self::Body> {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            let (head, _nothing) = request.into_parts();
            return (self.questions)(head).await.map(Either::Right);
        }
        self.posted.handle(request, peer).await.map(Either::Left)
    }

    fn lock(&self) -> &Lock {
        self.posted.lock()
    }

    fn no_room(&self, peer: SocketAddr) {
        self.posted.no_room(peer);
    }

    fn not_http(&self, peer: SocketAddr, error: &hyper::Error) {
        self.posted.not_http(peer, error);
    }
}
