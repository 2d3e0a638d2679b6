//! An exporter over OTLP, from code and environment.
//!
//! It exists so that each signal is set by the same rules: its own variables
//! before the general ones (OpenTelemetry, OTLP exporter configuration). It
//! must never return early, so that all mistakes are found.

use super::proxy::{ProxyInCode, read_proxy};
use super::*;
use crate::export::Signal;

/// What the builder says of an exporter.
#[derive(Debug, Clone, Default)]
pub(super) struct OtlpInCode {
    pub(super) endpoint: Option<String>,
    pub(super) protocol: Option<Protocol>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeout: Option<Duration>,
    pub(super) compression: Option<Compression>,
    pub(super) tls: Option<TlsSettings>,
    pub(super) proxy: Option<ProxyInCode>,
}

impl OtlpInCode {
    pub(super) fn read(
        self,
        signal: Signal,
        env: &mut Env,
        resource: Vec<u8>,
        export_timeout: Duration,
    ) -> Option<Otlp> {
        let protocol = self
            .protocol
            .or_else(|| read_protocol(signal, env))
            .unwrap_or_default();
        if let Some(feature) = protocol.missing_feature() {
            let setting = "the protocol http/json".to_owned();
            env.problems.push(Problem::Feature { setting, feature });
            return None;
        }
        let is_insecure = {
            let set = env.otlp(signal, "INSECURE");
            env.is_true(set)
        };
        let written = written_endpoint(signal, self.endpoint, env);
        let endpoint = endpoint(signal, written, protocol, is_insecure).or_else(|problem| {
            env.problems.push(problem);
            // Where it is where nobody says.
            endpoint(signal, None, protocol, is_insecure)
        });
        let headers = read_headers(signal, self.headers, env);
        let timeout = self.timeout.or_else(|| {
            let set = env.otlp(signal, "TIMEOUT");
            env.milliseconds(set)
        });
        let compression = read_compression(signal, self.compression, env);
        let tls = self.tls.unwrap_or_else(|| TlsSettings {
            authorities: env.otlp(signal, "CERTIFICATE").map(|set| set.value.into()),
            client_certificate: env
                .otlp(signal, "CLIENT_CERTIFICATE")
                .map(|set| set.value.into()),
            client_key: env.otlp(signal, "CLIENT_KEY").map(|set| set.value.into()),
        });
        let endpoint = endpoint.ok()?;
        let proxy = read_proxy(self.proxy, &endpoint, env);
        let otlp = Otlp::new(OtlpSettings {
            protocol,
            signal,
            endpoint,
            headers,
            timeout: limit_or_none(timeout.unwrap_or(Duration::from_secs(10))),
            compression,
            tls,
            proxy,
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

fn written_endpoint(signal: Signal, in_code: Option<String>, env: &Env) -> Option<(Set, Written)> {
    if let Some(value) = in_code {
        return Some((
            Set {
                name: "endpoint".to_owned(),
                value,
            },
            Written::InCode,
        ));
    }
    if let Some(set) = env.otlp_for(signal, "ENDPOINT") {
        return Some((set, Written::ForSignal));
    }
    let set = env.first(&["OTEL_EXPORTER_OTLP_ENDPOINT"])?;
    Some((set, Written::General))
}

fn read_protocol(signal: Signal, env: &mut Env) -> Option<Protocol> {
    let set = env.otlp(signal, "PROTOCOL")?;
    match set.value.as_str() {
        "grpc" => Some(Protocol::Grpc),
        "http/protobuf" => Some(Protocol::HttpProtobuf),
        "http/json" => Some(Protocol::HttpJson),
        _ => {
            env.wrong(&set, "write grpc, http/protobuf or http/json");
            None
        }
    }
}

fn read_compression(signal: Signal, in_code: Option<Compression>, env: &mut Env) -> Compression {
    let set = env
        .otlp(signal, "COMPRESSION")
        .filter(|_| in_code.is_none());
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
        return Compression::None;
    }
    compression
}

fn read_headers(
    signal: Signal,
    in_code: Vec<(String, String)>,
    env: &mut Env,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut pairs = Vec::new();
    let mut setting = "header".to_owned();
    if let Some(set) = env.otlp(signal, "HEADERS") {
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
