//! Lets adaptive sampling go on: works out its shares once a minute, and keeps
//! them in the data directory, so that a restart goes on where it was.
//!
//! The file is a help and no store: one that is missing or unreadable is done
//! without, and said.

use anyhow::Context;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tracewell_collector::Sampling;

use super::written_file;

/// How often clients ask, and how often they are answered anew.
const INTERVAL: Duration = Duration::from_secs(60);

/// As many shares as there can be take less.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// In the data directory.
const FILE: &str = "sampling.json";

/// Restores and goes on, in a task of the current runtime. `data_dir` is `None`
/// where nothing survives the process.
pub(super) fn start(sampling: &Arc<Sampling>, data_dir: Option<&Path>) {
    let file = data_dir.map(|dir| dir.join(FILE));
    if let Some(file) = file.as_deref().filter(|file| file.exists()) {
        let restored = written_file::read(file, MAX_FILE_BYTES, "shares")
            .and_then(|state| Ok(sampling.restore(&state)?));
        if let Err(error) = restored {
            tracing::warn!(file = %file.display(), "adaptive sampling begins anew: {error:#}");
        }
    }
    tokio::spawn(go_on(Arc::clone(sampling), file));
}

async fn go_on(sampling: Arc<Sampling>, file: Option<PathBuf>) {
    let mut minute = interval(INTERVAL);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one is now.
    minute.tick().await;
    let mut is_kept = true;
    loop {
        minute.tick().await;
        if !sampling.is_adaptive() {
            continue;
        }
        sampling.adjust(INTERVAL);
        let Some(file) = file.clone() else { continue };
        let sampling = Arc::clone(&sampling);
        let kept = tokio::task::spawn_blocking(move || keep(&file, &sampling.state())).await;
        let Ok(kept) = kept else {
            // The process ends.
            return;
        };
        if let (Err(error), true) = (&kept, is_kept) {
            tracing::warn!("the shares of adaptive sampling are not kept: {error:#}");
        }
        is_kept = kept.is_ok();
    }
}

/// Whole or not at all.
fn keep(file: &Path, state: &[u8]) -> anyhow::Result<()> {
    let part = file.with_extension("json.part");
    let written = File::create(&part)
        .and_then(|mut out| out.write_all(state).and_then(|()| out.sync_all()))
        .and_then(|()| fs::rename(&part, file));
    written.with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_kept_whole_and_replaces_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        keep(&file, b"[1]").unwrap();
        keep(&file, b"[2]").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"[2]");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let error = keep(&dir.path().join("none/x.json"), b"[]").unwrap_err();
        assert!(format!("{error:#}").contains("none/x.json"), "{error:#}");
    }
}
