//! Components that the Collector has and we serve otherwise, or not at all: what a
//! file is told that names one. **A name that is not served is never skipped.**
//!
//! `docs/collector-components.md` is the same table for readers; a test holds the
//! two together.

#[cfg(test)]
mod tests;

/// What to do about a component of this kind, for a message. `None`: nobody
/// knows it.
pub(super) fn instead(section: &str, kind: &str) -> Option<&'static str> {
    let found = table(section).iter().find(|(known, _)| *known == kind);
    found.map(|(_, instead)| *instead)
}

/// The names of a section that are not served, and what to use.
fn table(section: &str) -> &'static [(&'static str, &'static str)] {
    match section {
        "receivers" => RECEIVERS,
        "processors" => PROCESSORS,
        "exporters" => EXPORTERS,
        "connectors" => CONNECTORS,
        "extensions" => EXTENSIONS,
        _ => &[],
    }
}

const COLLECTOR_IN_FRONT: &str = "let a Collector receive it and send OTLP here";
const COLLECTOR_BEHIND: &str = "send OTLP with otlp or otlphttp to a Collector that has it";
const METRICS: &str = "metrics are not stored; keep a Collector for them";
const LOGS: &str = "logs are not stored; keep a Collector for them";
const STORES_ITSELF: &str = "use tracewell, which stores them itself";
const IN_SDK: &str = "let the SDK's resource detectors say it";
const HEADERS: &str = "use bearertokenauth, basicauth or headers_setter";
const OWN_LOCK: &str = "one lock is for all ports: docs/security.md";

const RECEIVERS: &[(&str, &str)] = &[
    ("awsfirehose", COLLECTOR_IN_FRONT),
    ("awss3", COLLECTOR_IN_FRONT),
    ("awsxray", "send OTLP"),
    ("azureblob", COLLECTOR_IN_FRONT),
    ("azureeventhub", COLLECTOR_IN_FRONT),
    ("datadog", "send OTLP"),
    ("faro", COLLECTOR_IN_FRONT),
    ("file", "use tracewell import"),
    ("filelog", LOGS),
    ("github", COLLECTOR_IN_FRONT),
    ("gitlab", COLLECTOR_IN_FRONT),
    ("googlecloudpubsub", COLLECTOR_IN_FRONT),
    ("hostmetrics", METRICS),
    ("libhoney", "send OTLP"),
    ("opencensus", "OpenCensus ended in 2023; send OTLP"),
    (
        "otelarrow",
        "send OTLP; the Collector's otelarrow exporter falls back to it",
    ),
    ("otlpjsonfile", "use tracewell import"),
    ("prometheus", METRICS),
    ("pulsar", COLLECTOR_IN_FRONT),
    ("receiver_creator", "name the receivers themselves"),
    ("sapm", "send OTLP"),
    ("signalfx", METRICS),
    ("skywalking", "send OTLP"),
    ("solace", COLLECTOR_IN_FRONT),
    ("splunk_hec", LOGS),
    ("statsd", METRICS),
    ("syslog", LOGS),
];

const PROCESSORS: &[(&str, &str)] = &[
    ("coralogix", "transform sets names and attributes"),
    ("cumulativetodelta", METRICS),
    ("deltatorate", METRICS),
    ("dns_lookup", IN_SDK),
    ("geoip", "let a Collector in front look addresses up"),
    (
        "groupbyattrs",
        "spans are stored by column; their order costs nothing",
    ),
    (
        "isolationforest",
        "tail_sampling keeps what is slow or failed",
    ),
    ("k8s_attributes", IN_SDK),
    ("k8sattributes", IN_SDK),
    ("logdedup", LOGS),
    ("lookup", "transform sets attributes by conditions"),
    ("metricstransform", METRICS),
    ("queuebatch", "use batch, and sending_queue of exporters"),
    ("remotetap", "use the UI's search, or the exporter debug"),
    ("routing", "it became a connector: use connectors.routing"),
    (
        "schema",
        "spans are kept with the names that they were sent with",
    ),
    ("span_pruning", "equal spans are stored once in any case"),
    ("spanpruning", "equal spans are stored once in any case"),
    ("sumologic", "transform sets names and attributes"),
];

