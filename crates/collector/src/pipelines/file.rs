//! A Collector's file, understood: the traces part of it, checked and complete.
//!
//! Everything that is wrong is a mistake with line and column, and what we serve
//! otherwise or not yet is told so by name; only what tunes the Collector's own
//! inside (buffers, workers) is read over. **Nothing is opened or resolved here.**

mod service;

use std::collections::BTreeMap;

use super::id::ComponentId;
use super::known;
use super::ports::{self, ReceiverConfig, on_all_addresses};
use crate::exporters::debug::DebugConfig;
use crate::exporters::grpc::GrpcConfig;
use crate::processors::batch::BatchConfig;
use crate::written::fields::{Fields, Placed, Reading};
use crate::written::yaml::{Location, Node, Spanned};

/// See the module's text. Components that no pipeline names are not in it.
#[derive(Debug, Clone, Default)]
pub struct PipelineFile {
    /// Receivers by name.
    pub receivers: BTreeMap<ComponentId, ReceiverConfig>,
    /// Processors by name. Each pipeline has its own of them.
    pub processors: BTreeMap<ComponentId, ProcessorConfig>,
    /// Exporters by name.
    pub exporters: BTreeMap<ComponentId, ExporterConfig>,
    /// Pipelines of traces, in the order written.
    pub pipelines: Vec<PipelineConfig>,
    /// Where the process is asked how it is, if the file says so.
    pub health_check: Option<(String, Location)>,
    /// MiB of memory that `memory_limiter` allows, and where it says so.
    pub memory_limit_mib: Option<(u64, Location)>,
}

/// A pipeline of traces.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// `traces`, or `traces/NAME`.
    pub name: String,
    /// Where spans come from.
    pub receivers: Vec<ComponentId>,
    /// What is done to them, in this order.
    pub processors: Vec<ComponentId>,
    /// Where they go: to each of these.
    pub exporters: Vec<ComponentId>,
}

/// A processor.
#[derive(Debug, Clone)]
pub enum ProcessorConfig {
    /// Joins small batches.
    Batch(BatchConfig),
    /// Bounds the memory of the process, which is done at the receivers: the
    /// budget is known before a byte is read.
    MemoryLimiter,
}

/// An exporter.
#[derive(Debug, Clone)]
pub enum ExporterConfig {
    /// Into the store of this process.
    Tracewell,
    /// OTLP over gRPC.
    Otlp(GrpcConfig),
    /// Jaeger's `PostSpans` over gRPC.
    Jaeger(GrpcConfig),
    /// Into the log.
    Debug(DebugConfig),
    /// Nowhere.
    Nop,
}

impl PipelineFile {
    /// Does any pipeline end in the store of this process?
    #[must_use]
    pub fn stores(&self) -> bool {
        let mut exporters = self.exporters.values();
        exporters.any(|exporter| matches!(exporter, ExporterConfig::Tracewell))
    }

    /// The graph as text, a line for each pipeline.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let names = |ids: &[ComponentId]| {
            let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
            names.join(" + ")
        };
        let line = |pipeline: &PipelineConfig| {
            let stages = pipeline.processors.iter().map(ToString::to_string);
            let stages = std::iter::once(names(&pipeline.receivers)).chain(stages);
            let stages: Vec<String> = stages.chain([names(&pipeline.exporters)]).collect();
            format!("{}: {}", pipeline.name, stages.join(" → "))
        };
        self.pipelines.iter().map(line).collect()
    }
}

/// Is this a Collector's file? Our own settings have no `service`.
#[must_use]
pub fn is_pipeline_file(root: &Node) -> bool {
    let Node::Mapping(entries) = root else {
        return false;
    };
    entries.iter().any(|(key, _)| key.value == "service")
}

/// Understands the tree of a file, in which variables were replaced.
#[must_use]
pub fn read(root: &Spanned<Node>, reading: &Reading) -> PipelineFile {
    let top = reading.fields("", root);
    let mut file = PipelineFile::default();
    let mut defined = Defined {
        receivers: components(&top, "receivers", ports::read),
        processors: components(&top, "processors", processor),
        exporters: components(&top, "exporters", exporter),
        extensions: components(&top, "extensions", extension),
    };
    // A connector ends a pipeline as an exporter does, and begins one.
    for (id, connector) in components::<()>(&top, "connectors", |_, _| None) {
        if let Err(unserved) = connector {
            let of_receivers = defined.receivers.entry(id.clone());
            of_receivers.or_insert_with(|| Err(unserved.clone()));
            defined.exporters.entry(id).or_insert(Err(unserved));
        }
    }
    match top.section("service") {
        Some(service) => service::read(&service, &defined, &mut file, reading),
        None => top.mistake("service is missing: it says what the pipelines are"),
    }
    top.end();
    let mut unserved: Vec<Unserved> = Vec::new();
    unserved.extend(defined.receivers.into_values().filter_map(Result::err));
    unserved.extend(defined.processors.into_values().filter_map(Result::err));
    unserved.extend(defined.exporters.into_values().filter_map(Result::err));
    unserved.extend(defined.extensions.into_values().filter_map(Result::err));
    unserved.sort_by(|a, b| a.why.cmp(&b.why));
    unserved.dedup_by(|a, b| a.why == b.why);
    // Those that somebody needs are mistakes already.
    for Unserved { location, why } in unserved {
        if !reading.is_wrong_at(location) {
            reading.warn(format!("{why}; nothing of the traces needs it"));
        }
    }
    file
}

