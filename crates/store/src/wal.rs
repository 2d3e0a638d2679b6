//! The write-ahead log: payloads of bytes that survive the process.
//!
//! An append returns at once; one thread writes what has gathered with one
//! write and one sync, makes it visible, and only then acknowledges. Segments
//! of fixed size are written in full before use and recycled after; their
//! layout is drawn in `wal/segment.rs` and `wal/entry.rs`.
//!
//! ```text
//!  append ─ compress ─► queue ─► writer ─ write, sync ─► on_durable ─► ack
//!                                   ▲
//!          segments, zeroed ahead ──┘◄── released by the store
//! ```
//!
//! What a payload means is the store's business. **The log never acknowledges
//! what is not durable, never writes again after a write or sync of unknown
//! outcome, and never gives back what its check sums do not vouch for.**

mod chain;
mod compress;
mod copying;
mod entry;
mod error;
mod held;
mod listing;
mod log;
mod options;
mod prepare;
mod queue;
mod reading;
mod recovery;
mod rehearsal;
mod scan;
mod segment;
mod supply;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use self::compress::Stored;
use self::held::Held;
use self::log::Log;
use self::prepare::Preparer;
use self::queue::{Pending, Queue};
use self::recovery::recover;
use self::supply::Supply;
use self::writer::Writer;
use crate::files::{Files, ensure_dir};

pub use self::entry::MAX_PAYLOAD_BYTES;
pub use self::error::{OpenError, WalError};
pub use self::options::{Durability, MIN_SEGMENT_BYTES, WalOptions};
pub use self::recovery::RecoveryReport;
pub use self::segment::{MAX_SEGMENT_BYTES, SEGMENT_VERSION};

pub(crate) use self::copying::copy_log;
pub(crate) use self::listing::log_in;
pub(crate) use self::reading::{ReadError, read_entry};
pub(crate) use self::rehearsal::rehearse;
pub(crate) use self::segment::segment_path;

const WRITER_THREAD: &str = "wal-writer";

/// Where an entry begins. Later entries have greater positions, across
/// restarts too. The default is before every entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalPosition {
    /// Sequence number of the segment.
    pub segment: u64,
    /// Byte in the segment file.
    pub offset: u32,
}

impl WalPosition {
    /// The smallest position after this one: where the log is needed from when
    /// this entry is the last one that is not.
    pub fn after(self) -> WalPosition {
        WalPosition {
            segment: self.segment,
            offset: self.offset + 1,
        }
    }
}

/// What the store knows of its log when it opens it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Entries before this position are needed by nobody.
    pub from: WalPosition,
    /// What [`Wal::first_segment_from`] said when `from` was written down.
    pub first_segment: Option<u64>,
    /// The largest segment that any block speaks of, listed or not. New
    /// segments are numbered after it even where the log itself is gone: else
    /// a block that comes back would claim to hold what is in them.
    pub last_named: u64,
    /// A word that tells this log from others: segments that carry another
    /// one are not read. 0 when there is none.
    pub log: u32,
}

/// Told how an append ended: called exactly once, on the writer thread, or
/// within [`Wal::append`] if the entry is refused at once. It must not block.
/// It is dropped uncalled only if the writer thread panics.
pub type Ack = Box<dyn FnOnce(Result<WalPosition, WalError>) + Send>;

/// Given the items of a group in the order of their positions, on the writer
/// thread, when the group is durable and before any of it is acknowledged. It
/// must not block for long: the next group waits.
pub type OnDurable<T> = Box<dyn FnMut(std::vec::Drain<'_, (WalPosition, T)>) + Send>;

/// Figures for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalStats {
    /// Payload bytes that wait, those being written included.
    pub queued_bytes: u64,
    /// Segments with entries that were not released.
    pub held_segments: usize,
}

/// The log of one data directory. Dropping it writes what waits.
///
/// `T` is what travels with an entry through the queue and comes out, in
/// order, at the [`OnDurable`] callback.
pub struct Wal<T: Send + 'static> {
    queue: Arc<Queue<T>>,
    held: Arc<Held>,
    /// Segments that only entries without spans may begin.
    reserve: Arc<AtomicUsize>,
    max_entry_bytes: u64,
    writer: Option<JoinHandle<Result<(), WalError>>>,
    /// After the writer, which takes from it until its end.
    supply: Supply,
}

