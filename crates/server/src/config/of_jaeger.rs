//! Jaeger's own environment, which a compose file keeps when only its image is
//! changed.
//!
//! It is not read. What it asks for and does not get must be said, as nobody
//! looks for spans where the file does not send them. Must never change a
//! setting: two names for one would need an order between them.

use std::ffi::OsStr;

/// A variable of Jaeger, the values that ask for what is here anyway, and what
/// counts instead.
const VARIABLES: [(&str, &[&str], &str); 6] = [
    (
        "SPAN_STORAGE_TYPE",
        &["memory", "badger"],
        "spans are kept here, as TRACEWELL_STORAGE says",
    ),
    (
        "COLLECTOR_OTLP_ENABLED",
        &["true"],
        "OTLP is always received",
    ),
    (
        "COLLECTOR_ZIPKIN_HOST_PORT",
        &[":9411", "0.0.0.0:9411"],
        "the port is that of TRACEWELL_ZIPKIN_PORT",
    ),
    (
        "SAMPLING_STRATEGIES_FILE",
        &[],
        "the file is that of TRACEWELL_SAMPLING_STRATEGIES_FILE",
    ),
    (
        "QUERY_BASE_PATH",
        &["/"],
        "the prefix is that of TRACEWELL_QUERY_BASE_PATH",
    ),
    (
        "QUERY_UI_CONFIG",
        &[],
        "the file is that of TRACEWELL_QUERY_UI_CONFIG",
    ),
];

/// What a variable of the environment asks for in vain, if it is Jaeger's.
pub(super) fn warning(name: &str, text: &OsStr) -> Option<String> {
    let text = text.to_string_lossy();
    let (_, same, instead) = VARIABLES.iter().find(|(variable, ..)| *variable == name)?;
    let asks = !text.is_empty() && !same.contains(&&*text);
    asks.then(|| format!("{name}={text} is a setting of Jaeger and is not read; {instead}"))
}
