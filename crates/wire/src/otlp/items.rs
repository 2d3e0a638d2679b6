//! Counts what is in requests of signals that are not stored, so that people
//! can be told what they lose in their own unit.
//!
//! Only looks for the items: nothing else of such a request is judged.

use super::json::count as count_json;
use super::protobuf::count as count_protobuf;
use super::step::Step;

/// Items of a signal that is no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Items {
    /// Data points of metrics.
    DataPoints,
    /// Log records.
    LogRecords,
    /// Profiles.
    Profiles,
}

const LOGS: [Step; 3] = [
    Step {
        numbers: &[1],
        names: &["resourceLogs", "resource_logs"],
    },
    Step {
        numbers: &[2],
        names: &["scopeLogs", "scope_logs"],
    },
    Step {
        numbers: &[2],
        names: &["logRecords", "log_records"],
    },
];

const METRICS: [Step; 5] = [
    Step {
        numbers: &[1],
        names: &["resourceMetrics", "resource_metrics"],
    },
    Step {
        numbers: &[2],
        names: &["scopeMetrics", "scope_metrics"],
    },
    Step {
        numbers: &[2],
        names: &["metrics"],
    },
    Step {
        numbers: &[5, 7, 9, 10, 11],
        names: &[
            "gauge",
            "sum",
            "histogram",
            "exponentialHistogram",
            "exponential_histogram",
            "summary",
        ],
    },
    Step {
        numbers: &[1],
        names: &["dataPoints", "data_points"],
    },
];

const PROFILES: [Step; 3] = [
    Step {
        numbers: &[1],
        names: &["resourceProfiles", "resource_profiles"],
    },
    Step {
        numbers: &[2],
        names: &["scopeProfiles", "scope_profiles"],
    },
    Step {
        numbers: &[2],
        names: &["profiles"],
    },
];

impl Items {
    fn steps(self) -> &'static [Step] {
        match self {
            Self::DataPoints => &METRICS,
            Self::LogRecords => &LOGS,
            Self::Profiles => &PROFILES,
        }
    }

    /// How many a request in protobuf has; `None` when it cannot be read.
    #[must_use]
    pub fn count_protobuf(self, body: &[u8]) -> Option<u64> {
        count_protobuf(body, self.steps())
    }

    /// How many a request in JSON has, likewise.
    #[must_use]
    pub fn count_json(self, body: &[u8]) -> Option<u64> {
        count_json(body, self.steps())
    }
}
