//! Attributes of HTTP and gRPC requests, as the stable conventions name them.
//!
//! It exists so that servers and clients of every library say the same. It must
//! never put a secret of a URL on a span.
//! (OpenTelemetry semantic conventions 1.44: HTTP spans; RPC spans.)

use super::describe::Described;
use http::{Method, Uri, Version};
use std::borrow::Cow;

/// Parameters that hold a signature or key (HTTP conventions, `url.query`).
const SECRET_PARAMETERS: [&str; 4] = ["AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature"];

/// The method, or `None` for one that is not in RFC 9110 or RFC 5789: names
/// that callers make up must not become names of spans.
fn known_method(method: &Method) -> Option<&'static str> {
    Some(match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => return None,
    })
}

/// The method, and what it was where it is not known.
pub(super) fn describe_method(into: &mut impl Described, method: &Method) {
    match known_method(method) {
        Some(known) => into.say("http.request.method", known),
        None => into
            .say("http.request.method", "_OTHER")
            .say("http.request.method_original", method.to_string()),
    };
}

/// The method of a gRPC call, which is its path.
#[cfg(feature = "tower")]
pub(super) fn describe_grpc(into: &mut impl Described, uri: &Uri) {
    let method = uri.path().trim_start_matches('/').to_owned();
    into.say("rpc.system.name", "grpc")
        .say("rpc.method", method);
}

/// `GET /orders/{id}`, or `GET` where there is no template.
pub(super) fn span_name(method: &Method, template: Option<&str>) -> Cow<'static, str> {
    let method = known_method(method).unwrap_or("HTTP");
    match template {
        Some(template) => Cow::Owned(format!("{method} {template}")),
        None => Cow::Borrowed(method),
    }
}

/// A query without its secrets.
pub(super) fn redacted_query(query: &str) -> Cow<'_, str> {
    let is_secret = |pair: &str| {
        pair.split_once('=')
            .is_some_and(|(name, _)| SECRET_PARAMETERS.contains(&name))
    };
    if !query.split('&').any(is_secret) {
        return Cow::Borrowed(query);
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(pair) => Cow::Owned(format!("{name}=REDACTED")),
        _ => Cow::Borrowed(pair),
    });
    Cow::Owned(pairs.collect::<Vec<_>>().join("&"))
}

/// The whole URL without secrets, where the URI has a host.
pub(super) fn full_url(uri: &Uri) -> Option<String> {
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
    let mut url = format!("{scheme}://");
    match authority.rsplit_once('@') {
        Some((_, host)) => {
            url.push_str("REDACTED:REDACTED@");
            url.push_str(host);
        }
        None => url.push_str(authority),
    }
    url.push_str(uri.path());
    if let Some(query) = uri.query() {
        url.push('?');
        url.push_str(&redacted_query(query));
    }
    Some(url)
}

/// `host` and `port` of `host:port`, without user and brackets.
pub(super) fn host_and_port(authority: &str) -> (&str, Option<u16>) {
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port.parse().ok()),
        _ => (authority, None),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

/// The port that a scheme has where the URL names none.
pub(super) fn default_port(scheme: Option<&str>) -> Option<u16> {
    match scheme {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    }
}

/// `network.protocol.version`.
pub(super) fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// The name of a gRPC status (grpc/grpc, doc/statuscodes.md).
#[cfg(feature = "tower")]
pub(super) fn grpc_status_name(code: &str) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let code = code.parse::<usize>().ok();
    code.and_then(|code| NAMES.get(code))
        .copied()
        .unwrap_or("UNKNOWN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_no_secrets() {
        for (url, expected) in [
            ("http://h/a?b=c", "http://h/a?b=c"),
            ("http://h", "http://h/"),
            ("http://user:pass@h:1/", "http://REDACTED:REDACTED@h:1/"),
            (
                "https://h/?a=1&sig=s&Signature=x=y",
                "https://h/?a=1&sig=REDACTED&Signature=REDACTED",
            ),
        ] {
            assert_eq!(full_url(&url.parse().unwrap()).as_deref(), Some(expected));
        }
        assert_eq!(full_url(&"/path".parse().unwrap()), None);
    }

    #[test]
    fn hosts_come_without_ports_users_and_brackets() {
        for (authority, expected) in [
            ("h", ("h", None)),
            ("h:80", ("h", Some(80))),
            ("u:p@h:80", ("h", Some(80))),
            ("[::1]:80", ("::1", Some(80))),
            ("[::1]", ("::1", None)),
            ("h:99999", ("h", None)),
        ] {
            assert_eq!(host_and_port(authority), expected, "{authority}");
        }
    }
}
