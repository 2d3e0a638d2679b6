//! What became of every span and every request, per receiver.
//!
//! The invariant that people check when they suspect a loss: **received =
//! stored + rejected + in flight**, where stored means acknowledged by the
//! store and rejected names a reason. Spans count as received once their
//! request is decoded; a request that cannot be decoded has no known number of
//! spans and appears under its outcome only.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracewell_model::clock::SystemClock;

use crate::complaints::{Complaint, Complaints};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Every span was stored, or there were none.
    Accepted,
    /// Some spans were stored, some rejected for what they are.
    PartlyAccepted,
    /// Metrics, logs or profiles: taken with thanks and thrown away.
    Ignored,
    /// Told to come again: queues or the memory budget were full.
    Busy,
    /// The store takes nothing now, or the process is shutting down.
    Unavailable,
    /// The body is not what it claims to be.
    Undecodable,
    /// The body is over the size limit, compressed or not.
    TooLarge,
    /// Path, method, content type or encoding that this receiver does not serve.
    Unsupported,
    /// Nobody said who sends, or who sends may not.
    Denied,
    /// The body did not arrive in time.
    TimedOut,
    /// A defect of ours.
    Failed,
    /// The client went away before the answer.
    Abandoned,
}

impl Outcome {
    /// Every outcome, in the order of declaration.
    pub const ALL: [Self; 12] = [
        Self::Accepted,
        Self::PartlyAccepted,
        Self::Ignored,
        Self::Busy,
        Self::Unavailable,
        Self::Undecodable,
        Self::TooLarge,
        Self::Unsupported,
        Self::Denied,
        Self::TimedOut,
        Self::Failed,
        Self::Abandoned,
    ];

    /// Label for metrics and APIs.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::PartlyAccepted => "partly_accepted",
            Self::Ignored => "ignored",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Undecodable => "undecodable",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// The accounts of all receivers of a process.
#[derive(Debug)]
pub struct Accounting {
    receivers: Arc<Mutex<Vec<Arc<ReceiverAccount>>>>,
    complaints: Arc<Complaints>,
    /// Stands behind the names of receivers, if it is not empty.
    name: String,
}

impl Accounting {
    /// No receivers yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            receivers: Arc::default(),
            complaints: Arc::new(Complaints::new(Arc::new(SystemClock))),
            name: String::new(),
        })
    }

    /// The same accounts, for the receivers that a file calls `…/NAME`: theirs are
    /// apart from those of receivers of the same protocols without a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Arc<Self> {
        Arc::new(Self {
            receivers: Arc::clone(&self.receivers),
            complaints: Arc::clone(&self.complaints),
            name: name.to_owned(),
        })
    }

    /// What clients were refused last, the newest first.
    #[must_use]
    pub fn complaints(&self) -> Vec<Complaint> {
        self.complaints.list()
    }

    /// The account of the receiver called `name`, opened if there is none.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Arc<ReceiverAccount> {
        let name = account_name(name, &self.name);
        let mut receivers = lock(&self.receivers);
        if let Some(account) = receivers.iter().find(|account| *account.name == name) {
            return Arc::clone(account);
        }
        let account = Arc::new(ReceiverAccount::new(&name, Arc::clone(&self.complaints)));
        receivers.push(Arc::clone(&account));
        account
    }

    /// The state of every account, in the order in which they were opened.
    #[must_use]
    pub fn snapshot(&self) -> Vec<ReceiverSnapshot> {
        let receivers = lock(&self.receivers);
        receivers.iter().map(|account| account.snapshot()).collect()
    }
}

/// The name of the account of a receiver that a file calls `…/NAME`.
pub(crate) fn account_name(receiver: &str, name: &str) -> String {
    match name {
        "" => receiver.to_owned(),
        name => format!("{receiver}/{name}"),
    }
}

/// One receiver's account at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverSnapshot {
    /// Name of the receiver, such as `otlp_grpc`.
    pub receiver: Arc<str>,
    /// Spans that arrived in decodable requests.
    pub received: u64,
    /// Spans whose storing was acknowledged.
    pub stored: u64,
    /// Spans that were refused, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Spans that wait for the store's answer.
    pub in_flight: u64,
    /// Finished requests by [`Outcome::label`]; outcomes that never happened
    /// are there with zero, so that a time series exists before the first.
    pub requests: BTreeMap<&'static str, u64>,
    /// Requests with a signal that is not stored, by signal.
    pub ignored: BTreeMap<&'static str, u64>,
    /// What was in them and was thrown away, by signal: metric points, log
    /// records, profiles.
    pub ignored_items: BTreeMap<&'static str, u64>,
    /// What was put right in spans that were kept, by kind: places where
    /// U+FFFD stands for bytes that were not UTF-8, values that were cut.
    pub repaired: BTreeMap<&'static str, u64>,
    /// Datagrams that the kernel dropped because they came faster than they
    /// were read. Nobody knows what was in them; they are in no other number.
    pub datagrams_lost: u64,
}

