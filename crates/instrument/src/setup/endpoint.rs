//! Where spans and log records go, from the ways in which people write it.
//!
//! It exists because gRPC and HTTP, general and per-signal variables, each
//! treat the path differently (OTLP exporter specification). It must never
//! guess a scheme that turns encryption off unasked.

use super::env::Set;
use super::error::Problem;
use crate::export::Protocol;
use crate::export::Signal;
use hyper::Uri;

/// How a path is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// In `OTEL_EXPORTER_OTLP_ENDPOINT`: a base.
    General,
    /// In the variable of one signal, such as
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`: the address itself.
    ForSignal,
    /// In code: a base if it has no path, else the address itself.
    InCode,
}

/// The address of requests.
pub(super) fn endpoint(
    signal: Signal,
    set: Option<(Set, Written)>,
    protocol: Protocol,
    is_insecure: bool,
) -> Result<Uri, Problem> {
    let (set, written) = set.unwrap_or_else(|| {
        let port = if protocol == Protocol::Grpc {
            4317
        } else {
            4318
        };
        let value = format!("http://localhost:{port}");
        (
            Set {
                name: "endpoint".to_owned(),
                value,
            },
            Written::General,
        )
    });
    let wrong = |fix: &str| Problem::Value {
        setting: set.name.clone(),
        value: set.value.clone(),
        fix: fix.to_owned(),
    };
    let text = if set.value.contains("://") {
        set.value.clone()
    } else if protocol == Protocol::Grpc {
        let scheme = if is_insecure { "http" } else { "https" };
        format!("{scheme}://{}", set.value)
    } else {
        return Err(wrong("write a URL such as http://localhost:4318"));
    };
    let uri: Uri = text.parse().map_err(|error| {
        wrong(&format!(
            "write a URL such as http://localhost:4318 ({error})"
        ))
    })?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
        return Err(wrong(
            "write a URL that begins with http:// or https:// and has a host",
        ));
    }
    let path = match protocol {
        Protocol::Grpc => signal.grpc_path().to_owned(),
        Protocol::HttpProtobuf | Protocol::HttpJson => {
            let own_path = signal.http_path();
            let base = uri.path_and_query().map_or("", |path| path.as_str());
            match written {
                Written::General => format!("{}{own_path}", base.trim_end_matches('/')),
                Written::InCode if base.trim_end_matches('/').is_empty() => own_path.to_owned(),
                Written::ForSignal | Written::InCode => base.to_owned(),
            }
        }
    };
    let mut parts = uri.into_parts();
    let path = path
        .parse()
        .map_err(|_| wrong("write a path that a URL can have"))?;
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(|_| wrong("write a URL such as http://localhost:4318"))
}
