//! YAML files → the settings written in them, each with line and column.
//!
//! Several are merged as the Collector does it. What comes of them is read into a tree that accepts any YAML and remembers where each
//! node stands; the table of settings is then laid over the tree. This is how
//! one pass can report every unknown key and every wrong value, where a derived
//! `Deserialize` would stop at the first. Size, depth and aliases are limited by
//! the parser; nothing here recurses deeper than it allows.

use std::path::Path;
use std::sync::Arc;

use tracewell_collector::pipelines::is_pipeline_file;
use tracewell_collector::written::merge::{merge, of_file};
use tracewell_collector::written::yaml::{self, Location, Node, Spanned};
use tracewell_collector::written::{Mistake, Place, nearest};

use super::pipelines::{self, Understood};
use super::settings::{Kind, RETENTION, settings};
use super::written::Written;

/// Reads documents, ours or a Collector's, of which later ones are laid over earlier
/// ones, and whose references to variables are looked up with `variable`. Settings
/// that are fine come back even when others are not.
pub(super) fn read(
    files: &[(Arc<Path>, String)],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Understood {
    let mut reading = Reading {
        paths: files.iter().map(|(path, _)| Arc::clone(path)).collect(),
        written: Vec::new(),
        mistakes: Vec::new(),
    };
    let root = reading.merged(files);
    match root {
        Some(root) if is_pipeline_file(&root.value) => {
            let mut understood = pipelines::read(reading.paths, root, variable);
            understood.mistakes.extend(reading.mistakes);
            return understood;
        }
        Some(Spanned {
            value: Node::Mapping(entries),
            ..
        }) => reading.mapping("", &entries),
        _ => {}
    }
    Understood {
        written: reading.written,
        mistakes: reading.mistakes,
        ..Understood::default()
    }
}

struct Reading {
    paths: Vec<Arc<Path>>,
    written: Vec<Written>,
    mistakes: Vec<Mistake>,
}

impl Reading {
    /// The trees of all files that are right, as one.
    fn merged(&mut self, files: &[(Arc<Path>, String)]) -> Option<Spanned<Node>> {
        let mut merged: Option<Spanned<Node>> = None;
        for (number, (path, text)) in files.iter().enumerate() {
            let mut root = match yaml::parse(text) {
                Ok(Some(root)) => root,
                Ok(None) => continue,
                Err((location, message)) => {
                    let place = place(path, location);
                    self.mistakes.push(Mistake { place, message });
                    continue;
                }
            };
            of_file(&mut root, number);
            match (&root.value, &mut merged) {
                (Node::Null, _) => {}
                (Node::Mapping(_), Some(base)) => merge(base, root),
                (Node::Mapping(_), None) => merged = Some(root),
                _ => self.mistake(
                    root.referenced,
                    "the file must hold `key: value` lines, such as `data_dir: ./tracewell-data`",
                ),
            }
        }
        merged
    }

    fn place(&self, location: Location) -> Place {
        place(&self.paths[location.file()], location)
    }

    fn mistake(&mut self, location: Location, message: impl Into<String>) {
        let place = self.place(location);
        self.mistakes.push(Mistake {
            place,
            message: message.into(),
        });
    }

    fn mapping(&mut self, parent: &str, entries: &[(Spanned<String>, Spanned<Node>)]) {
        for (index, (name, node)) in entries.iter().enumerate() {
            let key = if parent.is_empty() {
                name.value.clone()
            } else {
                format!("{parent}.{}", name.value)
            };
            if let Some((first, _)) = entries[..index]
                .iter()
                .find(|(other, _)| other.value == name.value)
            {
                let first_line = first.referenced.line();
                self.mistake(
                    name.referenced,
                    format!("{key} is written twice, first on line {first_line}; keep one"),
                );
                continue;
            }
            self.entry(&key, name, node);
        }
    }

    fn entry(&mut self, key: &str, name: &Spanned<String>, node: &Spanned<Node>) {
        let setting = settings().find(|setting| setting.key == key);
        let is_section = is_section(key);
        match &node.value {
            Node::Mapping(entries) if is_section => self.mapping(key, entries),
            Node::Null if is_section => {}
            Node::Scalar(text, _) if setting.is_some() || key == RETENTION => {
                self.write(key, text.clone(), node.referenced);
            }
            Node::List(items) if setting.is_some_and(|setting| setting.kind == Kind::List) => {
                self.list(key, items, node.referenced);
            }
            Node::Null if setting.is_some() => {
                self.mistake(
                    name.referenced,
                    format!("{key} has no value; add one or remove it"),
                );
            }
            _ if setting.is_some() => {
                self.mistake(
                    node.referenced,
                    format!("{key} takes one value, not several"),
                );
            }
            _ if is_section => {
                let known: Vec<&str> = children(key).collect();
                self.mistake(
                    node.referenced,
                    format!("{key} is a section; write {} below it", known.join(", ")),
                );
            }
            _ => self.mistake(name.referenced, unknown_key(key, &name.value)),
        }
    }

    fn list(&mut self, key: &str, items: &[Spanned<Node>], location: Location) {
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Node::Scalar(text, _) => texts.push(text.as_str()),
                _ => self.mistake(
                    item.referenced,
                    format!("{key} takes a list of plain values"),
                ),
            }
        }
        self.write(key, texts.join(","), location);
    }

    fn write(&mut self, key: &str, text: String, location: Location) {
        let place = self.place(location);
        self.written.push(Written {
            key: key.to_owned(),
            text,
            place,
        });
    }
}

fn place(path: &Arc<Path>, location: Location) -> Place {
    Place::File {
        path: Arc::clone(path),
        line: location.line(),
        column: location.column(),
    }
}

fn is_section(key: &str) -> bool {
    children(key).next().is_some()
}

/// The names that may stand directly below a section; "" is the document.
fn children(section: &str) -> impl Iterator<Item = &'static str> {
    let prefix = if section.is_empty() {
        String::new()
    } else {
        format!("{section}.")
    };
    let mut last = "";
    settings().filter_map(move |setting| {
        let below = setting.key.strip_prefix(prefix.as_str())?;
        let name = below.split('.').next().unwrap_or(below);
        // Rows of one section stand together in the table.
        (std::mem::replace(&mut last, name) != name).then_some(name)
    })
}

fn unknown_key(key: &str, name: &str) -> String {
    let section = key
        .strip_suffix(name)
        .unwrap_or_default()
        .trim_end_matches('.');
    let known: Vec<&str> = children(section).collect();
    let elsewhere = || {
        settings().map(|setting| setting.key).find(|full| {
            let last = full.rsplit('.').next().unwrap_or(full);
            last == name || *full == name
        })
    };
    if let Some(meant) = nearest(name, known.iter().copied()) {
        format!("unknown setting {key}; did you mean {meant}?")
    } else if let Some(meant) = elsewhere() {
        format!("unknown setting {key}; did you mean {meant}?")
    } else {
        format!("unknown setting {key}; known here: {}", known.join(", "))
    }
}
