//! Attributes by the names that labels may have.
//!
//! A label has letters, digits and `_` alone, so `http.route` is asked for as
//! `http_route`. **Other names of an attribute are found, too**, as everywhere.

use crate::traceql::{AttributeScope, Field};
use std::collections::BTreeMap;
use tracewell_model::store::AttributeKey;
use tracewell_model::{Level, semconv};

/// The attributes there are.
#[derive(Debug, Default)]
pub(super) struct Keys {
    fields: BTreeMap<String, Field>,
}

impl Keys {
    /// Of spans and resources.
    pub(super) fn of(keys: &[AttributeKey]) -> Self {
        let mut fields: BTreeMap<String, Field> = BTreeMap::new();
        let scope = |level| match level {
            Level::Span => Some(AttributeScope::Span),
            Level::Resource => Some(AttributeScope::Resource),
            Level::Scope | Level::Event | Level::Link => None,
        };
        let known = || {
            keys.iter()
                .filter_map(|key| Some((scope(key.level)?, &*key.key)))
        };
        for (new, key) in known() {
            let field = fields
                .entry(label(key))
                .or_insert_with(|| Field::Attribute {
                    scope: new,
                    key: key.to_owned(),
                });
            if let Field::Attribute { scope, .. } = field
                && *scope != new
            {
                *scope = AttributeScope::Any;
            }
        }
        for (scope, key) in known() {
            for other in semconv::aliases(key) {
                fields
                    .entry(label(other))
                    .or_insert_with(|| Field::Attribute {
                        scope,
                        key: key.to_owned(),
                    });
            }
        }
        Self { fields }
    }

    /// What a label means.
    pub(super) fn field(&self, label: &str) -> Option<&Field> {
        self.fields.get(label)
    }

    /// All labels.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }
}

/// The label of a key.
fn label(key: &str) -> String {
    let of = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let label: String = key.chars().map(of).collect();
    match label.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{label}"),
        false => label,
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;
    use tracewell_model::Level;
    use tracewell_model::batch::columns::ValueType;
    use tracewell_model::store::AttributeKey;

    #[test]
    fn labels_find_attributes_by_all_their_names() {
        let key = |level, key: &str| AttributeKey {
            level,
            key: key.to_owned(),
            value_type: ValueType::Str,
        };
        let keys = Keys::of(&[
            key(Level::Resource, "k8s.pod.name"),
            key(Level::Resource, "region"),
            key(Level::Span, "region"),
            key(Level::Span, "http.response.status_code"),
            key(Level::Span, "5xx"),
            key(Level::Event, "exception.type"),
        ]);
        for (label, field) in [
            ("k8s_pod_name", Some("resource.k8s.pod.name")),
            ("region", Some(".region")),
            (
                "http_response_status_code",
                Some("span.http.response.status_code"),
            ),
            ("http_status_code", Some("span.http.response.status_code")),
            ("_5xx", Some("span.5xx")),
            ("exception_type", None),
        ] {
            let found = keys.field(label).map(ToString::to_string);
            assert_eq!(found.as_deref(), field, "{label}");
        }
    }
}
