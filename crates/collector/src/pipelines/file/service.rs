//! `service` of a file: which of its components are used, and how they follow
//! one another.

use super::{Components, Defined, Extension, PipelineConfig, PipelineFile};
use crate::pipelines::id::ComponentId;
use crate::written::fields::{Fields, Placed, Reading};

pub(super) fn read(
    service: &Fields<'_>,
    defined: &Defined,
    file: &mut PipelineFile,
    reading: &Reading,
) {
    for extension in service.list("extensions") {
        let what = "service.extensions";
        match used(&extension, &defined.extensions, what, "extension", reading) {
            Some((_, Extension::HealthCheck(endpoint, at))) => {
                file.health_check = Some((endpoint.clone(), *at));
            }
            Some((_, Extension::Warned(text))) => reading.warn(text.clone()),
            None => {}
        }
    }
    if service.has("telemetry") {
        reading.warn(
            "service.telemetry: metrics of this process are on the query port, below /metrics; \
             its log is set with --log-level and --log-format",
        );
    }
    let Some(pipelines) = service.section("pipelines") else {
        service.mistake("service.pipelines is missing; write traces below it");
        return;
    };
    for (key, node) in pipelines.all() {
        let name = format!("service.pipelines.{}", key.value);
        match ComponentId::parse(&key.value) {
            Ok(id) if id.kind == "traces" => {
                let fields = reading.fields(&name, node);
                let id = id.to_string();
                pipeline(id, fields, defined, file, reading);
            }
            Ok(id) if matches!(&*id.kind, "metrics" | "logs" | "profiles") => reading.warn(
                format!("{name}: only traces are served; keep a Collector for the others"),
            ),
            _ => reading.mistake(
                key.referenced,
                format!("{name}: a pipeline is called traces, or traces/NAME"),
            ),
        }
    }
    if file.pipelines.is_empty() {
        pipelines.mistake("service.pipelines has no pipeline of traces");
    }
}

fn pipeline(
    name: String,
    fields: Fields<'_>,
    defined: &Defined,
    file: &mut PipelineFile,
    reading: &Reading,
) {
    let mut config = PipelineConfig {
        name,
        receivers: Vec::new(),
        processors: Vec::new(),
        exporters: Vec::new(),
    };
    let (path, list) = (fields.path("receivers"), fields.list("receivers"));
    for written in &list {
        if let Some((id, receiver)) = used(written, &defined.receivers, &path, "receiver", reading)
        {
            file.receivers.insert(id.clone(), receiver.clone());
            if !config.receivers.contains(&id) {
                config.receivers.push(id);
            }
        }
    }
    if list.is_empty() {
        fields.mistake(format!("{path}: there must be at least one"));
    }
    let path = fields.path("processors");
    for written in &fields.list("processors") {
        if let Some((id, (processor, memory))) =
            used(written, &defined.processors, &path, "processor", reading)
        {
            if config.processors.contains(&id) {
                reading.mistake(written.location, format!("{path} names {id} twice"));
            }
            file.processors.insert(id.clone(), processor.clone());
            if file.memory_limit_mib.map(|(mib, _)| mib) < memory.map(|(mib, _)| mib) {
                file.memory_limit_mib = *memory;
            }
            config.processors.push(id);
        }
    }
    let (path, list) = (fields.path("exporters"), fields.list("exporters"));
    for written in &list {
        if let Some((id, exporter)) = used(written, &defined.exporters, &path, "exporter", reading)
        {
            file.exporters.insert(id.clone(), exporter.clone());
            if !config.exporters.contains(&id) {
                config.exporters.push(id);
            }
        }
    }
    if list.is_empty() {
        fields.mistake(format!("{path}: there must be at least one"));
    }
    fields.end();
    file.pipelines.push(config);
}

/// The component that is named, if it is defined and can be read.
fn used<'d, T>(
    written: &Placed,
    defined: &'d Components<T>,
    path: &str,
    what: &str,
    reading: &Reading,
) -> Option<(ComponentId, &'d T)> {
    let id = match ComponentId::parse(&written.text) {
        Ok(id) => id,
        Err(why) => {
            reading.mistake(written.location, format!("{path}: {why}"));
            return None;
        }
    };
    match defined.get(&id) {
        Some(Ok(component)) => Some((id, component)),
        Some(Err(unserved)) => {
            if !reading.is_wrong_at(unserved.location) {
                reading.mistake(unserved.location, unserved.why.clone());
            }
            None
        }
        None => {
            let names: Vec<String> = defined.keys().map(ToString::to_string).collect();
            let message = match &names[..] {
                [] => format!("{path} names the {what} {id}, and there is none above"),
                _ => format!(
                    "{path} names the {what} {id}, which is not above; there are {}",
                    names.join(", ")
                ),
            };
            reading.mistake(written.location, message);
            None
        }
    }
}
