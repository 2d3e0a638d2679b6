//! The DuckDB that this computer has: which one, and how it is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Table;
use crate::cli::error::CliError;

const VIEWS: &str = include_str!("views.sql");
const SHELL: &str = include_str!("shell.py");

const MISSING: &str = "there is no DuckDB: install the program `duckdb`, or the Python package \
                       (`python3 -m pip install duckdb`), so that it is found in PATH";

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Csv,
    JsonLines,
}

impl Form {
    /// Of the program.
    fn option(self) -> Option<&'static str> {
        match self {
            Self::Table => None,
            Self::Csv => Some("-csv"),
            Self::JsonLines => Some("-jsonlines"),
        }
    }

    /// Of `COPY`.
    fn format(self) -> &'static str {
        match self {
            Self::Table => "",
            Self::Csv => "csv, HEADER",
            Self::JsonLines => "json",
        }
    }
}

/// What runs SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DuckDb {
    Program,
    Package,
}

impl DuckDb {
    /// The program, else the package of the first `python3`.
    pub(super) fn find() -> Result<Self, CliError> {
        let works = |program: &str, args: &[&str]| {
            let mut command = Command::new(program);
            command.args(args).stdin(Stdio::null());
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        if works("duckdb", &["--version"]) {
            Ok(Self::Program)
        } else if works("python3", &["-c", "import duckdb"]) {
            Ok(Self::Package)
        } else {
            Err(CliError::Failed(MISSING.to_owned()))
        }
    }

    /// Runs one query, or what is typed, to its end.
    pub(super) async fn run(
        self,
        dir: PathBuf,
        views: String,
        query: Option<String>,
        form: Form,
    ) -> Result<(), CliError> {
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            let written = fs::write(&path, text);
            let failed =
                |error| CliError::Failed(format!("cannot write {}: {error}", path.display()));
            written.map_err(failed).map(|()| path)
        };
        let views = write("views.sql", &views)?;
        let query = query.map(|query| query.trim().trim_end_matches(';').to_owned());
        let mut command = match self {
            Self::Program => {
                let mut command = Command::new("duckdb");
                let read = format!(".read {}", text(&views));
                command.arg("-cmd").arg(read);
                if let Some(query) = &query {
                    command.args(form.option()).arg("-c").arg(query);
                }
                command
            }
            Self::Package => {
                let mut command = Command::new("python3");
                command.arg(write("shell.py", SHELL)?).arg(&views);
                if let Some(query) = &query {
                    command.arg(query).arg(form.format());
                }
                command
            }
        };
        // Ctrl-C is for DuckDB; who starts it has to stay, and tidy up.
        let ours = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        let ended = tokio::task::spawn_blocking(move || command.status()).await;
        drop(ours);
        let status = match ended {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => {
                return Err(CliError::Failed(format!("cannot start DuckDB: {error}")));
            }
            Err(error) => return Err(CliError::Failed(format!("cannot wait for DuckDB: {error}"))),
        };
        match status.success() {
            true => Ok(()),
            // It has said why.
            false => Err(CliError::Failed(format!("DuckDB ended with {status}"))),
        }
    }
}

/// A path as text of SQL.
fn text(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "''"))
}

/// The statements that make the tables.
pub(super) fn views(dir: &Path, files: &[PathBuf], made: &[Table]) -> String {
    let files: Vec<String> = files.iter().map(|path| text(path)).collect();
    let mut sql = format!("SET VARIABLE files = [{}];\n{VIEWS}", files.join(", "));
    for table in made {
        let name = table.name();
        let columns: Vec<String> = columns(*table)
            .iter()
            .map(|(column, kind)| format!("{column}: '{kind}'"))
            .collect();
        let path = text(&dir.join(format!("{name}.jsonl")));
        sql += &format!(
            "CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_json({path}, \
             format = 'newline_delimited', maximum_object_size = 1073741824, \
             columns = {{{}}});\n",
            columns.join(", ")
        );
    }
    sql
}

/// What the lines of a table's file have.
fn columns(table: Table) -> &'static [(&'static str, &'static str)] {
    match table {
        Table::Events => &[
            ("trace_id", "VARCHAR"),
            ("span_id", "VARCHAR"),
            ("time_ns", "BIGINT"),
            ("name", "VARCHAR"),
            ("attributes", "JSON"),
        ],
        Table::Links => &[
            ("trace_id", "VARCHAR"),
            ("span_id", "VARCHAR"),
            ("linked_trace_id", "VARCHAR"),
            ("linked_span_id", "VARCHAR"),
            ("attributes", "JSON"),
        ],
        Table::Attributes => &[
            ("trace_id", "VARCHAR"),
            ("span_id", "VARCHAR"),
            ("span", "JSON"),
            ("resource", "JSON"),
            ("scope", "JSON"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted() {
        let sql = views(
            Path::new("/a'b"),
            &["/a'b/1.parquet".into()],
            &[Table::Links],
        );
        assert!(
            sql.starts_with("SET VARIABLE files = ['/a''b/1.parquet'];"),
            "{sql}"
        );
        assert!(sql.contains("read_json('/a''b/links.jsonl'"), "{sql}");
    }
}
