//! Policies in a file that has no pipelines: for who tries them before they stand in
//! one.
//!
//! ```text
//! tail_sampling: {policies: […]}               as below `processors`
//! processors: {tail_sampling: {policies: […]}}
//! policies: […]                                as below `tail_sampling`
//! ```

use crate::pipelines::ComponentId;
use crate::written::fields::{Fields, Reading};
use crate::written::yaml::{Location, Node, Spanned};

use super::TailSamplingConfig;

/// The sections of such a file, by name. A file without any is a mistake.
#[must_use]
pub fn read_alone(root: &Spanned<Node>, reading: &Reading) -> Vec<(String, TailSamplingConfig)> {
    let top = reading.fields("", root);
    if top.has("policies") {
        return vec![("tail_sampling".to_owned(), TailSamplingConfig::read(top))];
    }
    let mut found = Vec::new();
    match top.section("processors") {
        // What else is there is not asked for.
        Some(processors) => sections(&processors, &mut |_, _| {}, &mut found),
        None => sections(
            &top,
            &mut |key, location| {
                let why = "is no section of policies; write tail_sampling, or policies";
                reading.mistake(location, format!("{key} {why}"));
            },
            &mut found,
        ),
    }
    if found.is_empty() {
        reading.mistake(
            root.referenced,
            "there are no policies; write tail_sampling with policies below it, or name a Collector's file",
        );
    }
    found
}

fn sections(
    fields: &Fields<'_>,
    other: &mut dyn FnMut(&str, Location),
    found: &mut Vec<(String, TailSamplingConfig)>,
) {
    for (key, node) in fields.all() {
        match ComponentId::parse(&key.value) {
            Ok(id) if id.kind == "tail_sampling" => {
                let section = fields.reading().fields(&id.to_string(), node);
                found.push((id.to_string(), TailSamplingConfig::read(section)));
            }
            _ => other(&key.value, key.referenced),
        }
    }
}
