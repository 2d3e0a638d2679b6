//! The file of sampling strategies: read at the start, and again when it
//! changes.
//!
//! Its content is compared, not its time: editors, mounts and links that are
//! swapped each treat times in their own way. A file that is wrong at the start
//! keeps the server from starting; one that becomes wrong later leaves what
//! held before, and is told once.

use crate::config::Config;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tracewell_collector::{Sampling, Strategies};

use super::written_file;

/// Time between two looks. Clients ask once a minute.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Strategies are written by people; anything larger is another file.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// What clients are told. A file of strategies is read, and then watched from a
/// task of the current runtime; not where nobody can ask.
///
/// # Errors
/// The file cannot be read, or holds no strategies.
pub(super) fn start(config: &Config) -> anyhow::Result<Arc<Sampling>> {
    let sampling = Arc::new(Sampling::default());
    let file = config.sampling.strategies_file.as_deref();
    if let Some(path) = file.filter(|_| !config.is_read_only) {
        let known = read(path).and_then(|content| {
            set(&sampling, path, &content)?;
            Ok(content)
        });
        let setting = || format!("sampling.strategies_file {}", path.display());
        let known = known.with_context(setting)?;
        tokio::spawn(watch(path.to_path_buf(), known, Arc::clone(&sampling)));
    }
    Ok(sampling)
}

async fn watch(path: PathBuf, mut known: Vec<u8>, sampling: Arc<Sampling>) {
    let mut look = interval(LOOK_INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_there = true;
    loop {
        look.tick().await;
        let from = path.clone();
        let content = tokio::task::spawn_blocking(move || read(&from)).await;
        let Ok(content) = content else {
            // The process ends.
            return;
        };
        match content {
            Ok(content) => {
                is_there = true;
                if content != known {
                    match set(&sampling, &path, &content) {
                        Ok(()) => tracing::info!(
                            file = %path.display(),
                            "sampling strategies have changed"
                        ),
                        Err(error) => tracing::warn!(
                            file = %path.display(),
                            "sampling strategies are left as they were: {error:#}"
                        ),
                    }
                    known = content;
                }
            }
            Err(error) if is_there => {
                is_there = false;
                tracing::warn!(
                    file = %path.display(),
                    "sampling strategies are left as they were: {error:#}"
                );
            }
            Err(_told) => {}
        }
    }
}

fn set(sampling: &Sampling, path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let (strategies, passed_over) = Strategies::parse(content)?;
    for text in passed_over {
        tracing::warn!(file = %path.display(), "sampling strategies: {text}");
    }
    sampling.set(strategies);
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    written_file::read(path, MAX_FILE_BYTES, "strategies")
}
