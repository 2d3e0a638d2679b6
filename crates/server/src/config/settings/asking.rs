//! Settings of the APIs and the UI, and of the log.
//!
//! Rows of the table in the parent, and what checks one of them.

use tracing_subscriber::EnvFilter;

use super::super::value::{self, show_choice, show_file, show_or_off};
use super::{Kind, Setting, file, port};

/// In the order in which people read a configuration.
pub(super) static ROWS: &[Setting] = &[
    port(
        "admin.collector.endpoint",
        "admin-port",
        "14269",
        "Where Jaeger's collectors answer health and metrics; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.admin.collector = port),
        |config| show_or_off(config.admin.collector.as_ref()),
    ),
    port(
        "admin.query.endpoint",
        "query-admin-port",
        "16687",
        "Where Jaeger's query service answers the same; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.admin.query = port),
        |config| show_or_off(config.admin.query.as_ref()),
    ),
    port(
        "admin.health_check.endpoint",
        "health-check-port",
        "13133",
        "Where an OpenTelemetry Collector answers health; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.admin.health_check = port),
        |config| show_or_off(config.admin.health_check.as_ref()),
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
    port(
        "query.tempo.endpoint",
        "tempo-port",
        "3200",
        "Where Tempo's HTTP and gRPC APIs are served, as for Grafana; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.tempo = port),
        |config| show_or_off(config.query.tempo.as_ref()),
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
    file(
        "query.ui.config_file",
        "query-ui-config",
        "Jaeger's JSON file of UI settings; the UI shows the links of its linkPatterns",
        |draft, text| {
            draft.ui_config_file = value::file(text);
            Ok(())
        },
        |config| show_file(config.query.ui_config_file.as_ref()),
    ),
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

fn check_log_filter(text: &str) -> Result<(), String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    // A lone word is always meant as a level; the filter syntax would take it
    // for the name of a module and log nothing.
    let is_word = !text.contains(['=', ',']);
    let hint = match tracewell_collector::written::nearest(text, LEVELS) {
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
