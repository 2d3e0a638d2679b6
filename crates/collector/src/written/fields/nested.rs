//! Fields that are more than a text: lists of sections, and values of any type.

use tracewell_model::AnyValue;

use super::{Fields, Placed};
use crate::written::yaml::{Location, Node, Sort, Spanned};

/// An item of a list that takes both.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// A text.
    Text(Placed),
    /// A section with fields of its own.
    Section(Fields<'a>),
}

impl<'a> Fields<'a> {
    /// A list of texts and sections.
    pub(crate) fn items(&self, name: &'static str) -> Vec<Item<'a>> {
        let Some((_, node)) = self.get(name) else {
            return Vec::new();
        };
        let Node::List(items) = &node.value else {
            return self.lines(name).into_iter().map(Item::Text).collect();
        };
        let of_item = |(index, item): (usize, &'a Spanned<Node>)| match &item.value {
            Node::Scalar(text, _) => Item::Text(Placed {
                text: text.clone(),
                location: item.referenced,
            }),
            _ => {
                let name = format!("{}[{index}]", self.path(name));
                Item::Section(self.reading().fields(&name, item))
            }
        };
        items.iter().enumerate().map(of_item).collect()
    }

    /// A list of sections, each with fields of its own.
    pub fn sections(&self, name: &'static str) -> Vec<Fields<'a>> {
        let Some((_, node)) = self.get(name) else {
            return Vec::new();
        };
        let of_item = |(index, item)| {
            let name = format!("{}[{index}]", self.path(name));
            self.reading().fields(&name, item)
        };
        match &node.value {
            Node::Null => Vec::new(),
            Node::List(items) => items.iter().enumerate().map(of_item).collect(),
            Node::Scalar(..) | Node::Mapping(_) => {
                let message = format!(
                    "{} takes a list, with `- ` before each item",
                    self.path(name)
                );
                self.reading().mistake(node.referenced, message);
                Vec::new()
            }
        }
    }

    /// A list of texts, each whole: no comma parts them.
    pub fn lines(&self, name: &'static str) -> Vec<Placed> {
        let Some((_, node)) = self.get(name) else {
            return Vec::new();
        };
        let Node::List(items) = &node.value else {
            return self.text(name).into_iter().collect();
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Node::Scalar(text, _) => texts.push(Placed {
                    text: text.clone(),
                    location: item.referenced,
                }),
                Node::Null => {}
                Node::List(_) | Node::Mapping(_) => {
                    let message = format!("{} takes a list of texts", self.path(name));
                    self.reading().mistake(item.referenced, message);
                }
            }
        }
        texts
    }

    /// A value of whatever type YAML takes it for, and where it stands.
    pub fn any(&self, name: &'static str) -> Option<(AnyValue, Location)> {
        let (_, node) = self.get(name)?;
        match &node.value {
            Node::Null => None,
            _ => Some((any_value(node), node.referenced)),
        }
    }

    /// A number that may have a fraction.
    pub fn fraction(&self, name: &'static str, default: f64) -> f64 {
        self.value(name, default, |text| {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| format!("{text:?} is not a number"))
        })
    }

    /// A whole number of either sign; `None` where there is none.
    pub fn signed(&self, name: &'static str) -> Option<i64> {
        self.value(name, None, |text| {
            let number = text.parse().map(Some);
            number.map_err(|_| format!("{text:?} is not a whole number"))
        })
    }

    /// A pattern, in the syntax of RE2; `None` where there is none.
    pub fn pattern(&self, name: &'static str) -> Option<regex::Regex> {
        self.value(name, None, |text| {
            let pattern = regex::Regex::new(text);
            pattern.map(Some).map_err(|why| pattern_mistake(text, &why))
        })
    }
}

/// What is wrong with a pattern, in one line.
pub(crate) fn pattern_mistake(text: &str, why: &regex::Error) -> String {
    let why = why.to_string();
    let last = why.lines().last().unwrap_or_default();
    format!(
        "{text:?} is not a pattern: {}",
        last.trim_start_matches("error: ")
    )
}

fn any_value(node: &Spanned<Node>) -> AnyValue {
    match &node.value {
        Node::Null => AnyValue::Empty,
        Node::Scalar(text, Sort::Truth) => AnyValue::Bool(text == "true"),
        Node::Scalar(text, Sort::Number) => match (text.parse(), text.parse()) {
            (Ok(number), _) => AnyValue::Int(number),
            (_, Ok(number)) => AnyValue::Double(number),
            _ => AnyValue::String(text.clone()),
        },
        Node::Scalar(text, Sort::Text) => AnyValue::String(text.clone()),
        Node::List(items) => AnyValue::Array(items.iter().map(any_value).collect()),
        Node::Mapping(entries) => AnyValue::KvList(
            entries
                .iter()
                .map(|(key, value)| (key.value.clone(), any_value(value)))
                .collect(),
        ),
    }
}
