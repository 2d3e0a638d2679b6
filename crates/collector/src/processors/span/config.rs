//! What `span` can be told.

use regex::Regex;
use tracewell_model::StatusCode;

use crate::processors::matching::MatchingConfig;
use crate::written::fields::Fields;
use crate::written::fields::nested::pattern_mistake;

/// What is done to names and statuses.
#[derive(Debug, Clone)]
pub struct SpanConfig {
    /// Which spans are meant.
    pub matching: MatchingConfig,
    pub(super) from_attributes: Option<FromAttributes>,
    pub(super) to_attributes: Option<ToAttributes>,
    pub(super) status: Option<(StatusCode, String)>,
}

/// A name of the values of attributes.
#[derive(Debug, Clone)]
pub(super) struct FromAttributes {
    pub(super) keys: Vec<String>,
    pub(super) separator: String,
}

/// Attributes of the parts of a name.
#[derive(Debug, Clone)]
pub(super) struct ToAttributes {
    pub(super) rules: Vec<Regex>,
    pub(super) ends_at_match: bool,
    pub(super) keeps_name: bool,
}

impl SpanConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let matching = MatchingConfig::read(&fields);
        let (mut from_attributes, mut to_attributes) = (None, None);
        if let Some(name) = fields.section("name") {
            let keys: Vec<String> = name
                .lines("from_attributes")
                .into_iter()
                .map(|key| key.text)
                .collect();
            let separator = name.text("separator").map(|written| written.text);
            from_attributes = (!keys.is_empty()).then(|| FromAttributes {
                keys,
                separator: separator.unwrap_or_default(),
            });
            to_attributes = name.section("to_attributes").map(rules);
            name.end();
        }
        let status = fields.section("status").and_then(status);
        if from_attributes.is_none() && to_attributes.is_none() && status.is_none() {
            fields.mistake(format!(
                "{}: neither name nor status says what is to be done",
                fields.path("name")
            ));
        }
        fields.end();
        Self {
            matching,
            from_attributes,
            to_attributes,
            status,
        }
    }
}

fn rules(fields: Fields<'_>) -> ToAttributes {
    let mut rules = Vec::new();
    for line in fields.lines("rules") {
        match Regex::new(&line.text) {
            Ok(pattern) if pattern.capture_names().flatten().next().is_some() => {
                rules.push(pattern)
            }
            Ok(_) => fields.reading().mistake(
                line.location,
                format!(
                    "{}: {:?} has no part with a name, as in (?P<id>.*)",
                    fields.path("rules"),
                    line.text
                ),
            ),
            Err(why) => fields.reading().mistake(
                line.location,
                format!(
                    "{}: {}",
                    fields.path("rules"),
                    pattern_mistake(&line.text, &why)
                ),
            ),
        }
    }
    if !fields.has("rules") {
        fields.mistake(format!("{} is missing", fields.path("rules")));
    }
    let found = ToAttributes {
        rules,
        ends_at_match: fields.switch("break_after_match", false),
        keeps_name: fields.switch("keep_original_name", false),
    };
    fields.end();
    found
}

fn status(fields: Fields<'_>) -> Option<(StatusCode, String)> {
    let code = fields.value("code", None, |text| match text {
        "Ok" => Ok(Some(StatusCode::Ok)),
        "Error" => Ok(Some(StatusCode::Error)),
        "Unset" => Ok(Some(StatusCode::Unset)),
        _ => Err(format!("{text:?} is not one of Ok, Error, Unset")),
    });
    let message = fields.text("description").map(|written| written.text);
    if !fields.has("code") {
        fields.mistake(format!(
            "{} is missing; it is Ok, Error or Unset",
            fields.path("code")
        ));
    }
    if message.is_some() && code.is_some_and(|code| code != StatusCode::Error) {
        fields.mistake(format!(
            "{} goes with the code Error alone",
            fields.path("description")
        ));
    }
    fields.end();
    code.map(|code| (code, message.unwrap_or_default()))
}
