//! The configuration while it is being read: later sources overwrite earlier
//! ones, and what depends on several settings is worked out at the end.
//!
//! A draft holds only values that each passed their own check. It never leaves
//! this module's parent: everybody else sees a finished [`Config`].

mod ports;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::port_names::{self, PortName};
use super::value::{PortAndHost, show_bytes};
use super::{
    Admin, Config, Durability, Endpoint, FreeSpace, Jaeger, LockFiles, Log, LogFormat, Otlp, Query,
    Retention, Sampling, Storage, Tenants,
};
use ports::is_optional;
pub(super) use ports::{AdminPorts, JaegerPorts, SamplingDraft, UDP, overlap};
use tracewell_collector::written::Place;

/// Values read so far.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) data_dir: PathBuf,
    pub(super) storage: Storage,
    pub(super) is_read_only: bool,
    pub(super) durability: Durability,
    pub(super) retention: Retention,
    pub(super) memory_limit_bytes: u64,
    pub(super) listen: IpAddr,
    pub(super) otlp_grpc: Option<PortAndHost>,
    pub(super) otlp_http: Option<PortAndHost>,
    pub(super) cors_allowed_origins: Vec<String>,
    pub(super) max_request_bytes: u64,
    pub(super) jaeger: JaegerPorts,
    pub(super) zipkin: Option<PortAndHost>,
    pub(super) sampling: SamplingDraft,
    pub(super) query_http: PortAndHost,
    pub(super) query_grpc: PortAndHost,
    pub(super) tempo: Option<PortAndHost>,
    pub(super) admin: AdminPorts,
    pub(super) base_path: String,
    pub(super) ui_config_file: Option<PathBuf>,
    pub(super) lock: LockFiles,
    pub(super) tenants: Tenants,
    pub(super) log: Log,
}

/// Where each setting comes from.
pub(super) type Places = BTreeMap<&'static str, Place>;

impl Draft {
    /// A draft that still waits for the defaults of the table.
    pub(super) fn empty() -> Self {
        let any_port = PortAndHost {
            host: None,
            port: 0,
        };
        Self {
            data_dir: PathBuf::new(),
            storage: Storage::Embedded,
            is_read_only: false,
            durability: Durability::Fsync,
            retention: Retention {
                age: None,
                bytes: None,
                free_space: FreeSpace::Any,
            },
            memory_limit_bytes: 0,
            listen: Ipv4Addr::LOCALHOST.into(),
            otlp_grpc: None,
            otlp_http: None,
            cors_allowed_origins: Vec::new(),
            max_request_bytes: 0,
            jaeger: JaegerPorts::default(),
            zipkin: None,
            sampling: SamplingDraft::default(),
            query_http: any_port,
            query_grpc: any_port,
            tempo: None,
            admin: AdminPorts::default(),
            base_path: String::new(),
            ui_config_file: None,
            lock: LockFiles::default(),
            tenants: Tenants::default(),
            log: Log {
                filter: String::new(),
                format: LogFormat::Text,
            },
        }
    }

