//! Components that the Collector has and we serve otherwise, or not yet: what a
//! file is told that names one. **A name that is not served is never skipped.**

/// What to do about a component of this kind, for a message. `None`: nobody
/// knows it.
pub(super) fn instead(section: &str, kind: &str) -> Option<&'static str> {
    let table: &[(&str, &str)] = match section {
        "receivers" => &[
            (
                "kafka",
                "spans are taken over OTLP, Jaeger's and Zipkin's protocols",
            ),
            ("opencensus", "OpenCensus ended in 2023; send OTLP"),
            (
                "otelarrow",
                "send OTLP; the Collector's otelarrow exporter falls back to it",
            ),
            ("skywalking", "send OTLP"),
            ("datadog", "send OTLP"),
            ("awsxray", "send OTLP"),
            (
                "prometheus",
                "metrics are not stored; keep a Collector for them",
            ),
            (
                "hostmetrics",
                "metrics are not stored; keep a Collector for them",
            ),
            ("filelog", "logs are not stored; keep a Collector for them"),
        ],
        "processors" => &[
            ("groupbytrace", NOT_YET),
            (
                "groupbyattrs",
                "spans are stored by column; their order costs nothing",
            ),
            ("k8sattributes", "let the SDK's resource detectors say it"),
            ("k8s_attributes", "let the SDK's resource detectors say it"),
        ],
        "exporters" => &[
            ("jaeger_thrift", "use jaeger with port 14250, or otlp"),
            ("kafka", NOT_YET_GRPC),
            ("loadbalancing", NOT_YET_GRPC),
            ("load_balancing", NOT_YET_GRPC),
            ("elasticsearch", "use tracewell, which stores them itself"),
            ("clickhouse", "use tracewell, which stores them itself"),
        ],
        "connectors" => &[
            ("count", "span_metrics counts spans and their events"),
            ("exceptions", "span_metrics counts events too"),
        ],
        _ => &[],
    };
    let found = table.iter().find(|(known, _)| *known == kind);
    found.map(|(_, instead)| *instead)
}

const NOT_YET: &str = "it will be; until then let a Collector in front do it";
const NOT_YET_GRPC: &str = "it will be; until then send with otlp over gRPC";
