//! Compaction at work: a thread of its own, so that sealing never waits.
//!
//! The order keeps every crash harmless: files of the merged block, synced →
//! manifest that names it instead of its parts → readers switch → files of the
//! parts removed. Before the manifest, the merged block's files are orphans
//! that the next start removes; after it, those of its parts are. Readers that
//! hold a part go on reading it, because a block keeps its files open.
//!
//! The merged block takes the age of its youngest part: retention keeps no
//! span shorter than promised, and, since only blocks of the same window are
//! merged, none longer than an eighth of its age.

use super::options::{BLOCKS_OF_RETENTION, merged_bytes};
use super::{EmbeddedStore, Inner};
use crate::block::{self, Birth, Block, BlockError};
use crate::compaction::merge::{Merge, MergeError, Merged, Progress};
use crate::compaction::policy::{Backlog, Candidate, Policy};
use crate::layout::BLOCKS_DIR;
use crate::manifest::{BlockEntry, ManifestError, Removed};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracewell_model::StoreError;
use tracewell_model::store::{CompactionStatus, RunningMerge};

/// With so many blocks waiting, falling behind is worse than taking a core.
const HURRY_BLOCKS: u64 = 48;

/// The longest wait after failures, which double it each time.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// How often it is asked whether another store's merge has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What the compaction thread shares with the others.
#[derive(Debug, Default)]
pub(super) struct Compactor {
    bell: Mutex<Bell>,
    rung: Condvar,
    progress: Progress,
    done: Mutex<CompactionStatus>,
    /// Blocks that cannot be read, and why. They are not tried again.
    left_out: Mutex<BTreeMap<String, String>>,
}

#[derive(Debug, Default)]
struct Bell {
    work: bool,
    stop: bool,
}

/// Why blocks were not merged. They are where they were.
#[derive(Debug, thiserror::Error)]
enum CompactError {
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error("a compacted block cannot be opened: {0}")]
    Result(#[source] BlockError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl Compactor {
    /// There may be something to merge.
    pub(super) fn ring(&self) {
        super::lock(&self.bell).work = true;
        self.rung.notify_all();
    }

    /// Ends the thread and whatever it merges.
    pub(super) fn stop(&self) {
        super::lock(&self.bell).stop = true;
        self.rung.notify_all();
    }

    /// What it has done, does and will do.
    pub(super) fn status(&self) -> CompactionStatus {
        let mut status = super::lock(&self.done).clone();
        let spans = self.progress.spans.load(Ordering::Relaxed);
        status.running = (spans > 0).then(|| RunningMerge {
            spans,
            written: self.progress.written.load(Ordering::Relaxed),
        });
        let left_out = super::lock(&self.left_out);
        status.trouble = status.trouble.or_else(|| left_out.values().next().cloned());
        status
    }

    /// Waits until there may be work; `false` when the store stops.
    fn wait_for_work(&self) -> bool {
        let bell = super::lock(&self.bell);
        let mut bell = self
            .rung
            .wait_while(bell, |bell| !bell.work && !bell.stop)
            .unwrap_or_else(PoisonError::into_inner);
        bell.work = false;
        !bell.stop
    }

    /// Does nothing for a while; `false` when the store stops.
    fn rest(&self, pause: Duration) -> bool {
        let bell = super::lock(&self.bell);
        let (bell, _) = self
            .rung
            .wait_timeout_while(bell, pause, |bell| !bell.stop)
            .unwrap_or_else(PoisonError::into_inner);
        !bell.stop
    }

    fn set_backlog(&self, backlog: Backlog) {
        let done = &mut *super::lock(&self.done);
        done.backlog_blocks = backlog.blocks;
        done.backlog_bytes = backlog.bytes;
    }

    /// Forgets blocks that were left out and that retention has removed.
    pub(super) fn keep_listed(&self, listed: &[BlockEntry]) {
        let is_listed = |name: &str| listed.iter().any(|entry| entry.name == name);
        super::lock(&self.left_out).retain(|name, _| is_listed(name));
    }

    fn leave_out(&self, name: &str, error: &MergeError) {
        tracing::error!(%error, "a block is left out of compaction until the next start");
        super::lock(&self.left_out).insert(name.to_owned(), error.to_string());
    }
}

