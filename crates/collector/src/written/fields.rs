//! The fields of a section, asked for one by one.
//!
//! What is not written has its default; what is wrong, and at the end what
//! nobody asked for, is a mistake with its place. **Reading never stops at the
//! first**, so people fix a file in one go.

pub(crate) mod nested;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::go_duration;
use super::mistake::{Mistake, Place, nearest};
use super::yaml::{Entry, Location, Node, Spanned};

/// Files that are being understood together, and what is wrong with them.
#[derive(Debug)]
pub struct Reading {
    paths: Vec<Arc<Path>>,
    mistakes: RefCell<Vec<Mistake>>,
    warnings: RefCell<Vec<String>>,
}

impl Reading {
    /// Of the file at `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self::of(vec![path.into()])
    }

    /// Of several, by the numbers that locations have of them; at least one.
    #[must_use]
    pub fn of(paths: Vec<Arc<Path>>) -> Self {
        Self {
            paths,
            mistakes: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// A place in one of them.
    #[must_use]
    pub fn place(&self, location: Location) -> Place {
        Place::File {
            path: Arc::clone(&self.paths[location.file()]),
            line: location.line(),
            column: location.column(),
        }
    }

    /// Something is wrong there.
    pub fn mistake(&self, location: Location, message: impl Into<String>) {
        let (place, message) = (self.place(location), message.into());
        self.mistakes.borrow_mut().push(Mistake { place, message });
    }

    /// Was anything wrong there?
    #[must_use]
    pub fn is_wrong_at(&self, location: Location) -> bool {
        let (place, mistakes) = (self.place(location), self.mistakes.borrow());
        mistakes.iter().any(|mistake| mistake.place == place)
    }

    /// Something is other than it looks, and stops nothing.
    pub fn warn(&self, message: impl Into<String>) {
        self.warnings.borrow_mut().push(message.into());
    }

    /// Everything that was wrong, and what there is to warn of.
    #[must_use]
    pub fn into_found(self) -> (Vec<Mistake>, Vec<String>) {
        (self.mistakes.into_inner(), self.warnings.into_inner())
    }

    /// The fields of a section that is called `name`; none of one without a
    /// value.
    #[must_use]
    pub fn fields<'a>(&'a self, name: &str, node: &'a Spanned<Node>) -> Fields<'a> {
        let entries = match &node.value {
            Node::Mapping(entries) => self.once_each(name, entries),
            Node::Null => Vec::new(),
            Node::Scalar(..) | Node::List(_) => {
                self.mistake(
                    node.referenced,
                    format!("{name} takes `key: value` lines below it"),
                );
                Vec::new()
            }
        };
        Fields {
            reading: self,
            name: name.to_owned(),
            location: node.referenced,
            entries,
            known: RefCell::default(),
        }
    }

    fn once_each<'a>(&self, section: &str, entries: &'a [Entry]) -> Vec<&'a Entry> {
        let mut kept: Vec<&Entry> = Vec::new();
        for entry in entries {
            let (name, _) = entry;
            match kept.iter().find(|(other, _)| other.value == name.value) {
                None => kept.push(entry),
                Some((first, _)) => {
                    let (key, line) = (path(section, &name.value), first.referenced.line());
                    let message = format!("{key} is written twice, first on line {line}; keep one");
                    self.mistake(name.referenced, message);
                }
            }
        }
        kept
    }
}

/// `section.name`, or `name` at the top.
fn path(section: &str, name: &str) -> String {
    match section {
        "" => name.to_owned(),
        _ => format!("{section}.{name}"),
    }
}

/// A text and where it stands.
#[derive(Debug, Clone)]
pub struct Placed {
    /// As written.
    pub text: String,
    /// There.
    pub location: Location,
}

