//! Scanning live batches and many blocks: newest first, several at once.
//!
//! What is scanned lies in pieces by time: a live batch is one to three of
//! them, and of a block each run of row groups between which no spans of others
//! start. So a block with a span from the year 2100 in a row group of its own
//! is searched first for that span, and for the others when it is their turn.
//!
//! The newest pieces are scanned by the caller's thread alone: most searches
//! end there. For the others threads of this scan work ahead, one row group
//! each, and the caller sees what they found in the order of the pieces. They
//! are never more than [`GROUPS_AHEAD`] row groups ahead, **for which memory is
//! reserved first: where there is none, the caller's thread goes on alone**.

mod parted;
mod unordered;

pub(super) use parted::Parted;
pub(super) use unordered::unordered;

use super::damage::leave_out;
use crate::block::{Block, BlockScan, GroupTime, ScanPart};
use crate::live::{self, LiveBatch, LivePart};
use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use tracewell_model::store::{ScanChunk, ScanReport, ScanRequest, ScanVisitor};
use tracewell_model::{QueryMemory, Reservation, StoreError};

/// Threads that one scan uses at most.
const MAX_THREADS: usize = 4;

/// Row groups that are scanned before the caller comes to them, for each
/// thread.
const GROUPS_AHEAD: usize = 2;

/// What a thread says of a row group: what it found, and the end.
const MESSAGES: usize = 2;

/// Bytes of memory of a span in a row group that is scanned: the columns that a
/// search looks at, as pages, as values and in the batch.
const FOUND_SPAN_BYTES: u64 = 256;

/// Spans of blocks in pieces that the caller's thread scans before others help:
/// about a row group.
const ALONE_SPANS: u64 = 100_000;

/// What is scanned at a time.
#[derive(Debug)]
struct Piece<'a> {
    latest_ns: u64,
    of: Source<'a>,
}

#[derive(Debug)]
enum Source<'a> {
    Live(LivePart<'a>),
    /// Row groups of a block, which is named by its place, newest first.
    Block(usize, Vec<GroupTime>),
}

/// What a thread has to say of its piece.
enum Message {
    Part(Box<ScanPart>, ScanReport),
    End(ScanReport),
    Failed(StoreError),
}

/// A piece for a thread, and where its messages go.
type Task<'a> = (&'a BlockScan<'a>, &'a [GroupTime], SyncSender<Message>);

