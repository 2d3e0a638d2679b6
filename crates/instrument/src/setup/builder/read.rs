//! Code and environment together.
//!
//! It exists so that every setting is read where its problem can be collected:
//! nothing returns early, so that all mistakes are found.

use super::*;

enum Exporter {
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
                Propagators::none()
            }
        }
    }

    /// `None` where there is a problem, or nothing is to be exported.
    pub(super) fn settings(self, env: &mut Env) -> Option<Settings> {
        let exporter = read_exporter(env);
        let resource = read_resource(self.resource, env);
        let limits = self.limits.unwrap_or_else(|| read_limits(env));
        let batch = self.batch.unwrap_or_else(|| read_batch(env));
        check_batch(&batch, env);
        let service = resource.service_name();
        let sampler = self.sampler.or_else(|| read_sampler(env, &service));
        let otlp = OtlpInCode {
            endpoint: self.endpoint,
            protocol: self.protocol,
            headers: self.headers,
            timeout: self.timeout,
            compression: self.compression,
            tls: self.tls,
        };
        let destination = match exporter {
            Exporter::Otlp => {
                let encoded = encode_resource(resource.attributes());
                Destination::Otlp(Box::new(otlp.read(env, encoded, batch.export_timeout)?))
            }
            Exporter::Console => Destination::Console(Console),
            Exporter::None => return None,
        };
        let core = CoreSettings {
            service,
            sampler: sampler?,
            limits,
            keep: self.keep,
            max_queue_spans: batch.max_queue_size,
            batch_spans: batch.max_export_batch_size,
        };
        Some(Settings {
            core,
            batch,
            destination,
        })
    }
}

