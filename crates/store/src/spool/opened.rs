//! One spool: a log, its mark, and how much it may hold.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tracewell_model::StoreError;
use tracewell_model::spool::{NotTaken, Spool, SpoolAck, SpoolPlace, SpoolRecord, SpoolStatus};

use super::record;
use super::released::{Mark, Released};
use crate::files::{Files, ensure_dir};
use crate::lock::{DirLock, LockError};
use crate::wal::{
    Known, MAX_PAYLOAD_BYTES, ReadError, RecoveryReport, Wal, WalError, WalOptions, WalPosition,
    read_entry,
};

/// Payload bytes of batches that may wait for the disk: about a third of a second
/// of 100,000 spans/s.
const WAITING_BYTES_MAX: u64 = 32 << 20;

/// A thread's buffer above this is given back after use.
const KEPT_BUFFER_BYTES: usize = 4 << 20;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Is shown place, spans and payload of a record, and says why where it cannot use
/// it.
pub(super) type Replay<'a> = dyn FnMut(SpoolPlace, u32, &[u8]) -> Result<(), String> + 'a;

/// See the module's text.
#[derive(Debug)]
pub(super) struct OpenSpool {
    files: Arc<dyn Files>,
    dir: PathBuf,
    /// `None` once it takes no more.
    wal: RwLock<Option<Wal<()>>>,
    limit_bytes: u64,
    /// Payload bytes of batches that were taken and are not on the disk yet.
    waiting_bytes: Arc<AtomicU64>,
    /// Everything before is given up. Never locked while the disk is waited for.
    from: Mutex<WalPosition>,
    released: Mutex<Released>,
    /// Until it is shut down: then another may open the directory.
    lock: Mutex<Option<DirLock>>,
}

/// Of a record that is to be appended: where its bytes are in the buffer.
struct Payload {
    range: Range<usize>,
    spans: u32,
}

impl Payload {
    /// What it takes of the limit.
    fn counted_bytes(&self) -> u64 {
        match self.spans {
            // A note makes room: it is never told to wait for some.
            0 => 0,
            _ => self.range.len() as u64,
        }
    }
}

impl OpenSpool {
    /// Opens the spool in `dir`, made if it is missing, and shows each of its
    /// records. The report has warnings for people.
    pub(super) fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: &WalOptions,
        limit_bytes: u64,
        replay: &mut Replay<'_>,
    ) -> Result<(Self, RecoveryReport), String> {
        ensure_dir(&*files, dir).map_err(|error| error.to_string())?;
        let lock = DirLock::acquire(&*files, dir).map_err(|error| match error {
            LockError::Held { dir, owner } => format!(
                "{} is in use by {owner}; stop that process, or name another directory",
                dir.display()
            ),
            LockError::File(error) => error.to_string(),
        })?;
        let (released, mark) = Released::open(&*files, dir)?;
        let known = Known {
            from: mark.from,
            first_segment: mark.first_segment,
            ..Known::default()
        };
        let show = |position, spans, payload: &[u8]| {
            if let Err(why) = replay(place_of(position), spans, payload) {
                tracing::error!("{}: a record is left out: {why}", dir.display());
            }
        };
        let (wal, report) = Wal::open(
            Arc::clone(&files),
            dir,
            options,
            known,
            show,
            Box::new(|group| drop(group)),
        )
        .map_err(|error| error.to_string())?;
        let spool = Self {
            files,
            dir: dir.to_path_buf(),
            wal: RwLock::new(Some(wal)),
            limit_bytes,
            waiting_bytes: Arc::default(),
            from: Mutex::new(mark.from),
            released: Mutex::new(released),
            lock: Mutex::new(Some(lock)),
        };
        Ok((spool, report))
    }

    /// Counts batches in, or says why they must wait. Those of one append are always
    /// let in alone: a limit below their size would hold them back for ever.
    fn reserve(&self, wal: &Wal<()>, bytes: u64) -> Result<(), StoreError> {
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
        let held = wal.bytes_from(*locked(&self.from));
        let busy = if held + waiting > 0 && held + waiting + bytes > self.limit_bytes {
            format!(
                "{} holds {} bytes, the limit is {}",
                self.dir.display(),
                held + waiting,
                self.limit_bytes
            )
        } else if waiting > 0 && waiting + bytes > WAITING_BYTES_MAX {
            format!("{waiting} bytes wait for the disk already")
        } else {
            return Ok(());
        };
        self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
        Err(StoreError::Busy(busy))
    }

    /// Counts all batches in, and hands the records over.
    fn append_payloads(
        &self,
        buffer: &[u8],
        payloads: &[Payload],
        acks: Vec<SpoolAck>,
    ) -> Result<(), NotTaken> {
        let open = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let counted = payloads.iter().map(Payload::counted_bytes).sum();
        let taken = match &*open {
            None => Err(StoreError::ShuttingDown),
            Some(wal) if counted > 0 => self.reserve(wal, counted).map(|()| wal),
            Some(wal) => Ok(wal),
        };
        let wal = match taken {
            Ok(wal) => wal,
            Err(error) => return Err(NotTaken { error, acks }),
        };
        let (mut refused, mut why) = (Vec::new(), None);
        for (payload, ack) in payloads.iter().zip(acks) {
            let waiting = Arc::clone(&self.waiting_bytes);
            let counted = payload.counted_bytes();
            let told = Box::new(move |fate: Result<WalPosition, WalError>| {
                waiting.fetch_sub(counted, Ordering::AcqRel);
                ack(fate.map(place_of).map_err(refusal));
            });
            let bytes = &buffer[payload.range.clone()];
            if let Err((told, error)) = wal.enqueue(bytes, payload.spans, (), told) {
                why = Some(refusal(error.clone()));
                let ack: SpoolAck = Box::new(move |_| told(Err(error)));
                refused.push(ack);
            }
        }
        match why {
            None => Ok(()),
            Some(error) => Err(NotTaken {
                error,
                acks: refused,
            }),
        }
    }
}

