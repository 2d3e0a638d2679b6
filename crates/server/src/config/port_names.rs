//! What each port is called: in the `ready` line, for people, and by the flag that moves
//! it. **The one place that knows these names**, by the setting that opens the port.

/// Setting, name, title, flag.
const PORTS: [[&str; 4]; 16] = [
    [
        "receivers.otlp.protocols.grpc.endpoint",
        "otlp-grpc",
        "OTLP gRPC",
        "--otlp-grpc-port",
    ],
    [
        "receivers.otlp.protocols.http.endpoint",
        "otlp-http",
        "OTLP HTTP",
        "--otlp-http-port",
    ],
    [
        "receivers.jaeger.protocols.grpc.endpoint",
        "jaeger-grpc",
        "Jaeger gRPC",
        "--jaeger-grpc-port",
    ],
    [
        "receivers.jaeger.protocols.thrift_http.endpoint",
        "jaeger-http",
        "Jaeger HTTP",
        "--jaeger-http-port",
    ],
    [
        "receivers.jaeger.protocols.thrift_compact.endpoint",
        "jaeger-compact",
        "Jaeger UDP",
        "--jaeger-compact-port",
    ],
    [
        "receivers.jaeger.protocols.thrift_binary.endpoint",
        "jaeger-binary",
        "Jaeger UDP",
        "--jaeger-binary-port",
    ],
    [
        "receivers.jaeger.protocols.zipkin_compact.endpoint",
        "jaeger-zipkin",
        "Jaeger UDP",
        "--jaeger-zipkin-port",
    ],
    [
        "receivers.zipkin.endpoint",
        "zipkin",
        "Zipkin HTTP",
        "--zipkin-port",
    ],
    [
        "sampling.http.endpoint",
        "sampling-http",
        "Sampling HTTP",
        "--sampling-http-port",
    ],
    [
        "sampling.grpc.endpoint",
        "sampling-grpc",
        "Sampling gRPC",
        "--sampling-grpc-port",
    ],
    [
        "admin.collector.endpoint",
        "admin",
        "Health, metrics",
        "--admin-port",
    ],
    [
        "admin.query.endpoint",
        "query-admin",
        "Health, metrics",
        "--query-admin-port",
    ],
    [
        "admin.health_check.endpoint",
        "health-check",
        "Health",
        "--health-check-port",
    ],
    [
        "query.http.endpoint",
        "query-http",
        "UI and HTTP API",
        "--query-http-port",
    ],
    [
        "query.grpc.endpoint",
        "query-grpc",
        "gRPC query API",
        "--query-grpc-port",
    ],
    [
        "query.tempo.endpoint",
        "tempo",
        "Tempo HTTP, gRPC",
        "--tempo-port",
    ],
];

/// Of the port that a setting opens.
pub(super) struct PortName {
    /// As in the `ready` line.
    pub(super) name: &'static str,
    /// For people.
    pub(super) title: &'static str,
    /// Moves it.
    pub(super) flag: &'static str,
}

/// The name of the port that `setting` opens.
pub(super) fn of(setting: &str) -> PortName {
    let port = PORTS.iter().find(|[key, ..]| *key == setting);
    let [_, name, title, flag] = port.expect("every setting that opens a port is in the table");
    PortName { name, title, flag }
}
