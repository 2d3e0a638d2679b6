//! Configuration in two stages: what people wrote becomes one validated [`Config`].
//!
//! Flags, environment variables, the YAML file and the defaults all write text
//! under the keys of one table ([`settings::settings`]). The text is parsed by
//! that table, and nothing after [`load`] checks a setting again. Loading never
//! stops at the first mistake and never changes anything outside this process.

mod document;
mod draft;
mod of_jaeger;
mod pipelines;
mod policies;
mod port_names;
mod printed;
mod receiver_ports;
mod settings;
mod sources;
#[cfg(test)]
mod tests;
mod value;
mod written;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use of_jaeger::of_flag as of_jaegers_flag;
pub(crate) use policies::policies;
pub(crate) use printed::print;
pub(crate) use receiver_ports::ReceiverPort;
pub(crate) use settings::{Kind, RETENTION, retention_age, retention_bytes, settings};
pub(crate) use sources::{Loaded, Sources, load};
pub(crate) use tracewell_access::LockFiles;
use tracewell_access::{Tenancy, Tenant};
pub(crate) use tracewell_collector::pipelines::PipelineFile;
pub(crate) use tracewell_collector::written::Mistakes;
pub(crate) use tracewell_store::embedded::FreeSpace;
pub(crate) use value::duration;

/// Everything a server process is told, checked and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Directory of the embedded store; unused when [`Storage::Memory`].
    pub(crate) data_dir: PathBuf,
    /// Which store keeps the spans.
    pub(crate) storage: Storage,
    /// Nothing is received, and the data directory does not change.
    pub(crate) is_read_only: bool,
    /// What must have happened to a batch before it is acknowledged.
    pub(crate) durability: Durability,
    /// When stored spans may be deleted.
    pub(crate) retention: Retention,
    /// Memory that the process may hold before receivers push back, in bytes.
    pub(crate) memory_limit_bytes: u64,
    /// Every port at which spans are received: those of the settings, and those that
    /// only a Collector's file has.
    pub(crate) receivers: Vec<ReceiverPort>,
    /// The address that ports without a host of their own listen on.
    pub(crate) listen: IpAddr,
    /// The OTLP receivers.
    pub(crate) otlp: Otlp,
    /// Receivers of Jaeger's protocols.
    pub(crate) jaeger: Jaeger,
    /// The receiver of Zipkin's spans; `None` where it is off.
    pub(crate) zipkin: Option<Endpoint>,
    /// What clients are told that ask how to sample.
    pub(crate) sampling: Sampling,
    /// The read side.
    pub(crate) query: Query,
    /// Where others are asked how they are.
    pub(crate) admin: Admin,
    /// TLS, and who may send and ask.
    pub(crate) lock: LockFiles,
    /// Whose spans are kept apart.
    pub(crate) tenants: Tenants,
    /// What the process says about itself on standard error.
    pub(crate) log: Log,
}

/// Tenants that share the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tenants {
    /// They do.
    pub(crate) is_on: bool,
    /// Whose a request is that names nobody.
    pub(crate) default: Option<Tenant>,
    /// Most of them.
    pub(crate) max: usize,
    /// Which there may be, and what each may send and keep.
    pub(crate) file: Option<PathBuf>,
}

impl Tenants {
    /// What the doors are told.
    pub(crate) fn tenancy(&self) -> Tenancy {
        match self.is_on {
            false => Tenancy::Off,
            true => Tenancy::On {
                default: self.default.clone(),
            },
        }
    }
}

/// The OTLP receivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Otlp {
    /// OTLP over gRPC; `None` where it is off.
    pub(crate) grpc: Option<Endpoint>,
    /// OTLP over HTTP.
    pub(crate) http: Option<Endpoint>,
    /// Largest request accepted, measured after decompression, in bytes.
    pub(crate) max_request_bytes: usize,
    /// Origins whose pages may post spans: `*`, or `scheme://host[:port]` in
    /// which the host may start with `*.`. Empty: no browser may.
    pub(crate) cors_allowed_origins: Vec<String>,
}

/// Receivers of Jaeger's protocols; `None` where one is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Jaeger {
    /// gRPC.
    pub(crate) grpc: Option<Endpoint>,
    /// Thrift over HTTP.
    pub(crate) thrift_http: Option<Endpoint>,
    /// UDP: Thrift's compact protocol.
    pub(crate) thrift_compact: Option<Endpoint>,
    /// UDP: Thrift's binary protocol.
    pub(crate) thrift_binary: Option<Endpoint>,
    /// UDP: Zipkin's spans of the oldest clients.
    pub(crate) zipkin_compact: Option<Endpoint>,
}

/// What clients are told that ask how to sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// Jaeger's file of strategies; `None`: everything is recorded.
    pub(crate) strategies_file: Option<PathBuf>,
    /// Over HTTP; `None` where that is off.
    pub(crate) http: Option<Endpoint>,
    /// Over gRPC.
    pub(crate) grpc: Option<Endpoint>,
}

/// The read side: APIs and UI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// UI and HTTP APIs.
    pub(crate) http: Endpoint,
    /// Jaeger's gRPC query services.
    pub(crate) grpc: Endpoint,
    /// Tempo's HTTP and gRPC APIs; `None` where they have no port of their own.
    pub(crate) tempo: Option<Endpoint>,
    /// Prefix of every HTTP path: empty, or `/x/y` without a slash at the end.
    pub(crate) base_path: String,
    /// Jaeger's file of UI settings; `None`: there is none.
    pub(crate) ui_config_file: Option<PathBuf>,
}

/// Ports on which Jaeger and the OpenTelemetry Collector are asked how they are;
/// `None` where one is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admin {
    /// Of a Jaeger collector.
    pub(crate) collector: Option<Endpoint>,
    /// Of a Jaeger query service.
    pub(crate) query: Option<Endpoint>,
    /// Of an OpenTelemetry Collector.
    pub(crate) health_check: Option<Endpoint>,
}

/// One address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Name in the `ready` line and in metrics: `otlp-grpc`.
    pub(crate) name: &'static str,
    /// Name for people: `OTLP gRPC`.
    pub(crate) title: &'static str,
    /// Where to listen; port 0 lets the system choose.
    pub(crate) address: SocketAddr,
    /// The flag that changes it, for the message about a taken port.
    pub(crate) flag: &'static str,
    /// Nobody asked for this port: when it is taken, the server runs without it.
    pub(crate) is_optional: bool,
}

/// Which store keeps the spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Files in the data directory.
    Embedded,
    /// Nothing survives the process.
    Memory,
}

/// What must have happened to a batch before it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// On the disk: survives a power cut.
    Fsync,
    /// Handed to the operating system: survives the process, not a power cut.
    Os,
    /// Held in memory: the last moments are lost with the process.
    None,
}

/// When stored spans may be deleted; whichever limit is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Time since a block was sealed; `None` keeps spans for ever.
    pub(crate) age: Option<Duration>,
    /// Bytes of the whole data directory; `None` uses what the disk has.
    pub(crate) bytes: Option<u64>,
    /// What the disk of the data directory keeps free.
    pub(crate) free_space: FreeSpace,
}

/// What the process says about itself on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// A level or a `tracing` filter such as `info,tracewell=debug`.
    pub(crate) filter: String,
    /// How a line looks.
    pub(crate) format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