    /// Settings that contradict one another: the key to blame, and why.
    pub(super) fn contradictions(&self, places: &Places) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.is_read_only && self.storage == Storage::Memory {
            let message = "storage: memory has nothing to look into; remove one of the two";
            found.push(("read_only", message.to_owned()));
        }
        if self.max_request_bytes > self.memory_limit_bytes {
            found.push((
                "receivers.otlp.max_request_bytes",
                format!(
                    "a request of {} does not fit memory_limit, {}; lower this or raise that",
                    show_bytes(self.max_request_bytes),
                    show_bytes(self.memory_limit_bytes)
                ),
            ));
        }
        let lock = &self.lock;
        for (key, there, missing, other) in [
            (
                "tls.cert_file",
                &lock.certificate,
                &lock.key,
                "tls.key_file",
            ),
            (
                "tls.key_file",
                &lock.key,
                &lock.certificate,
                "tls.cert_file",
            ),
            (
                "tls.client_ca_file",
                &lock.client_authorities,
                &lock.certificate,
                "tls.cert_file",
            ),
        ] {
            if there.is_some() && missing.is_none() {
                let message = format!("needs {other} beside it; set both or none");
                found.push((key, message));
            }
        }
        let tenants = &self.tenants;
        if !tenants.is_on {
            let set = [
                ("tenants.default", tenants.default.is_some()),
                ("tenants.file", tenants.file.is_some()),
            ];
            let set = set.into_iter().filter(|(_, is_set)| *is_set);
            found.extend(set.map(|(key, _)| {
                let message = "does nothing without tenants.enabled: true";
                (key, message.to_owned())
            }));
        }
        found.extend(self.shared_ports(places));
        found
    }

    /// Endpoints that would take the same port from one another. One that nobody
    /// asked for gives way when it comes to that.
    fn shared_ports(&self, places: &Places) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let is_udp = |(key, _): &(&str, _)| UDP.contains(key);
        let (udp, mut tcp): (Vec<_>, Vec<_>) = self.receiving().into_iter().partition(is_udp);
        tcp.extend([
            ("sampling.http.endpoint", self.sampling.http),
            ("sampling.grpc.endpoint", self.sampling.grpc),
            ("query.http.endpoint", Some(self.query_http)),
            ("query.grpc.endpoint", Some(self.query_grpc)),
            ("query.tempo.endpoint", self.tempo),
            ("admin.collector.endpoint", self.admin.collector),
            ("admin.query.endpoint", self.admin.query),
            ("admin.health_check.endpoint", self.admin.health_check),
        ]);
        for ports in [&tcp, &udp] {
            let wanted = ports.iter().filter_map(|(key, port)| {
                let address = self.address((*port)?);
                (!is_optional(key, places)).then_some((*key, address))
            });
            let wanted: Vec<_> = wanted.collect();
            for (index, (key, address)) in wanted.iter().enumerate() {
                let mut before = wanted[..index].iter();
                if let Some((other_key, _)) = before.find(|(_, other)| overlap(*other, *address)) {
                    let message =
                        format!("{address} is also the address of {other_key}; change one");
                    found.push((*key, message));
                }
            }
        }
        found
    }

    /// The settings of ports at which spans are received.
    pub(super) fn receiving(&self) -> [(&'static str, Option<PortAndHost>); 8] {
        let jaeger = &self.jaeger;
        [
            ("receivers.otlp.protocols.grpc.endpoint", self.otlp_grpc),
            ("receivers.otlp.protocols.http.endpoint", self.otlp_http),
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
            ("receivers.zipkin.endpoint", self.zipkin),
        ]
    }

    pub(super) fn address(&self, wanted: PortAndHost) -> SocketAddr {
        SocketAddr::new(wanted.host.unwrap_or(self.listen), wanted.port)
    }

    /// A datagram says nothing of who sent it. Where others have to say it, it
    /// is taken from this machine alone unless the port has a host of its own.
    pub(super) fn udp_address(&self, wanted: PortAndHost) -> SocketAddr {
        let mut address = self.address(wanted);
        if wanted.host.is_none() && self.lock.ask_who() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        address
    }

    /// The finished configuration.
    pub(super) fn finish(self, places: &Places) -> Config {
        let endpoint = |setting: &str, wanted| {
            let PortName { name, title, flag } = port_names::of(setting);
            Endpoint {
                name,
                title,
                flag,
                address: self.address(wanted),
                is_optional: is_optional(setting, places),
            }
        };
        let port = |setting, wanted: Option<_>| wanted.map(|wanted| endpoint(setting, wanted));
        let datagrams = |setting, wanted: Option<PortAndHost>| {
            wanted.map(|wanted| Endpoint {
                address: self.udp_address(wanted),
                ..endpoint(setting, wanted)
            })
        };
        let (jaeger, admin) = (&self.jaeger, &self.admin);
        Config {
            otlp: Otlp {
                grpc: port("receivers.otlp.protocols.grpc.endpoint", self.otlp_grpc),
                http: port("receivers.otlp.protocols.http.endpoint", self.otlp_http),
                // Checked against the memory limit; saturates only where a
                // pointer has fewer bits than the disk has bytes.
                max_request_bytes: usize::try_from(self.max_request_bytes).unwrap_or(usize::MAX),
                cors_allowed_origins: self.cors_allowed_origins.clone(),
            },
            jaeger: Jaeger {
                grpc: port("receivers.jaeger.protocols.grpc.endpoint", jaeger.grpc),
                thrift_http: port(
                    "receivers.jaeger.protocols.thrift_http.endpoint",
                    jaeger.thrift_http,
                ),
                thrift_compact: datagrams(
                    "receivers.jaeger.protocols.thrift_compact.endpoint",
                    jaeger.thrift_compact,
                ),
                thrift_binary: datagrams(
                    "receivers.jaeger.protocols.thrift_binary.endpoint",
                    jaeger.thrift_binary,
                ),
                zipkin_compact: datagrams(
                    "receivers.jaeger.protocols.zipkin_compact.endpoint",
                    jaeger.zipkin_compact,
                ),
            },
            zipkin: port("receivers.zipkin.endpoint", self.zipkin),
            sampling: Sampling {
                http: port("sampling.http.endpoint", self.sampling.http),
                grpc: port("sampling.grpc.endpoint", self.sampling.grpc),
                strategies_file: self.sampling.strategies_file.clone(),
            },
            admin: Admin {
                collector: port("admin.collector.endpoint", admin.collector),
                query: port("admin.query.endpoint", admin.query),
                health_check: port("admin.health_check.endpoint", admin.health_check),
            },
            query: Query {
                http: endpoint("query.http.endpoint", self.query_http),
                grpc: endpoint("query.grpc.endpoint", self.query_grpc),
                tempo: port("query.tempo.endpoint", self.tempo),
                base_path: self.base_path.clone(),
                ui_config_file: self.ui_config_file.clone(),
            },
            receivers: Vec::new(),
            listen: self.listen,
            data_dir: self.data_dir,
            storage: self.storage,
            is_read_only: self.is_read_only,
            durability: self.durability,
            retention: self.retention,
            memory_limit_bytes: self.memory_limit_bytes,
            lock: self.lock,
            tenants: self.tenants,
            log: self.log,
        }
    }
}
