//! Runs `tracewell` to its end with a clean environment.

use std::path::Path;
use std::process::{Command, Output};

/// What a finished command left behind.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that sees none of the developer's own settings.
pub(crate) fn tracewell(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracewell"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TRACEWELL_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .envs(environment.iter().copied())
        .env("COLUMNS", "120");
    command
}

/// Runs to the end in `directory`.
pub(crate) fn run_in(
    directory: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Finished {
    let output = tracewell(arguments, environment)
        .current_dir(directory)
        .output()
        .unwrap();
    finished(&output)
}

/// Runs to the end.
pub(crate) fn run(arguments: &[&str]) -> Finished {
    run_in(Path::new("."), arguments, &[])
}

fn finished(output: &Output) -> Finished {
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
