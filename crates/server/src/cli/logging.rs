//! Structured logs on standard error.
//!
//! Standard output is never logged to: it carries the `ready` line and results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::error::CliError;
use super::output::colour_is_wanted;
use crate::config::{Log, LogFormat};

/// Starts logging for the rest of the process.
///
/// # Errors
///
/// A filter that cannot be read, or logging that was started before.
pub(super) fn start(log: &Log) -> Result<(), CliError> {
    let filter = EnvFilter::builder()
        .parse(&log.filter)
        .map_err(|error| CliError::Usage(format!("log.level: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && colour_is_wanted());
    let started = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| CliError::Failed(format!("cannot start logging: {error}")))
}
