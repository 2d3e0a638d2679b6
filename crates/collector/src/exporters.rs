//! Where spans go from here: to other tracing backends, and into files; and where
//! numbers go that were counted of them ([`pushing`](crate::pushing)).
//!
//! ```text
//! Consumer ─┬─► Sending: senders wait ────────────┬─► Delivery ─► Peer ─► Connector ─► network
//!           ├─► DiskQueue: safe on the disk first ┘   (retries)   (grpc,  (tls)
//!           ├─► LoadBalancing: a Sending for each peer             http)
//!           └─► FileExporter ─► file
//! ```
//!
//! A kind of exporter says what its requests look like and what an answer means
//! (`otlp`, `otlp_http`, `jaeger`, `kafka`, `zipkin`); everything else is the same for all.
//! **A batch is acknowledged when the peer has it, or the file or a queue on the
//! disk, and not before.**

pub mod account;
pub mod auth;
mod codec;
mod connector;
pub mod debug;
mod delivery;
mod disk_queue;
pub mod file;
pub mod grpc;
mod headers;
pub mod http;
mod jaeger;
pub mod kafka;
pub mod load_balancing;
mod otlp;
pub mod otlp_http;
mod peer;
pub mod prometheus;
pub mod prometheus_remote_write;
mod queue;
mod retry;
mod room;
pub mod secret;
mod sending;
pub mod tls;
pub mod zipkin;

pub(crate) use self::http::shown;
pub use account::{ExporterAccount, ExporterSnapshot, QueueSnapshot};
use debug::Debug;
pub(crate) use delivery::{chance, has_ended_within};
use jaeger::JAEGER;
use otlp::{OTLP, OTLP_METRICS};
pub(crate) use peer::{Answer, Peer};
pub use queue::QueueConfig;
pub(crate) use retry::RetryConfig;
pub use room::Sizer;

use std::collections::BTreeMap;
use std::sync::Arc;

use tracewell_model::{Consumer, SpanBatch};

use crate::pipelines::graph::{Accounts, Nop, Surroundings};
use crate::pipelines::{ComponentId, ExtensionConfig};
use crate::written::fields::{Fields, Reading};
use debug::DebugConfig;
use file::{FileConfig, FileExporter};
use grpc::GrpcConfig;
use http::{HttpConfig, HttpProtocol};
use kafka::KafkaConfig;
use load_balancing::{LoadBalancing, LoadBalancingConfig};
use otlp_http::{OtlpEncoding, OtlpHttpConfig};
use prometheus::PrometheusConfig;
use prometheus_remote_write::RemoteWriteConfig;
use zipkin::ZipkinConfig;

/// What a kind of exporter says over gRPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol {
    /// Path of the method.
    pub(crate) method: &'static str,
    /// A batch as messages.
    pub(crate) encode: fn(&SpanBatch) -> Vec<Vec<u8>>,
    /// What an answer of OK says besides: how many spans the peer left out, and
    /// why.
    pub(crate) left_out: fn(&[u8]) -> Option<(u64, String)>,
}

/// An exporter, understood.
#[derive(Debug, Clone)]
pub enum ExporterConfig {
    /// Into the store of this process.
    Tracewell,
    /// OTLP over gRPC.
    Otlp(GrpcConfig),
    /// Jaeger's `PostSpans` over gRPC.
    Jaeger(GrpcConfig),
    /// OTLP over gRPC, to several peers by trace.
    LoadBalancing(Box<LoadBalancingConfig>),
    /// OTLP over HTTP.
    OtlpHttp(OtlpHttpConfig),
    /// Records in a topic of Kafka.
    Kafka(Box<KafkaConfig>),
    /// Version 2 of Zipkin's API.
    Zipkin(ZipkinConfig),
    /// OTLP into a file.
    File(FileConfig),
    /// Into the log.
    Debug(DebugConfig),
    /// Nowhere.
    Nop,
    /// Prometheus' remote write.
    PrometheusRemoteWrite(RemoteWriteConfig),
    /// To who comes and asks.
    Prometheus(PrometheusConfig),
}

/// What goes through a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
}

