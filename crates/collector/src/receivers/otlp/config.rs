//! What people can set about the OTLP receiver.

use super::http::cors::Cors;

/// OTLP's recommended limit for the size of a request (spec 1.11). gRPC
/// libraries' old default of 4 MiB is the source of endless support questions.
pub const DEFAULT_MAX_REQUEST_BYTES: usize = 64 << 20;

/// Settings of the OTLP receiver, below `receivers.otlp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// `max_request_bytes`: largest request, as received and after decompression.
    pub max_request_bytes: usize,
    /// `protocols.http.cors`: which pages may send from a browser.
    pub cors: CorsConfig,
}

/// Which pages may send from a browser, and with what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsConfig {
    /// Their origins, such as `https://shop.example.com`, with at most one `*` in
    /// each; `*` alone allows all. Empty turns CORS off, as in the Collector.
    pub allowed_origins: Vec<String>,
    /// Headers that they may add, beside those of any request; empty, or with `*`:
    /// all.
    pub allowed_headers: Vec<String>,
    /// How long browsers may remember the permission, in seconds; `None`: as long as
    /// they do at most.
    pub max_age_seconds: Option<u64>,
}

impl CorsConfig {
    /// What is wrong with an origin.
    pub(crate) fn problem(origin: &str) -> Option<&'static str> {
        Cors::problem(origin)
    }

    /// From these origins, and with all headers.
    #[must_use]
    pub fn of(allowed_origins: Vec<String>) -> Self {
        Self {
            allowed_origins,
            ..Self::default()
        }
    }
}

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {value:?} {problem}")]
pub struct ConfigMistake {
    /// The setting's key.
    pub field: &'static str,
    /// What was written.
    pub value: String,
    /// What is wrong with it and what would be right.
    pub problem: &'static str,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        Self {
            max_request_bytes: DEFAULT_MAX_REQUEST_BYTES,
            cors: CorsConfig::default(),
        }
    }
}

impl OtlpConfig {
    /// The allowed origins, ready for use; `None` when CORS is off.
    pub(super) fn cors(&self) -> Result<Option<Cors>, Vec<ConfigMistake>> {
        let mistakes: Vec<ConfigMistake> = self
            .cors
            .allowed_origins
            .iter()
            .filter_map(|origin| {
                Some(ConfigMistake {
                    field: "receivers.otlp.protocols.http.cors.allowed_origins",
                    value: origin.clone(),
                    problem: Cors::problem(origin)?,
                })
            })
            .collect();
        if mistakes.is_empty() {
            let is_on = !self.cors.allowed_origins.is_empty();
            Ok(is_on.then(|| Cors::new(&self.cors)))
        } else {
            Err(mistakes)
        }
    }

    /// The limit that holds under a memory budget. A request occupies up to
    /// twice its size at once, so a larger one could never be admitted and its
    /// client would be told "busy" for ever.
    pub(super) fn effective_limit_bytes(&self, budget_bytes: usize) -> usize {
        let fitting = budget_bytes / 2;
        if fitting < self.max_request_bytes {
            tracing::warn!(
                max_request_bytes = self.max_request_bytes,
                effective_bytes = fitting,
                "receivers.otlp.max_request_bytes does not fit the memory limit twice and is lowered"
            );
        }
        self.max_request_bytes.min(fitting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_origin_is_named() {
        let config = OtlpConfig {
            cors: CorsConfig::of(
                ["https://ok.example", "", "https://*.*", "http://a/b"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            ..OtlpConfig::default()
        };
        let mistakes = config.cors().unwrap_err();
        let values: Vec<&str> = mistakes.iter().map(|mistake| &*mistake.value).collect();
        assert_eq!(values, ["", "https://*.*", "http://a/b"]);
        assert!(mistakes[0].to_string().contains("cors.allowed_origins"));
    }

    #[test]
    fn a_request_must_fit_the_budget_twice() {
        let config = OtlpConfig::default();
        assert_eq!(config.effective_limit_bytes(256 << 20), 64 << 20);
        assert_eq!(config.effective_limit_bytes(16 << 20), 8 << 20);
    }
}
