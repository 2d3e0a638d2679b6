//! From a request body to the store's answer, the same for every receiver:
//! decompress, decode, account, hand on, wait.
//!
//! The spans of a request go to exactly one `Consumer`, which its
//! [`Destination`] names. Whatever stands behind it (a store today, processors
//! and several exporters later) is wired by whoever builds it; receivers neither
//! know nor ask.
//!
//! The waiting is asynchronous and the work is not: it runs on [`Workers`],
//! **never on the threads that serve sockets**, except for bodies so small that
//! moving them would cost more than decoding them.

mod opening;

use std::num::NonZeroUsize;
use std::sync::Arc;

use http::HeaderMap;
use tokio::sync::oneshot;
use tracewell_access::Lock;
use tracewell_wire::Decoded;
use tracewell_wire::decompress::Encoding;

pub(crate) use self::opening::{Decode, Decoder, IgnoredBody, RequestBody};
use self::opening::{count, decode};
use crate::accounting::ReceiverAccount;
use crate::admission::{Admission, Permit};
use crate::destination::{Destination, Destined};
use crate::receivers::connections::crowd::{Connections, Crowd};
use crate::refusal::{Refusal, rejection_reason};
use crate::workers::Workers;

/// Uncompressed bodies up to this size are decoded where they are. 16 KiB are
/// about 40 spans or 15 µs, which is what waking a worker and being woken by it
/// costs; compressed bodies always move, because their true size is unknown.
const IN_PLACE_BYTES: usize = 16 << 10;

/// Requests that may wait for a worker. At 1,000 spans each, two workers need
/// about half a second for so many: later answers would only meet clients that
/// have given up. Their bytes are bounded by the memory budget.
const MAX_QUEUED_REQUESTS: usize = 2_048;

/// How much the receivers of a process may take on at once.
#[derive(Debug, Clone)]
pub struct IntakeConfig {
    /// Bytes that requests in flight may hold: bodies as received and
    /// decompressed, and decoded spans until the consumer has answered.
    pub memory_budget_bytes: usize,
    /// Threads that decompress and decode; `None` takes one per core.
    pub workers: Option<NonZeroUsize>,
    /// Connections of all receivers together. Each takes a file descriptor,
    /// of which others need some too.
    pub max_connections: usize,
    /// Who may connect and send.
    pub lock: Arc<Lock>,
}

/// Takes request bodies from receivers and gives their spans to where they belong.
pub struct Intake {
    destination: Destination,
    admission: Arc<Admission>,
    workers: Workers,
    max_connections: usize,
    crowd: Arc<Crowd>,
    lock: Arc<Lock>,
}

/// The store has every good span of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Spans that are bad by themselves.
    pub(crate) rejected_spans: u64,
    /// What was wrong with them.
    pub(crate) message: Option<String>,
}

type Reply = oneshot::Sender<Result<Accepted, Refusal>>;

impl Intake {
    /// Starts the workers.
    ///
    /// # Errors
    ///
    /// When the system gives no threads.
    pub fn start(
        config: IntakeConfig,
        destination: impl Into<Destination>,
    ) -> std::io::Result<Arc<Self>> {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let threads = config.workers.unwrap_or_else(cores);
        Ok(Arc::new(Self {
            destination: destination.into(),
            admission: Admission::new(config.memory_budget_bytes),
            workers: Workers::start(threads, MAX_QUEUED_REQUESTS)?,
            max_connections: config.max_connections,
            crowd: Crowd::new(config.max_connections),
            lock: config.lock,
        }))
    }

    /// The memory budget and what is held of it.
    #[must_use]
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Charges the head of a request, which is kept until the answer: a client
    /// may have a thousand of them on one connection.
    pub(crate) fn charge_head(&self, headers: &HeaderMap) -> Result<Permit, Refusal> {
        let each = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        let mut permit = self.admission.permit();
        permit.resize(each.sum())?;
        Ok(permit)
    }

    /// The connections of all receivers.
    pub(crate) fn crowd(&self) -> &Arc<Crowd> {
        &self.crowd
    }

    /// Where spans go.
    pub(crate) fn destination(&self) -> &Destination {
        &self.destination
    }

    /// How many connections of all receivers there are, may be, and were ended.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.crowd.connections()
    }

    /// Who may connect, send and ask.
    #[must_use]
    pub fn lock(&self) -> &Arc<Lock> {
        &self.lock
    }

    pub(crate) fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// Decodes a body, hands its spans on and waits for what became of them.
    pub(crate) async fn accept(
        &self,
        body: RequestBody,
        account: &Arc<ReceiverAccount>,
        to: Destined,
    ) -> Result<Accepted, Refusal> {
        let (reply, answer) = oneshot::channel();
        let is_small = body.encoding == Encoding::Identity && body.bytes.len() <= IN_PLACE_BYTES;
        if is_small && !to.is_new() {
            process(body, account, to, reply);
        } else {
            let account = Arc::clone(account);
            self.workers.submit(Box::new(move || {
                process(body, &account, to, reply);
            }))?;
        }
        answer.await.unwrap_or(Err(Refusal::Internal(
            "the request was lost on its way to the store",
        )))
    }

    /// Counts what is in a body that is thrown away; `None` when it cannot be
    /// read or there is no time for it.
    pub(crate) async fn count(&self, body: IgnoredBody) -> Option<u64> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || {
            // Nobody waits any more when the client went away.
            reply.send(count(body)).ok();
        });
        self.workers.submit(job).ok()?;
        answer.await.ok()?
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Intake")
            .field("admission", &self.admission)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

fn process(body: RequestBody, account: &Arc<ReceiverAccount>, to: Destined, reply: Reply) {
    match decode(body) {
        Ok((decoded, permit)) => hand_on(decoded, permit, account, to, reply),
        Err(refusal) => answer(reply, Err(refusal)),
    }
}

fn hand_on(
    decoded: Decoded,
    permit: Permit,
    account: &Arc<ReceiverAccount>,
    to: Destined,
    reply: Reply,
) {
    let Decoded {
        batch,
        rejected,
        repaired,
        no_spans,
    } = decoded;
    for (repair, times) in repaired.iter() {
        account.repaired(repair.name(), times);
    }
    for (reason, spans) in rejected.iter() {
        account.spans_arrived_bad(reason.name(), spans);
    }
    let accepted = Accepted {
        rejected_spans: rejected.total(),
        message: rejected.message().or(no_spans),
    };
    if batch.is_empty() {
        drop(permit);
        return answer(reply, Ok(accepted));
    }
    let in_flight = account.spans_arrived(batch.len() as u64);
    let consumer = match to.open() {
        Ok(consumer) => consumer,
        Err(refusal) => {
            in_flight.rejected("refused_tenant");
            return answer(reply, Err(refusal));
        }
    };
    let ack = move |stored: Result<(), _>| {
        // First, so that a client that has its answer also has its room back.
        drop(permit);
        match stored {
            Ok(()) => {
                in_flight.stored();
                answer(reply, Ok(accepted));
            }
            Err(error) => {
                in_flight.rejected(rejection_reason(&error));
                answer(reply, Err(error.into()));
            }
        }
    };
    consumer.consume(Arc::new(batch), Box::new(ack));
}

fn answer(reply: Reply, result: Result<Accepted, Refusal>) {
    // The client may have gone away; its spans are accounted for all the same.
    reply.send(result).ok();
}
