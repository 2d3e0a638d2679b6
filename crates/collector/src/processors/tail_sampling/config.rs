//! What `tail_sampling` can be told, with the Collector's defaults.

use std::time::Duration;

use super::condition::SpanCondition;
use super::judge::is_share_known;
use super::read::Reader;
use super::rule::Policy;
use crate::pipelines::Storage;
use crate::written::fields::Fields;

/// Long enough for most traces.
const DECISION_WAIT: Duration = Duration::from_secs(30);

/// Traces that may wait at once.
const NUM_TRACES: u64 = 50_000;

/// When traces are decided, by what, and how long decisions are remembered.
#[derive(Debug, Clone)]
pub struct TailSamplingConfig {
    /// From the first span of a trace to the decision.
    pub decision_wait: Duration,
    /// From the root of a trace to the decision, where that is sooner.
    pub decision_wait_after_root: Option<Duration>,
    /// Traces that wait at once; beyond it the oldest are decided early.
    pub num_traces: usize,
    /// A trace that becomes larger is not sampled; 0: there is no such size.
    pub maximum_trace_size_bytes: u64,
    /// No policy is asked after the first that says yes.
    pub sample_on_first_match: bool,
    /// Traces that are remembered as sampled.
    pub sampled_cache_size: usize,
    /// Traces that are remembered as not sampled.
    pub non_sampled_cache_size: usize,
    /// The extension in whose directory spans wait; none: in the data directory.
    pub tail_storage: Option<Storage>,
    /// In the order of the file.
    pub policies: Vec<Policy>,
    /// What they ask of single spans.
    pub conditions: Vec<SpanCondition>,
}

impl TailSamplingConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let size = |fields: &Fields<'_>, name, default, least| {
            usize::try_from(fields.number(name, default, least)).unwrap_or(usize::MAX)
        };
        let num_traces = size(&fields, "num_traces", NUM_TRACES, 1);
        let (mut sampled, mut not_sampled) = (0, 0);
        if let Some(cache) = fields.section("decision_cache") {
            sampled = size(&cache, "sampled_cache_size", 0, 0);
            not_sampled = size(&cache, "non_sampled_cache_size", 0, 0);
            cache.end();
        }
        let after_root = fields.duration("decision_wait_after_root_received", Duration::ZERO);
        let mut reader = Reader::default();
        let policies = reader.policies(&fields);
        let config = Self {
            decision_wait: fields.duration("decision_wait", DECISION_WAIT),
            decision_wait_after_root: Some(after_root).filter(|wait| !wait.is_zero()),
            num_traces,
            maximum_trace_size_bytes: fields.number("maximum_trace_size_bytes", 0, 0),
            sample_on_first_match: fields.switch("sample_on_first_match", false),
            // A trace is forgotten no sooner than as many others have come.
            sampled_cache_size: sampled.max(num_traces),
            non_sampled_cache_size: not_sampled.max(num_traces),
            tail_storage: Storage::read(&fields, "tail_storage"),
            policies,
            conditions: reader.conditions,
        };
        if !is_share_known(&config.policies) {
            fields.reading().warn(format!(
                "{}: chance is thrown in very many ways, so spans do not say for how many they stand; use fewer different hash_salt",
                fields.path("policies")
            ));
        }
        if fields.switch("drop_pending_traces_on_shutdown", false) {
            fields.reading().warn(format!(
                "{}: traces that wait are on the disk, and are decided after the next start",
                fields.path("drop_pending_traces_on_shutdown")
            ));
        }
        fields.value("sampling_strategy", (), |strategy| match strategy {
            "trace-complete" => Ok(()),
            _ => Err(format!(
                "{strategy:?} is not served; leave it out: traces are decided when they are complete"
            )),
        });
        // They size what is inside of the Collector.
        for taken in [
            "expected_new_traces_per_sec",
            "num_shards",
            "block_on_overflow",
        ] {
            fields.has(taken);
        }
        fields.end();
        config
    }
}

impl TailSamplingConfig {
    /// One that keeps every trace, and forgets it when it has gone on: spans that come
    /// later are a trace anew.
    pub(in crate::processors) fn keeping_all(decision_wait: Duration, num_traces: usize) -> Self {
        Self {
            decision_wait,
            decision_wait_after_root: None,
            num_traces,
            maximum_trace_size_bytes: 0,
            sample_on_first_match: false,
            sampled_cache_size: 0,
            non_sampled_cache_size: 0,
            tail_storage: None,
            policies: vec![Policy::always("all")],
            conditions: Vec::new(),
        }
    }
}
