//! How long acknowledgements take while something else loads the server, and
//! whether the store was sealing or compacting at that moment.
//!
//! Small requests are due at fixed times and their latency counts from then, so
//! a server that stands still is measured for as long as it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use crate::http::Connection;
use crate::process;
use crate::samples::Samples;
use crate::server::Server;
use crate::spans;

const SEND_EVERY: Duration = Duration::from_millis(20);
const SPANS_IN_REQUEST: usize = 20;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The background works when it uses more than this share of a core.
const BUSY_SHARE: f64 = 0.2;

/// A running probe.
pub(crate) struct Probe {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<anyhow::Result<Vec<Sent>>>,
    watcher: JoinHandle<Watched>,
}

/// What it found.
#[derive(Debug, Default)]
pub(crate) struct Probed {
    /// Acknowledgements while the background was at work.
    pub(crate) busy: Samples,
    /// The others.
    pub(crate) quiet: Samples,
    /// Spans that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Requests that were told to come again.
    pub(crate) refused: u64,
    /// Of the time, in which the background was at work.
    pub(crate) busy_share: f64,
    /// Mean resident memory over the second half.
    pub(crate) mean_memory_bytes: u64,
}

struct Sent {
    due: Instant,
    answered: Instant,
    accepted: bool,
}

#[derive(Default)]
struct Watched {
    /// Stretches of time in which the background was at work.
    busy: Vec<(Instant, Instant)>,
    looks: usize,
    memory_bytes: Vec<u64>,
}

impl Probed {
    /// Acknowledgements whatever the background did.
    pub(crate) fn all(&self) -> Samples {
        self.quiet.with(&self.busy)
    }
}

impl Probe {
    pub(crate) fn start(server: &Server) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (connection, pid) = (server.receiver()?, server.pid());
        let (send_until, watch_until) = (Arc::clone(&stop), Arc::clone(&stop));
        Ok(Self {
            stop,
            sender: std::thread::spawn(move || send(connection, &send_until)),
            watcher: std::thread::spawn(move || watch(pid, &watch_until)),
        })
    }

    pub(crate) fn finish(self) -> anyhow::Result<Probed> {
        self.stop.store(true, Ordering::Relaxed);
        let panicked = |_| anyhow!("a thread of the probe panicked");
        let sent = self.sender.join().map_err(panicked)??;
        let watched = self.watcher.join().map_err(panicked)?;
        let mut probed = Probed {
            busy_share: watched.busy.len() as f64 / watched.looks.max(1) as f64,
            ..Probed::default()
        };
        for Sent {
            due,
            answered,
            accepted,
        } in sent
        {
            if !accepted {
                probed.refused += 1;
                continue;
            }
            probed.acknowledged += SPANS_IN_REQUEST as u64;
            // Stretches are in order of time.
            let next = watched.busy.partition_point(|(_, end)| *end < due);
            let is_busy = watched
                .busy
                .get(next)
                .is_some_and(|(from, _)| *from <= answered);
            let samples = if is_busy {
                &mut probed.busy
            } else {
                &mut probed.quiet
            };
            samples.add(answered - due);
        }
        let half = &watched.memory_bytes[watched.memory_bytes.len() / 2..];
        probed.mean_memory_bytes = half.iter().sum::<u64>() / half.len().max(1) as u64;
        Ok(probed)
    }
}

fn send(mut connection: Connection, stop: &AtomicBool) -> anyhow::Result<Vec<Sent>> {
    let mut sent = Vec::new();
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let body = spans::request(SPANS_IN_REQUEST, "bench.probe", "latency");
        let answer = connection.post(spans::PATH, spans::CONTENT_TYPE, &body)?;
        sent.push(Sent {
            due,
            answered: Instant::now(),
            accepted: answer.status == 200,
        });
        due += SEND_EVERY;
    }
    Ok(sent)
}

fn watch(pid: u32, stop: &AtomicBool) -> Watched {
    let mut watched = Watched::default();
    let (mut at, mut cpu_ns) = (Instant::now(), process::background_cpu_ns(pid));
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK_EVERY);
        let (now, now_ns) = (Instant::now(), process::background_cpu_ns(pid));
        let share = now_ns.saturating_sub(cpu_ns) as f64 / (now - at).as_nanos() as f64;
        if share > BUSY_SHARE {
            watched.busy.push((at, now));
        }
        watched.looks += 1;
        watched
            .memory_bytes
            .extend(process::memory_bytes(pid, "VmRSS"));
        (at, cpu_ns) = (now, now_ns);
    }
    watched
}
