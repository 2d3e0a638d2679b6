//! Receivers of a file: which ports they open, or what they fetch.

use super::id::ComponentId;
use crate::accounting::account_name;
use crate::receivers::kafka::config::KafkaReceiverConfig;
use crate::receivers::otlp::config::CorsConfig;
use crate::receivers::{jaeger, kafka, otlp, zipkin};
use crate::written::fields::{Fields, Placed};
use crate::written::yaml::Location;

/// A port of a receiver, under the name of the setting that opens it.
#[derive(Debug, Clone)]
pub struct Port {
    /// Such as `receivers.otlp.protocols.grpc.endpoint`.
    pub setting: &'static str,
    /// `HOST:PORT`.
    pub endpoint: String,
    /// Where it is asked for.
    pub location: Location,
    /// Which pages may send there; `None` where the file does not say.
    pub cors: Option<CorsConfig>,
}

/// A receiver: the ports that it opens, or where it fetches spans itself.
#[derive(Debug, Clone, Default)]
pub struct ReceiverConfig {
    /// At least one, unless it fetches.
    pub ports: Vec<Port>,
    /// Where it reads records.
    pub kafka: Option<Box<KafkaReceiverConfig>>,
}

impl ReceiverConfig {
    /// The accounts of the receiver `id`.
    pub(super) fn accounts(&self, id: &ComponentId) -> Vec<String> {
        let of_ports = self.ports.iter().map(|port| port.account(id));
        let fetched = self.kafka.iter();
        of_ports
            .chain(fetched.map(|_| account_name(kafka::RECEIVER, &id.name)))
            .collect()
    }
}

