//! `redaction`: takes away what is not allowed, and masks what nobody may see.
//!
//! It looks at attributes of resources, scopes, spans, events and links alike; a value
//! is judged once for each distinct text. **It fails closed**: without a list of allowed
//! keys, and without `allow_all_keys`, nothing is allowed.

mod config;
mod mask;
mod sanitize;
#[cfg(test)]
mod tests;

pub use config::RedactionConfig;

use std::collections::HashMap;
use std::sync::Arc;

use tracewell_model::values::owner_values;
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch, SpanKind, StoreError, ValueRef};

use super::account::ProcessorAccount;
use super::changing::Change;
use crate::value_text::text_of;
use config::Summary;
use sanitize::Language;

/// What became of the attributes of each owner of a level.
#[derive(Default)]
struct Told {
    redacted: Vec<(u32, Arc<str>)>,
    masked: Vec<(u32, Arc<str>)>,
    allowed: Vec<(u32, Arc<str>)>,
    ignored: Vec<u32>,
}

/// What becomes of a value.
enum Verdict {
    Allowed,
    Masked(String),
    Unchanged,
}

impl Change for RedactionConfig {
    fn change(
        &self,
        mut batch: Arc<SpanBatch>,
        _account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        let edited = Arc::make_mut(&mut batch);
        for level in Level::ALL {
            self.level(edited, level);
        }
        if self.urls.as_ref().is_some_and(|urls| urls.names) {
            let is_edge = |kind: &i32| {
                matches!(
                    SpanKind::from_otlp(*kind),
                    SpanKind::Client | SpanKind::Server
                )
            };
            let rows: Vec<usize> = {
                let kinds = edited.spans().kind.iter().enumerate();
                kinds
                    .filter(|(_, kind)| is_edge(kind))
                    .map(|(row, _)| row)
                    .collect()
            };
            let names = &mut edited.spans_mut().name;
            names.edit(rows.into_iter(), |name| {
                (name.contains('/') && !self.is_value_allowed(name))
                    .then(|| sanitize::url(name))
                    .filter(|new| new != name)
            });
        }
        Ok(batch)
    }
}

impl RedactionConfig {
    fn level(&self, batch: &mut SpanBatch, level: Level) {
        let owners = RowSet::all(batch.level_len(level));
        let mut told = Told::default();
        for key in batch.keys(level) {
            let rows = || {
                let values = owner_values(batch, level, &key).into_iter().enumerate();
                values
                    .filter(|(_, value)| value.is_some())
                    .map(|(row, _)| row as u32)
            };
            let key: Arc<str> = Arc::from(&*key);
            if self.is_ignored(&key) {
                told.ignored.extend(rows());
            } else if !self.is_allowed(&key) {
                told.redacted
                    .extend(rows().map(|row| (row, Arc::clone(&key))));
            } else {
                self.mask(batch, level, &key, &mut told);
            }
        }
        batch.retain_attributes(level, &owners, |key| {
            self.is_ignored(key) || self.is_allowed(key)
        });
        self.tell(batch, level, told);
    }

    /// Gives values of a key that may not be seen another text.
    fn mask(&self, batch: &mut SpanBatch, level: Level, key: &Arc<str>, told: &mut Told) {
        let is_blocked = self.blocked_keys.is_match(key);
        let languages: Vec<Language> = {
            let all = self.sanitizers.iter();
            let of_key = all.filter(|sanitizer| sanitizer.is_for(key));
            of_key.map(|sanitizer| sanitizer.language).collect()
        };
        let is_url = self
            .urls
            .as_ref()
            .is_some_and(|urls| urls.keys.iter().any(|url| **url == **key));
        let is_value_checked = !self.blocked_values.is_empty() || self.allows_values();
        if !is_blocked && !is_value_checked && languages.is_empty() && !is_url {
            return;
        }
        let judge = |text: &str| {
            // Before all else, as in the Collector: also under a blocked key.
            if self.is_value_allowed(text) {
                return Verdict::Allowed;
            }
            if is_blocked {
                return Verdict::Masked(self.mask.of(text));
            }
            let mut new = self.masked(text);
            if is_url {
                let clean = sanitize::url(new.as_deref().unwrap_or(text));
                new = Some(clean).filter(|clean| clean != text);
            }
            if !languages.is_empty() {
                let clean = sanitize::statement(new.as_deref().unwrap_or(text), &languages);
                new = Some(clean).filter(|clean| clean != text);
            }
            new.map_or(Verdict::Unchanged, Verdict::Masked)
        };
        batch.keep_first_values(level, key);
        let checks_all = self.redact_all_types || is_blocked;
        let mut texts: HashMap<String, Verdict> = HashMap::new();
        let mut values = Vec::new();
        for (row, value) in owner_values(batch, level, key).into_iter().enumerate() {
            let text = match value {
                Some(ValueRef::Str(text)) => text.to_owned(),
                Some(value) if checks_all => shown(value),
                _ => continue,
            };
            match texts.entry(text).or_insert_with_key(|text| judge(text)) {
                Verdict::Allowed => told.allowed.push((row as u32, Arc::clone(key))),
                Verdict::Masked(new) => values.push((row as u32, AnyValue::String(new.clone()))),
                Verdict::Unchanged => {}
            }
        }
        told.masked
            .extend(values.iter().map(|(row, _)| (*row, Arc::clone(key))));
        batch.set_attribute(level, key, &values);
    }

    /// Adds what was done as attributes, as far as that may be told.
    fn tell(&self, batch: &mut SpanBatch, level: Level, told: Told) {
        if self.summary == Summary::Silent {
            return;
        }
        for (what, mut of) in [
            ("redacted", told.redacted),
            ("masked", told.masked),
            ("allowed", told.allowed),
        ] {
            of.sort_unstable();
            let (mut names, mut counts) = (Vec::new(), Vec::new());
            for keys in of.chunk_by(|a, b| a.0 == b.0) {
                let row = keys[0].0;
                let joined: Vec<&str> = keys.iter().map(|(_, key)| &**key).collect();
                names.push((row, AnyValue::String(joined.join(","))));
                counts.push((row, AnyValue::Int(keys.len() as i64)));
            }
            if self.summary == Summary::Debug {
                batch.set_attribute(level, &format!("redaction.{what}.keys"), &names);
            }
            batch.set_attribute(level, &format!("redaction.{what}.count"), &counts);
        }
        let mut ignored = told.ignored;
        ignored.sort_unstable();
        let counts: Vec<_> = ignored
            .chunk_by(|a, b| a == b)
            .map(|of| (of[0], AnyValue::Int(of.len() as i64)))
            .collect();
        batch.set_attribute(level, "redaction.ignored.count", &counts);
    }
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        // What is in bytes would pass as base64.
        ValueRef::Bytes(_) | ValueRef::Other(_) => json(value.to_any()).to_string(),
        other => text_of(other).into_owned(),
    }
}

/// Lists and maps as JSON; bytes as the text that is in them.
fn json(value: AnyValue) -> serde_json::Value {
    match value {
        AnyValue::Empty => serde_json::Value::Null,
        AnyValue::String(text) => text.into(),
        AnyValue::Bool(value) => value.into(),
        AnyValue::Int(value) => value.into(),
        AnyValue::Double(value) => value.into(),
        AnyValue::Bytes(bytes) => String::from_utf8_lossy(&bytes).into(),
        AnyValue::Array(items) => items.into_iter().map(json).collect(),
        AnyValue::KvList(pairs) => {
            let pairs = pairs.into_iter();
            serde_json::Value::Object(pairs.map(|(key, value)| (key, json(value))).collect())
        }
    }
}
