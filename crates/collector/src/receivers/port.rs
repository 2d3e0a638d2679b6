//! What the handlers of all listeners have in common: whose account a request
//! is in, what it may take, and that nobody is refused unseen.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{EXPECT, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, Response};
use hyper::body::{Body, Incoming};
use tracewell_access::{Admitted, Denial, Lock, Role};

use super::answers::{self, Answer, ReplyBody, Sender, grpc_refused, text_refused};
use super::body::{self, Length, content_encoding};
use super::grpc::is_grpc;
use crate::accounting::{Accounting, ReceiverAccount};
use crate::destination::Destined;
use crate::intake::{Accepted, Decode, Intake, RequestBody};
use crate::refusal::Refusal;
use crate::sampling::Sampling;

/// One listener of a receiver.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) intake: Arc<Intake>,
    pub(super) account: Arc<ReceiverAccount>,
    /// Largest request, as received and after decompression.
    pub(super) limit_bytes: usize,
    /// How who is turned away is told over HTTP.
    pub(super) told: Told,
}

/// A refusal in the form of a protocol, by the headers of a request.
pub(super) type Told = fn(&HeaderMap, &Refusal) -> Answer;

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
            told: |_, refusal| text_refused(refusal),
        }
    }

    /// Reads the body of a request over HTTP and has its spans stored.
    pub(super) async fn take(
        &self,
        head: &Parts,
        who: &Admitted,
        body: &mut Incoming,
        decode: Decode,
    ) -> Result<Accepted, Refusal> {
        let to = self.to(who)?;
        let encoding = content_encoding(&head.headers)?;
        let _head = self.intake.charge_head(&head.headers)?;
        let length = Length::Declared(body.size_hint().exact());
        let mut permit = self.intake.admission().permit();
        let body = RequestBody {
            bytes: body::collect(body, length, self.limit_bytes, &mut permit).await?,
            encoding,
            decode,
            limit_bytes: self.limit_bytes,
            permit,
        };
        self.intake.accept(body, &self.account, to).await
    }

    /// Answers a request, counts it under what became of it, and tells of a
    /// refusal. Dropped when the client goes away.
    /// Who may not send is told so, and nothing of the body is kept.
    pub(super) async fn answer(
        &self,
        head: &Parts,
        peer: SocketAddr,
        body: Incoming,
        answer: impl AsyncFnOnce(Incoming, Admitted) -> Answer,
    ) -> Response<ReplyBody> {
        let progress = self.account.request();
        let answer = match self.intake.lock().admit(&head.headers, Role::Write).await {
            Ok(who) => answer(body, who).await,
            Err(denial) => {
                // Over HTTP/2, too: not every client reads the answer on a stream
                // that is reset.
                if !head.headers.contains_key(EXPECT) {
                    body::discard(body).await;
                }
                denied(&head.headers, denial, self.told)
            }
        };
        let sender = Sender {
            peer,
            headers: &head.headers,
            path: head.uri.path(),
        };
        if let Some(complaint) = answer.complaint(sender) {
            self.account.complain(complaint);
        }
        // Last: whoever sees the count finds why.
        progress.end(answer.outcome);
        answer.response
    }

    /// Where the spans of who was let in go.
    pub(super) fn to(&self, who: &Admitted) -> Result<Destined, Refusal> {
        let to = self.intake.destination().of(who, self.account.name());
        to.inspect_err(|refusal| {
            if let Refusal::Denied(denial) = refusal {
                self.intake.lock().turned_away(denial);
            }
        })
    }

    /// How clients of who was let in are to sample.
    pub(super) fn sampling(&self, who: &Admitted) -> Arc<Sampling> {
        self.intake.destination().sampling(who)
    }

    /// What its connections go through.
    pub(super) fn lock(&self) -> &Lock {
        self.intake.lock()
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

/// RFC 9110, 11.6.1: who gets a 401 is told what to show.
fn denied(headers: &HeaderMap, denial: Denial, told: Told) -> Answer {
    let challenge = denial.asks_who().then(|| denial.challenge());
    let refusal = Refusal::Denied(denial);
    if is_grpc(headers) {
        return grpc_refused(&refusal);
    }
    let mut answer = told(headers, &refusal);
    if let Some(challenge) = challenge {
        let headers = answer.response.headers_mut();
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}