/// Shows the matching spans of live batches and blocks.
pub(super) fn all(
    snapshot: &[LiveBatch],
    blocks: &[Arc<Block>],
    request: &ScanRequest<'_>,
    memory: &QueryMemory,
    known: &Parted,
    report: &mut ScanReport,
    visit: &mut ScanVisitor<'_>,
) -> Result<(), StoreError> {
    let scans = known.scans(snapshot, blocks, request, false, memory);
    let pieces = pieces(live::parts(snapshot, request.range), &scans);
    let sources: HashSet<Option<usize>> = pieces.iter().map(Piece::counts_as).collect();
    report.total_blocks += sources.len() as u64;
    let mut shower = Shower {
        request,
        account: Account::new(report),
        visit,
    };
    let mut alone_spans = 0;
    let mut is_first_late = true;
    for (place, piece) in pieces.iter().enumerate() {
        let later_until_ns = pieces.get(place + 1).map(|next| next.latest_ns);
        if alone_spans >= ALONE_SPANS && std::mem::take(&mut is_first_late) {
            let rest = by_group(&pieces[place..]);
            let threads = threads(&rest);
            if let Some(_held) = room_ahead(&rest, threads, memory) {
                return shower.with_threads(&scans, &rest, threads);
            }
        }
        let flow = match &piece.of {
            Source::Live(part) => shower.live(part, later_until_ns)?,
            Source::Block(block, groups) => {
                alone_spans += groups.iter().map(|group| group.spans).sum::<u64>();
                shower.alone(*block, &scans[*block], groups, later_until_ns)?
            }
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// All there is in the range, newest first: live parts and row groups by their
/// latest starts, those of one block together where nothing lies between.
fn pieces<'a>(live: Vec<LivePart<'a>>, scans: &[BlockScan<'_>]) -> Vec<Piece<'a>> {
    let mut order: Vec<Piece<'a>> = live
        .into_iter()
        .map(|part| Piece {
            latest_ns: part.latest_ns(),
            of: Source::Live(part),
        })
        .collect();
    for (block, scan) in scans.iter().enumerate() {
        order.extend(scan.groups().map(|group| Piece {
            latest_ns: group.latest_ns,
            of: Source::Block(block, vec![group]),
        }));
    }
    order.sort_by_key(|piece| Reverse(piece.latest_ns));
    let mut pieces: Vec<Piece<'a>> = Vec::with_capacity(order.len());
    for piece in order {
        if let Source::Block(block, groups) = &piece.of
            && let Some(last) = pieces.last_mut()
            && let Source::Block(before, together) = &mut last.of
            && before == block
        {
            together.extend(groups);
            continue;
        }
        pieces.push(piece);
    }
    pieces
}

/// The same pieces, each of one row group.
fn by_group<'a>(pieces: &[Piece<'a>]) -> Vec<Piece<'a>> {
    let mut single = Vec::new();
    for piece in pieces {
        match &piece.of {
            Source::Live(part) => single.push(Piece {
                latest_ns: piece.latest_ns,
                of: Source::Live(*part),
            }),
            Source::Block(block, groups) => single.extend(groups.iter().map(|group| Piece {
                latest_ns: group.latest_ns,
                of: Source::Block(*block, vec![*group]),
            })),
        }
    }
    single
}

/// How many threads work ahead on these pieces.
fn threads(pieces: &[Piece<'_>]) -> usize {
    let of_blocks = pieces.iter().filter(|piece| piece.counts_as().is_some());
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    cores.min(MAX_THREADS).min(of_blocks.count())
}

/// Memory for what threads may find before the caller comes to it, if there is.
fn room_ahead(pieces: &[Piece<'_>], threads: usize, memory: &QueryMemory) -> Option<Reservation> {
    let spans = pieces.iter().map(|piece| match &piece.of {
        Source::Live(_) => 0,
        Source::Block(_, groups) => spans_of(groups),
    });
    let bytes = spans.max().unwrap_or(0) * FOUND_SPAN_BYTES * (threads * GROUPS_AHEAD) as u64;
    let mut held = memory.reservation();
    held.grow(usize::try_from(bytes).ok()?).ok()?;
    Some(held)
}

impl Piece<'_> {
    /// What it counts as: a block, or the live batches, which are like one.
    fn counts_as(&self) -> Option<usize> {
        match self.of {
            Source::Live(_) => None,
            Source::Block(block, _) => Some(block),
        }
    }
}

/// Adds up the reports of pieces: each block counts once.
struct Account<'r> {
    report: &'r mut ScanReport,
    /// Without the piece that is being scanned.
    before: ScanReport,
    searched: HashSet<Option<usize>>,
    unread: HashSet<Option<usize>>,
}

impl<'r> Account<'r> {
    fn new(report: &'r mut ScanReport) -> Self {
        Self {
            before: *report,
            report,
            searched: HashSet::new(),
            unread: HashSet::new(),
        }
    }

    /// How it stands with what has been done of a piece.
    fn with(&mut self, counts_as: Option<usize>, mut of_piece: ScanReport) -> &ScanReport {
        if self.searched.contains(&counts_as) {
            of_piece.searched_blocks = 0;
        }
        if self.unread.contains(&counts_as) {
            of_piece.unread_blocks = 0;
        }
        *self.report = self.before;
        self.report.add(&of_piece);
        self.report
    }

    fn end(&mut self, counts_as: Option<usize>, of_piece: ScanReport) {
        self.before = *self.with(counts_as, of_piece);
        if of_piece.searched_blocks > 0 {
            self.searched.insert(counts_as);
        }
        if of_piece.unread_blocks > 0 {
            self.unread.insert(counts_as);
        }
    }
}

/// The side of the scan that the caller sees.
struct Shower<'r, 'v> {
    request: &'r ScanRequest<'r>,
    account: Account<'r>,
    visit: &'r mut ScanVisitor<'v>,
}

impl Shower<'_, '_> {
    fn live(
        &mut self,
        part: &LivePart<'_>,
        later_until_ns: Option<u64>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let mut of_piece = ScanReport {
            searched_blocks: 1,
            ..ScanReport::default()
        };
        let (account, visit) = (&mut self.account, &mut *self.visit);
        let flow = part.show(
            self.request,
            later_until_ns,
            &mut of_piece,
            &mut |chunk, of| visit(chunk, account.with(None, *of)),
        )?;
        self.account.end(None, of_piece);
        Ok(flow)
    }

    /// A piece on this thread.
    fn alone(
        &mut self,
        block: usize,
        scan: &BlockScan<'_>,
        groups: &[GroupTime],
        later_until_ns: Option<u64>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let mut of_piece = ScanReport::default();
        let scanned = scan.scan(groups, &mut of_piece, &mut |part, of_piece| {
            self.part(&part, block, of_piece, later_until_ns)
        });
        let flow = match scanned {
            Ok(flow) => flow,
            Err(error) => {
                leave_out(scan.block(), spans_of(groups), error, &mut of_piece)?;
                ControlFlow::Continue(())
            }
        };
        self.account.end(Some(block), of_piece);
        Ok(flow)
    }

    /// A piece speaks for itself alone; later ones may hold newer spans.
    fn part(
        &mut self,
        part: &ScanPart,
        block: usize,
        of_piece: &ScanReport,
        later_until_ns: Option<u64>,
    ) -> ControlFlow<()> {
        let later_until_ns = part.later_until_ns.max(later_until_ns);
        let chunk = ScanChunk::of_spans(&part.batch, &part.rows, later_until_ns);
        (self.visit)(&chunk, self.account.with(Some(block), *of_piece))
    }

    /// All these pieces, with threads that work ahead.
    fn with_threads(
        &mut self,
        scans: &[BlockScan<'_>],
        pieces: &[Piece<'_>],
        threads: usize,
    ) -> Result<(), StoreError> {
        let of_blocks = pieces.iter().filter_map(|piece| match &piece.of {
            Source::Live(_) => None,
            Source::Block(block, groups) => Some((&scans[*block], groups.as_slice())),
        });
        let (tasks, waiting) = channel();
        let waiting = Mutex::new(waiting);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| work(&waiting));
            }
            // Leaving with the tasks and the receivers ends the threads.
            self.in_order(pieces, of_blocks, tasks, threads * GROUPS_AHEAD)
        })
    }

    fn in_order<'a>(
        &mut self,
        pieces: &[Piece<'_>],
        mut of_blocks: impl Iterator<Item = (&'a BlockScan<'a>, &'a [GroupTime])>,
        tasks: Sender<Task<'a>>,
        ahead: usize,
    ) -> Result<(), StoreError> {
        let mut begun: VecDeque<Receiver<Message>> = VecDeque::new();
        for (place, piece) in pieces.iter().enumerate() {
            while begun.len() < ahead
                && let Some((scan, groups)) = of_blocks.next()
            {
                let (sender, receiver) = sync_channel(MESSAGES);
                tasks
                    .send((scan, groups, sender))
                    .map_err(|_| no_answer())?;
                begun.push_back(receiver);
            }
            let later_until_ns = pieces.get(place + 1).map(|next| next.latest_ns);
            let flow = match &piece.of {
                Source::Live(part) => self.live(part, later_until_ns)?,
                Source::Block(block, _) => {
                    let receiver = begun.pop_front().ok_or_else(no_answer)?;
                    self.received(*block, &receiver, later_until_ns)?
                }
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// A piece that a thread scans.
    fn received(
        &mut self,
        block: usize,
        receiver: &Receiver<Message>,
        later_until_ns: Option<u64>,
    ) -> Result<ControlFlow<()>, StoreError> {
        loop {
            match receiver.recv() {
                Ok(Message::Part(part, of_piece)) => {
                    if self
                        .part(&part, block, &of_piece, later_until_ns)
                        .is_break()
                    {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(Message::End(of_piece)) => {
                    self.account.end(Some(block), of_piece);
                    return Ok(ControlFlow::Continue(()));
                }
                Ok(Message::Failed(error)) => return Err(error),
                Err(_) => return Err(no_answer()),
            }
        }
    }
}

/// Scans one piece after another until none is left or nobody listens.
fn work(waiting: &Mutex<Receiver<Task<'_>>>) {
    loop {
        let next = super::lock(waiting).recv();
        let Ok((scan, groups, sender)) = next else {
            return;
        };
        let mut report = ScanReport::default();
        let scanned = scan.scan(groups, &mut report, &mut |part, report| match sender
            .send(Message::Part(Box::new(part), *report))
        {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        });
        let end = match scanned {
            Ok(ControlFlow::Continue(())) => Message::End(report),
            Ok(ControlFlow::Break(())) => return,
            Err(error) => match leave_out(scan.block(), spans_of(groups), error, &mut report) {
                Ok(()) => Message::End(report),
                Err(cancelled) => Message::Failed(cancelled),
            },
        };
        if sender.send(end).is_err() {
            return;
        }
    }
}

fn spans_of(groups: &[GroupTime]) -> u64 {
    groups.iter().map(|group| group.spans).sum()
}

fn no_answer() -> StoreError {
    StoreError::Unavailable("a thread of the scan ended without an answer".to_owned())
}
