//! Every port at which spans are received, in one list.
//!
//! A setting opens one port of each protocol; a Collector's file may have more, of
//! receivers with names of their own. The setting, and so its flag, is that of the
//! receiver without a name, or else of the first.

use std::collections::BTreeMap;

use super::draft::{Draft, UDP, overlap};
use super::port_names::{self, PortName};
use super::{Config, Endpoint, PipelineFile, value};
use tracewell_collector::CorsConfig;
use tracewell_collector::pipelines::Port;
use tracewell_collector::written::{Mistake, Place};

/// A port at which spans are received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReceiverPort {
    /// The setting that opens the port of its protocol.
    pub(crate) setting: &'static str,
    /// What stands behind the slash where a file calls the receiver `type/NAME`.
    pub(crate) name: String,
    /// Where.
    pub(crate) endpoint: Endpoint,
    /// Which pages may send there.
    pub(crate) cors: CorsConfig,
}

impl ReceiverPort {
    /// Does OTLP come there?
    pub(crate) fn is_otlp(&self) -> bool {
        self.setting.starts_with("receivers.otlp.")
    }

    /// Do datagrams come there?
    pub(crate) fn is_udp(&self) -> bool {
        UDP.contains(&self.setting)
    }

    /// Its name behind that of its protocol.
    pub(crate) fn called(&self, protocol: &'static str) -> String {
        match &*self.name {
            "" => protocol.to_owned(),
            name => format!("{protocol}/{name}"),
        }
    }
}

/// A port of a file that is not that of a setting.
pub(super) struct MorePort {
    pub(super) setting: &'static str,
    pub(super) name: String,
    endpoint: Endpoint,
    cors: CorsConfig,
}

/// A port of a receiver as a file has it, and where that is written.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) port: Port,
    pub(super) place: Place,
}

/// The ports of a file: those of settings first.
#[derive(Default)]
pub(super) struct OfFile {
    pub(super) of_settings: BTreeMap<&'static str, Written>,
    pub(super) more: Vec<Written>,
}

impl OfFile {
    /// Those that no setting opens, with everything that is wrong with them.
    pub(super) fn more(&self, draft: &Draft, mistakes: &mut Vec<Mistake>) -> Vec<MorePort> {
        let mut found: Vec<MorePort> = Vec::new();
        for written in &self.more {
            let setting = written.port.setting;
            let mut wrong = |message: String| {
                let place = written.place.clone();
                mistakes.push(Mistake { place, message });
            };
            let wanted = match value::port_and_host(&written.port.endpoint) {
                Ok(wanted) => wanted,
                Err(why) => {
                    wrong(format!("{setting}: {why}"));
                    continue;
                }
            };
            let is_udp = UDP.contains(&setting);
            let address = match is_udp {
                true => draft.udp_address(wanted),
                false => draft.address(wanted),
            };
            let others = draft.receiving().into_iter().filter_map(|(key, port)| {
                let is_like = UDP.contains(&key) == is_udp;
                Some(draft.address(port.filter(|_| is_like)?))
            });
            let more = found
                .iter()
                .filter(|other| UDP.contains(&other.setting) == is_udp);
            let mut others = others.chain(more.map(|other| other.endpoint.address));
            if others.any(|other| overlap(other, address)) {
                wrong(format!(
                    "{address} is also the address of another receiver; change one"
                ));
            }
            found.push(MorePort {
                setting,
                name: written.name.clone(),
                endpoint: endpoint(setting, address),
                cors: written.port.cors.clone().unwrap_or_default(),
            });
        }
        found
    }
}

/// All of them.
pub(super) fn all(config: &Config, of_file: &OfFile, more: Vec<MorePort>) -> Vec<ReceiverPort> {
    let jaeger = &config.jaeger;
    let of_settings = [
        ("receivers.otlp.protocols.grpc.endpoint", config.otlp.grpc),
        ("receivers.otlp.protocols.http.endpoint", config.otlp.http),
        ("receivers.jaeger.protocols.grpc.endpoint", jaeger.grpc),
        (
            "receivers.jaeger.protocols.thrift_http.endpoint",
            jaeger.thrift_http,
        ),
        (
            "receivers.jaeger.protocols.thrift_compact.endpoint",
            jaeger.thrift_compact,
        ),
        (
            "receivers.jaeger.protocols.thrift_binary.endpoint",
            jaeger.thrift_binary,
        ),
        (
            "receivers.jaeger.protocols.zipkin_compact.endpoint",
            jaeger.zipkin_compact,
        ),
        ("receivers.zipkin.endpoint", config.zipkin),
    ];
    let of_settings = of_settings.into_iter().filter_map(|(setting, endpoint)| {
        let written = of_file.of_settings.get(setting);
        let cors = written.and_then(|written| written.port.cors.clone());
        let mut cors = cors.unwrap_or_default();
        if setting == "receivers.otlp.protocols.http.endpoint" {
            // Also where a flag says another thing than the file.
            cors.allowed_origins
                .clone_from(&config.otlp.cors_allowed_origins);
        }
        Some(ReceiverPort {
            setting,
            name: written.map_or_else(String::new, |written| written.name.clone()),
            endpoint: endpoint?,
            cors,
        })
    });
    let more = more.into_iter().map(|more| ReceiverPort {
        setting: more.setting,
        name: more.name,
        endpoint: more.endpoint,
        cors: more.cors,
    });
    of_settings.chain(more).collect()
}

/// The names of the receivers of a file whose ports are those of settings, and the
/// other ports.
pub(super) fn of_file(file: &PipelineFile, place: impl Fn(&Port) -> Place) -> OfFile {
    let mut found = OfFile::default();
    // The one without a name comes first.
    for (id, receiver) in &file.receivers {
        for port in &receiver.ports {
            let written = Written {
                name: id.name.clone(),
                place: place(port),
                port: port.clone(),
            };
            if found.of_settings.contains_key(port.setting) {
                found.more.push(written);
            } else {
                found.of_settings.insert(port.setting, written);
            }
        }
    }
    found
}

/// A port that only a file has.
fn endpoint(setting: &str, address: std::net::SocketAddr) -> Endpoint {
    let PortName { name, title, .. } = port_names::of(setting);
    Endpoint {
        name,
        title,
        address,
        flag: "its endpoint in the file",
        is_optional: false,
    }
}
