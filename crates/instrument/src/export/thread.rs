//! The exporter's thread: one lane for each signal, on one runtime.
//!
//! It exists so that an application pays one thread for all its telemetry. A
//! lane whose backend is away must never hold up another.

use super::settings::BatchSettings;
use super::sink::Destination;
use super::source::Source;
use super::worker::Worker;
use super::worker_handle::{Lane, WorkerHandle};
use crate::process::Origin;
use crate::record::suppress_this_thread;
use std::pin::Pin;
use std::thread;
use tokio::sync::mpsc;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The thread before it runs.
#[derive(Default)]
pub(crate) struct ExporterThread {
    lanes: Vec<Lane>,
    work: Vec<Work>,
}

impl ExporterThread {
    /// Adds what exports from this source.
    pub(crate) fn lane<S: Source>(
        &mut self,
        source: &'static S,
        destination: Destination,
        settings: BatchSettings,
    ) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let worker = Worker::new(source, destination, settings, receiver);
        self.lanes.push(Lane {
            commands,
            is_failing: source.is_failing(),
        });
        self.work.push(Box::pin(worker.run()));
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Starts it.
    pub(crate) fn start(self) -> std::io::Result<WorkerHandle> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let work = self.work;
        let thread = thread::Builder::new()
            .name("tracewell-export".to_owned())
            .spawn(move || {
                suppress_this_thread();
                run_quietly(|| runtime.block_on(run(work)));
                // A name that is still being resolved must not hold up the end.
                runtime.shutdown_background();
            })?;
        Ok(WorkerHandle {
            lanes: self.lanes.into(),
            thread: thread.thread().id(),
            origin: Origin::here(),
        })
    }
}

async fn run(work: Vec<Work>) {
    let lanes: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    for lane in lanes {
        // A lane that panicked has been reported by the panic hook.
        lane.await.unwrap_or_default();
    }
}

/// The libraries that send also log: not into the application's subscriber,
/// which may send in turn.
#[cfg(feature = "tracing")]
fn run_quietly(work: impl FnOnce()) {
    let nothing = tracing_core::subscriber::NoSubscriber::new();
    tracing_core::dispatcher::with_default(&tracing_core::Dispatch::new(nothing), work);
}

#[cfg(not(feature = "tracing"))]
fn run_quietly(work: impl FnOnce()) {
    work();
}