/// One receiver's running account.
#[derive(Debug)]
pub struct ReceiverAccount {
    name: Arc<str>,
    complaints: Arc<Complaints>,
    received: AtomicU64,
    stored: AtomicU64,
    datagrams_lost: AtomicU64,
    requests: [AtomicU64; Outcome::ALL.len()],
    // Behind locks, because reasons and signals are named elsewhere and none
    // is touched by a request that goes well.
    rejected: Mutex<BTreeMap<&'static str, u64>>,
    ignored: Mutex<BTreeMap<&'static str, Ignored>>,
    repaired: Mutex<BTreeMap<&'static str, u64>>,
}

impl ReceiverAccount {
    fn new(name: &str, complaints: Arc<Complaints>) -> Self {
        Self {
            name: name.into(),
            complaints,
            received: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            datagrams_lost: AtomicU64::new(0),
            requests: Default::default(),
            rejected: Mutex::default(),
            ignored: Mutex::default(),
            repaired: Mutex::default(),
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A request begins; without [`RequestInProgress::end`] it counts as
    /// abandoned by its client.
    pub(crate) fn request(self: &Arc<Self>) -> RequestInProgress {
        RequestInProgress {
            account: Arc::clone(self),
            outcome: Outcome::Abandoned,
        }
    }

    /// Spans that arrived and go to the store.
    pub(crate) fn spans_arrived(self: &Arc<Self>, spans: u64) -> SpansInFlight {
        self.received.fetch_add(spans, Ordering::Relaxed);
        SpansInFlight {
            account: Arc::clone(self),
            spans,
        }
    }

    /// Spans that arrived and are bad by themselves.
    pub(crate) fn spans_arrived_bad(&self, reason: &'static str, spans: u64) {
        self.received.fetch_add(spans, Ordering::Relaxed);
        self.count_rejected(reason, spans);
    }

    /// A request carried so many items of a signal that is not stored.
    pub(crate) fn signal_ignored(&self, signal: &'static str, items: u64) {
        let mut ignored = lock(&self.ignored);
        let of_signal = ignored.entry(signal).or_default();
        of_signal.requests += 1;
        of_signal.items += items;
    }

    /// A client is told that its request was not taken as it is.
    pub(crate) fn complain(&self, complaint: Complaint) {
        self.complaints.add(Complaint {
            receiver: Arc::clone(&self.name),
            ..complaint
        });
    }

    /// Something was put right in spans that were kept.
    pub(crate) fn repaired(&self, kind: &'static str, times: u64) {
        *lock(&self.repaired).entry(kind).or_default() += times;
    }

    /// The kernel dropped so many datagrams before they were read.
    pub(crate) fn datagrams_lost(&self, datagrams: u64) {
        self.datagrams_lost.fetch_add(datagrams, Ordering::Relaxed);
    }

    fn count_rejected(&self, reason: &'static str, spans: u64) {
        *lock(&self.rejected).entry(reason).or_default() += spans;
    }

    /// In flight is what remains, so the sums always agree. Reads against the
    /// way that spans take: who sees a span stored or rejected sees it received.
    fn snapshot(&self) -> ReceiverSnapshot {
        let requests = Outcome::ALL.iter().zip(&self.requests);
        let ignored = lock(&self.ignored).clone();
        let of_ignored = |value: fn(&Ignored) -> u64| {
            let each = ignored.iter().map(|(signal, of)| (*signal, value(of)));
            each.collect()
        };
        let stored = self.stored.load(Ordering::Acquire);
        let rejected = lock(&self.rejected).clone();
        let received = self.received.load(Ordering::Relaxed);
        let out = stored + rejected.values().sum::<u64>();
        ReceiverSnapshot {
            receiver: Arc::clone(&self.name),
            received,
            stored,
            rejected,
            in_flight: received.saturating_sub(out),
            requests: requests
                .map(|(outcome, count)| (outcome.label(), count.load(Ordering::Relaxed)))
                .collect(),
            ignored: of_ignored(|of| of.requests),
            ignored_items: of_ignored(|of| of.items),
            repaired: lock(&self.repaired).clone(),
            datagrams_lost: self.datagrams_lost.load(Ordering::Relaxed),
        }
    }
}

/// What came of a signal that is not stored.
#[derive(Debug, Default, Clone, Copy)]
struct Ignored {
    requests: u64,
    items: u64,
}

/// A request whose outcome is not known yet.
#[derive(Debug)]
pub(crate) struct RequestInProgress {
    account: Arc<ReceiverAccount>,
    outcome: Outcome,
}

impl RequestInProgress {
    /// The request has been answered.
    pub(crate) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.account.requests[self.outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// Spans handed to the store and not yet answered for. Dropped without an
/// answer, they count as rejected with the reason `lost`.
#[derive(Debug)]
pub(crate) struct SpansInFlight {
    account: Arc<ReceiverAccount>,
    spans: u64,
}

impl SpansInFlight {
    /// The store has them.
    pub(crate) fn stored(mut self) {
        let spans = std::mem::take(&mut self.spans);
        self.account.stored.fetch_add(spans, Ordering::Release);
    }

    /// The store refused them.
    pub(crate) fn rejected(mut self, reason: &'static str) {
        self.reject(reason);
    }

    fn reject(&mut self, reason: &'static str) {
        let spans = std::mem::take(&mut self.spans);
        if spans > 0 {
            self.account.count_rejected(reason, spans);
        }
    }
}

impl Drop for SpansInFlight {
    fn drop(&mut self) {
        self.reject("lost");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Plain counters: a panic elsewhere cannot leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_is_stored_and_rejected_and_in_flight() {
        let accounting = Accounting::new();
        let account = accounting.receiver("otlp_http");
        account.spans_arrived(5).stored();
        account.spans_arrived(3).rejected("refused_busy");
        account.spans_arrived_bad("invalid_trace_id", 2);
        drop(account.spans_arrived(1));
        let waiting = account.spans_arrived(7);
        let snapshot = &accounting.snapshot()[0];
        let rejected: u64 = snapshot.rejected.values().sum();
        assert_eq!(snapshot.received, 18);
        assert_eq!((snapshot.stored, rejected, snapshot.in_flight), (5, 6, 7));
        assert_eq!(snapshot.rejected["lost"], 1);
        waiting.stored();
        assert_eq!(accounting.snapshot()[0].in_flight, 0);
    }

    #[test]
    fn a_snapshot_never_shows_more_out_than_in() {
        let accounting = Accounting::new();
        let account = accounting.receiver("otlp_http");
        std::thread::scope(|scope| {
            let busy = scope.spawn(|| {
                for round in 0..20_000 {
                    let spans = account.spans_arrived(3);
                    match round % 3 {
                        0 => spans.rejected("refused_busy"),
                        _ => spans.stored(),
                    }
                }
            });
            while !busy.is_finished() {
                let now = &accounting.snapshot()[0];
                let out = now.stored + now.rejected.values().sum::<u64>() + now.in_flight;
                assert_eq!(out, now.received, "{now:?}");
            }
        });
    }

    #[test]
    fn every_request_is_counted_under_one_outcome() {
        let accounting = Accounting::new();
        let account = accounting.receiver("otlp_grpc");
        for outcome in Outcome::ALL {
            account.request().end(outcome);
        }
        drop(account.request());
        let requests = &accounting.snapshot()[0].requests;
        assert_eq!(requests.len(), Outcome::ALL.len());
        assert_eq!((requests["accepted"], requests["abandoned"]), (1, 2));
    }

    #[test]
    fn receivers_of_one_protocol_have_accounts_of_their_own() {
        let accounting = Accounting::new();
        accounting.receiver("otlp_grpc").spans_arrived(1).stored();
        let internal = accounting.named("internal");
        internal.receiver("otlp_grpc").spans_arrived(2).stored();
        let accounts = accounting.snapshot();
        let accounts = accounts.iter().map(|of| (&*of.receiver, of.stored));
        let expected = [("otlp_grpc", 1), ("otlp_grpc/internal", 2)];
        assert_eq!(accounts.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn one_name_has_one_account() {
        let accounting = Accounting::new();
        accounting.receiver("otlp_grpc").spans_arrived(1).stored();
        accounting.receiver("otlp_grpc").spans_arrived(1).stored();
        assert_eq!(accounting.snapshot().len(), 1);
        assert_eq!(accounting.snapshot()[0].stored, 2);
    }
}
