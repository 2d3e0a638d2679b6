//! A Collector's file, understood: the traces part of it, checked and complete.
//!
//! Everything that is wrong is a mistake with line and column, and what we serve
//! otherwise or not yet is told so by name; only what tunes the Collector's own
//! inside (buffers, workers) is read over. **Nothing is opened or resolved here.**

mod connected;
mod metrics;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::as_written::Sections;
use super::extensions::ExtensionConfig;
use super::id::ComponentId;
use super::known;
use super::ports::{self, ReceiverConfig};
use crate::connectors::ConnectorConfig;
use crate::exporters::ExporterConfig;
use crate::processors::ProcessorConfig;
use crate::written::fields::{Fields, Reading};
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
    /// Connectors by name. They stand among the receivers and the exporters of
    /// pipelines.
    pub connectors: BTreeMap<ComponentId, ConnectorConfig>,
    /// Extensions by name.
    pub extensions: BTreeMap<ComponentId, ExtensionConfig>,
    /// Pipelines of traces, in the order written.
    pub pipelines: Vec<PipelineConfig>,
    /// Pipelines of metrics that begin with a connector, in the order written.
    pub metrics: Vec<MetricsPipeline>,
    /// Where the process is asked how it is, if the file says so.
    pub health_check: Option<(String, Location)>,
    /// MiB of memory that `memory_limiter` allows, and where it says so.
    pub memory_limit_mib: Option<(u64, Location)>,
    /// What it says of each component, to be compared with a changed file.
    pub(super) written: Sections,
}

/// A pipeline of traces.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// `traces`, or `traces/NAME`.
    pub name: String,
    /// Where spans come from: receivers and connectors.
    pub receivers: Vec<ComponentId>,
    /// What is done to them, in this order.
    pub processors: Vec<ComponentId>,
    /// Where they go: to each of these exporters and connectors.
    pub exporters: Vec<ComponentId>,
}

/// A pipeline of metrics, as far as it sends what connectors count.
#[derive(Debug, Clone)]
pub struct MetricsPipeline {
    /// `metrics`, or `metrics/NAME`.
    pub name: String,
    /// Who counts.
    pub connectors: Vec<ComponentId>,
    /// Where it is sent: to each of these exporters.
    pub exporters: Vec<ComponentId>,
}

impl PipelineFile {
    /// The connectors of which an exporter sends what they count.
    pub(crate) fn sent_to(&self, exporter: &ComponentId) -> Vec<&ComponentId> {
        let pipelines = self.metrics.iter();
        let of_exporter = pipelines.filter(|pipeline| pipeline.exporters.contains(exporter));
        let mut connectors: Vec<_> = of_exporter
            .flat_map(|pipeline| &pipeline.connectors)
            .collect();
        connectors.sort_unstable();
        connectors.dedup();
        connectors
    }

    /// How often what a connector counts is sent, and whether as what was added.
    pub(crate) fn rounds(&self, connector: &ComponentId) -> Option<(Duration, bool)> {
        self.connectors.get(connector)?.rounds()
    }

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
        let sent = |pipeline: &MetricsPipeline| {
            let (from, to) = (names(&pipeline.connectors), names(&pipeline.exporters));
            format!("{}: {from} → {to}", pipeline.name)
        };
        let traces = self.pipelines.iter().map(line);
        traces.chain(self.metrics.iter().map(sent)).collect()
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
    let written = &mut file.written;
    let defined = Defined {
        receivers: components(&top, "receivers", written, ports::read),
        processors: components(&top, "processors", written, ProcessorConfig::read),
        exporters: components(&top, "exporters", written, ExporterConfig::read),
        connectors: components(&top, "connectors", written, ConnectorConfig::read),
        extensions: components(&top, "extensions", written, ExtensionConfig::read),
    };
    match top.section("service") {
        Some(service) => service::read(&service, &defined, &mut file, reading),
        None => top.mistake("service is missing: it says what the pipelines are"),
    }
    top.end();
    let mut unserved: Vec<Unserved> = Vec::new();
    unserved.extend(defined.receivers.into_values().filter_map(Result::err));
    unserved.extend(defined.processors.into_values().filter_map(Result::err));
    unserved.extend(defined.exporters.into_values().filter_map(Result::err));
    unserved.extend(defined.connectors.into_values().filter_map(Result::err));
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
    processors: Components<ProcessorConfig>,
    exporters: Components<ExporterConfig>,
    connectors: Components<ConnectorConfig>,
    extensions: Components<ExtensionConfig>,
}

/// Reads the components of a section with `read`, which knows the kinds.
fn components<T>(
    top: &Fields<'_>,
    section: &'static str,
    written: &mut Sections,
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
        written.add(section, id.clone(), node.value.clone());
        found.insert(id, component);
    }
    found
}
