//! Scanning in no order: each thread takes the next piece and shows it to a visitor
//! of its own.
//!
//! A thread beside the caller's holds a row group, **for which memory is reserved
//! first: where there is none, the caller's thread does all**.

use super::parted::Parted;
use super::{Account, Piece, Source, by_group, pieces, room_ahead, spans_of, threads};
use crate::block::{Block, BlockScan, ScanPart};
use crate::embedded::damage::leave_out;
use crate::embedded::lock;
use crate::live::{self, LiveBatch};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tracewell_model::store::{ScanChunk, ScanReport, ScanRequest, UnorderedVisitor};
use tracewell_model::{QueryMemory, RowSet, StoreError};

/// Shows the matching spans of live batches and blocks.
pub(in crate::embedded) fn unordered(
    snapshot: &[LiveBatch],
    blocks: &[Arc<Block>],
    request: &ScanRequest<'_>,
    memory: &QueryMemory,
    known: &Parted,
    report: &mut ScanReport,
    visitors: &mut [&mut UnorderedVisitor<'_>],
) -> Result<(), StoreError> {
    let scans = known.scans(snapshot, blocks, request, true, memory);
    let pieces = by_group(&pieces(live::parts(snapshot, request.range), &scans));
    let sources: HashSet<Option<usize>> = pieces.iter().map(Piece::counts_as).collect();
    report.total_blocks += sources.len() as u64;
    let Some((own, others)) = visitors.split_first_mut() else {
        return Ok(());
    };
    let helpers = threads(&pieces).saturating_sub(1).min(others.len());
    let held = room_ahead(&pieces, helpers, memory);
    let helpers = held.as_ref().map_or(0, |_| helpers);
    let work = Work {
        scans: &scans,
        pieces: &pieces,
        request,
        next: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        account: Mutex::new(Account::new(report)),
        failed: Mutex::new(None),
    };
    std::thread::scope(|scope| {
        for visit in &mut others[..helpers] {
            scope.spawn(|| work.pieces(*visit));
        }
        work.pieces(*own);
    });
    let failed = lock(&work.failed).take();
    failed.map_or(Ok(()), Err)
}

/// What the threads share.
struct Work<'a> {
    scans: &'a [BlockScan<'a>],
    pieces: &'a [Piece<'a>],
    request: &'a ScanRequest<'a>,
    next: AtomicUsize,
    is_over: AtomicBool,
    account: Mutex<Account<'a>>,
    failed: Mutex<Option<StoreError>>,
}

impl Work<'_> {
    /// One piece after another until none is left or nobody wants more.
    fn pieces(&self, visit: &mut UnorderedVisitor<'_>) {
        while !self.is_over.load(Ordering::Acquire) {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = self.pieces.get(next) else {
                return;
            };
            let shown = match &piece.of {
                Source::Live(part) => {
                    let mut of_piece = ScanReport {
                        searched_blocks: 1,
                        ..ScanReport::default()
                    };
                    let shown = part.show(
                        self.request,
                        Some(u64::MAX),
                        &mut of_piece,
                        &mut |chunk, of| self.show(visit, chunk, None, of),
                    );
                    lock(&self.account).end(None, of_piece);
                    shown
                }
                Source::Block(block, groups) => {
                    let (scan, mut of_piece) = (&self.scans[*block], ScanReport::default());
                    let shown = scan.scan(groups, &mut of_piece, &mut |part, of| {
                        self.part(visit, &part, *block, of)
                    });
                    let shown = shown.or_else(|error| {
                        leave_out(scan.block(), spans_of(groups), error, &mut of_piece)?;
                        Ok(ControlFlow::Continue(()))
                    });
                    lock(&self.account).end(Some(*block), of_piece);
                    shown
                }
            };
            match shown {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => self.is_over.store(true, Ordering::Release),
                Err(error) => {
                    lock(&self.failed).get_or_insert(error);
                    self.is_over.store(true, Ordering::Release);
                }
            }
        }
    }

    /// Parted rows come in a chunk of their own, the others with what they are.
    fn part(
        &self,
        visit: &mut UnorderedVisitor<'_>,
        part: &ScanPart,
        block: usize,
        of_piece: &ScanReport,
    ) -> ControlFlow<()> {
        let all = ScanChunk::of_spans(&part.batch, &part.rows, Some(u64::MAX));
        let Some(parted) = &part.parted else {
            return self.show(visit, &all, Some(block), of_piece);
        };
        let none = RowSet::none(part.batch.len());
        let chunk = ScanChunk {
            parted: Some(&none),
            whole_traces: part.whole_traces,
            weights: part.weights.as_deref(),
            ..all
        };
        self.show(visit, &chunk, Some(block), of_piece)?;
        if parted.is_empty() {
            return ControlFlow::Continue(());
        }
        let (none, all) = (RowSet::none(parted.len()), RowSet::all(parted.len()));
        let chunk = ScanChunk {
            parted: Some(&all),
            ..ScanChunk::of_spans(parted, &none, Some(u64::MAX))
        };
        self.show(visit, &chunk, Some(block), of_piece)
    }

    /// The report is how it stands with this piece; of those that other threads are
    /// at, it knows nothing yet.
    fn show(
        &self,
        visit: &mut UnorderedVisitor<'_>,
        chunk: &ScanChunk<'_>,
        counts_as: Option<usize>,
        of_piece: &ScanReport,
    ) -> ControlFlow<()> {
        let report = *lock(&self.account).with(counts_as, *of_piece);
        visit(chunk, &report)
    }
}
