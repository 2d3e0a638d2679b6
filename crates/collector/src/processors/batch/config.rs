//! What `batch` can be told, with the Collector's defaults.

use std::time::Duration;

use crate::written::fields::Fields;

/// Waits no longer than a client would notice.
const TIMEOUT: Duration = Duration::from_millis(200);

/// Clients give up after 5 or 10 seconds, and there may be several such stages.
const TIMEOUT_MAX: Duration = Duration::from_secs(1);

/// Spans at which nothing is gained by waiting for more.
const SEND_BATCH_SIZE: u64 = 8_192;

/// When what was gathered goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchConfig {
    /// After this time, however few there are. Zero: at once.
    pub timeout: Duration,
    /// With so many spans.
    pub send_batch_size: usize,
    /// Never more spans in one; 0: as many as there are.
    pub send_batch_max_size: usize,
}

impl BatchConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let spans =
            |name, default| usize::try_from(fields.number(name, default, 0)).unwrap_or(usize::MAX);
        let mut config = Self {
            timeout: fields.duration("timeout", TIMEOUT),
            send_batch_size: spans("send_batch_size", SEND_BATCH_SIZE),
            send_batch_max_size: spans("send_batch_max_size", 0),
        };
        if config.send_batch_max_size != 0 && config.send_batch_max_size < config.send_batch_size {
            fields.mistake(format!(
                "{}: {} is less than send_batch_size, {}; raise it, or leave it out",
                fields.path("send_batch_max_size"),
                config.send_batch_max_size,
                config.send_batch_size
            ));
        }
        if config.timeout > TIMEOUT_MAX {
            fields.reading().warn(format!(
                "{}: clients wait for what they sent to go on, so it is {TIMEOUT_MAX:?} at most",
                fields.path("timeout")
            ));
            config.timeout = TIMEOUT_MAX;
        }
        fields.not_served("metadata_keys", "headers of a request are not kept");
        fields.has("metadata_cardinality_limit");
        fields.end();
        config
    }
}
