//! How a command can end badly, and with which exit code.

use std::io;

use tracewell_load::LoadError;

use crate::config::Mistakes;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The configuration has mistakes.
    #[error("the configuration has {}\n{}", count(.0.0.len()), indented(.0))]
    Config(#[from] Mistakes),
    /// There is nothing to show, or it could not be had.
    #[error("{0}")]
    Failed(String),
    /// Whoever read our output has stopped: nothing went wrong.
    #[error("standard output is closed")]
    ClosedPipe,
}

impl CliError {
    /// 0 for a closed pipe, 1 for "not found" and failures, 2 for wrong usage.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) | Self::Config(_) => 2,
        }
    }
}

impl From<io::Error> for CliError {
    /// For writing to standard output; other I/O names its subject itself.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Failed(format!("cannot write to standard output: {error}"))
        }
    }
}

impl From<LoadError> for CliError {
    /// In the words of the command line, which is where it can be mended.
    fn from(error: LoadError) -> Self {
        match &error {
            LoadError::Endpoint { .. } => Self::Usage(format!("--{error}")),
            LoadError::JsonOverGrpc => Self::Usage(
                "--encoding json goes with --protocol http; gRPC carries protobuf only".to_owned(),
            ),
            LoadError::Token | LoadError::File { .. } => Self::Usage(error.to_string()),
            LoadError::VerifyFile { path, error } => Self::Failed(format!(
                "cannot write --verify-file {}: {error}",
                path.display()
            )),
            LoadError::Runtime(_) | LoadError::Connection(_) => Self::Failed(error.to_string()),
        }
    }
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 {
        "a mistake:".to_owned()
    } else {
        format!("{mistakes} mistakes:")
    }
}

fn indented(mistakes: &Mistakes) -> String {
    let lines: Vec<String> = mistakes
        .0
        .iter()
        .map(|mistake| format!("  {mistake}"))
        .collect();
    lines.join("\n")
}
