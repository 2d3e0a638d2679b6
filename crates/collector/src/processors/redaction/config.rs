//! What `redaction` can be told.

use regex::{Regex, RegexSet};
use ring::hmac;

use super::mask::Mask;
use super::sanitize::{Language, Sanitizer};
use crate::written::fields::Fields;
use crate::written::fields::nested::pattern_mistake;

/// What is told of what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Summary {
    Debug,
    Info,
    Silent,
}

/// Which URLs are made of one shape.
#[derive(Debug, Clone)]
pub(super) struct Urls {
    pub(super) keys: Vec<String>,
    pub(super) names: bool,
}

/// See the module above.
#[derive(Debug, Clone)]
pub struct RedactionConfig {
    allow_all_keys: bool,
    allowed_keys: Vec<String>,
    ignored_keys: Vec<String>,
    ignored_key_patterns: RegexSet,
    allowed_values: RegexSet,
    pub(super) blocked_keys: RegexSet,
    pub(super) blocked_values: Vec<Regex>,
    pub(super) redact_all_types: bool,
    pub(super) mask: Mask,
    pub(super) summary: Summary,
    pub(super) urls: Option<Urls>,
    pub(super) sanitizers: Vec<Sanitizer>,
}

impl RedactionConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let texts = |name| -> Vec<String> {
            let lines = fields.lines(name);
            lines.into_iter().map(|line| line.text).collect()
        };
        let config = Self {
            allow_all_keys: fields.switch("allow_all_keys", false),
            allowed_keys: texts("allowed_keys"),
            ignored_keys: texts("ignored_keys"),
            ignored_key_patterns: set(&fields, "ignored_key_patterns"),
            allowed_values: set(&fields, "allowed_values"),
            blocked_keys: set(&fields, "blocked_key_patterns"),
            blocked_values: patterns(&fields, "blocked_values"),
            redact_all_types: fields.switch("redact_all_types", false),
            mask: mask(&fields),
            summary: fields.value("summary", Summary::Info, |text| match text {
                "debug" => Ok(Summary::Debug),
                "info" | "" => Ok(Summary::Info),
                "silent" => Ok(Summary::Silent),
                _ => Err(format!("{text:?} is not one of debug, info, silent")),
            }),
            urls: fields.section("url_sanitizer").and_then(urls),
            sanitizers: fields
                .section("db_sanitizer")
                .map(sanitizers)
                .unwrap_or_default(),
        };
        fields.end();
        config
    }

    pub(super) fn is_ignored(&self, key: &str) -> bool {
        self.ignored_keys.iter().any(|ignored| ignored == key)
            || self.ignored_key_patterns.is_match(key)
    }

    pub(super) fn is_allowed(&self, key: &str) -> bool {
        self.allow_all_keys || self.allowed_keys.iter().any(|allowed| allowed == key)
    }

    /// Are there any that are left alone?
    pub(super) fn allows_values(&self) -> bool {
        !self.allowed_values.is_empty()
    }

    /// Is the value left alone, whatever its key and whatever is in it?
    pub(super) fn is_value_allowed(&self, text: &str) -> bool {
        self.allowed_values.is_match(text)
    }

    /// The text without what is blocked in it; `None` when nothing is.
    pub(super) fn masked(&self, text: &str) -> Option<String> {
        let mut masked: Option<String> = None;
        for pattern in &self.blocked_values {
            let seen = masked.as_deref().unwrap_or(text);
            if pattern.is_match(seen) {
                let new = pattern
                    .replace_all(seen, |found: &regex::Captures<'_>| self.mask.of(&found[0]));
                masked = Some(new.into_owned());
            }
        }
        masked
    }
}

fn patterns(fields: &Fields<'_>, name: &'static str) -> Vec<Regex> {
    let mut patterns = Vec::new();
    for line in fields.lines(name) {
        match Regex::new(&line.text) {
            Ok(pattern) => patterns.push(pattern),
            Err(why) => {
                let message = pattern_mistake(&line.text, &why);
                let message = format!("{}: {message}", fields.path(name));
                fields.reading().mistake(line.location, message);
            }
        }
    }
    patterns
}

fn set(fields: &Fields<'_>, name: &'static str) -> RegexSet {
    let patterns = patterns(fields, name);
    let texts = patterns.iter().map(Regex::as_str);
    RegexSet::new(texts).unwrap_or_else(|why| {
        fields.mistake(format!("{}: {why}", fields.path(name)));
        RegexSet::empty()
    })
}

fn mask(fields: &Fields<'_>) -> Mask {
    let key = fields.text("hmac_key");
    let hmac = |algorithm: hmac::Algorithm, least: usize| match &key {
        Some(key) if key.text.len() >= least => {
            Ok(Mask::Hmac(hmac::Key::new(algorithm, key.text.as_bytes())))
        }
        _ => Err(format!("hmac_key must have {least} bytes at least")),
    };
    fields.value("hash_function", Mask::Asterisks, |text| match text {
        "" => Ok(Mask::Asterisks),
        "sha1" => Ok(Mask::Sha1),
        "hmac-sha256" => hmac(hmac::HMAC_SHA256, 32),
        "hmac-sha512" => hmac(hmac::HMAC_SHA512, 64),
        "md5" | "sha3" => Err(format!(
            "{text} is not served; use hmac-sha256 with hmac_key, which nobody can try values on"
        )),
        _ => Err(format!(
            "{text:?} is not one of sha1, hmac-sha256, hmac-sha512"
        )),
    })
}

fn urls(fields: Fields<'_>) -> Option<Urls> {
    let is_enabled = fields.switch("enabled", false);
    let lines = fields.lines("attributes").into_iter();
    let urls = Urls {
        keys: lines.map(|line| line.text).collect(),
        names: fields.switch("sanitize_span_name", true),
    };
    fields.end();
    is_enabled.then_some(urls)
}

fn sanitizers(fields: Fields<'_>) -> Vec<Sanitizer> {
    let mut sanitizers = Vec::new();
    for (name, language) in [
        ("sql", Language::Sql),
        ("redis", Language::Command),
        ("valkey", Language::Command),
        ("memcached", Language::Command),
        ("mongo", Language::Json),
        ("opensearch", Language::Json),
        ("es", Language::Json),
    ] {
        let Some(section) = fields.section(name) else {
            continue;
        };
        let is_enabled = section.switch("enabled", false);
        let lines = section.lines("attributes").into_iter();
        let keys: Vec<String> = lines.map(|line| line.text).collect();
        if is_enabled && keys.is_empty() {
            section.mistake(format!(
                "{} is missing; write for example [db.query.text, db.statement]",
                section.path("attributes")
            ));
        }
        section.end();
        if is_enabled {
            sanitizers.push(Sanitizer { language, keys });
        }
    }
    // What a statement is in is told by the statement itself.
    fields.has("allow_fallback_without_system");
    fields.not_served(
        "sanitize_span_name",
        "use transform: replace_pattern(span.name, …)",
    );
    fields.end();
    sanitizers
}
