//! `service` of a file: which of its components are used, and how they follow
//! one another.

use super::{Components, Defined, PipelineConfig, PipelineFile, connected, metrics};
use crate::exporters::Signal;
use crate::pipelines::extensions::ExtensionConfig;
use crate::pipelines::id::ComponentId;
use crate::processors::ProcessorConfig;
use crate::written::fields::{Fields, Placed, Reading};

pub(super) fn read(
    service: &Fields<'_>,
    defined: &Defined,
    file: &mut PipelineFile,
    reading: &Reading,
) {
    for extension in service.list("extensions") {
        let what = "service.extensions";
        let used = used(&extension, &defined.extensions, what, "extension", reading);
        let Some((id, extension)) = used else {
            continue;
        };
        match extension {
            ExtensionConfig::HealthCheck(endpoint, at) => {
                file.health_check = Some((endpoint.clone(), *at));
            }
            ExtensionConfig::FileStorage(_) => {}
            ExtensionConfig::Warned(text) => reading.warn(text.clone()),
            // Exporters ask for it by name.
            ExtensionConfig::Authenticator(_) => {}
        }
        file.extensions.insert(id, extension.clone());
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
            Ok(id) if id.kind == "metrics" => {
                let fields = reading.fields(&name, node);
                metrics::read(id.to_string(), fields, defined, file, reading);
            }
            Ok(id) if matches!(&*id.kind, "logs" | "profiles") => {
                reading.warn(format!(
                    "{name}: only traces are served; keep a Collector for the others"
                ));
            }
            _ => reading.mistake(
                key.referenced,
                format!("{name}: a pipeline is called traces, or traces/NAME"),
            ),
        }
    }
    if file.pipelines.is_empty() {
        pipelines.mistake("service.pipelines has no pipeline of traces");
    }
    connected::check(&pipelines, file);
    for exporter in file.exporters.values_mut() {
        exporter.find_extensions(&file.extensions, reading);
    }
    stored(file, reading);
}

/// What a component keeps on the disk has a directory there.
fn stored(file: &PipelineFile, reading: &Reading) {
    let exporters = file.exporters.iter().filter_map(|(id, exporter)| {
        let storage = exporter.queue()?.storage.as_ref()?;
        Some((format!("exporters.{id}.sending_queue.storage"), storage))
    });
    let processors = file.processors.iter().filter_map(|(id, processor)| {
        let storage = processor.storage()?;
        Some((format!("processors.{id}.tail_storage"), storage))
    });
    for (path, storage) in exporters.chain(processors) {
        let extension = file.extensions.get(&storage.id);
        if !matches!(extension, Some(ExtensionConfig::FileStorage(_))) {
            reading.mistake(
                storage.location,
                format!(
                    "{path} names {}, which is no file_storage that service.extensions names; \
                     add it to both",
                    storage.id
                ),
            );
        }
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
        if connector(written, defined, file, &mut config.receivers, reading) {
            continue;
        }
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
        if let Some((id, processor)) =
            used(written, &defined.processors, &path, "processor", reading)
        {
            if config.processors.contains(&id) {
                reading.mistake(written.location, format!("{path} names {id} twice"));
            }
            file.processors.insert(id.clone(), processor.clone());
            if let ProcessorConfig::MemoryLimiter(memory) = processor
                && file.memory_limit_mib.map(|(mib, _)| mib) < memory.map(|(mib, _)| mib)
            {
                file.memory_limit_mib = *memory;
            }
            config.processors.push(id);
        }
    }
    let (path, list) = (fields.path("exporters"), fields.list("exporters"));
    for written in &list {
        if connector(written, defined, file, &mut config.exporters, reading) {
            continue;
        }
        if let Some((id, exporter)) = used(written, &defined.exporters, &path, "exporter", reading)
        {
            if let Some(why) = exporter.not_for(Signal::Traces) {
                reading.mistake(written.location, format!("{path} names {id}, but {why}"));
            }
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

/// Notes a connector among the receivers or exporters of a pipeline, if it is one.
fn connector(
    written: &Placed,
    defined: &Defined,
    file: &mut PipelineFile,
    list: &mut Vec<ComponentId>,
    reading: &Reading,
) -> bool {
    let Ok(id) = ComponentId::parse(&written.text) else {
        return false;
    };
    let connector = match defined.connectors.get(&id) {
        Some(Ok(connector)) => connector,
        Some(Err(unserved)) => {
            if !reading.is_wrong_at(unserved.location) {
                reading.mistake(unserved.location, unserved.why.clone());
            }
            return true;
        }
        None => return false,
    };
    file.connectors.insert(id.clone(), connector.clone());
    if !list.contains(&id) {
        list.push(id);
    }
    true
}

/// The component that is named, if it is defined and can be read.
pub(super) fn used<'d, T>(
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
