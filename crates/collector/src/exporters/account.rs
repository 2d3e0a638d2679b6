//! What became of every span that an exporter was given.
//!
//! received = sent + rejected + in flight, at any moment: what is in flight is
//! what remains of the others, which are read in an order that never shows more
//! out than in.
//!
//! With a queue on the disk, what waits there is in flight. At the next start of the
//! process all accounts begin at nothing: what is found on the disk is received
//! again, and `restored` says how much of `received` that is. So over two lives of a
//! process, received − restored is what came, each span once; and a span that was
//! sent but not noted before the first ended is sent in both.
//!
//! Where an exporter has several peers each has an account of its own besides, in which
//! received = sent + rejected + moved + in flight: what moved belongs to another peer
//! since. **Accounts of peers come and go; that of the exporter stays.**

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::disk_queue::OnDisk;

/// One exporter's account at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExporterSnapshot {
    /// Its name in the file.
    pub exporter: String,
    /// Where it sends.
    pub endpoint: String,
    /// Spans that it was given, those among them that were found on the disk.
    pub received: u64,
    /// Spans that an earlier process was given, and that were found on the disk.
    pub restored: u64,
    /// Spans that the peer has.
    pub sent: u64,
    /// Spans that the peer has not, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Spans that wait, or are on their way.
    pub in_flight: u64,
    /// Requests that failed and were or will be sent again.
    pub retries: u64,
    /// What the peer said last when it took nothing.
    pub last_error: Option<String>,
    /// Its queue, where that is on the disk.
    pub queue: Option<QueueSnapshot>,
    /// Spans that another peer was given in place of this one.
    pub moved: u64,
    /// Its peers, where there may be several.
    pub peers: Vec<ExporterSnapshot>,
}

/// A queue on the disk at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSnapshot {
    /// Batches in it, those included that are on their way.
    pub requests: u64,
    /// Bytes on the disk that they hold.
    pub held_bytes: u64,
    /// Bytes that they may hold.
    pub limit_bytes: u64,
}

/// A running account.
#[derive(Debug)]
pub struct ExporterAccount {
    exporter: String,
    endpoint: Mutex<String>,
    received: AtomicU64,
    restored: AtomicU64,
    sent: AtomicU64,
    retries: AtomicU64,
    rejected: Mutex<BTreeMap<&'static str, u64>>,
    last_error: Mutex<Option<String>>,
    queue: Mutex<Weak<OnDisk>>,
    /// Spans of those received that a queue left on the disk when it was closed.
    left: AtomicU64,
    moved: AtomicU64,
    /// That of the exporter, of a peer's.
    whole: Option<Arc<ExporterAccount>>,
    peers: Mutex<Vec<Weak<ExporterAccount>>>,
}

impl ExporterAccount {
    pub(crate) fn new(exporter: String, endpoint: String) -> Arc<Self> {
        Arc::new(Self::of(exporter, endpoint, None))
    }

    /// Of one peer among several; what becomes of its spans counts here as well.
    pub(super) fn of_peer(self: &Arc<Self>, endpoint: &str) -> Arc<Self> {
        let whole = Some(Arc::clone(self));
        let peer = Arc::new(Self::of(self.exporter.clone(), endpoint.to_owned(), whole));
        self.peers_now().push(Arc::downgrade(&peer));
        peer
    }

    fn of(exporter: String, endpoint: String, whole: Option<Arc<Self>>) -> Self {
        Self {
            exporter,
            endpoint: Mutex::new(endpoint),
            received: AtomicU64::new(0),
            restored: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            rejected: Mutex::default(),
            last_error: Mutex::default(),
            queue: Mutex::default(),
            left: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            whole,
            peers: Mutex::default(),
        }
    }

