//! Jaeger's own environment and flags, which a compose file keeps when only its
//! image is changed.
//!
//! They are not read. What they ask for and do not get must be said, as nobody
//! looks for spans where the file does not send them. Must never change a
//! setting: two names for one would need an order between them.

use std::ffi::OsStr;

/// A variable of Jaeger, the values that ask for what is here anyway, and what
/// counts instead.
const VARIABLES: [(&str, &[&str], &str); 9] = [
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
    (
        "MULTI_TENANCY_ENABLED",
        &["false"],
        "TRACEWELL_TENANTS=true keeps tenants apart",
    ),
    (
        "MULTI_TENANCY_HEADER",
        &["x-tenant"],
        "tenants are named in x-tenant or X-Scope-OrgID",
    ),
    (
        "MULTI_TENANCY_TENANTS",
        &[],
        "which tenants there may be stands in the file of TRACEWELL_TENANTS_FILE",
    ),
];

/// The same for TLS, which Jaeger has for each port; here one is for all of
/// them. By what follows `_TLS_` in the name.
const OF_TLS: [(&str, &[&str], &str); 4] = [
    (
        "ENABLED",
        &["false"],
        "TRACEWELL_TLS_CERT_FILE and TRACEWELL_TLS_KEY_FILE turn TLS on, for all ports",
    ),
    (
        "CERT",
        &[],
        "the certificate of all ports is in the file of TRACEWELL_TLS_CERT_FILE",
    ),
    (
        "KEY",
        &[],
        "the key of all ports is in the file of TRACEWELL_TLS_KEY_FILE",
    ),
    (
        "CLIENT_CA",
        &[],
        "certificates of clients are asked for when TRACEWELL_TLS_CLIENT_CA_FILE is set",
    ),
];

/// What a variable of the environment asks for in vain, if it is Jaeger's.
pub(super) fn warning(name: &str, text: &OsStr) -> Option<String> {
    let text = text.to_string_lossy();
    let (same, instead) = known(name)?;
    let asks = !text.is_empty() && !same.contains(&&*text);
    asks.then(|| format!("{name}={text} is a setting of Jaeger and is not read; {instead}"))
}

/// What to write instead of a flag of Jaeger's: `--collector.grpc.tls.enabled`.
pub(crate) fn of_flag(flag: &str) -> Option<&'static str> {
    let name = flag.trim_start_matches('-').split('=').next()?;
    let (_, instead) = known(&name.to_uppercase().replace(['.', '-'], "_"))?;
    Some(instead)
}

fn known(name: &str) -> Option<(&'static [&'static str], &'static str)> {
    let named = VARIABLES.iter().find(|(variable, ..)| *variable == name);
    let of_tls = || {
        let is_of_a_port = name.starts_with("COLLECTOR_") || name.starts_with("QUERY_");
        let (_, what) = name.split_once("_TLS_").filter(|_| is_of_a_port)?;
        OF_TLS.iter().find(|(after, ..)| *after == what)
    };
    let (_, same, instead) = named.or_else(of_tls)?;
    Some((same, instead))
}
