//! `tracewell backup`: a copy of a data directory, also beside the process
//! that works in it.
//!
//! Exit code 0 when the copy is whole and sound, 1 when it is not or could not
//! be made, 2 when the command makes no sense. The data directory is not
//! changed.

mod archive;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tracewell_store::backup::{BackupError, BackupEvent, BackupOptions, BackupReport, backup};
use tracewell_store::files::DiskFiles;

use super::error::CliError;
use super::output::{Output, bytes, complain, count, counted, plain, progress};
use super::server_args::ServerArgs;
use archive::Archive;

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// Where the copy goes: a directory that is empty or does not exist, or a
    /// file to be, with a name that ends in .tar
    #[arg(value_name = "DIR|FILE.tar")]
    destination: PathBuf,
    /// The directory to copy [default: as for the server]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration that names the directory [env: TRACEWELL_CONFIG]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Copy every file; without it, blocks on the same file system are linked
    #[arg(long)]
    copy: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &BackupArgs) -> Result<(), CliError> {
    let dir = ServerArgs::data_dir(args.data_dir.as_deref(), args.config.as_deref())?;
    let archive = Archive::of(&args.destination)?;
    let target = match &archive {
        Some(archive) => archive.dir(),
        None => args.destination.clone(),
    };
    let options = BackupOptions {
        always_copy: args.copy,
        unchecked: false,
    };
    let bar = progress(Some(1));
    let show = |what: &str, done_bytes, total_bytes| {
        if let Some(bar) = &bar {
            bar.set_length(total_bytes);
            bar.set_position(done_bytes);
            bar.set_message(format!("{} {what}", bytes(done_bytes)));
        }
    };
    let mut problems = Vec::new();
    // Ctrl-C ends the process: what is there then says that it is no backup.
    let done = backup(
        &DiskFiles,
        &dir,
        &target,
        options,
        &mut |event| match event {
            BackupEvent::Fetched {
                done_bytes,
                total_bytes,
            } => show("linked or copied", done_bytes, total_bytes),
            BackupEvent::Checked {
                done_bytes,
                total_bytes,
            } => show("checked", done_bytes, total_bytes),
            BackupEvent::Problem(problem) => problems.push(format!(
                "{}: {}; {}",
                plain(&problem.file.display().to_string()),
                plain(&problem.what),
                problem.advice
            )),
        },
    );
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = done.map_err(refusal)?;
    if let Some(archive) = &archive {
        archive.write()?;
    }
    let mut out = Output::new();
    out.line(&match args.json {
        true => json(&args.destination, &report),
        false => summary(&args.destination, &report),
    })?;
    out.flush()?;
    problems.iter().for_each(|problem| complain(problem));
    match report.checked.damages {
        0 => Ok(()),
        damages => Err(CliError::Failed(format!(
            "the backup in {} has {} with {}: what could be read is there; `tracewell verify` \
             on the data directory tells whether the damage is there as well",
            args.destination.display(),
            counted(damages, "damage"),
            counted(report.checked.damaged_spans, "span"),
        ))),
    }
}

fn refusal(error: BackupError) -> CliError {
    let text = format!("cannot back up: {error}");
    match error {
        BackupError::NoStore { .. } | BackupError::NotEmpty { .. } | BackupError::Inside { .. } => {
            CliError::Usage(text)
        }
        _ => CliError::Failed(text),
    }
}

fn summary(destination: &Path, report: &BackupReport) -> String {
    let checked = &report.checked;
    let how = match (report.linked_files, report.copied_files) {
        (0, 0) => String::new(),
        (_, 0) => " (linked)".to_owned(),
        (0, _) => " (copied)".to_owned(),
        _ => " (some linked, some copied)".to_owned(),
    };
    let entries = match checked.log_entries {
        1 => "1 log entry".to_owned(),
        entries => format!("{} log entries", count(entries)),
    };
    format!(
        "{}: {}{how}, {entries}, {}, {}; checked",
        plain(&destination.display().to_string()),
        counted(checked.blocks, "block"),
        counted(checked.block_spans + checked.log_spans, "span"),
        bytes(checked.block_bytes + report.log_bytes),
    )
}

fn json(destination: &Path, report: &BackupReport) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Result {
        destination: String,
        blocks: u64,
        log_entries: u64,
        spans: u64,
        bytes: u64,
        linked_files: u64,
        copied_files: u64,
        rounds: u32,
        damages: u64,
        damaged_spans: u64,
    }
    let checked = &report.checked;
    let result = Result {
        destination: destination.display().to_string(),
        blocks: checked.blocks,
        log_entries: checked.log_entries,
        spans: checked.block_spans + checked.log_spans,
        bytes: checked.block_bytes + report.log_bytes,
        linked_files: report.linked_files,
        copied_files: report.copied_files,
        rounds: report.rounds,
        damages: checked.damages,
        damaged_spans: checked.damaged_spans,
    };
    serde_json::to_string(&result).expect("text and numbers always serialize")
}
