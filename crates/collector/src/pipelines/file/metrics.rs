//! Pipelines of metrics: those that begin with a connector that counts spans, as far as
//! they do. **What else goes through them is named, and left out.**

use super::service::used;
use super::{Defined, MetricsPipeline, PipelineFile};
use crate::connectors::ConnectorConfig;
use crate::exporters::{ExporterConfig, Signal};
use crate::pipelines::id::ComponentId;
use crate::processors::ProcessorConfig;
use crate::written::fields::{Fields, Placed, Reading};

pub(super) fn read(
    name: String,
    fields: Fields<'_>,
    defined: &Defined,
    file: &mut PipelineFile,
    reading: &Reading,
) {
    let counting = |written: &Placed| {
        let id = ComponentId::parse(&written.text).ok()?;
        let connector = defined.connectors.get(&id)?.as_ref().ok();
        connector
            .is_some_and(ConnectorConfig::ends_traces)
            .then_some(id)
    };
    let (mut connectors, mut others) = (Vec::new(), Vec::new());
    for written in fields.list("receivers") {
        match counting(&written) {
            Some(id) if connectors.contains(&id) => {}
            Some(id) => connectors.push(id),
            None => others.push(written.text),
        }
    }
    let path = fields.path("");
    let path = path.trim_end_matches('.');
    if connectors.is_empty() {
        return reading.warn(format!(
            "{path}: only traces are served, and what connectors count of them; keep a Collector \
             for the others"
        ));
    }
    if !others.is_empty() {
        reading.warn(format!(
            "{path}: only what connectors count of spans is sent; what {} takes is left out",
            others.join(" and ")
        ));
    }
    processors(&fields, defined, reading);
    let exporters = exporters(&fields, defined, file, reading);
    fields.end();
    file.metrics.push(MetricsPipeline {
        name,
        connectors,
        exporters,
    });
}

/// Those that change nothing are done without.
fn processors(fields: &Fields<'_>, defined: &Defined, reading: &Reading) {
    let path = fields.path("processors");
    for written in fields.list("processors") {
        let processor = used(&written, &defined.processors, &path, "processor", reading);
        match processor {
            None | Some((_, ProcessorConfig::Batch(_) | ProcessorConfig::MemoryLimiter(_))) => {}
            Some((id, _)) => reading.mistake(
                written.location,
                format!(
                    "{path}: {id} is served in pipelines of traces alone; leave it out, or send \
                     what connectors count through a Collector"
                ),
            ),
        }
    }
}

fn exporters(
    fields: &Fields<'_>,
    defined: &Defined,
    file: &mut PipelineFile,
    reading: &Reading,
) -> Vec<ComponentId> {
    let (path, list) = (fields.path("exporters"), fields.list("exporters"));
    let mut exporters = Vec::new();
    for written in &list {
        let exporter = used(written, &defined.exporters, &path, "exporter", reading);
        let Some((id, exporter)) = exporter else {
            continue;
        };
        if let Some(why) = exporter.not_for(Signal::Metrics) {
            reading.mistake(written.location, format!("{path} names {id}, but {why}"));
        }
        if matches!(exporter, ExporterConfig::Debug(_)) {
            reading.warn(format!(
                "{path}: {id} writes no metrics; /metrics/spans has them"
            ));
        }
        if !exporters.contains(&id) {
            file.exporters.insert(id.clone(), exporter.clone());
            exporters.push(id);
        }
    }
    if list.is_empty() {
        fields.mistake(format!("{path}: there must be at least one"));
    }
    exporters
}
