//! What to say about a request in which there is not one span.
//!
//! A body of another shape (metrics, another tracer's JSON, a wrong level of
//! nesting) is legal OTLP of which everything is unknown. Answered with a bare
//! success, its sender believes for weeks that spans are stored.

use std::collections::BTreeSet;

/// Fields that are told.
const MAX_TOLD: usize = 5;

/// Characters of a name that are repeated.
const MAX_NAME: usize = 40;

/// Fields that a decoder did not know where it looked for spans.
#[derive(Default)]
pub(super) struct Strange(BTreeSet<String>);

impl Strange {
    /// A field of JSON.
    #[cold]
    pub(super) fn name(&mut self, name: &str) {
        if self.0.len() < MAX_TOLD {
            self.0.insert(name.chars().take(MAX_NAME).collect());
        }
    }

    /// A field of protobuf.
    #[cold]
    pub(super) fn number(&mut self, message: &str, field: u32) {
        if self.0.len() < MAX_TOLD {
            self.0.insert(format!("{field} of {message}"));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For the sender.
    pub(super) fn message(&self) -> String {
        let other = self.0.iter().find_map(|name| {
            let (signal, path) = match name.as_str() {
                "resourceLogs" | "resource_logs" => ("logs", "/v1/logs"),
                "resourceMetrics" | "resource_metrics" => ("metrics", "/v1/metrics"),
                "resourceProfiles" | "resource_profiles" => ("profiles", "/v1development/profiles"),
                _ => return None,
            };
            Some(format!("{signal} go to {path}"))
        });
        let names: Vec<String> = self.0.iter().map(|name| format!("{name:?}")).collect();
        let names = match names.as_slice() {
            [] => {
                return "no spans: nothing in the body is a span; \
                        expected resourceSpans, in it scopeSpans, in it spans"
                    .to_owned();
            }
            [one] => format!("the field {one}"),
            several => format!("the fields {}", several.join(", ")),
        };
        match other {
            Some(other) => format!("no spans: the body has {names}; {other}"),
            None => format!(
                "no spans: the body has {names}, unknown there; \
                 expected resourceSpans, in it scopeSpans, in it spans"
            ),
        }
    }
}
