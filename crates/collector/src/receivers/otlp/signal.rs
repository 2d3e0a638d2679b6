//! The signals of OTLP: which are stored, and what is said about the others.

use std::sync::Once;

use tracewell_wire::otlp::Items;

/// A signal of OpenTelemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
    Logs,
    Profiles,
}

/// Path over HTTP, path over gRPC, signal.
const PATHS: [(&str, &str, Signal); 4] = [
    (
        "v1/traces",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Traces,
    ),
    (
        "v1/metrics",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Metrics,
    ),
    (
        "v1/logs",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Logs,
    ),
    (
        "v1development/profiles",
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
        Signal::Profiles,
    ),
];

impl Signal {
    /// Slashes at either end do not matter: clients put endpoint and path
    /// together in every way.
    pub(super) fn of_http_path(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let found = PATHS.iter().find(|(http, _, _)| *http == path);
        found.map(|(_, _, signal)| *signal)
    }

    pub(super) fn of_grpc_path(path: &str) -> Option<Self> {
        let found = PATHS.iter().find(|(_, grpc, _)| *grpc == path);
        found.map(|(_, _, signal)| *signal)
    }

    /// Whether a gRPC service of this name takes a signal.
    pub(super) fn is_grpc_service(name: &str) -> bool {
        let services = PATHS.iter().filter_map(|(_, grpc, _)| {
            let method = grpc.strip_prefix('/')?;
            method.strip_suffix("/Export")
        });
        services.into_iter().any(|service| service == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Profiles => "profiles",
        }
    }

    /// What is counted of a signal that is not stored.
    pub(super) fn items(self) -> Option<Items> {
        match self {
            Self::Traces => None,
            Self::Metrics => Some(Items::DataPoints),
            Self::Logs => Some(Items::LogRecords),
            Self::Profiles => Some(Items::Profiles),
        }
    }

    /// Says once per process that this signal is thrown away.
    pub(super) fn say_ignored_once(self) {
        static SAID: [Once; 4] = [const { Once::new() }; 4];
        SAID[self as usize].call_once(|| {
            let (name, variable) = (self.name(), self.name().to_ascii_uppercase());
            tracing::warn!(
                signal = name,
                "a client sends {name}; they are accepted and thrown away, only traces are \
                 stored. In the client, OTEL_EXPORTER_OTLP_{variable}_ENDPOINT sends them \
                 elsewhere and OTEL_{variable}_EXPORTER=none not at all"
            );
        });
    }
}
