//! The contract for spans that wait on the disk: what is to be sent to a peer
//! that is away, or decided once a trace is complete.
//!
//! A spool is a journal of records in the order in which they were appended.
//! Who uses it says what a record means: batches of spans, and notes of its own
//! (which were delivered, what was decided). At the next start it gets all of them
//! back, so **what was appended and acknowledged survives the process**, and
//! what it means is not the spool's business.

use crate::batch::SpanBatch;
use crate::store::StoreError;
use std::sync::Arc;

/// Where a record lies. Later records have greater places, across restarts
/// too; the default is before all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpoolPlace(pub u64, pub u32);

impl SpoolPlace {
    /// The smallest place after this one: what [`Spool::release_before`] is told
    /// when this record is the last one that is not needed.
    #[must_use]
    pub fn after(self) -> Self {
        Self(self.0, self.1.saturating_add(1))
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub enum SpoolRecord {
    /// Spans.
    Batch(Arc<SpanBatch>),
    /// Bytes of whoever appended them.
    Note(Vec<u8>),
}

/// What is known of a record without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpoolEntry {
    /// So many spans.
    Batch {
        /// How many.
        spans: u32,
    },
    /// Bytes of whoever appended them.
    Note(Vec<u8>),
}

/// Called exactly once, with the place of the record once it is durable, or with
/// why it is not. Never within [`Spool::append`]; from any other thread, though, and
/// it must not block.
pub type SpoolAck = Box<dyn FnOnce(Result<SpoolPlace, StoreError>) + Send>;

/// What was not taken at once. **Whoever appended calls the acknowledgements, when
/// he holds no lock and no buffer any more**: what they call may append again.
#[must_use = "its acknowledgements were not called"]
pub struct NotTaken {
    /// Why.
    pub error: StoreError,
    /// Of the records that were not taken.
    pub acks: Vec<SpoolAck>,
}

impl NotTaken {
    /// Calls them.
    pub fn tell(self) {
        for ack in self.acks {
            ack(Err(self.error.clone()));
        }
    }
}

impl std::fmt::Debug for NotTaken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("NotTaken");
        debug
            .field("error", &self.error)
            .field("acks", &self.acks.len())
            .finish()
    }
}

/// A figure for people and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpoolStatus {
    /// Bytes on the disk that are held for records.
    pub held_bytes: u64,
    /// Bytes it may have; further records are refused as busy.
    pub limit_bytes: u64,
}

/// An open spool. All methods may be called from many threads at once.
pub trait Spool: Send + Sync + 'static {
    /// Appends a record; MUST return without waiting for the disk. Records of one
    /// thread keep their order. `ack` gets [`StoreError::Unavailable`] when the disk
    /// takes nothing.
    ///
    /// # Errors
    /// It is not taken: [`StoreError::Busy`] when the spool is at its limit (of
    /// batches; a note MUST be taken as long as the disk has room).
    fn append(&self, record: &SpoolRecord, ack: SpoolAck) -> Result<(), NotTaken> {
        self.append_together(vec![(record, ack)])
    }

    /// Appends records one after another, all of them or none: room is taken for all
    /// before the first. What the disk says of each is for its own `ack`.
    ///
    /// # Errors
    /// As [`Spool::append`]. Where one alone is refused for what it is, those before
    /// it have been taken.
    fn append_together(&self, records: Vec<(&SpoolRecord, SpoolAck)>) -> Result<(), NotTaken>;

    /// From now on batches are refused where notes of so many bytes would not find
    /// room on the disk any more: a spool that gives room back by notes must be able
    /// to write them when there is none.
    fn keep_for_notes(&self, bytes: u64);

    /// Bytes on the disk that are held for records at and after `place`.
    fn bytes_from(&self, place: SpoolPlace) -> u64;

    /// The record at a place that an acknowledgement named or a replay showed, and
    /// that was not released. May wait for the disk.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is not what was written;
    /// [`StoreError::Unavailable`] when the disk does not say at present.
    fn read(&self, place: SpoolPlace) -> Result<SpoolRecord, StoreError>;

    /// Gives up everything before `place`. The records MAY still be shown at the
    /// next start. May wait for the disk, seldom.
    fn release_before(&self, place: SpoolPlace);

    /// What it holds.
    fn status(&self) -> SpoolStatus;

    /// Writes what waits and takes no more; then its name may be opened again.
    /// Idempotent.
    fn shut_down(&self);
}

/// Opens spools by name: one directory for each.
pub trait Spools: Send + Sync + 'static {
    /// Opens the spool called `name`, made if there is none, and shows every record
    /// that was not released, oldest first. A damaged record is left out, counted in
    /// the log, and never stops the others.
    ///
    /// # Errors
    /// It cannot be opened: why, for people.
    fn open(
        &self,
        name: &str,
        limit_bytes: u64,
        replay: &mut dyn FnMut(SpoolPlace, SpoolRecord),
    ) -> Result<Arc<dyn Spool>, String>;

    /// As [`Spools::open`], but of batches shows only how many spans they have: for
    /// who reads them when their turn comes. One that is damaged inside MAY be
    /// shown, and says so when it is read.
    ///
    /// # Errors
    /// It cannot be opened: why, for people.
    fn open_listed(
        &self,
        name: &str,
        limit_bytes: u64,
        replay: &mut dyn FnMut(SpoolPlace, SpoolEntry),
    ) -> Result<Arc<dyn Spool>, String> {
        self.open(name, limit_bytes, &mut |place, record| {
            let entry = match record {
                SpoolRecord::Batch(batch) => SpoolEntry::Batch {
                    spans: batch.len() as u32,
                },
                SpoolRecord::Note(bytes) => SpoolEntry::Note(bytes),
            };
            replay(place, entry);
        })
    }
}
