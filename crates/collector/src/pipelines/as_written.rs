//! What a file says of a component, to be compared with what a later file says: one
//! that is written as before goes on as it is.
//!
//! It is the section after variables were replaced, with the sections of the
//! extensions that it names. **It may hold secrets, and is never shown.**

use std::collections::BTreeMap;
use std::fmt;

use super::file::MetricsPipeline;
use super::id::ComponentId;
use crate::written::yaml::{Node, Sort};

/// The sections of a file.
#[derive(Default, Clone)]
pub(super) struct Sections(BTreeMap<(&'static str, ComponentId), Node>);

/// See the module's text.
#[derive(Default, Clone)]
pub(super) struct AsWritten {
    own: Option<Node>,
    extensions: Vec<Node>,
}

impl Sections {
    pub(super) fn add(&mut self, section: &'static str, id: ComponentId, node: Node) {
        self.0.insert((section, id), node);
    }

    pub(super) fn of(&self, section: &'static str, id: &ComponentId) -> AsWritten {
        let own = self.0.get(&(section, id.clone())).cloned();
        let extensions = self.0.iter().filter(|((section, id), _)| {
            let is_named = || own.as_ref().is_some_and(|own| names(own, &id.to_string()));
            *section == "extensions" && is_named()
        });
        AsWritten {
            extensions: extensions.map(|(_, node)| node.clone()).collect(),
            own,
        }
    }

    /// Pipelines of metrics, with all that they name.
    pub(super) fn of_metrics(&self, pipelines: &[MetricsPipeline]) -> AsWritten {
        let mut all = AsWritten::default();
        for pipeline in pipelines {
            for id in &pipeline.connectors {
                all = all.with(named(id)).with(self.of("connectors", id));
            }
            for id in &pipeline.exporters {
                all = all.with(named(id)).with(self.of("exporters", id));
            }
        }
        all
    }
}

fn named(id: &ComponentId) -> AsWritten {
    AsWritten {
        own: Some(Node::Scalar(id.to_string(), Sort::Text)),
        extensions: Vec::new(),
    }
}

impl AsWritten {
    /// With what something else is written as.
    pub(super) fn with(mut self, other: Self) -> Self {
        self.extensions.extend(other.own);
        self.extensions.extend(other.extensions);
        self
    }
}

/// Does this text stand anywhere in it?
fn names(node: &Node, name: &str) -> bool {
    match node {
        Node::Null => false,
        Node::Scalar(text, _) => text.trim() == name,
        Node::List(items) => items.iter().any(|item| names(&item.value, name)),
        Node::Mapping(entries) => entries.iter().any(|(_, value)| names(&value.value, name)),
    }
}

impl PartialEq for AsWritten {
    fn eq(&self, other: &Self) -> bool {
        let own = match (&self.own, &other.own) {
            (Some(own), Some(other)) => is_same(own, other),
            (None, None) => true,
            _ => false,
        };
        let mut extensions = self.extensions.iter().zip(&other.extensions);
        own && self.extensions.len() == other.extensions.len()
            && extensions.all(|(own, other)| is_same(own, other))
    }
}

/// Wherever it stands, and in whichever order keys are written.
fn is_same(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Null, Node::Null) => true,
        (Node::Scalar(a, a_sort), Node::Scalar(b, b_sort)) => a == b && a_sort == b_sort,
        (Node::List(a), Node::List(b)) => {
            let mut pairs = a.iter().zip(b);
            a.len() == b.len() && pairs.all(|(a, b)| is_same(&a.value, &b.value))
        }
        (Node::Mapping(a), Node::Mapping(b)) => {
            let has = |(key, value): &(_, crate::written::yaml::Spanned<Node>)| {
                let key: &crate::written::yaml::Spanned<String> = key;
                let mut others = b.iter();
                let other = others.find(|(other, _)| other.value == key.value);
                other.is_some_and(|(_, other)| is_same(&value.value, &other.value))
            };
            a.len() == b.len() && a.iter().all(has)
        }
        _ => false,
    }
}

impl fmt::Debug for Sections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sections")
    }
}

impl fmt::Debug for AsWritten {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AsWritten")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::yaml;

    fn sections(exporter: &str, extension: &str) -> Sections {
        let node = |text: &str| yaml::parse(text).unwrap().unwrap().value;
        let mut sections = Sections::default();
        let id = |text| ComponentId::parse(text).unwrap();
        sections.add("exporters", id("otlp"), node(exporter));
        sections.add("extensions", id("file_storage/a"), node(extension));
        sections
    }

    #[test]
    fn what_is_written_otherwise_is_found_wherever_it_is() {
        let base = (
            "{a: 1, queue: {storage: file_storage/a, list: [x]}}",
            "{d: /x}",
        );
        let of = |(exporter, extension): (&str, &str)| {
            sections(exporter, extension).of("exporters", &ComponentId::parse("otlp").unwrap())
        };
        for (other, is_same) in [
            (
                (
                    "\n\nqueue: {list: [x], storage: file_storage/a}\na: 1",
                    "d: /x",
                ),
                true,
            ),
            (
                (
                    "{a: 2, queue: {storage: file_storage/a, list: [x]}}",
                    "{d: /x}",
                ),
                false,
            ),
            (
                (
                    "{a: \"1\", queue: {storage: file_storage/a, list: [x]}}",
                    "{d: /x}",
                ),
                false,
            ),
            (
                (
                    "{a: 1, queue: {storage: file_storage/a, list: [x, y]}}",
                    "{d: /x}",
                ),
                false,
            ),
            (
                (
                    "{a: 1, b: 1, queue: {storage: file_storage/a, list: [x]}}",
                    "{d: /x}",
                ),
                false,
            ),
            ((base.0, "{d: /y}"), false),
        ] {
            assert_eq!(of(base) == of(other), is_same, "{other:?}");
        }
        let unnamed = "{a: 1}";
        assert!(of((unnamed, "{d: /x}")) == of((unnamed, "{d: /y}")));
    }
}