impl<T: Send + 'static> Wal<T> {
    /// Opens the log in `dir`, which is created if missing, and gives back
    /// with `replay` (position, spans, payload) every entry at or after
    /// `known.from`, in order. The caller holds the [lock](crate::lock) of the
    /// data directory.
    ///
    /// A full disk is no error here: appends are refused until there is space.
    ///
    /// # Errors
    /// A segment of a newer version, which leaves the directory as it was; an
    /// option out of range; a file that cannot be read, or whose torn end
    /// cannot be fenced off.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: &WalOptions,
        known: Known,
        replay: impl FnMut(WalPosition, u32, &[u8]),
        on_durable: OnDurable<T>,
    ) -> Result<(Wal<T>, RecoveryReport), OpenError> {
        options.validate()?;
        ensure_dir(&*files, dir)?;
        let (recovered, report) = recover(&*files, dir, known, replay)?;
        let mut preparer = Preparer {
            files,
            dir: dir.to_path_buf(),
            segment_bytes: options.segment_bytes,
            spare_segments: options.spare_segments,
            next_sequence: recovered.next_sequence,
            previous: recovered.held.keys().next_back().copied(),
            log: known.log,
            free: Vec::new(),
        };
        preparer.release(recovered.free);
        let supply = Supply::start(preparer, options.retry_after)?;
        let held = Arc::new(Held::new(recovered.held, recovered.ends));
        let queue = Arc::new(Queue::new(options.queue_bytes));
        let reserve = Arc::<AtomicUsize>::default();
        let log = Log::new(
            supply.taker(),
            options.durability,
            Arc::clone(&held),
            Arc::clone(&reserve),
        );
        let writer = Writer {
            queue: Arc::clone(&queue),
            log,
            on_durable,
            durability: options.durability,
            retry_after: options.retry_after,
        };
        let writer = std::thread::Builder::new()
            .name(WRITER_THREAD.to_owned())
            .spawn(move || writer.run())
            .map_err(|source| OpenError::Thread {
                name: WRITER_THREAD,
                source,
            })?;
        let wal = Wal {
            queue,
            held,
            reserve,
            max_entry_bytes: options.max_entry_bytes(),
            writer: Some(writer),
            supply,
        };
        Ok((wal, report))
    }

    /// From now on spans are refused, as by a disk that is full, where so many bytes
    /// of entries without spans would not find room afterwards: not now, and not
    /// when the process was killed in between, since no segment is gone on with.
    pub(crate) fn reserve(&self, bytes: u64) {
        let segments = bytes.div_ceil(self.max_entry_bytes) + u64::from(bytes > 0);
        let segments = usize::try_from(segments).unwrap_or(usize::MAX);
        self.reserve.store(segments, Ordering::Relaxed);
    }

    /// Compresses a payload on this thread and hands it over to be written;
    /// never waits for the disk. The appends of one thread keep their order.
    ///
    /// `ack` is told [`WalError::Backlogged`] at once when too much waits; the
    /// caller pushes back to its client. On any error `item` is dropped.
    pub fn append(&self, payload: &[u8], spans: u32, item: T, ack: Ack) {
        if let Err((ack, error)) = self.enqueue(payload, spans, item, ack) {
            ack(Err(error));
        }
    }

    /// As [`Wal::append`], but does not call `ack` itself.
    ///
    /// # Errors
    /// What `ack` is to be told, with it.
    pub(crate) fn enqueue(
        &self,
        payload: &[u8],
        spans: u32,
        item: T,
        ack: Ack,
    ) -> Result<(), (Ack, WalError)> {
        let bytes = payload.len() as u64;
        if bytes > u64::from(MAX_PAYLOAD_BYTES) {
            let limit_bytes = u64::from(MAX_PAYLOAD_BYTES);
            return Err((ack, WalError::TooLarge { bytes, limit_bytes }));
        }
        if let Err(error) = self.queue.reserve(bytes) {
            return Err((ack, error));
        }
        let stored = Stored::new(payload, spans);
        if stored.total_bytes() > self.max_entry_bytes {
            self.queue.give_back(bytes);
            let error = WalError::TooLarge {
                bytes: stored.total_bytes(),
                limit_bytes: self.max_entry_bytes,
            };
            return Err((ack, error));
        }
        let pending = Pending { stored, item, ack };
        self.queue
            .push(pending)
            .map_err(|pending| (pending.ack, WalError::Closed))
    }

    /// Gives up all entries before `position`. Segments that hold no others
    /// are recycled or deleted in the background.
    ///
    /// The caller has made durable that it does not need them: the manifest
    /// says so, and that it kept `first_segment`, which stays even if the
    /// writer has gone on to another since.
    pub fn release_before(&self, position: WalPosition, first_segment: Option<u64>) {
        let released = self.held.release_before(position, first_segment);
        if !released.is_empty() {
            self.supply.release(released);
        }
    }

    /// The oldest segment that is left once everything before `position` is
    /// released: if it is not there at a later start, it is lost.
    pub fn first_segment_from(&self, position: WalPosition) -> Option<u64> {
        self.held.first_from(position)
    }

    /// Whether [`Wal::release_before`] would let any segment go: only then is it
    /// worth writing down from where the log is needed.
    pub(crate) fn can_release(&self, position: WalPosition) -> bool {
        self.held.has_needless(position)
    }

    /// Bytes on the disk of the entries at and after `position`.
    pub(crate) fn bytes_from(&self, position: WalPosition) -> u64 {
        self.held.bytes_from(position)
    }

    /// Whether the last group could be written; if not, why appends fail.
    ///
    /// # Errors
    /// What an append would answer now. Only [`WalError::Poisoned`] stays.
    pub fn health(&self) -> Result<(), WalError> {
        self.queue.refusal().map_or(Ok(()), Err)
    }

    /// Figures for metrics.
    pub fn stats(&self) -> WalStats {
        WalStats {
            queued_bytes: self.queue.queued_bytes(),
            held_segments: self.held.count(),
        }
    }

    /// Writes what waits, makes everything durable whatever the setting, and
    /// ends.
    ///
    /// # Errors
    /// Why that could not be done.
    pub fn close(mut self) -> Result<(), WalError> {
        self.stop()
    }

    fn stop(&mut self) -> Result<(), WalError> {
        self.queue.close();
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(WalError::Poisoned {
                reason: "the writer thread panicked".into(),
            }),
            None => Ok(()),
        }
    }
}

impl<T: Send + 'static> Drop for Wal<T> {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "the write-ahead log did not end cleanly");
        }
    }
}

impl<T: Send + 'static> std::fmt::Debug for Wal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wal")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
