//! What `load_balancing` can be told.

use std::time::Duration;

use super::routing_key::RoutingKey;
use crate::exporters::grpc::{self, GrpcConfig};
use crate::exporters::queue::QueueConfig;
use crate::exporters::retry::RetryConfig;
use crate::written::fields::Fields;

/// The Collector's.
const INTERVAL: Duration = Duration::from_secs(5);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);

/// See the module above.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadBalancingConfig {
    /// What says where a span goes.
    pub key: RoutingKey,
    /// How each peer is sent to; its endpoint is the resolver's to say.
    pub peer: GrpcConfig,
    /// Who the peers are.
    pub resolver: Resolver,
}

/// Where the names of peers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolver {
    /// From the file.
    Static(Vec<String>),
    /// From DNS.
    Dns(DnsConfig),
}

impl Resolver {
    /// Where spans go, for people.
    pub(in crate::exporters) fn shown(&self) -> String {
        match self {
            Self::Static(names) => {
                let names: Vec<&str> = names.iter().map(|name| grpc::shown(name)).collect();
                names.join(", ")
            }
            Self::Dns(dns) => format!("the addresses of {}", dns.hostname),
        }
    }
}

/// All addresses of a name are peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// The name.
    pub hostname: String,
    /// As written. **Where it is not, addresses stand on the ring without one.**
    pub port: Option<u16>,
    /// From one question to the next.
    pub interval: Duration,
    /// For one answer.
    pub timeout: Duration,
}

impl LoadBalancingConfig {
    /// Reads the fields of the section.
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let peer = peer(&fields);
        let config = Self {
            key: routing_key(&fields),
            resolver: resolver(&fields, &peer),
            peer,
        };
        fields.end();
        config
    }
}

/// How each peer is sent to.
fn peer(fields: &Fields<'_>) -> GrpcConfig {
    let protocol = fields.section("protocol");
    let otlp = protocol
        .as_ref()
        .and_then(|protocol| protocol.section("otlp"));
    let has_inner = |name| otlp.as_ref().is_some_and(|otlp| otlp.has(name));
    let inner = ["sending_queue", "retry_on_failure", "timeout"].map(has_inner);
    let mut peer = GrpcConfig::read_template(otlp);
    if let Some(protocol) = protocol {
        protocol.end();
    }
    // The Collector tries twice, here and at each peer; we try once, and where a peer
    // goes meanwhile, with those that are left.
    let queue = fields.section("sending_queue").filter(is_enabled);
    let retry = fields.section("retry_on_failure").filter(is_enabled);
    let outer = [
        ("sending_queue", queue.is_some()),
        ("retry_on_failure", retry.is_some()),
        ("timeout", fields.has("timeout")),
    ];
    for ((name, is_outer), is_inner) in outer.into_iter().zip(inner) {
        if is_outer && is_inner {
            fields.reading().warn(format!(
                "{}: it counts instead of the one of protocol.otlp; leave that out",
                fields.path(name)
            ));
        }
    }
    if queue.is_some() {
        peer.queue = QueueConfig::read(queue);
    }
    if retry.is_some() {
        peer.retry = RetryConfig::read(retry);
    }
    peer.timeout = fields.duration("timeout", peer.timeout);
    if let Some(storage) = peer.queue.storage.take() {
        let message = format!(
            "{}: a queue on the disk is not served here; leave it out: clients are answered \
             when the peers have their spans",
            fields.path("sending_queue.storage")
        );
        fields.reading().mistake(storage.location, message);
    }
    peer
}

/// Here both are off unless they are written.
fn is_enabled(section: &Fields<'_>) -> bool {
    let written = section.text("enabled");
    written.is_none_or(|written| written.text != "false")
}

