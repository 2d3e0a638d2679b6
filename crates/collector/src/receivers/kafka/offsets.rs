//! How far each partition was read, on the disk.
//!
//! ```text
//! note     version (1 byte), then for each partition:
//! partition   length of the topic (4 bytes), topic, number (4), next offset (8)
//! ```
//!
//! Little-endian. A note has all of them, so that the newest is all that is needed.
//! **A position is only ever that behind records that were acknowledged.**

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tracewell_model::spool::{Spool, SpoolEntry, SpoolPlace, SpoolRecord, Spools};

const VERSION: u8 = 1;

/// Notes have no limit of their own; no batch is ever here.
const LIMIT_BYTES: u64 = 1 << 20;

/// Topic and number.
pub(super) type PartitionName = (String, i32);

/// See the module's text.
pub(super) struct Offsets {
    spool: Arc<dyn Spool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The offset at which each goes on.
    next: BTreeMap<PartitionName, i64>,
    has_changed: bool,
    is_failing: bool,
}

impl Offsets {
    /// Those that were kept under a name.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) fn open(spools: &dyn Spools, name: &str) -> Result<Self, String> {
        let (mut next, mut wrong) = (BTreeMap::new(), None);
        let spool = spools.open_listed(name, LIMIT_BYTES, &mut |_, entry| {
            let SpoolEntry::Note(note) = entry else {
                return;
            };
            match decode(&note) {
                Some(decoded) => next = decoded,
                None => wrong = Some(()),
            }
        })?;
        if wrong.is_some() {
            let why =
                format!("{name}: how far Kafka was read stands there in a form of a later version");
            return Err(why);
        }
        let state = State {
            next,
            ..State::default()
        };
        Ok(Self {
            spool,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a partition goes on, if it was read before.
    pub(super) fn next(&self, partition: &PartitionName) -> Option<i64> {
        self.state().next.get(partition).copied()
    }

    /// A partition goes on there.
    pub(super) fn set(&self, partition: &PartitionName, next: i64) {
        let mut state = self.state();
        state.has_changed |= state.next.insert(partition.clone(), next) != Some(next);
    }

    /// Keeps them again and again.
    pub(super) async fn keep_every(self: Arc<Self>, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            self.keep().await;
        }
    }

    /// Writes them down, if they have changed.
    pub(super) async fn keep(&self) {
        let note = {
            let mut state = self.state();
            if !std::mem::take(&mut state.has_changed) {
                return;
            }
            encode(&state.next)
        };
        let (told, kept) = oneshot::channel();
        let record = SpoolRecord::Note(note);
        let ack = Box::new(move |result| drop(told.send(result)));
        if let Err(not_taken) = self.spool.append(&record, ack) {
            not_taken.tell();
        }
        match kept.await {
            Ok(Ok(place)) => {
                self.state().is_failing = false;
                self.release(place);
            }
            Ok(Err(error)) => self.failed(&error.to_string()),
            Err(_gone) => self.failed("the disk did not answer"),
        }
    }

    /// The one at `place` says all that those before it did.
    fn release(&self, place: SpoolPlace) {
        // It waits for a disk seldom, and for a few bytes.
        self.spool.release_before(place);
    }

    fn failed(&self, why: &str) {
        let mut state = self.state();
        state.has_changed = true;
        if !std::mem::replace(&mut state.is_failing, true) {
            tracing::warn!(
                "how far Kafka was read cannot be kept, and would be read again after a restart: {why}"
            );
        }
    }

    /// Keeps no more; then another may under the same name.
    pub(super) async fn shut_down(&self) {
        let spool = Arc::clone(&self.spool);
        // It waits for the disk.
        if let Err(error) = tokio::task::spawn_blocking(move || spool.shut_down()).await {
            tracing::error!("the positions of Kafka were not closed: {error}");
        }
    }
}

fn encode(next: &BTreeMap<PartitionName, i64>) -> Vec<u8> {
    let mut note = vec![VERSION];
    for ((topic, number), offset) in next {
        // Names of topics have 249 bytes at most.
        note.extend_from_slice(&(topic.len() as u32).to_le_bytes());
        note.extend_from_slice(topic.as_bytes());
        note.extend_from_slice(&number.to_le_bytes());
        note.extend_from_slice(&offset.to_le_bytes());
    }
    note
}

fn decode(note: &[u8]) -> Option<BTreeMap<PartitionName, i64>> {
    let mut rest = note.strip_prefix(&[VERSION])?;
    let mut next = BTreeMap::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk()?;
        let (topic, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (number, after) = after.split_first_chunk()?;
        let (offset, after) = after.split_first_chunk()?;
        let topic = std::str::from_utf8(topic).ok()?.to_owned();
        next.insert(
            (topic, i32::from_le_bytes(*number)),
            i64::from_le_bytes(*offset),
        );
        rest = after;
    }
    Some(next)
}

impl std::fmt::Debug for Offsets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(&self.state().next).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_as_they_were_and_half_of_them_does_not() {
        let next = BTreeMap::from([
            (("spans".to_owned(), 0), 7),
            (("spans".to_owned(), 12), i64::MAX),
            (("other".to_owned(), 0), 0),
        ]);
        let note = encode(&next);
        assert_eq!(decode(&note), Some(next));
        let whole = (0..note.len()).filter(|end| decode(&note[..*end]).is_some());
        // Between two partitions a cut cannot be seen; the spool's check sums see it.
        assert_eq!(whole.count(), 3);
        assert_eq!(decode(&[2]), None);
    }
}