const EXPORTERS: &[(&str, &str)] = &[
    ("alertmanager", COLLECTOR_BEHIND),
    ("awskinesis", COLLECTOR_BEHIND),
    ("awss3", COLLECTOR_BEHIND),
    ("awsxray", COLLECTOR_BEHIND),
    ("azureblob", COLLECTOR_BEHIND),
    ("azuredataexplorer", COLLECTOR_BEHIND),
    ("azuremonitor", COLLECTOR_BEHIND),
    ("cassandra", STORES_ITSELF),
    ("clickhouse", STORES_ITSELF),
    ("coralogix", "Coralogix takes OTLP: use otlp"),
    ("datadog", "Datadog takes OTLP: use otlphttp"),
    ("dataset", COLLECTOR_BEHIND),
    ("doris", STORES_ITSELF),
    ("elasticsearch", STORES_ITSELF),
    ("faro", COLLECTOR_BEHIND),
    ("googlecloud", "Google Cloud takes OTLP: use otlphttp"),
    ("googlecloudpubsub", COLLECTOR_BEHIND),
    ("googlecloudstorage", COLLECTOR_BEHIND),
    ("influxdb", COLLECTOR_BEHIND),
    ("jaeger_thrift", "use jaeger with port 14250, or otlp"),
    ("logicmonitor", COLLECTOR_BEHIND),
    ("logzio", COLLECTOR_BEHIND),
    ("mezmo", LOGS),
    ("opencensus", "OpenCensus ended in 2023; use otlp"),
    ("opensearch", STORES_ITSELF),
    ("otelarrow", "use otlp with compression: zstd"),
    ("otel_arrow", "use otlp with compression: zstd"),
    ("pulsar", COLLECTOR_BEHIND),
    ("rabbitmq", COLLECTOR_BEHIND),
    ("sapm", "Splunk takes OTLP: use otlphttp"),
    ("sentry", COLLECTOR_BEHIND),
    ("signalfx", METRICS),
    ("skywalking", "SkyWalking takes OTLP: use otlp"),
    ("splunk_hec", LOGS),
    ("sumologic", "Sumo Logic takes OTLP: use otlphttp"),
    ("syslog", LOGS),
    ("tinybird", COLLECTOR_BEHIND),
];

const CONNECTORS: &[(&str, &str)] = &[
    ("count", "span_metrics counts spans and their events"),
    ("datadog", "Datadog counts what it gets over OTLP"),
    ("exceptions", "span_metrics counts events too"),
    (
        "failover",
        "name both exporters; a queue on the disk keeps what one of them has not",
    ),
    ("grafanacloud", "span_metrics counts spans"),
    ("otlpjson", LOGS),
    ("roundrobin", "use the exporter loadbalancing"),
    ("round_robin", "use the exporter loadbalancing"),
    ("signaltometrics", "span_metrics counts by dimensions"),
    ("slowsql", "the UI's search finds slow statements"),
    ("sum", "span_metrics counts by dimensions"),
];

const EXTENSIONS: &[(&str, &str)] = &[
    ("ack", "clients are answered when spans are safe"),
    ("asapauth", HEADERS),
    ("awsproxy", "name the peer itself"),
    ("azureauth", HEADERS),
    ("cgroupruntime", "there is no Go runtime to tune"),
    ("db_storage", "use file_storage"),
    ("googleclientauth", HEADERS),
    ("http_forwarder", "name the peer itself"),
    (
        "jaegerremotesampling",
        "strategies are served with --sampling-strategies-file",
    ),
    ("k8s_leader_elector", "every process works by itself"),
    ("k8s_observer", "name the receivers themselves"),
    ("memory_limiter", "use --memory-limit"),
    ("oauth2client", HEADERS),
    ("oidc", OWN_LOCK),
    ("opamp", "the file is the configuration"),
    ("otlp_encoding", "exporters name their encoding"),
    (
        "pebble_tail_storage",
        "tail_sampling waits on the disk by itself; file_storage names another directory",
    ),
    ("redis_storage", "use file_storage"),
    ("remotetap", "use the UI's search, or the exporter debug"),
    ("sigv4auth", COLLECTOR_BEHIND),
];