fn routing_key(fields: &Fields<'_>) -> RoutingKey {
    let names = fields.list("routing_attributes");
    let key = fields.value("routing_key", RoutingKey::TraceId, |text| match text {
        "traceID" | "" => Ok(RoutingKey::TraceId),
        "service" => Ok(RoutingKey::service()),
        "attributes" => Ok(RoutingKey::Attributes(
            names.iter().map(|name| name.text.clone()).collect(),
        )),
        "resource" | "metric" | "streamID" => Err(format!(
            "{text} is not for traces; write traceID, service or attributes"
        )),
        _ => Err(format!(
            "{text:?} is not one of traceID, service, attributes"
        )),
    });
    match (&key, names.first()) {
        (RoutingKey::Attributes(keys), _) if keys.is_empty() => fields.mistake(format!(
            "{} is missing: which attributes say where a span goes",
            fields.path("routing_attributes")
        )),
        (RoutingKey::Attributes(_), Some(_)) | (_, None) => {}
        (RoutingKey::TraceId, Some(first)) => fields.reading().mistake(
            first.location,
            format!(
                "{} is for routing_key: attributes; write that, or leave it out",
                fields.path("routing_attributes")
            ),
        ),
    }
    key
}

fn resolver(fields: &Fields<'_>, peer: &GrpcConfig) -> Resolver {
    let none = Resolver::Static(Vec::new());
    let example = "write for example static: {hostnames: [\"sampler-1:4317\"]}";
    let Some(section) = fields.section("resolver") else {
        fields.mistake(format!(
            "{} is missing: who the peers are; {example} below it",
            fields.path("resolver")
        ));
        return none;
    };
    section.not_served(
        "k8s",
        "write dns: {hostname: NAME.NAMESPACE.svc.cluster.local} with the name of a headless service",
    );
    section.not_served(
        "aws_cloud_map",
        "write dns: {hostname: SERVICE.NAMESPACE} with the names that Cloud Map has",
    );
    let (fixed, dns) = (section.section("static"), section.section("dns"));
    let is_refused = section.has("k8s") || section.has("aws_cloud_map");
    let resolver = match (fixed, dns) {
        (Some(fixed), None) => Resolver::Static(hostnames(fixed, peer)),
        (None, Some(dns)) => Resolver::Dns(self::dns(dns)),
        (None, None) => {
            if !is_refused {
                section.mistake(format!(
                    "{}: it is empty; {example}",
                    fields.path("resolver")
                ));
            }
            none
        }
        (Some(_), Some(_)) => {
            section.mistake(format!(
                "{}: it has both static and dns; write one of them",
                fields.path("resolver")
            ));
            none
        }
    };
    section.end();
    resolver
}

fn hostnames(fields: Fields<'_>, peer: &GrpcConfig) -> Vec<String> {
    let hostnames = fields.list("hostnames");
    if hostnames.is_empty() {
        fields.mistake(format!(
            "{} is missing: the addresses of the peers, as HOST:PORT",
            fields.path("hostnames")
        ));
    }
    for name in &hostnames {
        if let Err(why) = peer.to(&with_port(&name.text)).check() {
            let message = format!("{}: {why}", fields.path("hostnames"));
            fields.reading().mistake(name.location, message);
        }
    }
    fields.end();
    hostnames.into_iter().map(|name| name.text).collect()
}

fn dns(fields: Fields<'_>) -> DnsConfig {
    let hostname = fields.text("hostname").filter(|name| !name.text.is_empty());
    if hostname.is_none() {
        fields.mistake(format!(
            "{} is missing: the name whose addresses are the peers",
            fields.path("hostname")
        ));
    }
    let port = fields.value("port", None, |text| match text {
        "" => Ok(None),
        _ => text
            .parse()
            .map(Some)
            .map_err(|_| format!("{text:?} is not a port")),
    });
    let or = |time: Duration, default| if time.is_zero() { default } else { time };
    let config = DnsConfig {
        hostname: hostname.map(|name| name.text).unwrap_or_default(),
        port,
        interval: or(fields.duration("interval", INTERVAL), INTERVAL),
        timeout: or(fields.duration("timeout", LOOKUP_TIMEOUT), LOOKUP_TIMEOUT),
    };
    fields.end();
    config
}

/// An address to send to: OTLP's port, where a name has none.
pub(super) fn with_port(name: &str) -> String {
    let host = name.rsplit_once("://").map_or(name, |(_, host)| host);
    // An address of version 6 has colons of its own, in brackets.
    let behind_brackets = host.rsplit_once(']').map_or(host, |(_, behind)| behind);
    match behind_brackets.contains(':') {
        true => name.to_owned(),
        false => format!("{name}:4317"),
    }
}
