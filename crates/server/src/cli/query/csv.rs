//! Samples as CSV: a line each, so that a pivot table or a script can turn them
//! as it likes.

use std::io;

use tracewell_model::clock::utc_text;

use super::series::{Answer, Label};
use crate::cli::output::Output;

/// Prints the time, a column for each name of a label, and the value.
pub(super) fn print(out: &mut Output, answer: &Answer) -> io::Result<()> {
    let mut names: Vec<&str> = Vec::new();
    for label in answer.series.iter().flat_map(|series| &series.labels) {
        if !names.contains(&label.name.as_str()) {
            names.push(&label.name);
        }
    }
    let heads = names.iter().map(|name| quoted(name));
    out.line(&format!("time{},value", joined(heads)))?;
    for series in &answer.series {
        let named = |name: &&str| series.labels.iter().find(|label| label.name == **name);
        let labels = names.iter().map(|name| {
            let text = named(name).map(Label::text);
            quoted(&text.unwrap_or_default())
        });
        let labels = joined(labels);
        for (at_ns, value) in answer.samples(series) {
            let time = utc_text(at_ns).replacen(' ', "T", 1);
            out.line(&format!("{time}Z{labels},{value}"))?;
        }
    }
    Ok(())
}

fn joined(fields: impl Iterator<Item = String>) -> String {
    fields.map(|field| format!(",{field}")).collect()
}

/// In quotes where a comma, a quote or a line break would end it (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
