//! `tracewell repair`: makes a data directory whole again, as far as its own
//! files allow.
//!
//! Exit code 0 when it is done, 1 when the disk refuses, 2 when there is nothing
//! to repair or a process has the directory. Nothing is removed: what has no
//! place any more goes to `quarantine/`.

use std::path::PathBuf;

use clap::Args;
use tracewell_model::clock::SystemClock;
use tracewell_store::files::DiskFiles;
use tracewell_store::repair::{RepairError, repair, set_aside, take_back};

use super::error::CliError;
use super::output::{Output, counted, plain};
use super::server_args::ServerArgs;

/// Arguments of `repair`.
#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    /// The directory to repair [default: as for the server]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration that names the directory [env: TRACEWELL_CONFIG]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only take this block out of every answer and put its files into
    /// quarantine/
    #[arg(long, value_name = "BLOCK")]
    set_aside: Option<String>,
    /// Also list this block again, which somebody set aside
    #[arg(long, value_name = "BLOCK", conflicts_with = "set_aside")]
    take_back: Option<String>,
}

/// Runs the command.
pub(super) fn run(args: &RepairArgs) -> Result<(), CliError> {
    let dir = ServerArgs::data_dir(args.data_dir.as_deref(), args.config.as_deref())?;
    let repaired = match (&args.set_aside, &args.take_back) {
        (Some(block), _) => set_aside(&DiskFiles, &dir, block),
        (None, Some(block)) => take_back(&DiskFiles, &dir, block, &SystemClock),
        (None, None) => repair(&DiskFiles, &dir, &SystemClock),
    };
    let repaired = repaired.map_err(|error| match error {
        RepairError::File(_) => CliError::Failed(format!("cannot repair: {error}")),
        error => CliError::Usage(format!("cannot repair: {error}")),
    })?;
    let mut out = Output::new();
    for change in &repaired.changes {
        out.line(&plain(change))?;
    }
    if repaired.changes.is_empty() {
        out.line("nothing was to be repaired")?;
    }
    out.line(&format!(
        "{} with {} on the list; `tracewell verify` checks them",
        counted(repaired.blocks, "block"),
        counted(repaired.spans, "span")
    ))?;
    Ok(out.flush()?)
}