impl EmbeddedStore {
    /// Merges on the caller's thread and at full speed until no two sealed
    /// neighbouring blocks are left that fit one. Waits for a merge that runs.
    ///
    /// # Errors
    /// The disk refuses, or the store is shut down. What was merged stays so.
    pub fn compact_now(&self) -> Result<(), StoreError> {
        loop {
            match self.inner.compact_next(true) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(CompactError::Merge(MergeError::Stopped)) => {
                    return Err(StoreError::ShuttingDown);
                }
                Err(error) => return Err(StoreError::Unavailable(error.to_string())),
            }
        }
    }
}

impl Inner {
    /// The compaction thread, until the store stops.
    pub(super) fn run_compaction(&self) {
        crate::priority::lower_this_thread();
        let mut pause = self.options.retry_after;
        loop {
            let goes_on = match self.compact_next(false) {
                Ok(merged) => {
                    self.compaction_recovered();
                    pause = self.options.retry_after;
                    // The others look for their turn every so often.
                    let gives_way = merged && self.live.batches.member().has_neighbours();
                    match gives_way {
                        true => self.compactor.rest(LOOK_AGAIN * 2),
                        false => merged || self.compactor.wait_for_work(),
                    }
                }
                Err(CompactError::Merge(MergeError::Stopped)) => return,
                Err(error) => {
                    self.note_compaction(&error);
                    let waited = pause;
                    pause = (pause * 2).min(LONGEST_WAIT);
                    self.compactor.rest(waited)
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    fn note_compaction(&self, error: &CompactError) {
        let text = error.to_string();
        let trouble = &mut super::lock(&self.compactor.done).trouble;
        if trouble.as_ref() != Some(&text) {
            tracing::error!(%error, "blocks could not be compacted; trying again later");
        }
        *trouble = Some(text);
    }

    fn compaction_recovered(&self) {
        if super::lock(&self.compactor.done).trouble.take().is_some() {
            tracing::info!("blocks can be compacted again");
        }
    }

    /// Merges once, if there is anything to merge. `to_the_end` merges at full
    /// speed also what waits for more.
    fn compact_next(&self, to_the_end: bool) -> Result<bool, CompactError> {
        let _turn = self.turn_to_merge()?;
        let blocks = self.mergeable();
        let candidates: Vec<Candidate> = blocks.iter().map(candidate).collect();
        let policy = self.compaction_policy();
        let backlog = policy.backlog(&candidates);
        self.compactor.set_backlog(backlog);
        let Some(range) = policy.next(&candidates, to_the_end) else {
            return Ok(false);
        };
        let inputs = &blocks[range];
        let hurry = to_the_end || backlog.blocks >= HURRY_BLOCKS;
        match self.merge(inputs, hurry) {
            Ok(merged) => self.publish(inputs, merged)?,
            Err(error) => match error.damaged_input() {
                Some(name) => {
                    self.compactor.leave_out(name, &error);
                    let damaged = inputs.iter().find(|block| block.meta().name == name);
                    if let Some(block) = damaged {
                        block.note_fault(&error.to_string(), true);
                    }
                }
                None => return Err(error.into()),
            },
        }
        Ok(true)
    }

    /// Waits until nobody else merges, in this store or beside it.
    fn turn_to_merge(&self) -> Result<MutexGuard<'_, ()>, CompactError> {
        loop {
            if let Some(turn) = self.options.neighbours.turn_to_merge() {
                return Ok(turn);
            }
            if !self.compactor.rest(LOOK_AGAIN) {
                return Err(MergeError::Stopped.into());
            }
        }
    }

    /// Open blocks in the order in which they were sealed, but for those that
    /// proved damaged.
    fn mergeable(&self) -> Vec<Arc<Block>> {
        let (_, mut blocks) = self.live.snapshot();
        let left_out = super::lock(&self.compactor.left_out);
        blocks.retain(|block| !left_out.contains_key(&block.meta().name));
        blocks
    }

    fn compaction_policy(&self) -> Policy {
        let retention = self.options.retention;
        let window = |age: Duration| {
            let window_ns = age.as_nanos() / u128::from(BLOCKS_OF_RETENTION);
            u64::try_from(window_ns).unwrap_or(u64::MAX).max(1)
        };
        Policy {
            max_spans: self.options.compaction.max_spans,
            max_bytes: merged_bytes(retention.bytes),
            window_ns: retention.age.map(window),
        }
    }

    fn merge(&self, inputs: &[Arc<Block>], hurry: bool) -> Result<Merged, MergeError> {
        let dir = self.dir.join(BLOCKS_DIR);
        let mut since = Instant::now();
        let mut step = |bytes| {
            let rest = match hurry {
                true => Duration::ZERO,
                false => self.options.compaction.pace.rest(since.elapsed(), bytes),
            };
            let goes_on = rest.is_zero() || self.compactor.rest(rest);
            since = Instant::now();
            goes_on && !self.live.is_stopped()
        };
        if !step(0) {
            return Err(MergeError::Stopped);
        }
        let history = super::lock(&self.manifest).history.clone();
        let parts = inputs.iter().map(|input| {
            let meta = input.meta();
            // Without a certificate it counts as before all of the log.
            let birth = Birth::read(&*self.files, &dir, &meta.name);
            let birth = Birth {
                listed_ns: meta.listed_ns,
                ..birth.ok().flatten().unwrap_or_default()
            };
            (meta.name.as_str(), birth)
        });
        let birth = Birth::of_merge(&history, parts);
        let merge = Merge {
            files: &*self.files,
            dir: &dir,
            number: self.take_block_number(),
            birth: &birth,
            memory_bytes: self.options.compaction.memory_bytes,
            inputs,
            progress: &self.compactor.progress,
        };
        merge.run(&mut step)
    }

    /// Puts a merged block into the place of its parts.
    fn publish(&self, inputs: &[Arc<Block>], merged: Merged) -> Result<(), CompactError> {
        let dir = self.dir.join(BLOCKS_DIR);
        let entry = merged.entry;
        let block = match Block::open(&*self.files, &dir, entry.clone()) {
            Ok(block) => Arc::new(block),
            Err(error) => {
                self.discard(Removed::of(&entry, false));
                return Err(CompactError::Result(error));
            }
        };
        let names: HashSet<&str> = inputs
            .iter()
            .map(|block| block.meta().name.as_str())
            .collect();
        let listed = self.commit(
            |manifest| {
                let name_of = |block: &BlockEntry| names.contains(block.name.as_str());
                replace(&mut manifest.blocks, names.len(), name_of, entry.clone())
            },
            |live| {
                let mut blocks = live.blocks.write().unwrap_or_else(PoisonError::into_inner);
                let name_of = |block: &Arc<Block>| names.contains(block.meta().name.as_str());
                // They are there: this list changes together with the manifest's.
                replace(&mut blocks, names.len(), name_of, block);
            },
        );
        match listed {
            Ok(true) => {}
            // Retention was quicker with one of the parts.
            Ok(false) => {
                self.discard(Removed::of(&entry, false));
                return Ok(());
            }
            Err(error) => {
                self.discard(Removed::of(&entry, false));
                return Err(error.into());
            }
        }
        names.iter().for_each(|name| self.remove_block_files(name));
        let done = &mut *super::lock(&self.compactor.done);
        done.merges += 1;
        done.spans += entry.spans;
        done.bytes += entry.bytes;
        done.duplicates += merged.duplicates;
        tracing::debug!(
            parts = inputs.len(),
            spans = entry.spans,
            duplicates = merged.duplicates,
            block = entry.name,
            "compacted blocks"
        );
        Ok(())
    }

    /// Removes the files of a block that is on no list.
    pub(super) fn remove_block_files(&self, name: &str) {
        if let Err(error) = block::remove(&*self.files, &self.dir.join(BLOCKS_DIR), name) {
            tracing::warn!(%error, "a removed block's file stays behind until the next start");
        }
    }
}

fn candidate(block: &Arc<Block>) -> Candidate {
    let meta = block.meta();
    Candidate {
        spans: meta.spans,
        bytes: meta.bytes,
        core_bytes: block.core_bytes(),
        listed_ns: meta.listed_ns,
    }
}

/// Puts `new` into the place of the first of `count` items and removes the
/// others; `false`, and nothing changed, if they are not all there.
fn replace<T>(list: &mut Vec<T>, count: usize, is_old: impl Fn(&T) -> bool, new: T) -> bool {
    let Some(first) = list.iter().position(&is_old) else {
        return false;
    };
    if list.iter().filter(|item| is_old(item)).count() != count {
        return false;
    }
    list[first] = new;
    list.retain(|item| !is_old(item));
    true
}
