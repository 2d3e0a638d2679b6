//! What an action can be told.

use regex::Regex;
use tracewell_model::AnyValue;

use super::convert::Converted;
use crate::written::fields::Fields;

/// An action on the attributes of an owner.
#[derive(Debug, Clone)]
pub struct ActionConfig {
    /// The attribute; empty where a pattern alone says which.
    pub key: String,
    /// What is done.
    pub verb: Verb,
}

/// What is done to an attribute.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Set where it is not there.
    Insert(Source),
    /// Set where it is there.
    Update(Source),
    /// Set.
    Upsert(Source),
    /// Taken away, also under all keys of the pattern.
    Delete(Option<Regex>),
    /// Its SHA-256 in its place, also under all keys of the pattern.
    Hash(Option<Regex>),
    /// The named parts of a pattern become attributes.
    Extract(Regex),
    /// Another type.
    Convert(Converted),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// This one.
    Value(AnyValue),
    /// That of another attribute of the owner; where it has none, nothing is done.
    Attribute(String),
}

impl ActionConfig {
    /// Reads a list of actions, below `name`.
    #[must_use]
    pub fn read_all(fields: &Fields<'_>, name: &'static str) -> Vec<Self> {
        let sections = fields.sections(name);
        if sections.is_empty() {
            fields.mistake(format!(
                "{} is missing; write for example [{{key: env, value: prod, action: upsert}}]",
                fields.path(name)
            ));
        }
        sections.into_iter().filter_map(Self::read).collect()
    }

    fn read(fields: Fields<'_>) -> Option<Self> {
        let key = fields.text("key").map(|written| written.text);
        let key = key.unwrap_or_default();
        let action = fields.text("action");
        let action = action.as_ref().map_or("", |written| &written.text);
        let action = action.to_lowercase();
        let pattern = fields.pattern("pattern");
        let needs_key = |verb| {
            if key.is_empty() {
                fields.mistake(format!("{} is missing", fields.path("key")));
                return None;
            }
            verb
        };
        let verb = match &*action {
            "insert" => needs_key(source(&fields).map(Verb::Insert)),
            "update" => needs_key(source(&fields).map(Verb::Update)),
            "upsert" => needs_key(source(&fields).map(Verb::Upsert)),
            "delete" | "hash" if key.is_empty() && pattern.is_none() => {
                fields.mistake(format!("{action} needs a key or a pattern of keys"));
                None
            }
            "delete" => Some(Verb::Delete(pattern)),
            "hash" => Some(Verb::Hash(pattern)),
            "extract" => needs_key(extract(&fields, pattern)),
            "convert" => {
                let to = fields.value("converted_type", None, |text| {
                    Converted::parse(text).map(Some)
                });
                if !fields.has("converted_type") {
                    let path = fields.path("converted_type");
                    fields.mistake(format!("{path} is missing; it is int, double or string"));
                }
                needs_key(to.map(Verb::Convert))
            }
            other => {
                fields.mistake(format!(
                    "{}: {other:?} is not one of insert, update, upsert, delete, hash, extract, \
                     convert",
                    fields.path("action")
                ));
                None
            }
        };
        // Known here whatever the action, so that a wrong mix is told by the action.
        for known in ["value", "from_attribute", "converted_type"] {
            fields.has(known);
        }
        fields.not_served("from_context", "headers of a request are not kept");
        fields.end();
        Some(Self { key, verb: verb? })
    }
}

fn source(fields: &Fields<'_>) -> Option<Source> {
    let value = fields.any("value").map(|(value, _)| Source::Value(value));
    let from = fields.text("from_attribute");
    let from = from.map(|written| Source::Attribute(written.text));
    match (value, from) {
        (Some(source), None) | (None, Some(source)) => Some(source),
        (None, None) => {
            if !fields.has("from_context") {
                fields.mistake(format!(
                    "{} is missing; write it, or from_attribute",
                    fields.path("value")
                ));
            }
            None
        }
        (Some(_), Some(_)) => {
            fields.mistake(format!(
                "{} and from_attribute exclude one another",
                fields.path("value")
            ));
            None
        }
    }
}

fn extract(fields: &Fields<'_>, pattern: Option<Regex>) -> Option<Verb> {
    let Some(pattern) = pattern else {
        if !fields.has("pattern") {
            fields.mistake(format!("{} is missing", fields.path("pattern")));
        }
        return None;
    };
    let has_nameless = pattern.capture_names().skip(1).any(|name| name.is_none());
    if pattern.captures_len() < 2 || has_nameless {
        fields.mistake(format!(
            "{}: each part in parentheses becomes an attribute and needs a name, as in \
             (?P<version>.*)",
            fields.path("pattern")
        ));
        return None;
    }
    Some(Verb::Extract(pattern))
}
