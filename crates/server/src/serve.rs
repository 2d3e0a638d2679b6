//! Runs every receiver, the store, the APIs and the UI in this process.

use crate::config::Config;

/// Serves until the process is told to stop.
///
/// # Errors
///
/// What kept the process from starting or from stopping cleanly.
pub(crate) fn run(config: Config) -> anyhow::Result<()> {
    let addresses: Vec<String> = config
        .endpoints()
        .iter()
        .map(|endpoint| endpoint.address.to_string())
        .collect();
    anyhow::bail!("this build cannot listen on {} yet", addresses.join(", "))
}
