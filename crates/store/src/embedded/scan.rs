//! Scanning many blocks: newest first, several at once.
//!
//! The newest block is scanned by the caller's thread alone: most searches end
//! there. For the others threads of this scan work ahead, one block each, and
//! the caller sees what they found in the order of the blocks. A thread that is
//! ahead waits after a few row groups, so memory is bounded.

use super::read::{after, leave_out_whole};
use crate::block::{Block, ScanPart};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use tracewell_model::StoreError;
use tracewell_model::store::{ScanChunk, ScanReport, ScanRequest, ScanVisitor};

/// Threads that one scan uses at most.
const MAX_THREADS: usize = 4;

/// Row groups that wait for the caller, for each block that is scanned ahead.
const PARTS_AHEAD: usize = 2;

/// What a thread has to say of its block.
enum Message {
    Part(Box<ScanPart>, ScanReport),
    End(ScanReport),
    Failed(StoreError),
}

/// Shows the matching spans of these blocks, which stand newest first.
pub(super) fn blocks(
    blocks: &[Arc<Block>],
    request: &ScanRequest<'_>,
    report: &mut ScanReport,
    visit: &mut ScanVisitor<'_>,
) -> Result<(), StoreError> {
    let Some((newest, others)) = blocks.split_first() else {
        return Ok(());
    };
    let older_ns = others.first().map_or(0, |block| after(block));
    let scanned = newest.scan(request, report, &mut |part, report| {
        show(&part, older_ns, report, visit)
    });
    let flow = match scanned {
        Ok(flow) => flow,
        Err(error) => {
            leave_out_whole(newest, error, report)?;
            ControlFlow::Continue(())
        }
    };
    if flow.is_break() || others.is_empty() {
        return Ok(());
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MAX_THREADS).min(others.len());
    let (senders, receivers): (Vec<_>, Vec<_>) =
        others.iter().map(|_| sync_channel(PARTS_AHEAD)).unzip();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        // Each thread has all senders: those of blocks that nobody will scan
        // any more go with the last thread.
        let senders = Arc::new(senders);
        for _ in 0..threads {
            let (senders, next) = (Arc::clone(&senders), &next);
            scope.spawn(move || work(others, request, &senders, next));
        }
        drop(senders);
        // Leaving with what is left of the receivers ends the threads.
        show_in_order(others, receivers, report, visit)
    })
}

/// Scans one block after another until none is left or nobody listens.
fn work(
    blocks: &[Arc<Block>],
    request: &ScanRequest<'_>,
    senders: &[SyncSender<Message>],
    next: &AtomicUsize,
) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let (Some(block), Some(sender)) = (blocks.get(index), senders.get(index)) else {
            return;
        };
        let mut report = ScanReport::default();
        let scanned = block.scan(request, &mut report, &mut |part, report| match sender
            .send(Message::Part(Box::new(part), *report))
        {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        });
        let end = match scanned {
            Ok(ControlFlow::Continue(())) => Message::End(report),
            Ok(ControlFlow::Break(())) => return,
            Err(error) => match leave_out_whole(block, error, &mut report) {
                Ok(()) => Message::End(report),
                Err(cancelled) => Message::Failed(cancelled),
            },
        };
        if sender.send(end).is_err() {
            return;
        }
    }
}

fn show_in_order(
    blocks: &[Arc<Block>],
    receivers: Vec<Receiver<Message>>,
    report: &mut ScanReport,
    visit: &mut ScanVisitor<'_>,
) -> Result<(), StoreError> {
    for (index, receiver) in receivers.into_iter().enumerate() {
        let older_ns = blocks.get(index + 1).map_or(0, |block| after(block));
        let before = *report;
        loop {
            match receiver.recv() {
                Ok(Message::Part(part, of_block)) => {
                    *report = sum(before, of_block);
                    if show(&part, older_ns, report, visit).is_break() {
                        return Ok(());
                    }
                }
                Ok(Message::End(of_block)) => {
                    *report = sum(before, of_block);
                    break;
                }
                Ok(Message::Failed(error)) => return Err(error),
                Err(_) => {
                    let what = "a thread of the scan ended without an answer";
                    return Err(StoreError::Unavailable(what.to_owned()));
                }
            }
        }
    }
    Ok(())
}

/// A block speaks for itself alone; later blocks may hold newer spans.
fn show(
    part: &ScanPart,
    older_ns: u64,
    report: &ScanReport,
    visit: &mut ScanVisitor<'_>,
) -> ControlFlow<()> {
    let chunk = ScanChunk {
        batch: &part.batch,
        rows: &part.rows,
        settled_from_ns: part.settled_from_ns.max(older_ns),
    };
    visit(&chunk, report)
}

fn sum(mut a: ScanReport, b: ScanReport) -> ScanReport {
    a.add(&b);
    a
}