/// A protocol of a receiver: its name, its setting and its default endpoint,
/// which are those of the Collector.
type Protocol = (&'static str, &'static str, &'static str);

const OTLP: [Protocol; 2] = [
    (
        "grpc",
        "receivers.otlp.protocols.grpc.endpoint",
        "localhost:4317",
    ),
    (
        "http",
        "receivers.otlp.protocols.http.endpoint",
        "localhost:4318",
    ),
];

const JAEGER: [Protocol; 4] = [
    (
        "grpc",
        "receivers.jaeger.protocols.grpc.endpoint",
        "localhost:14250",
    ),
    (
        "thrift_http",
        "receivers.jaeger.protocols.thrift_http.endpoint",
        "localhost:14268",
    ),
    (
        "thrift_compact",
        "receivers.jaeger.protocols.thrift_compact.endpoint",
        "localhost:6831",
    ),
    (
        "thrift_binary",
        "receivers.jaeger.protocols.thrift_binary.endpoint",
        "localhost:6832",
    ),
];

/// Every setting that a receiver's port has: those that no receiver of a file
/// opens stay closed.
pub const SETTINGS: [&str; 8] = [
    OTLP[0].1,
    OTLP[1].1,
    JAEGER[0].1,
    JAEGER[1].1,
    JAEGER[2].1,
    JAEGER[3].1,
    "receivers.jaeger.protocols.zipkin_compact.endpoint",
    "receivers.zipkin.endpoint",
];

/// Reads the receiver of a known kind; `None` for another.
pub(super) fn read(kind: &str, fields: Fields<'_>) -> Option<ReceiverConfig> {
    match kind {
        "otlp" => Some(protocols(fields, &OTLP)),
        "jaeger" => Some(protocols(fields, &JAEGER)),
        "zipkin" => {
            let at = fields.location();
            let port = port(&fields, "receivers.zipkin.endpoint", "localhost:9411", at);
            if fields.switch("parse_string_tags", false) {
                fields.mistake("parse_string_tags is not served: a tag stays the text that it is");
            }
            server(fields, false);
            Some(ReceiverConfig {
                ports: vec![port],
                ..ReceiverConfig::default()
            })
        }
        "kafka" => Some(ReceiverConfig {
            kafka: Some(Box::new(KafkaReceiverConfig::read(fields))),
            ..ReceiverConfig::default()
        }),
        _ => None,
    }
}

/// A protocol must be named to be served.
fn protocols(fields: Fields<'_>, known: &[Protocol]) -> ReceiverConfig {
    let mut config = ReceiverConfig::default();
    if let Some(protocols) = fields.section("protocols") {
        for (name, setting, default) in known {
            let Some(fields) = protocols.section(name) else {
                continue;
            };
            let at = fields.location();
            let mut port = port(&fields, setting, default, at);
            let takes_cors = *setting == OTLP[1].1;
            if takes_cors {
                port.cors = fields.section("cors").map(cors);
            }
            config.ports.push(port);
            server(fields, takes_cors);
        }
        protocols.end();
    }
    if config.ports.is_empty() {
        let names: Vec<&str> = known.iter().map(|(name, ..)| *name).collect();
        fields.mistake(format!(
            "{} names no protocol; write one of {} below it",
            fields.path("protocols"),
            names.join(", ")
        ));
    }
    fields.end();
    config
}

fn port(fields: &Fields<'_>, setting: &'static str, default: &str, at: Location) -> Port {
    let written = fields.text("endpoint").unwrap_or_else(|| Placed {
        text: default.to_owned(),
        location: at,
    });
    Port {
        setting,
        endpoint: on_all_addresses(written.text),
        location: written.location,
        cors: None,
    }
}

/// Which pages may send.
fn cors(fields: Fields<'_>) -> CorsConfig {
    let texts = |name| -> Vec<String> {
        let list = fields.list(name).into_iter();
        list.map(|placed| placed.text).collect()
    };
    let config = CorsConfig {
        allowed_origins: texts("allowed_origins"),
        allowed_headers: texts("allowed_headers"),
        max_age_seconds: fields
            .has("max_age")
            .then(|| fields.number("max_age", 0, 0))
            .filter(|seconds| *seconds > 0),
    };
    for placed in fields.list("allowed_origins") {
        if let Some(problem) = CorsConfig::problem(&placed.text) {
            let path = fields.path("allowed_origins");
            let message = format!("{path}: {:?} {problem}", placed.text);
            fields.reading().mistake(placed.location, message);
        }
    }
    // Clients must see how long to wait, and nothing else of an answer.
    fields.has("exposed_headers");
    fields.end();
    config
}

/// Without a host a Collector listens on all addresses.
pub(crate) fn on_all_addresses(endpoint: String) -> String {
    match endpoint.starts_with(':') {
        true => format!("0.0.0.0{endpoint}"),
        false => endpoint,
    }
}

/// What a server of the Collector can be told besides. Limits of ours hold
/// for all ports together, and so does the lock.
fn server(fields: Fields<'_>, takes_cors: bool) {
    fields.not_served("tls", "one lock is for all ports: docs/security.md");
    fields.not_served("auth", "one lock is for all ports: docs/security.md");
    if !takes_cors {
        fields.not_served("cors", "pages of browsers send OTLP over HTTP");
    }
    fields.not_served("include_metadata", "headers of a request are not kept");
    fields.not_served("traces_url_path", "spans are taken at /v1/traces");
    // Bounded by the memory of the process and measured as bytes come, or fixed.
    for taken in [
        "max_recv_msg_size_mib",
        "max_request_body_size",
        "max_concurrent_streams",
        "read_buffer_size",
        "write_buffer_size",
        "keepalive",
        "transport",
        "queue_size",
        "max_packet_size",
        "workers",
        "socket_buffer_size",
        "compression_algorithms",
        "response_headers",
        "metrics_url_path",
        "logs_url_path",
    ] {
        fields.has(taken);
    }
    fields.end();
}

impl Port {
    /// The account of the receiver `id` at this port.
    fn account(&self, id: &ComponentId) -> String {
        account_name(account_of(self.setting), &id.name)
    }
}

/// The account of the receiver behind the port that a setting opens.
fn account_of(setting: &'static str) -> &'static str {
    match setting {
        "receivers.otlp.protocols.grpc.endpoint" => otlp::GRPC_RECEIVER,
        "receivers.otlp.protocols.http.endpoint" => otlp::HTTP_RECEIVER,
        "receivers.jaeger.protocols.grpc.endpoint" => jaeger::GRPC_RECEIVER,
        "receivers.jaeger.protocols.thrift_http.endpoint" => jaeger::THRIFT_HTTP_RECEIVER,
        "receivers.jaeger.protocols.thrift_compact.endpoint" => jaeger::COMPACT_RECEIVER,
        "receivers.jaeger.protocols.thrift_binary.endpoint" => jaeger::BINARY_RECEIVER,
        _ => zipkin::RECEIVER,
    }
}
