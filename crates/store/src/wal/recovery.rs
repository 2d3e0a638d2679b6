//! Reads the log of earlier processes back, and leaves it ready for this one.
//!
//! Nothing is changed before every segment was found readable by this version.
//! What was torn by a crash is cut and counted; what was durable once and is
//! damaged now is skipped, counted and told. The new process never writes into
//! an old segment, except for the end entry that fences off a torn tail.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::chain::Chain;
use super::compress::Restorer;
use super::entry::{ENTRY_HEADER_BYTES, EntryHeader, Kind};
use super::error::OpenError;
use super::listing::Listing;
use super::scan::{Closing, Damage, Scan, payload, scan};
use super::segment::{SegmentHeader, read_segment, segment_path};
use super::{Known, WalPosition};
use crate::files::{Access, FileError, Files, read_exact_at, write_all_at};

/// More damage than this is counted, but not described one by one.
const MAX_WARNINGS: usize = 100;

/// What recovery found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Entries given back.
    pub entries: u64,
    /// Spans in them.
    pub spans: u64,
    /// Where each of them stands, in order, with its spans.
    pub given_back: Vec<(WalPosition, u32)>,
    /// Payload bytes in them, decompressed.
    pub bytes: u64,
    /// Bytes of writes that the end of the last process cut short, as far as
    /// their remains can be told from unused space. None was acknowledged
    /// (unless durability was less than fsync).
    pub torn_tail_bytes: u64,
    /// Places where entries were lost that had been durable. Each is one entry
    /// or more.
    pub corrupt_entries: u64,
    /// Spans lost there, as far as known.
    pub lost_spans: u64,
    /// The oldest segment that is kept.
    pub first_segment: Option<u64>,
    /// Segments that others speak of and that are not there.
    pub missing_segments: Vec<u64>,
    /// What a person should read, one line each.
    pub warnings: Vec<String>,
}

impl RecoveryReport {
    /// Was everything read back that had been durable, as far as can be known?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.corrupt_entries == 0 && self.missing_segments.is_empty()
    }

    /// Were so many spans given back from this part of the log? That nothing is
    /// known to be missing is not enough: segments that were used again leave
    /// no trace, and an older list knows nothing of it.
    #[must_use]
    pub fn holds(&self, part: Range<WalPosition>, spans: u64) -> bool {
        let within = self.given_back.iter().filter(|(at, _)| part.contains(at));
        within.map(|(_, spans)| u64::from(*spans)).sum::<u64>() == spans
    }
}

/// What the new log starts with.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// Segments with entries, each with the offset of its last, and those
    /// whose absence would be taken for a loss.
    pub(super) held: BTreeMap<u64, u32>,
    /// Where the entries of those end that have any.
    pub(super) ends: BTreeMap<u64, u32>,
    /// Segments without entries anybody needs.
    pub(super) free: Vec<u64>,
    pub(super) next_sequence: u64,
}

/// Reads the log in `dir`, which exists, and calls `replay` for each entry at
/// or after `known.from`, in order.
pub(super) fn recover(
    files: &dyn Files,
    dir: &Path,
    known: Known,
    replay: impl FnMut(WalPosition, u32, &[u8]),
) -> Result<(Recovered, RecoveryReport), OpenError> {
    let listing = Listing::read(files, dir, known.log)?;
    let mut recovery = Recovery {
        files,
        from: known.from,
        replay,
        restorer: Restorer::new().map_err(FileError::on("decompress", dir))?,
        report: RecoveryReport::default(),
        tails: Vec::new(),
        unsure: Vec::new(),
        held: BTreeMap::new(),
        ends: BTreeMap::new(),
        chain: Chain::new(known.from, known.first_segment),
    };
    for (path, what) in &listing.strange {
        recovery.warn(format!("{}: {what}", path.display()));
    }
    let mut free = listing.released;
    let mut there = BTreeSet::new();
    for (sequence, path) in &listing.segments {
        let use_of = match *sequence < known.from.segment {
            true => Use::None,
            false => recovery.read(*sequence, path)?,
        };
        match use_of {
            Use::Needed => {}
            Use::None => free.push(*sequence),
            Use::Unknown => {
                free.push(*sequence);
                continue;
            }
        }
        there.insert(*sequence);
    }
    let kept = recovery.chain.keeps(&recovery.held, &free);
    free.retain(|sequence| !kept.contains(sequence));
    recovery
        .held
        .extend(kept.into_iter().map(|sequence| (sequence, 0)));
    for sequence in recovery.chain.missing(&recovery.held, &there) {
        recovery.miss(&segment_path(dir, sequence), sequence);
    }
    recovery.report.first_segment = recovery.held.keys().next().copied();
    recovery.make_durable()?;
    recovery.close_tails()?;
    for path in &listing.unfinished {
        files.remove(path).map_err(FileError::on("remove", path))?;
    }
    let named = known.from.segment.max(known.last_named);
    let recovered = Recovered {
        held: recovery.held,
        ends: recovery.ends,
        free,
        next_sequence: listing.last.max(named) + 1,
    };
    Ok((recovered, recovery.report))
}