    fn peers_now(&self) -> MutexGuard<'_, Vec<Weak<Self>>> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|peer| peer.strong_count() > 0);
        peers
    }

    /// How it is called in the log.
    pub(super) fn name(&self) -> String {
        match &self.whole {
            None => self.exporter.clone(),
            Some(_) => format!("{} to {}", self.exporter, self.endpoint()),
        }
    }

    /// Its name in the file.
    #[must_use]
    pub fn exporter(&self) -> &str {
        &self.exporter
    }

    /// The state now.
    #[must_use]
    pub fn snapshot(&self) -> ExporterSnapshot {
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        let rejected = rejected.clone();
        let sent = self.sent.load(Ordering::Acquire);
        let moved = self.moved.load(Ordering::Acquire);
        // Last: what is out was in before.
        let received = self.received.load(Ordering::Acquire);
        let out = sent + moved + rejected.values().sum::<u64>();
        let last_error = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let place = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = place.upgrade();
        // It is asked below, and may be the last one that holds it.
        drop(place);
        let peers: Vec<Arc<Self>> = self.peers_now().iter().filter_map(Weak::upgrade).collect();
        let mut peers: Vec<ExporterSnapshot> = peers.iter().map(|peer| peer.snapshot()).collect();
        peers.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
        let of_peers = peers.iter().find_map(|peer| {
            let error = peer.last_error.as_ref()?;
            Some(format!("{}: {error}", peer.endpoint))
        });
        ExporterSnapshot {
            exporter: self.exporter.clone(),
            endpoint: self.endpoint(),
            received,
            restored: self.restored.load(Ordering::Relaxed),
            sent,
            rejected,
            in_flight: received.saturating_sub(out),
            retries: self.retries.load(Ordering::Relaxed),
            last_error: last_error.clone().or(of_peers),
            queue: queue.map(|queue| queue.snapshot()),
            moved,
            peers,
        }
    }

    /// Of a peer, this is its part: the exporter counted all when they came.
    pub(super) fn arrived(&self, spans: u64) {
        self.received.fetch_add(spans, Ordering::Release);
    }

    /// Its spans wait there.
    pub(super) fn queues_in(&self, queue: &Arc<OnDisk>) {
        let mut place = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Arc::downgrade(queue);
    }

    fn endpoint(&self) -> String {
        let endpoint = self.endpoint.lock();
        endpoint.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on it sends there.
    pub(crate) fn sends_to(&self, endpoint: &str) {
        let mut place = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner);
        if *place != endpoint {
            *place = endpoint.to_owned();
        }
    }

    /// Its queue is closed, and so many spans at most stay on the disk.
    pub(super) fn left_on_disk(&self, spans: u64) {
        let spans = spans.min(self.snapshot().in_flight);
        self.left.store(spans, Ordering::Relaxed);
    }

    /// Found on the disk by a queue that was opened. What an earlier one of this
    /// process left there is in the account; of that, what is not found any more is
    /// not sent any more.
    pub(super) fn restored(&self, spans: u64) {
        let left = self.left.swap(0, Ordering::Relaxed);
        let new = spans.saturating_sub(left);
        self.restored.fetch_add(new, Ordering::Relaxed);
        self.arrived(new);
        let lost = left.saturating_sub(spans);
        if lost > 0 {
            tracing::warn!(
                "{}: {lost} spans that waited on the disk are not where its queue is now; they \
                 are sent when the file has their storage again",
                self.name()
            );
            self.rejected("left_on_disk", lost);
        }
    }

    pub(super) fn sent(&self, spans: u64) {
        self.sent.fetch_add(spans, Ordering::Release);
        if let Some(whole) = &self.whole {
            whole.sent(spans);
        }
    }

    /// They are another peer's since.
    pub(super) fn moved(&self, spans: u64) {
        self.moved.fetch_add(spans, Ordering::Release);
    }

    pub(super) fn rejected(&self, reason: &'static str, spans: u64) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        *rejected.entry(reason).or_default() += spans;
        drop(rejected);
        if let Some(whole) = &self.whole {
            whole.rejected(reason, spans);
        }
    }

    /// A request failed and will be sent again. Answers whether it is the first
    /// of its kind, which is worth a line in the log.
    pub(super) fn retried(&self, why: &str) -> bool {
        self.retries.fetch_add(1, Ordering::Relaxed);
        if let Some(whole) = &self.whole {
            whole.retries.fetch_add(1, Ordering::Relaxed);
        }
        self.failed(why)
    }

    /// Likewise, for good.
    pub(super) fn failed(&self, why: &str) -> bool {
        let mut last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_new = last.as_deref() != Some(why);
        *last = Some(why.to_owned());
        is_new
    }

    /// The peer took something. Answers whether it had refused before.
    pub(super) fn recovered(&self) -> bool {
        let mut last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.take().is_some()
    }
}
