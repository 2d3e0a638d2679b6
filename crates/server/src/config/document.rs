//! A YAML file → the settings written in it, each with line and column.
//!
//! The file is read into a tree that accepts any YAML and remembers where each
//! node stands; the table of settings is then laid over the tree. This is how
//! one pass can report every unknown key and every wrong value, where a derived
//! `Deserialize` would stop at the first. Size, depth and aliases are limited by
//! the parser; nothing here recurses deeper than it allows.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::mistake::{Mistake, Place, nearest};
use super::settings::{Kind, RETENTION, settings};
use super::written::Written;

/// Any YAML value.
enum Node {
    Null,
    Scalar(String),
    List(Vec<Spanned<Node>>),
    Mapping(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut mapping = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            mapping.push(entry);
        }
        Ok(Node::Mapping(mapping))
    }
}

/// Reads a document. Settings that are fine come back even when others are not.
pub(super) fn read(path: &Path, text: &str) -> (Vec<Written>, Vec<Mistake>) {
    let mut reading = Reading {
        path: Arc::from(path),
        written: Vec::new(),
        mistakes: Vec::new(),
    };
    // Repeated keys reach us, so that they are reported with all other mistakes.
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
    };
    match serde_saphyr::from_str_with_options::<Option<Spanned<Node>>>(text, options) {
        Ok(Some(Spanned {
            value: Node::Mapping(entries),
            ..
        })) => reading.mapping("", &entries),
        Ok(
            None
            | Some(Spanned {
                value: Node::Null, ..
            }),
        ) => {}
        Ok(Some(other)) => reading.mistake(
            other.referenced,
            "the file must hold `key: value` lines, such as `data_dir: ./tracewell-data`",
        ),
        Err(error) => {
            let message = first_line(&error);
            reading.mistake(error.location().unwrap_or(Location::UNKNOWN), message);
        }
    }
    (reading.written, reading.mistakes)
}

/// The parser's own sentence, without the location it repeats and the excerpt.
fn first_line(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let message = line.split(" at line ").next().unwrap_or(line);
    format!("not valid YAML: {}", message.trim_start_matches("error: "))
}

struct Reading {
    path: Arc<Path>,
    written: Vec<Written>,
    mistakes: Vec<Mistake>,
}

impl Reading {
    fn place(&self, location: Location) -> Place {
        Place::File {
            path: Arc::clone(&self.path),
            line: location.line(),
            column: location.column(),
        }
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
            Node::Scalar(text) if setting.is_some() || key == RETENTION => {
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
                Node::Scalar(text) => texts.push(text.as_str()),
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
