//! What the receiver `kafka` can be told: the Collector's fields, of newer and of older
//! files.

use std::time::Duration;

use super::encoding::RecordEncoding;
use crate::exporters::kafka::BrokersConfig;
use crate::exporters::kafka::brokers::refresh_interval;
use crate::written::fields::Fields;

/// The Collector's.
const TOPIC: &str = "otlp_spans";
const GROUP: &str = "otel-collector";
const KEEP_INTERVAL: Duration = Duration::from_secs(1);
const MAX_FETCH_WAIT: Duration = Duration::from_millis(250);
const FETCH_BYTES: u64 = 1 << 20;

/// See the module's text.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaReceiverConfig {
    /// Who has the records.
    pub brokers: BrokersConfig,
    /// Where they are.
    pub topics: Vec<String>,
    /// How spans stand in them.
    pub encoding: RecordEncoding,
    /// Under which name positions are kept.
    pub group: String,
    /// Is what is there when we read for the first time passed over?
    pub begins_at_end: bool,
    /// How much is asked for at once.
    pub fetch: Fetch,
    /// How often positions are kept.
    pub keep_interval: Duration,
    /// How often it is asked what partitions there are.
    pub refresh_interval: Duration,
}

/// How much is asked for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// The broker waits until it has so many bytes…
    pub least_bytes: i32,
    /// …but so long at most.
    pub wait: Duration,
    /// No more than this, unless one record alone is larger.
    pub most_bytes: i32,
}

impl KafkaReceiverConfig {
    /// Reads the fields of the section.
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let (topics, encoding) = topics_and_encoding(&fields);
        let group = fields
            .text("group_id")
            .filter(|written| !written.text.is_empty());
        if group.is_some() {
            fields.reading().warn(format!(
                "{}: groups of consumers are not joined; this process reads all partitions, and keeps \
                 on its disk how far it came. Where several read one topic, each reads all of it",
                fields.path("group_id")
            ));
        }
        let config = Self {
            brokers: BrokersConfig::read(&fields),
            topics,
            encoding,
            group: group.map_or_else(|| GROUP.to_owned(), |group| group.text),
            begins_at_end: fields.value("initial_offset", true, initial_offset),
            fetch: fetch(&fields),
            keep_interval: keep_interval(fields.section("autocommit")),
            refresh_interval: refresh_interval(fields.section("metadata")),
        };
        not_served(&fields);
        fields.end();
        config
    }
}

fn initial_offset(text: &str) -> Result<bool, String> {
    match text {
        "latest" | "" => Ok(true),
        "earliest" => Ok(false),
        _ => Err(format!("{text:?} is not one of latest, earliest")),
    }
}

/// Those of traces; older files have them at the top, and one topic.
fn topics_and_encoding(fields: &Fields<'_>) -> (Vec<String>, RecordEncoding) {
    let encoding = fields.value("encoding", RecordEncoding::OtlpProto, RecordEncoding::read);
    let mut topics = Vec::new();
    topics.extend(fields.text("topic"));
    let traces = fields.section("traces");
    let mut of_traces = encoding;
    if let Some(traces) = traces {
        let written: Vec<_> = traces
            .text("topic")
            .into_iter()
            .chain(traces.list("topics"))
            .collect();
        if !written.is_empty() {
            topics = written;
        }
        of_traces = traces.value("encoding", encoding, RecordEncoding::read);
        if !traces.list("exclude_topics").is_empty() {
            traces.not_served("exclude_topics", "name the topics that are read");
        }
        traces.end();
    }
    for topic in &topics {
        if topic.text.starts_with('^') {
            let message = format!(
                "{}: {:?} is a pattern, which is not served; name the topics",
                fields.path("traces.topics"),
                topic.text
            );
            fields.reading().mistake(topic.location, message);
        }
    }
    let mut topics: Vec<String> = topics.into_iter().map(|topic| topic.text).collect();
    topics.retain(|topic| !topic.is_empty());
    topics.dedup();
    if topics.is_empty() {
        topics.push(TOPIC.to_owned());
    }
    (topics, of_traces)
}

fn fetch(fields: &Fields<'_>) -> Fetch {
    let bytes = |name, default| {
        let bytes = fields.number(name, default, 0);
        i32::try_from(bytes).unwrap_or(i32::MAX)
    };
    let (most, default) = (
        bytes("max_fetch_size", FETCH_BYTES),
        bytes("default_fetch_size", FETCH_BYTES),
    );
    // 0 is no limit to the Collector.
    let most_bytes = if most == 0 { default.max(1) } else { most };
    fields.has("max_partition_fetch_size");
    Fetch {
        least_bytes: bytes("min_fetch_size", 1).clamp(1, most_bytes),
        wait: fields.duration("max_fetch_wait", MAX_FETCH_WAIT),
        most_bytes,
    }
}

fn keep_interval(autocommit: Option<Fields<'_>>) -> Duration {
    let Some(fields) = autocommit else {
        return KEEP_INTERVAL;
    };
    // Positions follow what is acknowledged in any case.
    fields.has("enable");
    let interval = fields.duration("interval", KEEP_INTERVAL);
    fields.end();
    interval.max(Duration::from_millis(1))
}

fn not_served(fields: &Fields<'_>) {
    if let Some(headers) = fields.section("header_extraction") {
        if headers.switch("extract_headers", false) {
            headers.not_served("extract_headers", "headers of a record are not kept");
        }
        headers.has("headers");
        headers.end();
    }
    // A record counts when its spans are safe, one that cannot be read is counted and
    // passed over, and one that finds no room is tried again: whatever these say.
    for taken in ["message_marking", "error_backoff"] {
        fields.has(taken);
    }
    // They tune what is inside of the Collector, are about groups, or about what is not
    // traces.
    for taken in [
        "conn_idle_timeout",
        "group_instance_id",
        "group_rebalance_strategy",
        "heartbeat_interval",
        "logs",
        "metrics",
        "profiles",
        "protocol_version",
        "rack_id",
        "resolve_canonical_bootstrap_servers_only",
        "session_timeout",
        "telemetry",
        "use_leader_epoch",
    ] {
        fields.has(taken);
    }
}
