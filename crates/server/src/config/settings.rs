//! The table of settings: one row gives the YAML key, the flag, the variable,
//! the default, the help text, the parser and the printer.
//!
//! A row here is all that a new setting needs. Keys follow the OpenTelemetry
//! Collector's configuration where it has the same thing (`endpoint`, `cors`),
//! so that its files can be read later without a second vocabulary.

use tracing_subscriber::EnvFilter;

use super::draft::Draft;
use super::value::{self, show_bytes, show_choice, show_duration, show_limit, show_or_off};
use super::{Config, FreeSpace};

/// One setting.
pub(crate) struct Setting {
    /// Path in the YAML file.
    pub(crate) key: &'static str,
    /// Flag without dashes; the variable is `TRACEWELL_` and the same in capitals.
    pub(crate) flag: &'static str,
    /// What stands for the value in the help text.
    pub(crate) value_name: &'static str,
    /// Used when nobody wrote anything; read by the same parser.
    pub(crate) default: &'static str,
    /// One sentence for people.
    pub(crate) help: &'static str,
    /// How it is written.
    pub(crate) kind: Kind,
    /// Reads a value into the draft.
    pub(super) read: fn(&mut Draft, &str) -> Result<(), String>,
    /// Prints the effective value so that `read` gives it back.
    pub(super) show: fn(&Config) -> String,
}

/// How a setting is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One value.
    Value,
    /// In YAML perhaps a list; elsewhere commas.
    List,
    /// A flag that needs no value.
    Switch,
}

impl Setting {
    /// The environment variable of this setting.
    pub(crate) fn variable(&self) -> String {
        variable(self.flag)
    }
}

/// The environment variable that stands for a flag.
pub(crate) fn variable(flag: &str) -> String {
    format!("TRACEWELL_{}", flag.to_uppercase().replace('-', "_"))
}

/// The shorthand key and flag for both retention settings: `72h,50GiB`.
pub(crate) const RETENTION: &str = "retention";

/// Memory below this leaves no room for one batch, its decoded form and a query.
const MIN_MEMORY_LIMIT_BYTES: u64 = 64 << 20;
/// A single span with its resource easily takes more than a few hundred bytes.
const MIN_MAX_REQUEST_BYTES: u64 = 1 << 10;
/// A store smaller than the memory in front of it would delete what just came.
const MIN_RETENTION_BYTES: u64 = 64 << 20;
/// Shorter than this, spans would go before anybody could look at them.
const MIN_RETENTION_AGE_MS: u128 = 60_000;

/// Leaves a limit to the program.
const AUTO: &str = "auto";

