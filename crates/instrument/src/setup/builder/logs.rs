//! Log records, from code and environment.
//!
//! It exists so that logs travel as spans do unless somebody says otherwise. It
//! must never send them to an address that was given for spans alone.

use super::otlp::OtlpInCode;
use super::read::{Exporter, check_batch, read_batch, read_exporter};
use super::*;
use crate::correlation::logs::{LogLimits, LogQueue, Logger};

/// What the builder says of logs.
#[derive(Debug, Default)]
pub(super) struct LogsInCode {
    is_on: bool,
    endpoint: Option<String>,
    headers: Vec<(String, String)>,
    batch: Option<BatchSettings>,
}

/// Log records that are to be exported.
pub(super) struct LogSettings {
    limits: LogLimits,
    batch: BatchSettings,
    destination: Destination,
}

impl Builder {
    /// Exports the events of `tracing` that
    /// [`correlation::logs::layer`](crate::correlation::logs::layer()) sees,
    /// unless `OTEL_LOGS_EXPORTER` says otherwise. Without this call they are
    /// exported only if that variable says so: many backends for traces,
    /// Tracewell among them, do not store logs.
    pub fn logs(mut self) -> Builder {
        self.logs.is_on = true;
        self
    }

    /// Where log records go, if not where spans go, such as
    /// `http://logs:4318`. Over HTTP `/v1/logs` is added where there is no path.
    pub fn logs_endpoint(mut self, url: impl Into<String>) -> Builder {
        self.logs.endpoint = Some(url.into());
        self
    }

    /// A header of requests with log records, for a store that wants other
    /// authentication. What [`header`](Builder::header) says is then for spans
    /// alone. May be called several times.
    pub fn logs_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Builder {
        self.logs.headers.push((name.into(), value.into()));
        self
    }

    /// When log records are sent; [`BatchSettings::logs`] is the default.
    pub fn logs_batch(mut self, batch: BatchSettings) -> Builder {
        self.logs.batch = Some(batch);
        self
    }
}

impl LogsInCode {
    /// `None` where there is a problem, or nothing is to be exported.
    pub(super) fn settings(
        self,
        otlp: &OtlpInCode,
        resource: &[u8],
        env: &mut Env,
    ) -> Option<LogSettings> {
        let default = if self.is_on {
            Exporter::Otlp
        } else {
            Exporter::None
        };
        let exporter = read_exporter("OTEL_LOGS_EXPORTER", default, env);
        if exporter == Exporter::None {
            // Nobody is told of mistakes in what is not used.
            return None;
        }
        let limits = read_limits(env);
        let batch = self
            .batch
            .unwrap_or_else(|| read_batch("OTEL_BLRP", BatchSettings::logs(), env))
            .within_clocks();
        check_batch("OTEL_BLRP", &batch, env);
        let destination = if exporter == Exporter::Console {
            Destination::Console
        } else {
            let otlp = in_code(self.endpoint, self.headers, otlp, env);
            let resource = resource.to_vec();
            let otlp = otlp.read(Signal::Logs, env, resource, batch.export_timeout)?;
            Destination::Otlp(Box::new(otlp))
        };
        Some(LogSettings {
            limits,
            batch,
            destination,
        })
    }
}

impl LogSettings {
    pub(super) fn start(self, exporter: &mut ExporterThread) -> Logger {
        let queue = LogQueue::leak(self.limits, self.batch.queue());
        exporter.lane(queue, self.destination, self.batch);
        Logger::new(queue)
    }
}

/// What code says of logs; else what it says of all signals, where the
/// environment says nothing of logs in particular.
fn in_code(
    endpoint: Option<String>,
    headers: Vec<(String, String)>,
    general: &OtlpInCode,
    env: &mut Env,
) -> OtlpInCode {
    let general = general.clone();
    let is_set = |setting: &str| env.otlp_for(Signal::Logs, setting).is_some();
    let has_tls = ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"]
        .into_iter()
        .any(is_set);
    let has_endpoint = endpoint.is_some() || is_set("ENDPOINT");
    let general = OtlpInCode {
        protocol: general.protocol.filter(|_| !is_set("PROTOCOL")),
        headers: if headers.is_empty() && !is_set("HEADERS") {
            general.headers
        } else {
            headers
        },
        timeout: general.timeout.filter(|_| !is_set("TIMEOUT")),
        compression: general.compression.filter(|_| !is_set("COMPRESSION")),
        tls: general.tls.filter(|_| !has_tls),
        endpoint: general.endpoint.filter(|_| !has_endpoint),
        proxy: general.proxy,
    };
    let shared = general.endpoint.map(|url| address_of_logs(url, env));
    OtlpInCode {
        endpoint: endpoint.or(shared),
        ..general
    }
}

/// The address of logs, from one that was given for spans too.
fn address_of_logs(url: String, env: &mut Env) -> String {
    if let Some(base) = url.strip_suffix(Signal::Traces.http_path()) {
        return format!("{base}{}", Signal::Logs.http_path());
    }
    let authority = url.split_once("://").map_or(&*url, |(_, rest)| rest);
    let path = authority.split_once('/').map_or("", |(_, path)| path);
    if !path.is_empty() {
        env.problems.push(Problem::Value {
            setting: "endpoint".to_owned(),
            value: url.clone(),
            fix: "its path is that of spans: name the address of logs with logs_endpoint or \
                  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"
                .to_owned(),
        });
    }
    url
}

/// OpenTelemetry specification, limits of log records.
fn read_limits(env: &mut Env) -> LogLimits {
    let default = LogLimits::default();
    let max_attributes = env.number(
        &[
            "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_ATTRIBUTE_COUNT_LIMIT",
        ],
        0,
    );
    LogLimits {
        max_attributes: max_attributes.unwrap_or(default.max_attributes),
        max_value_chars: env.number(
            &[
                "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            ],
            0,
        ),
    }
}