/// A segment that no end entry closes.
struct Tail {
    sequence: u64,
    path: PathBuf,
    scan: Scan,
}

/// The last group of a segment and its end entry, as far as there are any. The
/// last process may have been killed before it synced them, or the sync failed:
/// then the system may show what is not on the disk.
struct Unsure {
    path: PathBuf,
    start: u32,
    end: u32,
}

struct Recovery<'a, F> {
    files: &'a dyn Files,
    from: WalPosition,
    replay: F,
    restorer: Restorer,
    report: RecoveryReport,
    /// Open segments after which no entry was found so far.
    tails: Vec<Tail>,
    unsure: Vec<Unsure>,
    held: BTreeMap<u64, u32>,
    ends: BTreeMap<u64, u32>,
    chain: Chain,
}

/// What becomes of a segment.
enum Use {
    /// It holds what is needed.
    Needed,
    /// Its entries, if any, are needed by nobody.
    None,
    /// It has no header and no entries, so nothing says that it is a segment.
    Unknown,
}

impl<F: FnMut(WalPosition, u32, &[u8])> Recovery<'_, F> {
    /// Replays one segment.
    fn read(&mut self, sequence: u64, path: &Path) -> Result<Use, OpenError> {
        let bytes = read_segment(self.files, path)?;
        let header = SegmentHeader::decode(&bytes);
        let found = scan(&bytes, sequence);
        let is_cut = is_cut(header, &found, bytes.len());
        if !is_cut && !self.needs(sequence, &found) {
            return Ok(match header {
                SegmentHeader::Damaged => Use::Unknown,
                SegmentHeader::Intact { .. } => {
                    self.chain.add_spare(header);
                    Use::None
                }
            });
        }
        self.chain.add(sequence, header, found.closing);
        if header == SegmentHeader::Damaged {
            self.warn(format!("{}: the segment header is damaged", path.display()));
        }
        if !found.entries.is_empty() {
            self.judge_tails_as_durable();
        }
        for entry in &found.entries {
            self.replay(path, &bytes, entry);
        }
        let last = found.entries.last().map_or(0, |entry| entry.offset);
        self.held.insert(sequence, last);
        self.ends.insert(sequence, found.end);
        self.unsure.push(Unsure {
            path: path.to_path_buf(),
            start: found.durable,
            end: match found.closing {
                Closing::Open => found.end,
                Closing::ByWriter { .. } | Closing::ByRecovery => found.end + ENTRY_HEADER_BYTES,
            },
        });
        match found.closing {
            // Not fenced off: the next start shall tell it as well.
            Closing::Open if is_cut => {
                self.judge(sequence, path, &found.damages, u32::MAX);
                self.lose(path, found.end, None);
            }
            Closing::Open => self.tails.push(Tail {
                sequence,
                path: path.to_path_buf(),
                scan: found,
            }),
            Closing::ByWriter { .. } => self.judge(sequence, path, &found.damages, u32::MAX),
            Closing::ByRecovery => {
                let durable = found.durable;
                let known = |damage: &Damage| damage.start < durable;
                let lost: Vec<Damage> = found.damages.into_iter().filter(known).collect();
                self.judge(sequence, path, &lost, u32::MAX);
            }
        }
        Ok(Use::Needed)
    }

    /// Whether anything in a segment, good or bad, is at or after `from`.
    fn needs(&self, sequence: u64, found: &Scan) -> bool {
        let at = |offset| WalPosition {
            segment: sequence,
            offset,
        };
        let last = found.entries.last();
        last.is_some_and(|entry| at(entry.offset) >= self.from)
            || found.damages.iter().any(|d| at(d.end) > self.from)
    }

    fn replay(&mut self, path: &Path, bytes: &[u8], entry: &EntryHeader) {
        let position = WalPosition {
            segment: entry.segment,
            offset: entry.offset,
        };
        if position < self.from {
            return;
        }
        match self.restorer.restore(entry, payload(bytes, entry)) {
            Some(payload) => {
                self.report.entries += 1;
                self.report.given_back.push((position, entry.spans));
                self.report.spans += u64::from(entry.spans);
                self.report.bytes += payload.len() as u64;
                (self.replay)(position, entry.spans, payload);
            }
            None => self.lose(path, entry.offset, Some(entry.spans)),
        }
    }

    /// A later entry proves that these segments were durable to their end.
    fn judge_tails_as_durable(&mut self) {
        for tail in std::mem::take(&mut self.tails) {
            self.judge(tail.sequence, &tail.path, &tail.scan.damages, u32::MAX);
            self.lose(&tail.path, tail.scan.end, None);
        }
    }

    /// Sorts damage into lost entries, before `durable`, and torn writes.
    fn judge(&mut self, sequence: u64, path: &Path, damages: &[Damage], durable: u32) {
        for damage in damages {
            let needed = WalPosition {
                segment: sequence,
                offset: damage.end,
            } > self.from;
            if needed && damage.start < durable {
                self.lose(path, damage.start, damage.spans);
            } else if needed {
                self.report.torn_tail_bytes += u64::from(damage.end - damage.start);
            }
        }
    }

    fn lose(&mut self, path: &Path, offset: u32, spans: Option<u32>) {
        self.report.corrupt_entries += 1;
        self.report.lost_spans += u64::from(spans.unwrap_or(0));
        let lost = match spans {
            Some(spans) => format!("an entry of {spans} spans is damaged"),
            None => "one entry or more are damaged".to_owned(),
        };
        self.warn(format!("{}: at byte {offset} {lost}", path.display()));
    }

    fn miss(&mut self, path: &Path, sequence: u64) {
        self.report.missing_segments.push(sequence);
        self.warn(format!(
            "{}: the segment is missing, with all the spans in it",
            path.display()
        ));
    }

    fn warn(&mut self, warning: String) {
        if self.report.warnings.len() < MAX_WARNINGS {
            self.report.warnings.push(warning);
        }
    }

    /// Saves what was given back, so that it reads the same after a power cut.
    /// It is written again, because a system that failed to sync it takes it
    /// for saved. What stands before the last group of a segment was synced, or
    /// that group would not have been written.
    fn make_durable(&self) -> Result<(), OpenError> {
        for Unsure { path, start, end } in &self.unsure {
            let file = self
                .files
                .open(path, Access::Write)
                .map_err(FileError::on("open", path))?;
            let mut bytes = vec![0; (end - start) as usize];
            read_exact_at(&*file, &mut bytes, u64::from(*start))
                .map_err(FileError::on("read", path))?;
            write_all_at(&*file, &bytes, u64::from(*start))
                .map_err(FileError::on("write", path))?;
            file.sync().map_err(FileError::on("sync", path))?;
        }
        Ok(())
    }

    /// Ends the segments that were being written when the last process ended,
    /// so that the next start does not take their torn tails for damage.
    fn close_tails(&mut self) -> Result<(), OpenError> {
        for tail in std::mem::take(&mut self.tails) {
            let Tail {
                sequence,
                path,
                scan,
            } = tail;
            self.judge(sequence, &path, &scan.damages, scan.durable);
            let file = self
                .files
                .open(&path, Access::Write)
                .map_err(FileError::on("open", &path))?;
            let size = file.size().map_err(FileError::on("read", &path))?;
            let end = u64::from(scan.end) + u64::from(ENTRY_HEADER_BYTES);
            if end > size {
                continue;
            }
            let entry = EntryHeader::end(Kind::EndByRecovery, sequence, scan.end, false);
            write_all_at(&*file, &entry.encode(), u64::from(scan.end))
                .map_err(FileError::on("write", &path))?;
            if scan.damages.is_empty() {
                // One that is cut and has no end entry lost something.
                file.sync().map_err(FileError::on("sync", &path))?;
                // A process that starts and dies again and again shall not
                // fill the disk with segments that hold almost nothing.
                file.set_size(end).map_err(FileError::on("cut", &path))?;
            }
            file.sync().map_err(FileError::on("sync", &path))?;
        }
        Ok(())
    }
}

/// Was it cut behind entries that may have stood there? Nothing of ours cuts a
/// segment that no end entry closes.
fn is_cut(header: SegmentHeader, found: &Scan, bytes: usize) -> bool {
    let SegmentHeader::Intact {
        full_bytes: Some(full_bytes),
        ..
    } = header
    else {
        return false;
    };
    // Where just an end entry has room, it is the end entry that is damaged.
    let closed_bytes = (found.end + ENTRY_HEADER_BYTES) as usize;
    found.closing == Closing::Open && bytes < full_bytes as usize && bytes != closed_bytes
}
