//! What the log promises, checked through its public face on a disk in memory.
//!
//! One harness for all of them: a log with small segments, appends that wait
//! for their acknowledgement, and a record of what came back.

mod appending;
mod crash;
mod damage;
mod faults;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Known, OpenError, RecoveryReport, Wal, WalError, WalOptions, WalPosition};
use crate::files::faulty::FaultyFiles;

const DIR: &str = "data/wal";

/// An entry as replay gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Replayed {
    position: WalPosition,
    spans: u32,
    payload: Vec<u8>,
}

/// A log, and what opening it gave back.
#[derive(Debug)]
struct Opened {
    wal: Wal<u32>,
    replayed: Vec<Replayed>,
    report: RecoveryReport,
}

fn small() -> WalOptions {
    WalOptions {
        segment_bytes: 4096,
        retry_after: Duration::from_millis(1),
        ..WalOptions::default()
    }
}

fn open_from(
    files: &FaultyFiles,
    options: &WalOptions,
    from: WalPosition,
) -> Result<Opened, OpenError> {
    let mut replayed = Vec::new();
    let (wal, report) = Wal::open(
        Arc::new(files.clone()),
        Path::new(DIR),
        options,
        Known {
            from,
            ..Known::default()
        },
        |position, spans, payload| {
            replayed.push(Replayed {
                position,
                spans,
                payload: payload.to_vec(),
            });
        },
        Box::new(|items| drop(items)),
    )?;
    Ok(Opened {
        wal,
        replayed,
        report,
    })
}

fn open(files: &FaultyFiles) -> Opened {
    open_from(files, &small(), WalPosition::default()).unwrap()
}

impl Opened {
    fn payloads(&self) -> Vec<&[u8]> {
        self.replayed.iter().map(|r| r.payload.as_slice()).collect()
    }
}

type Answer = Receiver<Result<WalPosition, WalError>>;

/// Appends without waiting.
fn send(wal: &Wal<u32>, payload: &[u8]) -> Answer {
    let (answer, answers) = channel();
    let ack = Box::new(move |result| answer.send(result).unwrap_or(()));
    wal.append(payload, payload.len() as u32, 0, ack);
    answers
}

/// Appends and waits for the answer.
fn append(wal: &Wal<u32>, payload: &[u8]) -> Result<WalPosition, WalError> {
    send(wal, payload).recv().expect("every append is answered")
}

/// Bytes that do not compress, different for each seed.
fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as u8
    };
    (0..len).map(step).collect()
}
