//! `tracewell verify`: is every file of a data directory what it should be?
//!
//! Exit code 0 when all is sound, 1 when something is damaged, 2 when nothing
//! can be said. Nothing is changed, whatever is found.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;
use serde::Serialize;
use tracewell_store::files::DiskFiles;
use tracewell_store::verify::{Problem, VerifyEvent, VerifyReport, verify};

use super::error::CliError;
use super::output::{Output, Style, bytes, complain, count, counted, plain, progress};
use super::server_args::ServerArgs;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The directory to check [default: as for the server]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration that names the directory [env: TRACEWELL_CONFIG]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &VerifyArgs) -> Result<(), CliError> {
    let dir = ServerArgs::data_dir(args.data_dir.as_deref(), args.config.as_deref())?;
    let mut out = Output::new();
    let bar = progress(Some(1));
    let mut problems = Vec::new();
    let mut closed = Ok(());
    let report = verify(
        &DiskFiles,
        &dir,
        // Ctrl-C ends the process: there is nothing to tidy up.
        &AtomicBool::new(false),
        &mut |event| match event {
            VerifyEvent::Progress {
                done_bytes,
                total_bytes,
            } => {
                if let Some(bar) = &bar {
                    bar.set_length(total_bytes);
                    bar.set_position(done_bytes);
                    bar.set_message(format!("{} checked", bytes(done_bytes)));
                }
            }
            VerifyEvent::Problem(problem) if args.json => problems.push(problem.clone()),
            VerifyEvent::Problem(problem) => {
                let mut print = || print_problem(&mut out, problem);
                let printed = match &bar {
                    Some(bar) => bar.suspend(print),
                    None => print(),
                };
                closed = std::mem::replace(&mut closed, Ok(())).and(printed);
            }
        },
    );
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    closed?;
    let report = report.map_err(|error| CliError::Usage(format!("cannot check: {error}")))?;
    if args.json {
        out.line(&json(&dir, &report, &problems))?;
    } else {
        print(&mut out, &report)?;
    }
    out.flush()?;
    if let Some(owner) = &report.in_use_by {
        complain(&format!(
            "note: {owner} has the data directory, so only its blocks were checked; stop it to \
             check the write-ahead log, too"
        ));
    }
    match report.damages {
        0 => Ok(()),
        damages => Err(CliError::Failed(format!(
            "{} in {}; what to do stands with each",
            counted(damages, "damage"),
            dir.display()
        ))),
    }
}

/// One line: the file, what, how many spans, what to do.
fn print_problem(out: &mut Output, problem: &Problem) -> std::io::Result<()> {
    let word = match problem.is_damage {
        true => out.styled(Style::Error, "damage"),
        false => "note".to_owned(),
    };
    let spans = problem.spans.map_or(String::new(), |spans| {
        format!(" ({} concerned)", counted(spans, "span"))
    });
    let (file, what) = (problem.file.display().to_string(), plain(&problem.what));
    out.line(&format!(
        "{word}: {}: {what}{spans}; {}",
        plain(&file),
        problem.advice
    ))?;
    out.flush()
}

fn print(out: &mut Output, report: &VerifyReport) -> std::io::Result<()> {
    let row = |name: &str, value: String| format!("  {name:10} {value}");
    let blocks = format!(
        "{} sound, {}, {}",
        counted(report.blocks, "block"),
        counted(report.block_spans, "span"),
        bytes(report.block_bytes)
    );
    out.line(&row("blocks", blocks))?;
    let log = match &report.in_use_by {
        Some(_) => "not checked".to_owned(),
        None => {
            let entries = match report.log_entries {
                1 => "1 entry".to_owned(),
                entries => format!("{} entries", count(entries)),
            };
            let spans = counted(report.log_spans, "span");
            format!("{entries} sound, {spans} not yet in a block")
        }
    };
    out.line(&row("log", log))?;
    if report.torn_bytes > 0 {
        let torn = format!(
            "{} of writes that were cut short and never acknowledged",
            bytes(report.torn_bytes)
        );
        out.line(&row("", torn))?;
    }
    let damage = match report.damages {
        0 => "none".to_owned(),
        damages => out.styled(
            Style::Error,
            &format!(
                "{} with {}",
                counted(damages, "damage"),
                counted(report.damaged_spans, "span")
            ),
        ),
    };
    out.line(&row("damage", damage))
}

fn json(dir: &std::path::Path, report: &VerifyReport, problems: &[Problem]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Result<'a> {
        data_dir: String,
        in_use_by: Option<&'a str>,
        blocks: Blocks,
        /// Null when the log was not checked.
        log: Option<Log>,
        damages: u64,
        damaged_spans: u64,
        oddities: u64,
        problems: Vec<Found<'a>>,
    }
    #[derive(Serialize)]
    struct Blocks {
        sound: u64,
        spans: u64,
        bytes: u64,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Log {
        entries: u64,
        spans: u64,
        torn_bytes: u64,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Found<'a> {
        file: String,
        is_damage: bool,
        what: &'a str,
        spans: Option<u64>,
        advice: &'a str,
    }
    let found = |problem: &'_ Problem| problem.file.display().to_string();
    let result = Result {
        data_dir: dir.display().to_string(),
        in_use_by: report.in_use_by.as_deref(),
        blocks: Blocks {
            sound: report.blocks,
            spans: report.block_spans,
            bytes: report.block_bytes,
        },
        log: report.in_use_by.is_none().then_some(Log {
            entries: report.log_entries,
            spans: report.log_spans,
            torn_bytes: report.torn_bytes,
        }),
        damages: report.damages,
        damaged_spans: report.damaged_spans,
        oddities: report.oddities,
        problems: problems
            .iter()
            .map(|problem| Found {
                file: found(problem),
                is_damage: problem.is_damage,
                what: &problem.what,
                spans: problem.spans,
                advice: problem.advice,
            })
            .collect(),
    };
    serde_json::to_string(&result).expect("text and numbers always serialize")
}