/// Every setting, in the order in which people read a configuration.
pub(crate) static SETTINGS: &[Setting] = &[
    Setting {
        key: "data_dir",
        flag: "data-dir",
        value_name: "DIR",
        default: "./tracewell-data",
        help: "Directory of the embedded store; one process at a time",
        kind: Kind::Value,
        read: |draft, text| {
            if text.is_empty() {
                return Err("the directory has no name".to_owned());
            }
            draft.data_dir = text.into();
            Ok(())
        },
        show: |config| config.data_dir.display().to_string(),
    },
    Setting {
        key: "storage",
        flag: "storage",
        value_name: "embedded|memory",
        default: "embedded",
        help: "Where spans are kept: in the data directory, or only until the process ends",
        kind: Kind::Value,
        read: |draft, text| value::choice(text).map(|storage| draft.storage = storage),
        show: |config| show_choice(config.storage),
    },
    Setting {
        key: "read_only",
        flag: "read-only",
        value_name: "true|false",
        default: "false",
        help: "Only look into the data directory, such as a copy or a disk mounted for reading: \
               nothing is received, and no file in it changes",
        kind: Kind::Switch,
        read: |draft, text| value::switch(text).map(|is_on| draft.is_read_only = is_on),
        show: |config| config.is_read_only.to_string(),
    },
    Setting {
        key: "durability",
        flag: "durability",
        value_name: "fsync|os|none",
        default: "fsync",
        help: "What an acknowledgement means: on the disk (survives a power cut), \
               handed to the operating system (survives a crash of tracewell), or in memory",
        kind: Kind::Value,
        read: |draft, text| value::choice(text).map(|durability| draft.durability = durability),
        show: |config| show_choice(config.durability),
    },
    // A week: long enough to compare today with the same day last week, which is
    // the longest look back that an on-call question usually needs.
    Setting {
        key: "retention.age",
        flag: "retention-age",
        value_name: "DURATION",
        default: "7d",
        help: "Delete spans older than this; `unlimited` keeps them",
        kind: Kind::Value,
        read: |draft, text| {
            let age = value::limit(text, value::duration)?;
            if age.is_some_and(|age| age.as_millis() < MIN_RETENTION_AGE_MS) {
                return Err(format!("{text:?} is shorter than the least allowed, 1m"));
            }
            draft.retention.age = age;
            Ok(())
        },
        show: |config| show_limit(config.retention.age, show_duration),
    },
    Setting {
        key: "retention.bytes",
        flag: "retention-bytes",
        value_name: "SIZE",
        default: "unlimited",
        help: "Delete the oldest spans when the data directory grows past this",
        kind: Kind::Value,
        read: |draft, text| {
            let limit = value::limit(text, value::bytes)?;
            draft.retention.bytes = limit
                .map(|size| at_least(text, size, MIN_RETENTION_BYTES))
                .transpose()?;
            Ok(())
        },
        show: |config| show_limit(config.retention.bytes, show_bytes),
    },
    // Off unless it is asked for: a full disk then refuses new spans, and what
    // was acknowledged stays, whoever filled the disk.
    Setting {
        key: "retention.free_space",
        flag: "retention-free-space",
        value_name: "SIZE|auto",
        default: "0",
        help: "Delete the oldest spans when the disk has less free space than this; \
               auto is a twentieth of the disk, at most 1GiB. With 0 a full disk \
               refuses new spans instead",
        kind: Kind::Value,
        read: |draft, text| {
            draft.retention.free_space = match text {
                AUTO => FreeSpace::Share,
                size => {
                    match value::bytes(size).map_err(|message| format!("{message}, or {AUTO}"))? {
                        0 => FreeSpace::Any,
                        bytes => FreeSpace::Bytes(bytes),
                    }
                }
            };
            Ok(())
        },
        show: |config| match config.retention.free_space {
            FreeSpace::Share => AUTO.to_owned(),
            FreeSpace::Any => show_bytes(0),
            FreeSpace::Bytes(bytes) => show_bytes(bytes),
        },
    },
    Setting {
        key: "memory_limit",
        flag: "memory-limit",
        value_name: "SIZE",
        default: "512MiB",
        help: "Memory held before receivers push back",
        kind: Kind::Value,
        read: |draft, text| {
            draft.memory_limit_bytes = at_least(text, value::bytes(text)?, MIN_MEMORY_LIMIT_BYTES)?;
            Ok(())
        },
        show: |config| show_bytes(config.memory_limit_bytes),
    },
    Setting {
        key: "listen",
        flag: "listen",
        value_name: "HOST",
        default: "127.0.0.1",
        help: "Host of every port below that has none of its own; 0.0.0.0 opens all to the network",
        kind: Kind::Value,
        read: |draft, text| value::host(text).map(|host| draft.listen = host),
        show: |config| config.listen.to_string(),
    },
    port(
        "receivers.otlp.protocols.grpc.endpoint",
        "otlp-grpc-port",
        "4317",
        "Where OTLP over gRPC is received; port 0 takes a free one",
        |draft, text| value::port_and_host(text).map(|port| draft.otlp_grpc = port),
        |config| config.otlp.grpc.address.to_string(),
    ),
    port(
        "receivers.otlp.protocols.http.endpoint",
        "otlp-http-port",
        "4318",
        "Where OTLP over HTTP is received; port 0 takes a free one",
        |draft, text| value::port_and_host(text).map(|port| draft.otlp_http = port),
        |config| config.otlp.http.address.to_string(),
    ),
    Setting {
        key: "receivers.otlp.protocols.http.cors.allowed_origins",
        flag: "otlp-http-cors-allowed-origins",
        value_name: "ORIGIN,…",
        default: "",
        help: "Origins whose web pages may send spans, such as https://*.example.com, or *",
        kind: Kind::List,
        read: |draft, text| value::origins(text).map(|list| draft.cors_allowed_origins = list),
        show: |config| config.otlp.cors_allowed_origins.join(","),
    },
    // One request is decoded whole, so it must fit the memory limit several
    // times; real exporters stay below 4 MiB, and archives are imported in 64.
    Setting {
        key: "receivers.otlp.max_request_bytes",
        flag: "otlp-max-request-bytes",
        value_name: "SIZE",
        default: "64MiB",
        help: "Largest OTLP request accepted, measured after decompression",
        kind: Kind::Value,
        read: |draft, text| {
            draft.max_request_bytes = at_least(text, value::bytes(text)?, MIN_MAX_REQUEST_BYTES)?;
            Ok(())
        },
        show: |config| show_bytes(config.otlp.max_request_bytes as u64),
    },
    // Ports of the protocols before OTLP. Their defaults are those of Jaeger's
    // all-in-one; a default that is taken keeps nobody from starting.
    port(
        "receivers.jaeger.protocols.grpc.endpoint",
        "jaeger-grpc-port",
        "14250",
        "Where Jaeger's agents and collectors send over gRPC; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.grpc = port),
        |config| show_or_off(config.jaeger.grpc.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.thrift_http.endpoint",
        "jaeger-http-port",
        "14268",
        "Where Jaeger's clients send Thrift over HTTP; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.thrift_http = port),
        |config| show_or_off(config.jaeger.thrift_http.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.thrift_compact.endpoint",
        "jaeger-compact-port",
        "6831",
        "UDP port for Jaeger's clients that send compact Thrift; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.thrift_compact = port),
        |config| show_or_off(config.jaeger.thrift_compact.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.thrift_binary.endpoint",
        "jaeger-binary-port",
        "6832",
        "UDP port for Jaeger's clients that send binary Thrift; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.thrift_binary = port),
        |config| show_or_off(config.jaeger.thrift_binary.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.zipkin_compact.endpoint",
        "jaeger-zipkin-port",
        "5775",
        "UDP port for Jaeger's oldest clients, which send Zipkin's spans; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.zipkin_compact = port),
        |config| show_or_off(config.jaeger.zipkin_compact.as_ref()),
    ),
    port(
        "receivers.zipkin.endpoint",
        "zipkin-port",
        "9411",
        "Where Zipkin's clients send over HTTP; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.zipkin = port),
        |config| show_or_off(config.zipkin.as_ref()),
    ),
    Setting {
        key: "sampling.strategies_file",
        flag: "sampling-strategies-file",
        value_name: "FILE",
        default: "",
        help: "Jaeger's file of sampling strategies, read again when it changes; \
               without one clients are told to record everything",
        kind: Kind::Value,
        read: |draft, text| {
            draft.sampling.strategies_file = (!text.is_empty()).then(|| text.into());
            Ok(())
        },
        show: |config| {
            let file = config.sampling.strategies_file.as_ref();
            file.map_or_else(String::new, |file| file.display().to_string())
        },
    },
    port(
        "sampling.http.endpoint",
        "sampling-http-port",
        "5778",
        "Where Jaeger's clients ask over HTTP how to sample; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.sampling.http = port),
        |config| show_or_off(config.sampling.http.as_ref()),
    ),
    port(
        "sampling.grpc.endpoint",
        "sampling-grpc-port",
        "5779",
        "Where Jaeger's clients ask over gRPC how to sample; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.sampling.grpc = port),
        |config| show_or_off(config.sampling.grpc.as_ref()),
    ),
    port(
        "query.http.endpoint",
        "query-http-port",
        "16686",
        "Where the UI and the HTTP APIs are served; port 0 takes a free one",
        |draft, text| value::port_and_host(text).map(|port| draft.query_http = port),
        |config| config.query.http.address.to_string(),
    ),
    port(
        "query.grpc.endpoint",
        "query-grpc-port",
        "16685",
        "Where Jaeger's gRPC query services are served; port 0 takes a free one",
        |draft, text| value::port_and_host(text).map(|port| draft.query_grpc = port),
        |config| config.query.grpc.address.to_string(),
    ),
    Setting {
        key: "query.base_path",
        flag: "query-base-path",
        value_name: "PATH",
        default: "/",
        help: "Prefix of every HTTP path, for a reverse proxy that does not strip one",
        kind: Kind::Value,
        read: |draft, text| value::base_path(text).map(|path| draft.base_path = path),
        show: |config| match config.query.base_path.as_str() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        },
    },
    Setting {
        key: "log.level",
        flag: "log-level",
        value_name: "LEVEL",
        default: "info",
        help: "off, error, warn, info, debug, trace, or a filter such as info,tracewell_store=debug",
        kind: Kind::Value,
        read: |draft, text| {
            check_log_filter(text)?;
            draft.log.filter = text.to_owned();
            Ok(())
        },
        show: |config| config.log.filter.clone(),
    },
    Setting {
        key: "log.format",
        flag: "log-format",
        value_name: "text|json",
        default: "text",
        help: "How log lines look on standard error",
        kind: Kind::Value,
        read: |draft, text| value::choice(text).map(|format| draft.log.format = format),
        show: |config| show_choice(config.log.format),
    },
];

/// A port to listen on.
const fn port(
    key: &'static str,
    flag: &'static str,
    default: &'static str,
    help: &'static str,
    read: fn(&mut Draft, &str) -> Result<(), String>,
    show: fn(&Config) -> String,
) -> Setting {
    Setting {
        key,
        flag,
        value_name: "[HOST:]PORT",
        default,
        help,
        kind: Kind::Value,
        read,
        show,
    }
}

fn at_least(text: &str, size: u64, least: u64) -> Result<u64, String> {
    if size < least {
        return Err(format!(
            "{text:?} is less than the least allowed, {}",
            show_bytes(least)
        ));
    }
    Ok(size)
}

fn check_log_filter(text: &str) -> Result<(), String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    // A lone word is always meant as a level; the filter syntax would take it
    // for the name of a module and log nothing.
    let is_word = !text.contains(['=', ',']);
    let hint = match super::mistake::nearest(text, LEVELS) {
        Some(level) if is_word => format!("; did you mean {level}?"),
        _ => String::new(),
    };
    let known = !is_word || LEVELS.contains(&text.to_lowercase().as_str());
    if text.is_empty() || !known || EnvFilter::builder().parse(text).is_err() {
        return Err(format!(
            "{text:?} is neither one of {} nor a filter such as info,tracewell_store=debug{hint}",
            LEVELS.join(", ")
        ));
    }
    Ok(())
}
