//! What could not be read of a block: known to the block, said once, and shown
//! for as long as it is so.
//!
//! Damage stays: the bytes on the disk are not what was written. A disk that
//! refuses (too many open files, an error of the bus) may not the next time:
//! that is tried again at once, and forgotten when the block can be read. **An
//! answer never fails because of one block, and never lacks spans silently.**

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Mutex, PoisonError};

use tracewell_model::store::{DamagedBlock, ScanReport};

use super::{Block, BlockError};

/// What is known to be wrong with a block.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The first thing that was wrong, and whether it stays so.
    fault: Option<(String, bool)>,
    /// The reason that the log has heard last.
    said: Option<String>,
    /// Spans that were left out, at most, by row group.
    left_out: BTreeMap<usize, u64>,
}

impl BlockError {
    /// Will the next try end the same way?
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::File(error) => matches!(
                error.source.kind(),
                ErrorKind::NotFound | ErrorKind::UnexpectedEof
            ),
            _ => true,
        }
    }

    /// Is it the index file that is lost or damaged, for good?
    pub(crate) fn is_index_lost(&self) -> bool {
        let path = match self {
            Self::Damaged { path, .. } => path,
            Self::File(error) if error.source.kind() == ErrorKind::NotFound => &error.path,
            _ => return false,
        };
        path.extension().is_some_and(|ending| ending == "index")
    }
}

/// Reads a second time where the first failed: what was damaged only on its
/// way from the disk, or refused once, is no damage.
pub(super) fn twice<T>(read: impl Fn() -> Result<T, BlockError>) -> Result<T, BlockError> {
    match read() {
        Err(BlockError::File(_) | BlockError::Damaged { .. }) => read(),
        other => other,
    }
}

/// What one read of a block had to leave out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    by_group: BTreeMap<usize, u64>,
}

impl LeftOut {
    pub(super) fn is_empty(&self) -> bool {
        self.by_group.is_empty()
    }

    /// Adds spans of a row group, none twice as far as their number tells, and
    /// puts what is new into the report of the read.
    fn add(&mut self, group: usize, spans: u64, most: u64, report: &mut ScanReport) -> u64 {
        report.unread_blocks += u64::from(self.by_group.is_empty());
        let sum = self.by_group.entry(group).or_default();
        let before = *sum;
        *sum = (*sum + spans).min(most);
        report.unread_spans += *sum - before;
        *sum
    }
}

impl Block {
    /// Goes on without these spans of a row group.
    ///
    /// # Errors
    /// The read was cancelled, or whoever asked takes no more: no faults.
    pub(super) fn leave_out(
        &self,
        error: BlockError,
        (group, spans): (usize, usize),
        left_out: &mut LeftOut,
        report: &mut ScanReport,
    ) -> Result<(), BlockError> {
        self.do_without(error)?;
        let rows = self.index.core.row_groups.get(group);
        let rows = rows.map_or(0, |group| group.rows as u64);
        let sum = left_out.add(group, spans as u64, rows, report);
        let known = &mut *self.faults.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = known.left_out.entry(group).or_default();
        *most = (*most).max(sum);
        Ok(())
    }

    /// Goes on without a part that only makes answers quicker.
    ///
    /// # Errors
    /// The read was cancelled, or whoever asked takes no more: no faults.
    pub(super) fn do_without(&self, error: BlockError) -> Result<(), BlockError> {
        if matches!(error, BlockError::Cancelled | BlockError::NotTaken(_)) {
            return Err(error);
        }
        self.note_fault(&error.to_string(), error.is_lasting());
        Ok(())
    }

    /// Remembers that something is wrong; the log hears it once.
    pub(crate) fn note_fault(&self, reason: &str, is_lasting: bool) {
        let known = &mut *self.faults.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.fault.as_ref().is_some_and(|fault| fault.1);
        if !is_known {
            known.fault = Some((reason.to_owned(), is_lasting));
        }
        if is_known || known.said.as_deref() == Some(reason) {
            return;
        }
        known.said = Some(reason.to_owned());
        tracing::error!(
            block = self.meta.name,
            reason,
            "a part of a block cannot be read; answers go on without it and say so"
        );
    }

    /// A read came to its end without leaving anything out: what the disk
    /// refused before is over.
    pub(super) fn was_read(&self, left_out: &LeftOut) {
        let known = &mut *self.faults.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = known.fault.as_ref().is_some_and(|fault| !fault.1);
        if is_over && left_out.is_empty() {
            known.fault = None;
            known.left_out.clear();
        }
    }

    /// What is wrong with it, if anything is known to be.
    #[must_use]
    pub fn damage(&self) -> Option<DamagedBlock> {
        let known = self.faults.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (reason, is_lasting) = known.fault.clone()?;
        Some(DamagedBlock {
            name: self.meta.name.clone(),
            spans: known.left_out.values().sum(),
            reason,
            is_lasting,
        })
    }
}
