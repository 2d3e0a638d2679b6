//! What an operator sets for the page: Jaeger's file of UI settings, of which
//! the links are shown.
//!
//! Teams have such a file and point us at it as it is. **What is not shown here
//! is no mistake**: it is named when the file is read. The page fills the
//! templates; they are checked here, so that a wrong one is heard of at the
//! start and not when somebody looks for the link.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings of the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UiConfig {
    link_patterns: Vec<LinkPattern>,
}

/// A link that is shown beside values, or beside the name of a trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct LinkPattern {
    types: Vec<Place>,
    /// Of attributes; all where none are named.
    keys: Option<Vec<String>>,
    /// Of attributes, as text; all where none are named.
    values: Option<Vec<String>>,
    url: String,
    text: String,
}

/// Where a link is shown, by Jaeger's older names and its newer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// Beside an attribute of the resource.
    #[serde(alias = "resource")]
    Process,
    /// Beside an attribute of the span.
    #[serde(alias = "attributes")]
    Tags,
    /// Beside an attribute of an event.
    #[serde(alias = "events")]
    Logs,
    /// Beside the name of the trace.
    Traces,
}

/// Why a file is none of UI settings.
#[derive(Debug, thiserror::Error)]
pub enum UiConfigError {
    /// It is no JSON.
    #[error("it is no JSON: {0}; Jaeger's other form, JavaScript, is not read")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another shape.
    #[error("it holds {0} and not an object with linkPatterns")]
    Shape(&'static str),
    /// The links are no list.
    #[error("linkPatterns is {0} and not a list")]
    List(&'static str),
    /// One of the links is wrong.
    #[error("linkPatterns[{index}]{field} {problem}")]
    Link {
        /// Its place in the list, from 0.
        index: usize,
        /// The field, with a dot before it; empty for the whole.
        field: &'static str,
        /// What is wrong, and what is right.
        problem: String,
    },
}

const KNOWN: &str = "linkPatterns";

impl UiConfig {
    /// Reads a file, and names its settings that are not shown here.
    ///
    /// # Errors
    /// It is no JSON, or one of its links is wrong.
    pub fn parse(file: &[u8]) -> Result<(Self, Vec<String>), UiConfigError> {
        let file: Value = serde_json::from_slice(file)?;
        let Value::Object(mut file) = file else {
            return Err(UiConfigError::Shape(kind_of(&file)));
        };
        let links = match file.remove(KNOWN).unwrap_or_default() {
            Value::Null => Vec::new(),
            Value::Array(links) => links,
            other => {
                return Err(UiConfigError::List(kind_of(&other)));
            }
        };
        let link_patterns = links.into_iter().enumerate().map(|(index, link)| {
            LinkPattern::parse(link).map_err(|(field, problem)| UiConfigError::Link {
                index,
                field,
                problem,
            })
        });
        let config = Self {
            link_patterns: link_patterns.collect::<Result<_, _>>()?,
        };
        Ok((config, file.into_iter().map(|(key, _)| key).collect()))
    }
}

/// The field, and what is wrong with it.
type Problem = (&'static str, String);

impl LinkPattern {
    fn parse(link: Value) -> Result<Self, Problem> {
        let Value::Object(mut link) = link else {
            return Err(("", format!("is {} and not an object", kind_of(&link))));
        };
        let written = link.remove("type").unwrap_or_default();
        let types = one_or_many(&written).map_err(|_| {
            let problem = format!(
                "is {written}; it is one or a list of process, tags, logs and traces, or of \
                 resource, attributes and events"
            );
            (".type", problem)
        })?;
        let texts = |name: &str, field, link: &mut Map<String, Value>| {
            let written = link.remove(name).unwrap_or_default();
            one_or_many(&written).map_err(|_| {
                (
                    field,
                    format!("is {written}; it is a text or a list of texts"),
                )
            })
        };
        Ok(Self {
            types: types.unwrap_or_else(|| vec![Place::Process, Place::Tags, Place::Logs]),
            keys: texts("key", ".key", &mut link)?,
            values: texts("value", ".value", &mut link)?,
            url: template(&mut link, "url", ".url")?,
            text: template(&mut link, "text", ".text")?,
        })
    }
}

/// `None` where nothing was written.
fn one_or_many<T: DeserializeOwned>(written: &Value) -> Result<Option<Vec<T>>, serde_json::Error> {
    match written {
        Value::Null => Ok(None),
        Value::Array(_) => Vec::deserialize(written).map(Some),
        one => Ok(Some(vec![T::deserialize(one)?])),
    }
}

fn template(
    link: &mut Map<String, Value>,
    name: &str,
    field: &'static str,
) -> Result<String, Problem> {
    match link.remove(name) {
        Some(Value::String(text)) => match unclosed(&text) {
            None => Ok(text),
            Some(rest) => Err((field, format!("has no }} after {rest:?}"))),
        },
        Some(other) => Err((field, format!("is {} and not a text", kind_of(&other)))),
        None => Err((field, "is missing".to_owned())),
    }
}

/// What begins with `#{` and does not end.
fn unclosed(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(begin) = rest.find("#{") {
        let inside = &rest[begin..];
        match inside.find('}') {
            Some(end) => rest = &inside[end + 1..],
            None => return Some(inside),
        }
    }
    None
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