/// Everything that a section defines, by name.
type Components<T> = BTreeMap<ComponentId, Result<T, Unserved>>;

/// A component of a kind that is not served. Only who needs it is told so as a
/// mistake: it may be there for metrics and logs.
#[derive(Clone)]
struct Unserved {
    location: Location,
    why: String,
}

struct Defined {
    receivers: Components<ReceiverConfig>,
    processors: Components<(ProcessorConfig, Option<(u64, Location)>)>,
    exporters: Components<ExporterConfig>,
    extensions: Components<Extension>,
}

/// Reads the components of a section with `read`, which knows the kinds.
fn components<T>(
    top: &Fields<'_>,
    section: &'static str,
    read: impl Fn(&str, Fields<'_>) -> Option<T>,
) -> Components<T> {
    let mut found = Components::new();
    let Some(fields) = top.section(section) else {
        return found;
    };
    for (key, node) in fields.all() {
        let name = &key.value;
        let id = match ComponentId::parse(name) {
            Ok(id) => id,
            Err(why) => {
                fields
                    .reading()
                    .mistake(key.referenced, format!("{section}: {why}"));
                continue;
            }
        };
        let of_component = fields.reading().fields(&format!("{section}.{id}"), node);
        let component = read(&id.kind, of_component).ok_or_else(|| {
            let (what, kind) = (section.trim_end_matches('s'), &id.kind);
            let why = match known::instead(section, kind) {
                Some(instead) => format!("the {what} {kind} is not served; {instead}"),
                None => format!("there is no {what} {kind}"),
            };
            Unserved {
                location: key.referenced,
                why: format!("{section}.{id}: {why}"),
            }
        });
        found.insert(id, component);
    }
    found
}

fn processor(kind: &str, fields: Fields<'_>) -> Option<(ProcessorConfig, Option<(u64, Location)>)> {
    match kind {
        "batch" => Some((ProcessorConfig::Batch(BatchConfig::read(fields)), None)),
        "memory_limiter" => {
            let limit = fields.number("limit_mib", 0, 0);
            let at = fields.text("limit_mib").map(|written| written.location);
            // Checked as bytes come in, and with room for spikes.
            for taken in [
                "check_interval",
                "spike_limit_mib",
                "spike_limit_percentage",
            ] {
                fields.has(taken);
            }
            if fields.has("limit_percentage") && at.is_none() {
                fields.reading().warn(format!(
                    "{}: the limit is --memory-limit, in bytes; write limit_mib for another one",
                    fields.path("limit_percentage")
                ));
            }
            fields.end();
            Some((ProcessorConfig::MemoryLimiter, at.map(|at| (limit, at))))
        }
        _ => None,
    }
}

fn exporter(kind: &str, fields: Fields<'_>) -> Option<ExporterConfig> {
    Some(match kind {
        "otlp" | "otlp_grpc" => ExporterConfig::Otlp(GrpcConfig::read(fields)),
        "jaeger" => ExporterConfig::Jaeger(GrpcConfig::read(fields)),
        "debug" | "logging" => ExporterConfig::Debug(DebugConfig::read(fields)),
        "tracewell" => {
            fields.end();
            ExporterConfig::Tracewell
        }
        "nop" => {
            fields.end();
            ExporterConfig::Nop
        }
        _ => return None,
    })
}

/// What an extension comes to.
enum Extension {
    HealthCheck(String, Location),
    /// Said, and done without.
    Warned(String),
}

fn extension(kind: &str, fields: Fields<'_>) -> Option<Extension> {
    let warned = |text: &str| Some(Extension::Warned(text.to_owned()));
    match kind {
        "health_check" => {
            let at = fields.location();
            let endpoint = fields.text("endpoint");
            for taken in ["response_body", "check_collector_pipeline", "use_v2"] {
                fields.has(taken);
            }
            fields.value("path", (), |path| match path {
                "/" | "/health" | "/status" => Ok(()),
                _ => Err(format!(
                    "{path:?} is not answered; /, /health and /status are"
                )),
            });
            fields.not_served("tls", "one lock is for all ports: docs/security.md");
            fields.end();
            let endpoint = endpoint.unwrap_or_else(|| Placed {
                text: "localhost:13133".to_owned(),
                location: at,
            });
            let location = endpoint.location;
            Some(Extension::HealthCheck(
                on_all_addresses(endpoint.text),
                location,
            ))
        }
        "zpages" => warned("zpages: what it shows is on the page /status of the UI"),
        "pprof" => warned("pprof: it profiles Go programs; use perf on this one"),
        "memory_ballast" => warned("memory_ballast: there is no garbage collector to calm"),
        "file_storage" => warned("file_storage: nothing is queued on disk yet; senders wait"),
        _ => None,
    }
}