/// Who metrics are sent to, and how.
pub(crate) struct MetricsTo<'c> {
    pub(crate) peer: Peer,
    pub(crate) write: MetricsAs<'c>,
    pub(crate) retry: &'c RetryConfig,
    /// What is shown of where.
    pub(crate) endpoint: &'c str,
}

/// As what metrics are sent.
pub(crate) enum MetricsAs<'c> {
    Protobuf,
    Json,
    RemoteWrite(&'c RemoteWriteConfig),
}

impl ExporterConfig {
    /// Reads the section of an exporter of this kind; `None` of a kind that is not
    /// served.
    pub(crate) fn read(kind: &str, fields: Fields<'_>) -> Option<Self> {
        Some(match kind {
            "otlp" | "otlp_grpc" => Self::Otlp(GrpcConfig::read(fields)),
            "jaeger" => Self::Jaeger(GrpcConfig::read(fields)),
            "load_balancing" | "loadbalancing" => {
                Self::LoadBalancing(Box::new(LoadBalancingConfig::read(fields)))
            }
            "kafka" => Self::Kafka(Box::new(KafkaConfig::read(fields))),
            "otlphttp" | "otlp_http" => Self::OtlpHttp(OtlpHttpConfig::read(fields)),
            "zipkin" => Self::Zipkin(ZipkinConfig::read(fields)),
            "file" => Self::File(FileConfig::read(fields)),
            "debug" | "logging" => Self::Debug(DebugConfig::read(fields)),
            "prometheusremotewrite" | "prometheus_remote_write" => {
                Self::PrometheusRemoteWrite(RemoteWriteConfig::read(fields))
            }
            "prometheus" => Self::Prometheus(PrometheusConfig::read(fields)),
            "tracewell" => {
                fields.end();
                Self::Tracewell
            }
            "nop" => {
                fields.end();
                Self::Nop
            }
            _ => return None,
        })
    }