impl Spool for OpenSpool {
    fn append_together(&self, records: Vec<(&SpoolRecord, SpoolAck)>) -> Result<(), NotTaken> {
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            let (mut payloads, mut acks) = (Vec::new(), Vec::new());
            for (record, ack) in records {
                let start = buffer.len();
                let spans = record::encode(record, buffer);
                payloads.push(Payload {
                    range: start..buffer.len(),
                    spans,
                });
                acks.push(ack);
            }
            let told = self.append_payloads(buffer, &payloads, acks);
            if buffer.capacity() > KEPT_BUFFER_BYTES {
                *buffer = Vec::new();
            }
            told
        })
    }

    fn keep_for_notes(&self, bytes: u64) {
        let wal = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(wal) = &*wal {
            wal.reserve(bytes);
        }
    }

    fn bytes_from(&self, place: SpoolPlace) -> u64 {
        let wal = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let wal = wal.as_ref();
        wal.map_or(0, |wal| wal.bytes_from(position_of(place)))
    }

    fn read(&self, place: SpoolPlace) -> Result<SpoolRecord, StoreError> {
        let read = read_entry(&*self.files, &self.dir, position_of(place));
        let payload = read.map_err(|error| match error {
            ReadError::File(error) => StoreError::Unavailable(error.to_string()),
            damaged @ ReadError::Damaged { .. } => StoreError::Damaged(damaged.to_string()),
        })?;
        record::decode(&payload).map_err(|error| {
            let (dir, SpoolPlace(segment, offset)) = (self.dir.display(), place);
            StoreError::Damaged(format!("{dir}: segment {segment}, byte {offset}: {error}"))
        })
    }

    fn release_before(&self, place: SpoolPlace) {
        let position = position_of(place);
        {
            let mut from = locked(&self.from);
            if position <= *from {
                return;
            }
            *from = position;
        }
        let mut released = locked(&self.released);
        // Another thread may have come further meanwhile.
        let position = *locked(&self.from);
        let wal = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let Some(wal) = wal.as_ref().filter(|wal| wal.can_release(position)) else {
            return;
        };
        let first_segment = wal.first_segment_from(position);
        let mark = Mark {
            from: position,
            first_segment,
        };
        match released.save(&*self.files, mark) {
            Ok(()) => wal.release_before(position, first_segment),
            // Kept until the next time.
            Err(error) => tracing::error!(%error, "segments of a queue on the disk are kept"),
        }
    }

    fn status(&self) -> SpoolStatus {
        let wal = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let held = wal.as_ref().map(|wal| wal.bytes_from(*locked(&self.from)));
        SpoolStatus {
            held_bytes: held.unwrap_or_default(),
            limit_bytes: self.limit_bytes,
        }
    }

    fn shut_down(&self) {
        let wal = self
            .wal
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(wal) = wal
            && let Err(error) = wal.close()
        {
            tracing::error!(%error, "{} did not end cleanly", self.dir.display());
        }
        // Nothing is written from here on.
        locked(&self.lock).take();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change under it is one assignment, or a file of its own rules.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place_of(position: WalPosition) -> SpoolPlace {
    SpoolPlace(position.segment, position.offset)
}

fn position_of(SpoolPlace(segment, offset): SpoolPlace) -> WalPosition {
    WalPosition { segment, offset }
}

fn refusal(error: WalError) -> StoreError {
    match error {
        WalError::TooLarge { bytes, limit_bytes } => StoreError::Refused(format!(
            "a batch takes {bytes} bytes on the disk, the limit is {limit_bytes} \
             ({MAX_PAYLOAD_BYTES} before it is compressed); send smaller batches"
        )),
        WalError::Backlogged { .. } => StoreError::Busy(error.to_string()),
        WalError::Closed => StoreError::ShuttingDown,
        WalError::DiskFull { .. } | WalError::CannotGrow { .. } | WalError::Poisoned { .. } => {
            StoreError::Unavailable(error.to_string())
        }
    }
}
