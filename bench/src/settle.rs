//! Waiting until the store has nothing more to do.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::process;
use crate::server::Server;

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// So long must nothing happen; longer than the store's own look-around.
const AT_REST: Duration = Duration::from_millis(2_500);
/// When nothing happens for so long, what is left is left on purpose, such as a
/// block without another to be merged with.
const LEFT_ALONE: Duration = Duration::from_secs(15);
/// A background that uses more than this share of a core is at work.
const BUSY_SHARE: f64 = 0.03;

/// How waiting ended.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) after: Duration,
    /// False when time ran out first.
    pub(crate) at_rest: bool,
    /// What the process says is left to compact; `None` when it does not say.
    pub(crate) backlog: Option<f64>,
}

/// Waits until the backlog of compaction is empty, no background thread works
/// and no block comes or goes.
pub(crate) fn settle(server: &Server, limit: Duration) -> anyhow::Result<Settled> {
    let began = Instant::now();
    let mut query = server.query()?;
    let mut quiet_since = Instant::now();
    let mut before = (
        blocks(&server.data_dir),
        process::background_cpu_ns(server.pid()),
    );
    loop {
        let looked = Instant::now();
        std::thread::sleep(LOOK_EVERY);
        let metrics = query.get("/metrics")?.body;
        let backlog = backlog(&String::from_utf8_lossy(&metrics));
        let now = (
            blocks(&server.data_dir),
            process::background_cpu_ns(server.pid()),
        );
        let share = now.1.saturating_sub(before.1) as f64 / looked.elapsed().as_nanos() as f64;
        let is_left = backlog.is_some_and(|left| left > 0.0);
        if share > BUSY_SHARE || now.0 != before.0 {
            quiet_since = Instant::now();
        }
        before = now;
        let patience = if is_left { LEFT_ALONE } else { AT_REST };
        let at_rest = quiet_since.elapsed() >= patience;
        if at_rest || began.elapsed() > limit {
            return Ok(Settled {
                after: began.elapsed(),
                at_rest,
                backlog,
            });
        }
    }
}

/// Names of the files in the blocks, in order.
fn blocks(data_dir: &Path) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(data_dir.join("blocks"));
    let names = entries.into_iter().flatten().flatten();
    let mut names: Vec<_> = names.map(|entry| entry.file_name()).collect();
    names.sort();
    names
}

/// The sum of the metrics that say what compaction still has to do.
fn backlog(metrics: &str) -> Option<f64> {
    let lines = metrics.lines().filter(|line| {
        let name = line.split(['{', ' ']).next().unwrap_or("");
        name.starts_with("tracewell_") && name.contains("compaction") && name.contains("backlog")
    });
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    values.reduce(|sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backlog_is_read_from_metrics() {
        let metrics = "# TYPE tracewell_compaction_backlog_blocks gauge\n\
            tracewell_compaction_backlog_blocks 3\ntracewell_store_blocks 9\n";
        assert_eq!(backlog(metrics), Some(3.0));
        assert_eq!(backlog("tracewell_store_blocks 9\n"), None);
    }
}
