//! `tracewell config`: is it right, and what is in effect.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tracewell_collector::pipelines::drawing;

use super::error::CliError;
use super::output::Output;
use super::server_args::ServerArgs;
use crate::config;

/// What to do with a configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Report every mistake with line and column
    Check(CheckArgs),
    /// Draw the pipelines of a Collector's file: in letters, or as SVG
    Graph(GraphArgs),
    /// Print the configuration in effect as YAML, each value with its origin
    Print(ServerArgs),
}

/// Arguments of `config check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The file to check, or several that are merged; without any, --config, the
    /// environment and the flags
    #[arg(value_name = "FILE", conflicts_with = "config")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `config graph`.
#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// The file, or several that are merged; without any, --config
    #[arg(value_name = "FILE", conflicts_with = "config")]
    paths: Vec<PathBuf>,
    /// As a picture in SVG
    #[arg(long)]
    svg: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs one of the commands.
pub(super) fn run(command: ConfigCommand) -> Result<(), CliError> {
    let mut out = Output::new();
    match command {
        ConfigCommand::Check(CheckArgs { paths, mut server }) => {
            server.files.extend(paths);
            let loaded = server.load()?;
            let files: Vec<String> = loaded
                .files
                .iter()
                .map(|f| f.display().to_string())
                .collect();
            let subject = match &files[..] {
                [] => "the configuration is".to_owned(),
                [file] => format!("{file} is"),
                _ => format!("{} are", files.join(" + ")),
            };
            out.line(&format!("{subject} valid"))?;
            for line in loaded.pipelines.iter().flat_map(|file| file.lines()) {
                out.line(&format!("  {line}"))?;
            }
        }
        ConfigCommand::Graph(GraphArgs {
            paths,
            svg,
            mut server,
        }) => {
            server.files.extend(paths);
            let Some(file) = server.load()?.pipelines else {
                let why = "there are no pipelines: name a Collector's file, which has `service` at its top";
                return Err(CliError::Usage(why.to_owned()));
            };
            let drawn = match svg {
                true => drawing::svg(&file),
                false => drawing::letters(&file),
            };
            out.line(drawn.trim_end())?;
        }
        ConfigCommand::Print(server) => {
            let loaded = server.load()?;
            out.line(config::print(&loaded).trim_end())?;
        }
    }
    Ok(out.flush()?)
}