fn read_exporter(env: &mut Env) -> Exporter {
    let Some(set) = env.first(&["OTEL_TRACES_EXPORTER"]) else {
        return Exporter::Otlp;
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

fn read_resource(in_code: Vec<KeyValue>, env: &mut Env) -> Resource {
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
    resource.add_detected();
    resource
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

fn read_batch(env: &mut Env) -> BatchSettings {
    let default = BatchSettings::default();
    let max_queue_size = env.number(&["OTEL_BSP_MAX_QUEUE_SIZE"], 1);
    let max_export_batch_size = env.number(&["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], 1);
    let delay = env.first(&["OTEL_BSP_SCHEDULE_DELAY"]);
    let timeout = env.first(&["OTEL_BSP_EXPORT_TIMEOUT"]);
    let max_queue_size = max_queue_size.unwrap_or(default.max_queue_size);
    BatchSettings {
        max_queue_size,
        // The default yields to a small queue; what was said does not.
        max_export_batch_size: max_export_batch_size
            .unwrap_or(default.max_export_batch_size.min(max_queue_size)),
        scheduled_delay: env.milliseconds(delay).unwrap_or(default.scheduled_delay),
        export_timeout: env.milliseconds(timeout).unwrap_or(default.export_timeout),
    }
}

fn check_batch(batch: &BatchSettings, env: &mut Env) {
    let BatchSettings {
        max_queue_size,
        max_export_batch_size,
        ..
    } = *batch;
    if max_export_batch_size == 0 || max_export_batch_size > max_queue_size {
        env.problems.push(Problem::Value {
            setting: "max_export_batch_size (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)".to_owned(),
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
            None
        }
    }
}

/// What the builder says of the exporter.
struct OtlpInCode {
    endpoint: Option<String>,
    protocol: Option<Protocol>,
    headers: Vec<(String, String)>,
    timeout: Option<Duration>,
    compression: Option<Compression>,
    tls: Option<TlsSettings>,
}

impl OtlpInCode {
    fn read(self, env: &mut Env, resource: Vec<u8>, export_timeout: Duration) -> Option<Otlp> {
        let protocol = self
            .protocol
            .or_else(|| read_protocol(env))
            .unwrap_or_default();
        let is_insecure = {
            let set = env.otlp("INSECURE");
            env.is_true(set)
        };
        let endpoint = match endpoint(written_endpoint(self.endpoint, env), protocol, is_insecure) {
            Ok(endpoint) => Some(endpoint),
            Err(problem) => {
                env.problems.push(problem);
                None
            }
        };
        let headers = read_headers(self.headers, env);
        let timeout = self.timeout.or_else(|| {
            let set = env.otlp("TIMEOUT");
            env.milliseconds(set)
        });
        let compression = read_compression(self.compression, env);
        let tls = self.tls.unwrap_or_else(|| TlsSettings {
            authorities: env.otlp("CERTIFICATE").map(|set| set.value.into()),
            client_certificate: env.otlp("CLIENT_CERTIFICATE").map(|set| set.value.into()),
            client_key: env.otlp("CLIENT_KEY").map(|set| set.value.into()),
        });
        let otlp = Otlp::new(OtlpSettings {
            protocol,
            endpoint: endpoint?,
            headers,
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
            compression,
            tls,
            resource,
            export_timeout,
        });
        match otlp {
            Ok(otlp) => Some(otlp),
            Err(error) => {
                env.problems.push(error.into());
                None
            }
        }
    }
}

fn written_endpoint(in_code: Option<String>, env: &Env) -> Option<(Set, Written)> {
    if let Some(value) = in_code {
        return Some((
            Set {
                name: "endpoint".to_owned(),
                value,
            },
            Written::InCode,
        ));
    }
    if let Some(set) = env.first(&["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]) {
        return Some((set, Written::ForTraces));
    }
    let set = env.first(&["OTEL_EXPORTER_OTLP_ENDPOINT"])?;
    Some((set, Written::General))
}

fn read_protocol(env: &mut Env) -> Option<Protocol> {
    let set = env.otlp("PROTOCOL")?;
    match set.value.as_str() {
        "grpc" => Some(Protocol::Grpc),
        "http/protobuf" => Some(Protocol::HttpProtobuf),
        _ => {
            env.wrong(&set, "write grpc or http/protobuf");
            None
        }
    }
}

fn read_compression(in_code: Option<Compression>, env: &mut Env) -> Compression {
    let set = env.otlp("COMPRESSION").filter(|_| in_code.is_none());
    let compression = match set.as_ref().map(|set| set.value.as_str()) {
        None => in_code.unwrap_or_default(),
        Some("none") => Compression::None,
        Some("gzip") => Compression::Gzip,
        Some("zstd") => Compression::Zstd,
        Some(_) => {
            if let Some(set) = &set {
                env.wrong(set, "write none, gzip or zstd");
            }
            Compression::None
        }
    };
    if let Some(feature) = compression.missing_feature() {
        let setting = set.map_or_else(|| "compression".to_owned(), |set| set.name);
        env.problems.push(Problem::Feature { setting, feature });
    }
    compression
}

fn read_headers(in_code: Vec<(String, String)>, env: &mut Env) -> Vec<(HeaderName, HeaderValue)> {
    let mut pairs = Vec::new();
    let mut setting = "header".to_owned();
    if let Some(set) = env.otlp("HEADERS") {
        pairs = env.pairs(&set);
        setting = set.name;
    }
    // Those in code come last: they replace others of the same name.
    let from_env = pairs.len();
    pairs.extend(in_code);
    let mut headers = Vec::new();
    for (index, (name, value)) in pairs.into_iter().enumerate() {
        let parsed = name.to_ascii_lowercase().parse::<HeaderName>();
        match (parsed, HeaderValue::from_str(&value)) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.push((name, value));
            }
            _ => env.problems.push(Problem::Value {
                setting: if index < from_env {
                    setting.clone()
                } else {
                    "header".to_owned()
                },
                value: format!("…{name}…"),
                fix: "write a name and a value that HTTP allows".to_owned(),
            }),
        }
    }
    headers
}
