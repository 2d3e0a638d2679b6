//! How much the server looked at for an answer.

use serde::{Deserialize, Serialize};

use super::output::{bytes, count};

/// As in the UI's API.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stats {
    pub(super) elapsed_ms: u64,
    pub(super) searched_blocks: u64,
    pub(super) total_blocks: u64,
    pub(super) searched_bytes: u64,
    pub(super) searched_spans: u64,
}

impl Stats {
    /// One line, for people or for scripts.
    pub(super) fn line(&self, is_json: bool) -> String {
        if is_json {
            return serde_json::to_string(self).expect("numbers always serialize");
        }
        format!(
            "searched {} of {} blocks, {} spans, {} in {} ms",
            count(self.searched_blocks),
            count(self.total_blocks),
            count(self.searched_spans),
            bytes(self.searched_bytes),
            count(self.elapsed_ms)
        )
    }
}
