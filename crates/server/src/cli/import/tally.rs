//! What an import came to, counted while it runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::record::Place;
use crate::cli::output::{Output, Style, complain, count, counted, plain};

/// Problems of one file that are told one by one; the others are counted.
const MAX_TOLD: u64 = 20;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Figures that reader and senders share.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Bytes read from files, as stored.
    pub(super) bytes: Arc<AtomicU64>,
    /// Records that were read.
    pub(super) records: Count,
    /// Spans found in them, those that cannot be kept included.
    pub(super) read: Count,
    /// Spans that left in a request, each counted once.
    pub(super) sent: Count,
    /// Spans that the server has made safe.
    pub(super) acknowledged: Count,
    /// Spans that cannot be kept, found here or by the server.
    pub(super) rejected: Count,
    /// Requests that were sent again.
    pub(super) retries: Count,
    /// Objects passed because they hold other signals.
    pub(super) passed: Count,
    problems: Mutex<Problems>,
}

#[derive(Debug, Default)]
struct Problems {
    told: Vec<Problem>,
    /// By file.
    all: BTreeMap<String, u64>,
}

/// Something that was not imported.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    file: String,
    /// Number of the record, from 1.
    record: Option<u64>,
    /// Bytes before it, decompressed.
    byte: Option<u64>,
    reason: String,
    /// Spans that are concerned; unknown for a record that cannot be read.
    spans: Option<u64>,
}

impl Tally {
    /// Notes what was not imported, and says it unless much was said already.
    pub(super) fn problem(
        &self,
        file: &str,
        place: Option<Place>,
        reason: &str,
        spans: Option<u64>,
    ) {
        let mut problems = self.problems();
        let of_file = problems.all.entry(file.to_owned()).or_default();
        *of_file += 1;
        if *of_file > MAX_TOLD {
            return;
        }
        let at = place.map_or(String::new(), |place| format!(", {place}"));
        complain(&format!("{}{at}: {}", plain(file), plain(reason)));
        problems.told.push(Problem {
            file: file.to_owned(),
            record: place.map(|place| place.record),
            byte: place.map(|place| place.byte),
            reason: reason.to_owned(),
            spans,
        });
    }

    /// Says how many more problems a file has than were told.
    pub(super) fn end_of_file(&self, file: &str) {
        let more = self.problems().all.get(file).copied().unwrap_or(0);
        if more > MAX_TOLD {
            let more = counted(more - MAX_TOLD, "more problem");
            complain(&format!("{}: {more} like these", plain(file)));
        }
    }

    /// Problems of all files.
    pub(super) fn problem_count(&self) -> u64 {
        self.problems().all.values().sum()
    }

    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For people.
    pub(super) fn print(&self, out: &mut Output, files: usize) -> std::io::Result<()> {
        let row = |name: &str, value: String| format!("  {name:14} {value}");
        let from = counted(self.records.get(), "record");
        let files = counted(files as u64, "file");
        out.line(&row(
            "read",
            format!("{} in {from} of {files}", counted(self.read.get(), "span")),
        ))?;
        out.line(&row("sent", counted(self.sent.get(), "span")))?;
        let acknowledged = counted(self.acknowledged.get(), "span");
        out.line(&row("acknowledged", acknowledged))?;
        let rejected = counted(self.rejected.get(), "span");
        let style = |text: String| match self.rejected.get() {
            0 => text,
            _ => out.styled(Style::Error, &text),
        };
        let rejected = style(rejected);
        out.line(&row("rejected", rejected))?;
        if self.retries.get() > 0 {
            out.line(&row("sent again", counted(self.retries.get(), "request")))?;
        }
        if self.passed.get() > 0 {
            let passed = count(self.passed.get());
            out.line(&row(
                "passed",
                format!("{passed} of metrics, logs, profiles"),
            ))?;
        }
        Ok(())
    }

    /// For scripts.
    pub(super) fn json(&self, files: usize) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Result<'a> {
            files: usize,
            records: u64,
            passed_records: u64,
            spans: Spans,
            retries: u64,
            problem_count: u64,
            problems: &'a [Problem],
        }
        #[derive(Serialize)]
        struct Spans {
            read: u64,
            sent: u64,
            acknowledged: u64,
            rejected: u64,
        }
        let problem_count = self.problem_count();
        let result = Result {
            files,
            records: self.records.get(),
            passed_records: self.passed.get(),
            spans: Spans {
                read: self.read.get(),
                sent: self.sent.get(),
                acknowledged: self.acknowledged.get(),
                rejected: self.rejected.get(),
            },
            retries: self.retries.get(),
            problem_count,
            problems: &self.problems().told,
        };
        serde_json::to_string(&result).expect("text and numbers always serialize")
    }
}
