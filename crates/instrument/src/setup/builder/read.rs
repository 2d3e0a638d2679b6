//! Code and environment together.
//!
//! It exists so that every setting is read where its problem can be collected:
//! nothing returns early, so that all mistakes are found.

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exporter {
    Otlp,
    Console,
    None,
}

impl Builder {
    pub(super) fn read_propagators(&mut self, env: &mut Env) -> Propagators {
        if let Some(propagators) = self.propagators.take() {
            return propagators;
        }
        let Some(set) = env.first(&["OTEL_PROPAGATORS"]) else {
            return Propagators::default();
        };
        match Propagators::from_names(&set.value) {
            Ok(propagators) => propagators,
            Err(error) => {
                env.problems.push(error.into());
                Propagators::default()
            }
        }
    }

    /// What is to be exported; nothing of a signal where there is a problem.
    pub(super) fn settings(self, env: &mut Env) -> Settings {
        let exporter = read_exporter("OTEL_TRACES_EXPORTER", Exporter::Otlp, env);
        let resource = read_resource(self.resource, self.default_service_name, env);
        let limits = self.limits.unwrap_or_else(|| read_limits(env));
        let defaults = BatchSettings::default();
        let batch = self
            .batch
            .unwrap_or_else(|| read_batch("OTEL_BSP", defaults, env))
            .within_clocks();
        check_batch("OTEL_BSP", &batch, env);
        let service = resource.service_name();
        let encoded = encode_resource(resource.attributes());
        let sampler = self.sampler.or_else(|| read_sampler(env, &service));
        #[cfg(feature = "otlp-logs")]
        let logs = self.logs.settings(&self.otlp, &encoded, env);
        let destination = match exporter {
            Exporter::Otlp => {
                let timeout = batch.export_timeout;
                let otlp = self.otlp.read(Signal::Traces, env, encoded, timeout);
                otlp.map(|otlp| Destination::Otlp(Box::new(otlp)))
            }
            Exporter::Console => Some(Destination::Console),
            Exporter::None => None,
        };
        let spans = destination.zip(sampler).map(|(destination, sampler)| {
            let core = CoreSettings {
                service,
                sampler,
                limits,
                keep: self.keep,
                processors: self.processors,
                queue: batch.queue(),
            };
            SpanSettings {
                core,
                batch,
                destination,
            }
        });
        Settings {
            spans,
            #[cfg(feature = "otlp-logs")]
            logs,
        }
    }
}

pub(super) fn read_exporter(name: &str, default: Exporter, env: &mut Env) -> Exporter {
    let Some(set) = env.first(&[name]) else {
        return default;
    };
    match set.value.as_str() {
        "otlp" => Exporter::Otlp,
        "console" => Exporter::Console,
        "none" => Exporter::None,
        _ => {
            env.wrong(&set, "write otlp, console or none");
            Exporter::None
        }
    }
}

fn read_resource(
    in_code: Vec<KeyValue>,
    default_service_name: Option<Cow<'static, str>>,
    env: &mut Env,
) -> Resource {
    let mut resource = Resource::default();
    for attribute in in_code {
        resource.add(attribute.key, attribute.value);
    }
    if let Some(set) = env.first(&["OTEL_SERVICE_NAME"]) {
        resource.add("service.name", set.value);
    }
    if let Some(set) = env.first(&["OTEL_RESOURCE_ATTRIBUTES"]) {
        for (key, value) in env.pairs(&set) {
            resource.add(key, value);
        }
    }
    if let Some(name) = default_service_name {
        resource.add("service.name", name);
    }
    resource.add_detected();
    resource
}

/// A file would set everything, and is not read: a program must not run as if it
/// had been.
pub(super) fn refuse_config_file(env: &mut Env) {
    for name in ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"] {
        if let Some(set) = env.first(&[name]) {
            env.wrong(
                &set,
                "configuration files are not read: unset it and set variables",
            );
        }
    }
}

/// How much is said on standard error: what is said are losses, so that a level
/// is all or nothing.
pub(super) fn read_log_level(env: &mut Env) {
    let Some(set) = env.first(&["OTEL_LOG_LEVEL"]) else {
        return;
    };
    match set.value.to_ascii_lowercase().as_str() {
        "none" | "off" => process::be_silent(),
        "error" | "warn" | "warning" | "info" | "debug" | "trace" | "verbose" | "all" => {}
        _ => env.wrong(&set, "write none, error, warn, info or debug"),
    }
}

fn read_limits(env: &mut Env) -> SpanLimits {
    let default = SpanLimits::default();
    let mut count = |names: &[&str], default| env.number(names, 0).unwrap_or(default);
    SpanLimits {
        max_attributes: count(
            &[
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
                "OTEL_ATTRIBUTE_COUNT_LIMIT",
            ],
            default.max_attributes,
        ),
        max_events: count(&["OTEL_SPAN_EVENT_COUNT_LIMIT"], default.max_events),
        max_links: count(&["OTEL_SPAN_LINK_COUNT_LIMIT"], default.max_links),
        max_attributes_per_event: count(
            &["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"],
            default.max_attributes_per_event,
        ),
        max_attributes_per_link: count(
            &["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"],
            default.max_attributes_per_link,
        ),
        max_value_chars: env.number(
            &[
                "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            ],
            0,
        ),
    }
}

/// `prefix` is that of the variables: one batching processor for each signal.
pub(super) fn read_batch(prefix: &str, default: BatchSettings, env: &mut Env) -> BatchSettings {
    let name = |setting: &str| format!("{prefix}_{setting}");
    let max_queue_size = env.number(&[&name("MAX_QUEUE_SIZE")], 1);
    let max_export_batch_size = env.number(&[&name("MAX_EXPORT_BATCH_SIZE")], 1);
    let delay = env.first(&[&name("SCHEDULE_DELAY")]);
    let timeout = env.first(&[&name("EXPORT_TIMEOUT")]);
    let max_queue_size = max_queue_size.unwrap_or(default.max_queue_size);
    BatchSettings {
        max_queue_size,
        // The default yields to a small queue; what was said does not.
        max_export_batch_size: max_export_batch_size
            .unwrap_or(default.max_export_batch_size.min(max_queue_size)),
        scheduled_delay: env.milliseconds(delay).unwrap_or(default.scheduled_delay),
        export_timeout: env.milliseconds(timeout).unwrap_or(default.export_timeout),
        ..default
    }
}

pub(super) fn check_batch(prefix: &str, batch: &BatchSettings, env: &mut Env) {
    let BatchSettings {
        max_queue_size,
        max_export_batch_size,
        ..
    } = *batch;
    if max_export_batch_size == 0 || max_export_batch_size > max_queue_size {
        env.problems.push(Problem::Value {
            setting: format!("max_export_batch_size ({prefix}_MAX_EXPORT_BATCH_SIZE)"),
            value: max_export_batch_size.to_string(),
            fix: format!("write a number from 1 to max_queue_size, which is {max_queue_size}"),
        });
    }
}

fn read_sampler(env: &mut Env, service: &str) -> Option<Arc<dyn Sampler>> {
    let name = env.first(&["OTEL_TRACES_SAMPLER"]);
    let argument = env.first(&["OTEL_TRACES_SAMPLER_ARG"]);
    let value = |set: &Option<Set>| set.as_ref().map(|set| set.value.clone());
    match sampler_from_names(
        value(&name).as_deref(),
        value(&argument).as_deref(),
        service,
    ) {
        Ok(sampler) => Some(sampler),
        Err(error) => {
            env.problems.push(error.into());
            // What it is where nobody says.
            sampler_from_names(None, None, service).ok()
        }
    }
}
