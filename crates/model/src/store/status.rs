//! The state of a store, for people and metrics.
//!
//! It is made from what the store has in memory, and what the file system says
//! at once of its free space: **asking never waits for what is stored**.

use std::path::PathBuf;
use std::time::Duration;

/// The state of a store, for people and metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Spans it holds; exact duplicates count until they are removed.
    pub spans: u64,
    /// Bytes on disk (or in memory for a store without one).
    pub bytes: u64,
    /// Bytes of memory that spans occupy.
    pub memory_bytes: u64,
    /// Sealed blocks.
    pub blocks: u64,
    /// Spans that retention has removed since the start of the process.
    pub removed_spans: u64,
    /// Earliest and latest span start it holds, ns.
    pub start_range_ns: Option<(u64, u64)>,
    /// It was opened to be looked into: it takes nothing, and nothing in it
    /// changes.
    pub is_read_only: bool,
    /// Why it takes nothing at present, if so.
    pub unhealthy: Option<String>,
    /// Blocks that cannot be read in full, for as long as that is so. It takes
    /// spans and answers all the same.
    pub damaged: Vec<DamagedBlock>,
    /// Reads since the start of the process that left something out because of
    /// them.
    pub incomplete_reads: u64,
    /// What else a person should know and may have to decide, though it works:
    /// what the start found lost, deletion that waits.
    pub attention: Vec<String>,
    /// The merging of blocks, where the store has any.
    pub compaction: CompactionStatus,
    /// Where it lies and what it keeps; nothing of a store without a disk.
    pub disk: Option<DiskStatus>,
}

/// Where a store lies, what is left there, and when it lets spans go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskStatus {
    /// The data directory.
    pub dir: PathBuf,
    /// Bytes that its file system has left, and has in all, if it says so.
    pub space_bytes: Option<(u64, u64)>,
    /// Spans go this long after their block was sealed.
    pub retention_age: Option<Duration>,
    /// The oldest spans go when the data directory has more bytes than this.
    pub retention_bytes: Option<u64>,
    /// The oldest spans go when the file system has fewer bytes left than this.
    pub retention_free_bytes: Option<u64>,
}

/// A block that cannot be read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedBlock {
    /// Its name.
    pub name: String,
    /// Spans in the parts that answers leave out, as far as they were asked
    /// for; 0 where only the index is damaged and nothing is lost.
    pub spans: u64,
    /// What is wrong, with the file.
    pub reason: String,
    /// False when the disk refused and may not the next time.
    pub is_lasting: bool,
}

impl StoreStatus {
    /// Why people should look after it although it works, in a sentence.
    #[must_use]
    pub fn degraded(&self) -> Option<String> {
        let damaged = self.damaged.first().map(|first| {
            let spans: u64 = self.damaged.iter().map(|block| block.spans).sum();
            let subject = match self.damaged.len() {
                1 => "1 block is".to_owned(),
                blocks => format!("{blocks} blocks are"),
            };
            format!(
                "{subject} damaged, {spans} spans cannot be read; block {}: {}",
                first.name, first.reason
            )
        });
        let reasons = damaged.into_iter().chain(self.attention.iter().cloned());
        let reasons: Vec<String> = reasons.collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// What the merging of blocks has done since the start of the process, and
/// what it has before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactionStatus {
    /// Merges that ended well.
    pub merges: u64,
    /// Spans that these merges wrote.
    pub spans: u64,
    /// Bytes that these merges wrote.
    pub bytes: u64,
    /// Exact duplicates that these merges left out.
    pub duplicates: u64,
    /// Blocks that wait to be merged.
    pub backlog_blocks: u64,
    /// Bytes of these blocks.
    pub backlog_bytes: u64,
    /// The merge that runs now.
    pub running: Option<RunningMerge>,
    /// Why merging fails at present, or which blocks it leaves out.
    pub trouble: Option<String>,
}

/// How far a merge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningMerge {
    /// Spans it read.
    pub spans: u64,
    /// Spans it has written.
    pub written: u64,
}