    /// Why it cannot stand at the end of such a pipeline.
    pub(crate) fn not_for(&self, signal: Signal) -> Option<&'static str> {
        match (self, signal) {
            (Self::PrometheusRemoteWrite(_) | Self::Prometheus(_), Signal::Traces) => {
                Some("it takes metrics alone")
            }
            (
                Self::Tracewell
                | Self::Jaeger(_)
                | Self::LoadBalancing(_)
                | Self::Kafka(_)
                | Self::Zipkin(_)
                | Self::File(_),
                Signal::Metrics,
            ) => Some("it takes traces alone"),
            (Self::OtlpHttp(config), Signal::Traces) if config.url.is_empty() => {
                Some("it is told no endpoint of traces; write endpoint or traces_endpoint")
            }
            (Self::OtlpHttp(config), Signal::Metrics) if config.metrics_url.is_empty() => {
                Some("it is told no endpoint of metrics; write endpoint or metrics_endpoint")
            }
            _ => None,
        }
    }

    /// Who it sends metrics to; `None` where it sends none.
    ///
    /// # Errors
    /// It cannot be made: why.
    pub(crate) fn metrics_to(
        &self,
        surroundings: &Surroundings<'_>,
    ) -> Result<Option<MetricsTo<'_>>, String> {
        let ((peer, _, retry, endpoint), write) = match self {
            Self::Otlp(config) => (
                over_grpc(&OTLP_METRICS, config, surroundings)?,
                MetricsAs::Protobuf,
            ),
            Self::OtlpHttp(config) => (
                over_http(config.metrics_protocol(), &config.metrics_url, &config.http)?,
                match config.encoding {
                    OtlpEncoding::Protobuf => MetricsAs::Protobuf,
                    OtlpEncoding::Json => MetricsAs::Json,
                },
            ),
            Self::PrometheusRemoteWrite(config) => (
                over_http(config.protocol(), &config.url, &config.http)?,
                MetricsAs::RemoteWrite(config),
            ),
            _ => return Ok(None),
        };
        Ok(Some(MetricsTo {
            peer,
            write,
            retry,
            endpoint,
        }))
    }

    /// How it queues, if it does.
    pub(crate) fn queue(&self) -> Option<&QueueConfig> {
        match self {
            Self::Tracewell | Self::File(_) | Self::Debug(_) | Self::Nop => None,
            // The newest values wait, whatever happens.
            Self::PrometheusRemoteWrite(_) | Self::Prometheus(_) => None,
            Self::Otlp(config) | Self::Jaeger(config) => Some(&config.queue),
            Self::Kafka(config) => Some(&config.queue),
            Self::LoadBalancing(config) => Some(&config.peer.queue),
            Self::OtlpHttp(config) => Some(&config.http.queue),
            Self::Zipkin(config) => Some(&config.http.queue),
        }
    }

    /// The running exporter, which connects to nobody yet, with its account among
    /// `accounts`, if it keeps one.
    ///
    /// # Errors
    /// It cannot be made: why.
    pub(crate) fn build(
        &self,
        id: &ComponentId,
        surroundings: &Surroundings<'_>,
        accounts: &Accounts,
    ) -> Result<Arc<dyn Consumer>, String> {
        let account = |endpoint: &str| accounts.exporter(id, endpoint);
        let brokers;
        let (peer, queue, retry, endpoint) = match self {
            Self::Tracewell => return Ok(Arc::clone(surroundings.store)),
            Self::Debug(config) => {
                let runtime = surroundings.runtime.clone();
                return Ok(Arc::new(Debug::new(id.to_string(), config, runtime)));
            }
            // No pipeline of traces names these two.
            Self::Nop | Self::PrometheusRemoteWrite(_) | Self::Prometheus(_) => {
                return Ok(Arc::new(Nop));
            }
            Self::File(config) => {
                let account = account(&config.path.display().to_string());
                return FileExporter::build(config, account, surroundings);
            }
            Self::LoadBalancing(config) => {
                let account = account(&config.resolver.shown());
                sending::account_ends(&account, surroundings);
                return Ok(LoadBalancing::start(config, account, surroundings.runtime)?);
            }
            Self::Otlp(config) => over_grpc(&OTLP, config, surroundings)?,
            Self::Jaeger(config) => over_grpc(&JAEGER, config, surroundings)?,
            Self::OtlpHttp(config) => over_http(config.protocol(), &config.url, &config.http)?,
            Self::Kafka(config) => {
                brokers = config.brokers.addresses.join(", ");
                let peer = Peer::Kafka(Box::new(kafka::Peer::new(config)?));
                (peer, &config.queue, &config.retry, &*brokers)
            }
            Self::Zipkin(config) => over_http(config.protocol(), &config.url, &config.http)?,
        };
        sending::start(peer, queue, retry, account(endpoint), surroundings)
    }

    /// Finds the extensions that it names among those that the service uses.
    pub(crate) fn find_extensions(
        &mut self,
        extensions: &BTreeMap<ComponentId, ExtensionConfig>,
        reading: &Reading,
    ) {
        let auth = match self {
            Self::Otlp(config) | Self::Jaeger(config) => &mut config.auth,
            Self::LoadBalancing(config) => &mut config.peer.auth,
            Self::OtlpHttp(config) => &mut config.http.auth,
            Self::Zipkin(config) => &mut config.http.auth,
            Self::PrometheusRemoteWrite(config) => &mut config.http.auth,
            Self::Prometheus(_) => return,
            Self::Tracewell | Self::File(_) | Self::Debug(_) | Self::Kafka(_) | Self::Nop => return,
        };
        if let Some(auth) = auth {
            auth.find(extensions, reading);
        }
    }
}

/// Who is sent to, how, and what is shown of where.
type To<'c> = (Peer, &'c QueueConfig, &'c RetryConfig, &'c str);

fn over_grpc<'c>(
    protocol: &Protocol,
    config: &'c GrpcConfig,
    surroundings: &Surroundings<'_>,
) -> Result<To<'c>, String> {
    let _within = surroundings.runtime.enter();
    let peer = Peer::Grpc(Box::new(grpc::Peer::new(protocol, config)?));
    let shown = grpc::shown(&config.endpoint);
    Ok((peer, &config.queue, &config.retry, shown))
}

fn over_http<'c>(
    protocol: HttpProtocol,
    url: &'c str,
    config: &'c HttpConfig,
) -> Result<To<'c>, String> {
    let peer = Peer::Http(Box::new(http::Peer::new(protocol, url, config)?));
    Ok((peer, &config.queue, &config.retry, shown(url)))
}
