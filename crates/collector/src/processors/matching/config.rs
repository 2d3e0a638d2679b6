//! What `include` and `exclude` can be told.

use regex::Regex;
use tracewell_model::{AnyValue, ValueRef};

use crate::value_text::text_of;
use crate::written::fields::Fields;
use crate::written::fields::nested::pattern_mistake;

/// See the module above.
#[derive(Debug, Clone, Default)]
pub struct MatchingConfig {
    /// Spans must match it.
    pub include: Option<Matcher>,
    /// Spans must not match it.
    pub exclude: Option<Matcher>,
}

/// Spans of a kind. An empty list asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    pub(super) services: Vec<Wanted>,
    pub(super) span_names: Vec<Wanted>,
    pub(super) span_kinds: Vec<Wanted>,
    pub(super) attributes: Vec<AttributeMatch>,
    pub(super) resources: Vec<AttributeMatch>,
    pub(super) libraries: Vec<LibraryMatch>,
}

/// A text that is looked for.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// This one.
    Text(String),
    /// One in which the pattern is found.
    Pattern(Regex),
}

/// An attribute with a value, or with any.
#[derive(Debug, Clone)]
pub(super) struct AttributeMatch {
    pub(super) key: String,
    pub(super) value: Option<WantedValue>,
}

#[derive(Debug, Clone)]
pub(super) enum WantedValue {
    Exactly(AnyValue),
    Pattern(Regex),
}

#[derive(Debug, Clone)]
pub(super) struct LibraryMatch {
    name: Wanted,
    version: Option<Wanted>,
}

impl Wanted {
    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Text(wanted) => wanted == text,
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

impl WantedValue {
    pub(super) fn matches_value(&self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::Exactly(wanted), value) => *wanted == value.to_any(),
            (Self::Pattern(_), ValueRef::Bytes(_) | ValueRef::Other(_)) => false,
            (Self::Pattern(pattern), value) => pattern.is_match(&text_of(value)),
        }
    }
}

impl LibraryMatch {
    pub(super) fn matches(&self, name: &str, version: &str) -> bool {
        self.name.matches(name)
            && self
                .version
                .as_ref()
                .is_none_or(|wanted| wanted.matches(version))
    }
}

impl MatchingConfig {
    /// Reads `include` and `exclude` of a processor.
    #[must_use]
    pub fn read(fields: &Fields<'_>) -> Self {
        let matcher = |name| fields.section(name).map(matcher);
        Self {
            include: matcher("include"),
            exclude: matcher("exclude"),
        }
    }
}

fn matcher(fields: Fields<'_>) -> Matcher {
    let is_pattern = fields.value("match_type", None, |text| match text {
        "strict" => Ok(Some(false)),
        "regexp" => Ok(Some(true)),
        _ => Err(format!("{text:?} is neither strict nor regexp")),
    });
    if is_pattern.is_none() && !fields.has("match_type") {
        let path = fields.path("match_type");
        fields.mistake(format!("{path} is missing; it is strict or regexp"));
    }
    let is_pattern = is_pattern.unwrap_or(false);
    let wanted = |name| wanted_all(&fields, name, is_pattern);
    let found = Matcher {
        services: wanted("services"),
        span_names: wanted("span_names"),
        span_kinds: wanted("span_kinds"),
        attributes: attributes(&fields, "attributes", is_pattern),
        resources: attributes(&fields, "resources", is_pattern),
        libraries: libraries(&fields, is_pattern),
    };
    let is_empty = found.services.is_empty()
        && found.span_names.is_empty()
        && found.span_kinds.is_empty()
        && found.attributes.is_empty()
        && found.resources.is_empty()
        && found.libraries.is_empty();
    if is_empty {
        fields.mistake(format!(
            "{} says nothing; write services, span_names, span_kinds, attributes, resources or \
             libraries below it",
            fields.path("").trim_end_matches('.')
        ));
    }
    // Patterns are not kept in a cache: each distinct text is asked once.
    fields.has("regexp");
    for (name, instead) in [
        ("log_bodies", "logs are not served"),
        ("log_severity_texts", "logs are not served"),
        ("log_severity_number", "logs are not served"),
        ("metric_names", "metrics are not served"),
    ] {
        fields.not_served(name, instead);
    }
    fields.end();
    found
}

fn wanted_all(fields: &Fields<'_>, name: &'static str, is_pattern: bool) -> Vec<Wanted> {
    let mut all = Vec::new();
    for line in fields.lines(name) {
        match wanted(line.text, is_pattern) {
            Ok(wanted) => all.push(wanted),
            Err(why) => {
                let message = format!("{}: {why}", fields.path(name));
                fields.reading().mistake(line.location, message);
            }
        }
    }
    all
}

fn wanted(text: String, is_pattern: bool) -> Result<Wanted, String> {
    if !is_pattern {
        return Ok(Wanted::Text(text));
    }
    let pattern = Regex::new(&text).map_err(|why| pattern_mistake(&text, &why));
    pattern.map(Wanted::Pattern)
}

fn attributes(fields: &Fields<'_>, name: &'static str, is_pattern: bool) -> Vec<AttributeMatch> {
    let mut all = Vec::new();
    for section in fields.sections(name) {
        let Some(key) = section.text("key") else {
            section.mistake(format!("{} is missing", section.path("key")));
            continue;
        };
        let value = section.any("value").and_then(|(value, at)| match value {
            AnyValue::String(text) if is_pattern => match Regex::new(&text) {
                Ok(pattern) => Some(WantedValue::Pattern(pattern)),
                Err(why) => {
                    let message = pattern_mistake(&text, &why);
                    section
                        .reading()
                        .mistake(at, format!("{}: {message}", section.path("value")));
                    None
                }
            },
            value => Some(WantedValue::Exactly(value)),
        });
        section.end();
        all.push(AttributeMatch {
            key: key.text,
            value,
        });
    }
    all
}

fn libraries(fields: &Fields<'_>, is_pattern: bool) -> Vec<LibraryMatch> {
    let mut all = Vec::new();
    for section in fields.sections("libraries") {
        let read = |name| {
            let written = section.text(name)?;
            let wanted = wanted(written.text, is_pattern);
            wanted
                .map_err(|why| {
                    let message = format!("{}: {why}", section.path(name));
                    section.reading().mistake(written.location, message);
                })
                .ok()
        };
        let (name, version) = (read("name"), read("version"));
        if name.is_none() && !section.has("name") {
            section.mistake(format!("{} is missing", section.path("name")));
        }
        section.end();
        all.extend(name.map(|name| LibraryMatch { name, version }));
    }
    all
}
