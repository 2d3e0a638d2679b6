//! Realistic traces at a given rate, and what became of them.
//!
//! It must cost far less than the server it drives, or it would measure itself:
//! spans are encoded once and copied with fresh ids. It never holds more than
//! one request for each connection, and **writes nothing to a terminal**: whoever
//! starts a [`Plan`] hears how it goes and shows the [`Report`].

mod batch;
mod encoding;
mod error;
mod histogram;
mod plan;
mod random;
mod reach;
mod report;
mod sender;
mod shape;
mod totals;
mod verify_file;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracewell_model::clock::{Clock, SystemClock};

use batch::Batches;
pub use encoding::Encoding;
use encoding::Templates;
pub use error::LoadError;
use histogram::Histogram;
pub use plan::Plan;
pub use reach::{Connector, CredentialFiles, Credentials};
pub use report::{Latency, Reason, Report, SpanCounts};
pub use sender::{Answer, Compression, Protocol, Sender};
use shape::Shape;
pub use shape::ShapeName;
pub use totals::SoFar;
use verify_file::VerifyFile;

/// The listener hears how it goes, and the verify file is brought up to date,
/// this often.
const TICK: Duration = Duration::from_secs(1);

/// Does what the plan says until it is done or `stop` ends; `each_second` hears
/// how it goes.
///
/// # Errors
/// The plan makes no sense, or the verify file cannot be written.
pub fn run(
    plan: &Plan,
    stop: impl Future<Output = ()> + Send + 'static,
    each_second: impl FnMut(SoFar),
) -> Result<Report, LoadError> {
    if plan.protocol == Protocol::Grpc && plan.encoding == Encoding::Json {
        return Err(LoadError::JsonOverGrpc);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(usize::from(plan.connections)).max(1))
        .enable_all()
        .build()
        .map_err(LoadError::Runtime)?
        .block_on(send_all(plan, stop, each_second))
}

async fn send_all(
    plan: &Plan,
    stop: impl Future<Output = ()> + Send + 'static,
    mut each_second: impl FnMut(SoFar),
) -> Result<Report, LoadError> {
    let senders = plan.senders()?;
    let run = Arc::new(plan.begin()?);
    let (stopping, stopped) = watch::channel(false);
    tokio::spawn(async move {
        stop.await;
        stopping.send_replace(true);
    });

    let mut workers = JoinSet::new();
    for (index, sender) in senders.into_iter().enumerate() {
        workers.spawn(worker::work(
            Arc::clone(&run),
            index,
            sender,
            stopped.clone(),
        ));
    }
    let mut latencies = Histogram::new();
    let mut seconds = tokio::time::interval_at(run.start + TICK, TICK);
    let flush = || run.verify.as_ref().map_or(Ok(()), VerifyFile::flush);
    loop {
        tokio::select! {
            finished = workers.join_next() => match finished {
                Some(Ok(part)) => latencies.merge(&part),
                Some(Err(error)) => return Err(LoadError::Connection(error.to_string())),
                None => break,
            },
            _ = seconds.tick() => {
                each_second(run.totals.so_far());
                flush()?;
            }
        }
    }
    let elapsed = run.start.elapsed();
    flush()?;
    Ok(Report::new(&run.totals, &latencies, elapsed, plan.rate))
}

/// The bodies of the first requests that one connection sends with this seed,
/// in protobuf: for measuring what a receiver does with them, without a network.
#[must_use]
pub fn requests(shape: ShapeName, seed: u64, count: usize, spans_each: usize) -> Vec<Bytes> {
    let templates = Templates::encode(&Shape::build(shape, seed), Encoding::Protobuf);
    let mut batches = Batches::new(&templates, worker::seed(seed, 0));
    (0..count)
        .map(|_| batches.next(spans_each, SystemClock.now_ns()).body)
        .collect()
}
