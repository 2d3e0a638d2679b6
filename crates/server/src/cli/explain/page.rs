//! An explanation as text: the operations on the critical path, then findings.

use std::io;

use serde::Deserialize;

use crate::cli::output::{Output, Style, count, counted, duration_ns, fit, plain};

/// Operations that are shown; the others have little.
const MOST_OPERATIONS: usize = 10;

/// What the server says; names as in the UI's API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explained {
    span_count: u64,
    root: Option<Root>,
    path_ns: String,
    operations: Vec<Operation>,
    operation_count: usize,
    findings: Vec<Finding>,
    left_out: u64,
}

#[derive(Debug, Deserialize)]
struct Root {
    service: String,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    service: String,
    name: String,
    critical_ns: String,
    span_count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    kind: String,
    title: String,
    says: String,
    look_at: String,
    cost_ns: String,
    span_count: u64,
    span_ids: Vec<String>,
}

impl Explained {
    /// Prints it for a terminal of so many columns.
    pub(super) fn print(&self, out: &mut Output, width: usize) -> io::Result<()> {
        let path_ns = number(&self.path_ns);
        let title = match &self.root {
            Some(root) => format!("{} {}", root.service, root.name),
            None => "no span".to_owned(),
        };
        out.line(&format!(
            "{}, {} of critical path, {}",
            out.styled(Style::Bold, plain(&title).trim()),
            duration_ns(path_ns),
            counted(self.span_count, "span")
        ))?;
        out.line("")?;
        self.operations(out, path_ns, width)?;
        for finding in &self.findings {
            out.line("")?;
            finding.print(out, path_ns, width)?;
        }
        if self.findings.is_empty() {
            out.line("")?;
            out.line("Nothing odd was found.")?;
        }
        if self.left_out > 0 {
            out.line("")?;
            out.line(&format!("{} more are not listed.", count(self.left_out)))?;
        }
        Ok(())
    }

    fn operations(&self, out: &mut Output, path_ns: u64, width: usize) -> io::Result<()> {
        let heading = "SHARE    TIME  WHERE THE TIME IS";
        out.line(&out.styled(Style::Bold, heading))?;
        for operation in self.operations.iter().take(MOST_OPERATIONS) {
            let ns = number(&operation.critical_ns);
            let spans = match operation.span_count {
                1 => String::new(),
                spans => format!(" ({} spans)", count(spans)),
            };
            let name = format!("{} {}", operation.service, operation.name);
            let room = width.saturating_sub(15 + spans.len()).max(10);
            let line = format!(
                "{:>5}  {:>6}  {}{spans}",
                percent(ns, path_ns),
                duration_ns(ns),
                fit(plain(&name).trim(), room).trim_end()
            );
            out.line(&line)?;
        }
        let others = self.operation_count.saturating_sub(MOST_OPERATIONS);
        if others > 0 {
            out.line(&format!("{:15}and {} more", "", count(others as u64)))?;
        }
        Ok(())
    }
}

impl Finding {
    fn print(&self, out: &mut Output, path_ns: u64, width: usize) -> io::Result<()> {
        let style = if self.kind.starts_with("error") {
            Style::Error
        } else {
            Style::Bold
        };
        let cost_ns = number(&self.cost_ns);
        let cost = match cost_ns {
            0 => String::new(),
            ns => format!("  {}, {}", duration_ns(ns), percent(ns, path_ns)),
        };
        out.line(&format!("{}{cost}", out.styled(style, &plain(&self.title))))?;
        for text in [&self.says, &self.look_at] {
            for line in wrapped(&plain(text), width.saturating_sub(2)) {
                out.line(&format!("  {line}"))?;
            }
        }
        let first = self.span_ids.first().map_or("", String::as_str);
        let more = match self.span_count {
            0 | 1 => String::new(),
            spans => format!(" and {} more", count(spans - 1)),
        };
        out.line(&format!("  span {}{more}", plain(first)))
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

fn percent(ns: u64, of_ns: u64) -> String {
    format!("{:.0} %", 100.0 * ns as f64 / of_ns.max(1) as f64)
}

/// Lines of at most so many characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
