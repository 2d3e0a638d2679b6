//! The file of UI settings, read once at the start.
//!
//! A file that is wrong keeps the server from starting: whoever names one wants
//! its links.

use anyhow::Context;
use std::path::Path;
use tracewell_api::UiConfig;

use super::written_file;

/// Settings are written by people; anything larger is another file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The settings of `file`, or none.
///
/// # Errors
/// The file cannot be read, or holds no UI settings.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<UiConfig> {
    let Some(path) = file else {
        return Ok(UiConfig::default());
    };
    let setting = || format!("query.ui.config_file {}", path.display());
    let (config, others) = written_file::read(path, MAX_FILE_BYTES, "UI settings")
        .and_then(|content| Ok(UiConfig::parse(&content)?))
        .with_context(setting)?;
    if !others.is_empty() {
        let others = others.join(", ");
        tracing::info!(file = %path.display(), "settings of the UI that change nothing here: {others}");
    }
    Ok(config)
}
