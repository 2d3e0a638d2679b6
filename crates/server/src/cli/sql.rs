//! `tracewell sql`: DuckDB over the spans of a data directory.
//!
//! DuckDB is the user's: the program of that name, or the Python package. It reads
//! Parquet files of a snapshot that stays as it is while a server goes on, and that is
//! gone with the command. **Nothing of SQL is understood here**; what the tables are
//! called stands in `sql/views.sql`.

mod duckdb;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tracewell_store::backup::BackupError;
use tracewell_store::files::DiskFiles;
use tracewell_store::snapshot::{Snapshot, SnapshotError, take};

use super::client::block_on;
use super::error::CliError;
use super::output::{complain, counted};
use super::server_args::ServerArgs;
use duckdb::{DuckDb, Form};

/// Arguments of `sql`.
#[derive(Debug, Args)]
pub(super) struct SqlArgs {
    /// What to ask, in DuckDB's SQL; without it DuckDB takes what you type
    query: Option<String>,
    /// Also make these tables, which take a pass over all spans; those that QUERY
    /// names are made anyway
    #[arg(long, value_enum, value_name = "TABLE", value_delimiter = ',')]
    with: Vec<Table>,
    /// Print the rows as CSV
    #[arg(long, requires = "query")]
    csv: bool,
    /// Print the rows as JSON, one on each line
    #[arg(long, requires = "query", conflicts_with = "csv")]
    json: bool,
    /// The directory to read [default: as for the server]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration that names the directory [env: TRACEWELL_CONFIG]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the snapshot is made, a directory that does not exist; on the file system
    /// of the data directory its blocks are linked [default: beside it]
    #[arg(long, value_name = "DIR")]
    snapshot_dir: Option<PathBuf>,
}

/// Tables beside `spans`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    Events,
    Links,
    Attributes,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Links => "links",
            Self::Attributes => "attributes",
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &SqlArgs) -> Result<(), CliError> {
    let duckdb = DuckDb::find()?;
    let dir = ServerArgs::data_dir(args.data_dir.as_deref(), args.config.as_deref())?;
    let place = match &args.snapshot_dir {
        Some(place) => place.clone(),
        None => beside(&dir)?,
    };
    let place = Place::new(place)?;
    let snapshot = take(&DiskFiles, &dir, &place.0).map_err(refusal)?;
    if snapshot.lost_spans > 0 {
        complain(&format!(
            "{} of the log cannot be read and {} missing here; `tracewell verify` says more",
            counted(snapshot.lost_spans, "span"),
            if snapshot.lost_spans == 1 {
                "is"
            } else {
                "are"
            }
        ));
    }
    if snapshot.files.is_empty() {
        let dir = dir.display();
        return Err(CliError::Failed(format!("there are no spans in {dir} yet")));
    }
    let wanted = |table: &Table| {
        let query = args.query.as_deref().unwrap_or_default();
        args.with.contains(table) || names(query, table.name())
    };
    let made: Vec<Table> = Table::value_variants()
        .iter()
        .copied()
        .filter(wanted)
        .collect();
    tables::write(&place.0, &snapshot.files, &made)?;
    if args.query.is_none() {
        complain(&greeting(&snapshot, &made));
    }
    let form = match (args.csv, args.json) {
        (true, _) => Form::Csv,
        (_, true) => Form::JsonLines,
        _ => Form::Table,
    };
    let views = duckdb::views(&place.0, &snapshot.files, &made);
    block_on(duckdb.run(place.0.clone(), views, args.query.clone(), form))
}

/// Whether a query speaks of a table, or seems to.
fn names(query: &str, table: &str) -> bool {
    let words = query.split(|c: char| !c.is_alphanumeric() && c != '_');
    words
        .into_iter()
        .any(|word| word.eq_ignore_ascii_case(table))
}

fn greeting(snapshot: &Snapshot, made: &[Table]) -> String {
    let mut tables = vec!["spans"];
    tables.extend(made.iter().map(|table| table.name()));
    format!(
        "{} ({} of them from the log); tables: {}; as they were when the command began",
        counted(snapshot.spans, "span"),
        snapshot.log_spans,
        tables.join(", ")
    )
}

fn refusal(error: SnapshotError) -> CliError {
    let text = format!("cannot take a snapshot: {error}");
    match error {
        SnapshotError::Backup(
            BackupError::NoStore { .. } | BackupError::NotEmpty { .. } | BackupError::Inside { .. },
        ) => CliError::Usage(text),
        _ => CliError::Failed(text),
    }
}

/// `data.sql-4711` beside `data`.
fn beside(dir: &Path) -> Result<PathBuf, CliError> {
    let whole = fs::canonicalize(dir).map_err(|error| {
        CliError::Usage(format!(
            "cannot open the data directory {}: {error}; name it with --data-dir",
            dir.display()
        ))
    })?;
    let name = whole
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(whole.with_file_name(format!("{name}.sql-{}", std::process::id())))
}

/// A directory of ours, gone when dropped.
struct Place(PathBuf);

impl Place {
    fn new(dir: PathBuf) -> Result<Self, CliError> {
        fs::create_dir(&dir).map_err(|error| {
            CliError::Usage(format!(
                "cannot create {} for the snapshot: {error}; name another with --snapshot-dir",
                dir.display()
            ))
        })?;
        Ok(Self(dir))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            let dir = self.0.display();
            complain(&format!(
                "the snapshot {dir} is still there: {error}; remove it"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn tables_are_named_by_whole_words() {
        for (query, table, is_named) in [
            ("select * from events", "events", true),
            ("SELECT count(*) FROM \"Events\" e", "events", true),
            ("select dropped_events from spans", "events", false),
            ("select * from spans", "links", false),
        ] {
            assert_eq!(names(query, table), is_named, "{query}");
        }
    }
}
