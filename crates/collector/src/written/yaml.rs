//! Any YAML file as a tree that remembers where each of its nodes stands.
//!
//! The file is read whole before anything is understood of it, so that every
//! unknown key and every wrong value can be reported at once, where a derived
//! `Deserialize` would stop at the first. Size, depth and aliases are limited by
//! the parser; **nothing that walks the tree recurses deeper than it allows.**

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::DuplicateKeyPolicy;

/// Where a node stands: in which of the files that are read together, and where in
/// it. Line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    pub(super) file: usize,
    line: u64,
    column: u64,
}

impl Location {
    /// Nobody wrote it.
    pub const UNKNOWN: Self = Self {
        file: 0,
        line: 0,
        column: 0,
    };

    /// From 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// From 1.
    #[must_use]
    pub fn column(&self) -> u64 {
        self.column
    }

    /// Which of the files, from 0.
    #[must_use]
    pub fn file(&self) -> usize {
        self.file
    }
}

impl From<serde_saphyr::Location> for Location {
    /// In the first file.
    fn from(at: serde_saphyr::Location) -> Self {
        Self {
            file: 0,
            line: at.line(),
            column: at.column(),
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// There.
    pub referenced: Location,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self {
            value: spanned.value,
            referenced: spanned.referenced.into(),
        })
    }
}

/// Any YAML value.
#[derive(Debug, Clone)]
pub enum Node {
    /// Nothing.
    Null,
    /// A value, as text, and what YAML takes it for.
    Scalar(String, Sort),
    /// Several.
    List(Vec<Spanned<Node>>),
    /// Keys with values, in the order written.
    Mapping(Vec<Entry>),
}

/// What a value is to YAML: `12` is a number, `"12"` is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Anything else.
    Text,
    /// A whole number or a fraction.
    Number,
    /// `true` or `false`.
    Truth,
}

impl Sort {
    /// What a plain text, such as that of a variable, is taken for.
    #[must_use]
    pub fn of(plain: &str) -> Self {
        match plain {
            "true" | "false" => Self::Truth,
            // `inf` and `nan` are words here.
            _ if plain.ends_with(|last: char| last.is_ascii_digit())
                && plain.parse::<f64>().is_ok() =>
            {
                Self::Number
            }
            _ => Self::Text,
        }
    }
}

/// A key and its value.
pub type Entry = (Spanned<String>, Spanned<Node>);

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
        Ok(Node::Scalar(value.to_string(), Sort::Truth))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string(), Sort::Number))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string(), Sort::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string(), Sort::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_owned(), Sort::Text))
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

/// Reads a document; `None` for an empty one. Keys that repeat are all there.
///
/// # Errors
/// It is no YAML: where and why.
pub fn parse(text: &str) -> Result<Option<Spanned<Node>>, (Location, String)> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let location = error.location().map_or(Location::UNKNOWN, Location::from);
        (location, first_line(&error))
    })
}

/// The parser's own sentence, without the location it repeats and the excerpt.
fn first_line(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let message = line.split(" at line ").next().unwrap_or(line);
    format!("not valid YAML: {}", message.trim_start_matches("error: "))
}
