//! The background thread: when to seal, when to remove, when to wait.
//!
//! Retention never depends on sealing: on a full disk it is what makes room
//! for the next block. A seal that failed is tried again later and later, no
//! matter how many appends ask for it; the state is said once when it begins
//! and once when it ends. A thread that panics must never leave the store
//! looking healthy.

use super::seal::ChangeError;
use super::{Inner, Live};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often the thread looks around without being called.
const TICK: Duration = Duration::from_secs(1);

/// The longest wait after seals that failed, which double it each time.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// So much more free space ends such a wait. Less is the coming and going of
/// everybody else's small files.
const ROOM_BYTES: u64 = 1 << 20;

/// What keeps the store from changing its blocks.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    seal: Trouble,
    retention: Trouble,
    /// A thread that is gone; only a restart brings it back.
    panic: Option<String>,
}

#[derive(Debug, Default)]
struct Trouble {
    /// What a person reads: the last failure.
    text: Option<String>,
    /// Its innermost reason, by which a new state is told from the old one:
    /// the text names another block each time.
    reason: String,
}

impl Troubles {
    /// Why blocks are not sealed or removed at present, if so.
    pub(super) fn text(&self) -> Option<&String> {
        let texts = [&self.panic, &self.seal.text, &self.retention.text];
        texts.into_iter().find_map(Option::as_ref)
    }
}

impl Trouble {
    /// Remembers how an attempt ended; says only what is new.
    fn note(&mut self, what: &str, attempt: &Result<(), ChangeError>) {
        let Err(error) = attempt else {
            if self.text.take().is_some() {
                tracing::info!("{what} works again");
            }
            return;
        };
        let reason = innermost(error);
        if self.text.is_none() || self.reason != reason {
            tracing::error!(%error, "{what} failed; trying again");
        }
        self.text = Some(error.to_string());
        self.reason = reason;
    }
}

fn innermost(error: &ChangeError) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let text = inner.to_string();
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// When a seal may be tried again.
#[derive(Debug, Default)]
struct BackOff {
    last: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    /// Not before this, and how long that was.
    until: Instant,
    wait: Duration,
    /// What the disk had left, if it says so.
    free_bytes: Option<u64>,
}

impl BackOff {
    fn left(&self) -> Duration {
        self.last.as_ref().map_or(Duration::ZERO, |failure| {
            failure.until.saturating_duration_since(Instant::now())
        })
    }

    fn failed(&mut self, first: Duration, free_bytes: Option<u64>) {
        let wait = self.last.as_ref().map_or(first, |last| last.wait * 2);
        let wait = wait.min(LONGEST_WAIT.max(first));
        let until = Instant::now() + wait;
        self.last = Some(Failure {
            until,
            wait,
            free_bytes,
        });
    }

    /// Waits no longer where somebody made room: whoever does that watches for
    /// what happens next.
    fn look_for_room(&mut self, free_bytes: Option<u64>) {
        let before = self.last.as_ref().and_then(|failure| failure.free_bytes);
        if let (Some(before), Some(now)) = (before, free_bytes)
            && now >= before.saturating_add(ROOM_BYTES)
        {
            *self = BackOff::default();
        }
    }
}

impl Inner {
    /// The background thread, until the store stops.
    pub(super) fn run_background(&self) {
        crate::priority::lower_this_thread();
        let mut live_since_ns = None;
        let mut back_off = BackOff::default();
        let mut is_called = false;
        loop {
            let left = back_off.left();
            let is_patient = !left.is_zero();
            let pause = if is_patient { left.min(TICK) } else { TICK };
            let Some(rang) = self.live.wait(pause, is_patient) else {
                return;
            };
            is_called |= rang;
            if is_patient {
                back_off.look_for_room(self.free_bytes());
            }
            self.live.batches.join_small();
            self.open_again();
            let now_ns = self.clock.now_ns();
            let is_empty = self.live.batches.spans() == 0;
            let since = *live_since_ns.get_or_insert(now_ns);
            if is_empty {
                live_since_ns = None;
            }
            let age = Duration::from_nanos(now_ns.saturating_sub(since));
            let live = &self.live.batches;
            let is_full = live.bytes() >= self.options.seal_bytes
                || self.is_log_large()
                || live
                    .member()
                    .should_give_way(live.bytes(), self.options.live_bytes);
            let is_due = !is_empty && (is_called || is_full || age >= self.options.seal_age);
            if is_due && back_off.left().is_zero() {
                is_called = false;
                let sealed = self.seal();
                super::lock(&self.troubles)
                    .seal
                    .note("sealing a block", &sealed);
                if sealed.is_ok() {
                    live_since_ns = None;
                    back_off = BackOff::default();
                } else {
                    back_off.failed(self.options.retry_after, self.free_bytes());
                }
            }
            self.keep_house(&mut back_off);
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        let space = self.files.space(&self.dir);
        space.ok().map(|space| space.free_bytes)
    }

    /// Retention, and what the next full disk will need.
    fn keep_house(&self, back_off: &mut BackOff) {
        let removed = self.apply_retention();
        if matches!(removed, Ok(true)) {
            // There is more room than at the last attempt.
            *back_off = BackOff::default();
        }
        let removed = removed.map(drop);
        let what = "removing old blocks";
        super::lock(&self.troubles).retention.note(what, &removed);
        self.provide_reserve();
    }

    /// After a manifest was saved, perhaps in the place of the reserve. Without
    /// room for another one, the next tick tries again.
    fn provide_reserve(&self) {
        if !self.wants_reserve.swap(false, Ordering::AcqRel) {
            return;
        }
        let manifest = super::lock(&self.manifest);
        if let Err(error) = manifest.ensure_reserve(&*self.files, &self.dir) {
            tracing::debug!(%error, "no reserve for the manifest");
            self.wants_reserve.store(true, Ordering::Release);
        }
    }

    /// Runs a thread's work; a panic in it is told by health and to everybody
    /// who has to wait for that work.
    pub(super) fn watch(&self, name: &str, work: fn(&Self)) {
        // What a panic may leave behind is behind locks that are taken with
        // their poison; nothing is written by this thread any more.
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) else {
            return;
        };
        let text = format!(
            "the thread {name} panicked: {}; nothing is sealed or removed until a restart",
            said(&*panic)
        );
        tracing::error!("{text}");
        super::lock(&self.troubles).panic = Some(text);
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

impl Live {
    /// Waits for the bell or the time; `None` means that the store stops,
    /// `Some(true)` that a seal was asked for. `is_patient` lets such calls
    /// wait, too.
    fn wait(&self, at_most: Duration, is_patient: bool) -> Option<bool> {
        let bell = super::lock(&self.bell);
        let quiet = |bell: &mut super::Bell| (is_patient || !bell.seal) && !bell.stop;
        let (mut bell, _) = self
            .rung
            .wait_timeout_while(bell, at_most, quiet)
            .unwrap_or_else(PoisonError::into_inner);
        (!bell.stop).then(|| std::mem::take(&mut bell.seal))
    }
}
