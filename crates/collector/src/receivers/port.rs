//! What the handlers of all listeners have in common: whose account a request
//! is in, what it may take, and that nobody is refused unseen.

use std::net::SocketAddr;
use std::sync::Arc;

use http::Response;
use http::request::Parts;

use super::answers::{self, Answer, ReplyBody, Sender};
use crate::accounting::{Accounting, ReceiverAccount};
use crate::intake::Intake;

/// One listener of a receiver.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) intake: Arc<Intake>,
    pub(super) account: Arc<ReceiverAccount>,
    /// Largest request, as received and after decompression.
    pub(super) limit_bytes: usize,
}

impl Port {
    /// Opens the account of `receiver`. A request occupies up to twice its size
    /// at once, so a larger one than half the budget could never be admitted,
    /// and its client would be told "busy" for ever.
    pub(super) fn new(
        receiver: &'static str,
        max_request_bytes: usize,
        intake: &Arc<Intake>,
        accounting: &Accounting,
    ) -> Self {
        Self {
            intake: Arc::clone(intake),
            account: accounting.receiver(receiver),
            limit_bytes: max_request_bytes.min(intake.admission().limit_bytes() / 2),
        }
    }

    /// Answers a request, counts it under what became of it, and tells of a
    /// refusal. Dropped when the client goes away.
    pub(super) async fn answer(
        &self,
        head: &Parts,
        peer: SocketAddr,
        answer: impl Future<Output = Answer>,
    ) -> Response<ReplyBody> {
        let progress = self.account.request();
        let answer = answer.await;
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

    /// A connection was not taken because there are too many.
    pub(super) fn no_room(&self, peer: SocketAddr) {
        let max = self.intake.max_connections();
        self.account.complain(answers::no_room(peer, max));
    }

    /// A connection ended because what came was no HTTP.
    pub(super) fn not_http(&self, peer: SocketAddr, error: &hyper::Error) {
        self.account.complain(answers::not_http(peer, error));
    }
}