/// See the module's text.
#[derive(Debug)]
pub struct Fields<'a> {
    reading: &'a Reading,
    name: String,
    location: Location,
    entries: Vec<&'a Entry>,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// The file.
    #[must_use]
    pub fn reading(&self) -> &'a Reading {
        self.reading
    }

    /// Where the section stands.
    #[must_use]
    pub fn location(&self) -> Location {
        self.location
    }

    /// The full name of a field.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        path(&self.name, name)
    }

    /// Something is wrong with the section as a whole.
    pub fn mistake(&self, message: impl Into<String>) {
        self.reading.mistake(self.location, message);
    }

    /// The names of all fields with their nodes, whatever they are.
    pub fn all(&self) -> impl Iterator<Item = &'a Entry> + '_ {
        self.entries.iter().copied()
    }

    /// A field, if it is written.
    pub fn get(&self, name: &'static str) -> Option<&'a Entry> {
        self.known.borrow_mut().push(name);
        let mut entries = self.entries.iter().copied();
        entries.find(|(key, _)| key.value == name)
    }

    /// Is it written, with or without a value?
    pub fn has(&self, name: &'static str) -> bool {
        self.get(name).is_some()
    }

    /// The fields of a section below; those of one that is not written have
    /// their defaults.
    pub fn section(&self, name: &'static str) -> Option<Fields<'a>> {
        let (_, node) = self.get(name)?;
        Some(self.reading.fields(&self.path(name), node))
    }

    /// A text.
    pub fn text(&self, name: &'static str) -> Option<Placed> {
        let (_, node) = self.get(name)?;
        match &node.value {
            Node::Null => None,
            Node::Scalar(text, _) => Some(Placed {
                text: text.clone(),
                location: node.referenced,
            }),
            Node::List(_) | Node::Mapping(_) => {
                let message = format!("{} takes one value, not several", self.path(name));
                self.reading.mistake(node.referenced, message);
                None
            }
        }
    }

    /// A value that `read` understands, or says why it does not.
    pub fn value<T>(
        &self,
        name: &'static str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let Some(written) = self.text(name) else {
            return default;
        };
        match read(&written.text) {
            Ok(value) => value,
            Err(why) => {
                let message = format!("{}: {why}", self.path(name));
                self.reading.mistake(written.location, message);
                default
            }
        }
    }

    /// `true` or `false`.
    pub fn switch(&self, name: &'static str, default: bool) -> bool {
        self.value(name, default, |text| {
            text.parse()
                .map_err(|_| format!("{text:?} is neither true nor false"))
        })
    }

    /// A whole number of at least `least`.
    pub fn number(&self, name: &'static str, default: u64, least: u64) -> u64 {
        self.value(name, default, |text| {
            let number = text.parse().ok().filter(|number| *number >= least);
            number.ok_or_else(|| format!("{text:?} is not a whole number from {least}"))
        })
    }

    /// A duration as Go writes them.
    pub fn duration(&self, name: &'static str, default: Duration) -> Duration {
        self.value(name, default, |text| {
            let ns = go_duration::read_ns(text).ok().map(u64::try_from);
            let ns = ns.and_then(Result::ok).map(Duration::from_nanos);
            ns.ok_or_else(|| {
                format!("{text:?} is not a duration; write for example 200ms or 1m30s")
            })
        })
    }

    /// Texts: a list, or one text with commas between them.
    pub fn list(&self, name: &'static str) -> Vec<Placed> {
        let Some((_, node)) = self.get(name) else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        let mut put = |node: &Spanned<Node>| match &node.value {
            Node::Scalar(text, _) => texts.extend(text.split(',').map(|text| Placed {
                text: text.trim().to_owned(),
                location: node.referenced,
            })),
            Node::Null => {}
            Node::List(_) | Node::Mapping(_) => {
                let message = format!("{} takes a list of plain values", self.path(name));
                self.reading.mistake(node.referenced, message);
            }
        };
        match &node.value {
            Node::List(items) => items.iter().for_each(put),
            _ => put(node),
        }
        texts.retain(|placed| !placed.text.is_empty());
        texts
    }

    /// All fields, of which each is a text: names with values.
    pub fn texts(&self) -> Vec<(Placed, Placed)> {
        let mut texts = Vec::new();
        for (key, node) in &self.entries {
            let placed = |text: &str, location| Placed {
                text: text.to_owned(),
                location,
            };
            match &node.value {
                Node::Scalar(value, _) => texts.push((
                    placed(&key.value, key.referenced),
                    placed(value, node.referenced),
                )),
                Node::Null => texts.push((
                    placed(&key.value, key.referenced),
                    placed("", node.referenced),
                )),
                Node::List(_) | Node::Mapping(_) => {
                    let message = format!("{} takes one text", self.path(&key.value));
                    self.reading.mistake(node.referenced, message);
                }
            }
        }
        texts
    }

    /// A field that the Collector has and we serve otherwise or not yet: a
    /// mistake that says `instead`, if it is written and not just `false`.
    pub fn not_served(&self, name: &'static str, instead: &str) {
        let is_off = |node: &Node| match node {
            Node::Null => true,
            Node::Scalar(text, _) => text == "false",
            Node::List(_) | Node::Mapping(_) => false,
        };
        if let Some((key, _)) = self.get(name).filter(|(_, node)| !is_off(&node.value)) {
            let message = format!("{} is not served; {instead}", self.path(name));
            self.reading.mistake(key.referenced, message);
        }
    }

    /// Nothing else may be written here.
    pub fn end(self) {
        let known = self.known.borrow();
        for (key, _) in &self.entries {
            let name = key.value.as_str();
            if known.contains(&name) {
                continue;
            }
            let full = self.path(name);
            let message = match nearest(name, known.iter().copied()) {
                Some(meant) => format!("unknown key {full}; did you mean {meant}?"),
                None if known.is_empty() => format!("unknown key {full}; there are none here"),
                None => format!("unknown key {full}; known here: {}", known.join(", ")),
            };
            self.reading.mistake(key.referenced, message);
        }
    }
}
