//! The command line: what people type becomes one call into the program.
//!
//! Errors are one sentence with a fix on standard error; results go to standard
//! output, whose early end (`| head`) is not an error.

mod backup;
mod client;
mod config_command;
mod credentials;
mod error;
mod explain;
mod export;
mod exported;
mod import;
mod load;
mod logging;
mod output;
mod query;
mod repair;
mod sampling;
mod search;
mod server_args;
mod sql;
mod stats;
mod status;
mod trace;
mod verify;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser, Subcommand};

use crate::{config, serve};
use error::CliError;
use server_args::ServerArgs;

/// Distributed tracing in one binary: collector, store, query engine and UI.
#[derive(Debug, Parser)]
#[command(
    name = "tracewell",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command, tracewell runs everything: the same as `tracewell all-in-one`."
)]
struct Cli {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive, store, query and show traces in this process
    AllInOne(ServerArgs),
    /// Check a configuration, or print the one that is in effect
    #[command(subcommand)]
    Config(config_command::ConfigCommand),
    /// Find traces, newest first
    Search(search::SearchArgs),
    /// Count and measure spans over time
    Query(query::QueryArgs),
    /// Show one trace as a waterfall
    Trace(trace::TraceArgs),
    /// Say where the time of one trace is, and what is odd about it
    Explain(explain::ExplainArgs),
    /// Ask a running tracewell how it is
    Status(status::StatusArgs),
    /// Send generated traces at a given rate and report what was acknowledged
    Load(load::LoadArgs),
    /// Send traces of files to a running tracewell
    Import(import::ImportArgs),
    /// Write traces of a running tracewell to a file
    Export(export::ExportArgs),
    /// Try policies of tail sampling on traces that are stored
    #[command(subcommand)]
    Sampling(sampling::SamplingCommand),
    /// Check every file of a data directory, changing nothing
    Verify(verify::VerifyArgs),
    /// Copy a data directory, also while a tracewell works in it
    Backup(backup::BackupArgs),
    /// Ask DuckDB about the spans of a data directory, also while a tracewell works in it
    Sql(sql::SqlArgs),
    /// Make lists and index files of a data directory again; removes nothing
    Repair(repair::RepairArgs),
}

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Clap prints help to stdout and mistakes to stderr; a closed pipe
            // on either leaves nothing to do.
            let _closed = error.print();
            if let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg)
                && let Some(instead) = config::of_jaegers_flag(flag)
            {
                output::complain(&format!("{flag} is a flag of Jaeger: {instead}"));
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(cli) {
        Ok(()) | Err(CliError::ClosedPipe) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("error: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), CliError> {
    match cli.command {
        None => all_in_one(&cli.server),
        Some(Command::AllInOne(server)) => all_in_one(&server),
        Some(Command::Config(command)) => config_command::run(command),
        Some(Command::Search(args)) => client::block_on(search::run(args)),
        Some(Command::Query(args)) => client::block_on(query::run(args)),
        Some(Command::Trace(args)) => client::block_on(trace::run(args)),
        Some(Command::Explain(args)) => client::block_on(explain::run(args)),
        Some(Command::Status(args)) => client::block_on(status::run(args)),
        Some(Command::Load(args)) => load::run(args),
        Some(Command::Import(args)) => client::block_on(import::run(args)),
        Some(Command::Export(args)) => client::block_on(export::run(args)),
        Some(Command::Sampling(command)) => client::block_on(sampling::run(command)),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::Backup(args)) => backup::run(&args),
        Some(Command::Sql(args)) => sql::run(&args),
        Some(Command::Repair(args)) => repair::run(&args),
    }
}

fn all_in_one(args: &ServerArgs) -> Result<(), CliError> {
    let loaded = args.load()?;
    logging::start(&loaded.config.log)?;
    let sources = args.sources();
    serve::run(loaded, Box::new(move || config::load(sources.clone())))
        .map_err(|error| CliError::Failed(format!("{error:#}")))
}

/// The name and version that this program gives itself when it talks to others.
fn user_agent() -> String {
    format!(
        "tracewell/{}",
        Cli::command().get_version().unwrap_or("unknown")
    )
}
