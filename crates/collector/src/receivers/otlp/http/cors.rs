//! Cross-origin requests: which web pages may send spans from a browser.
//!
//! The answers name the asking origin instead of `*` and allow credentials,
//! because `sendBeacon`, which browser exporters use when a page closes, always
//! sends them, and browsers then accept nothing else. Spec: WHATWG Fetch,
//! "CORS protocol".

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::receivers::otlp::config::CorsConfig;

/// Browsers may remember a permission for two hours, the most that Chrome allows.
const MAX_AGE_SECONDS: u64 = 7200;

/// Headers that any request may have.
const ALWAYS_ALLOWED: [&str; 4] = [
    "accept",
    "accept-language",
    "content-language",
    "content-type",
];

/// Allowed origins and headers, ready for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Cors {
    patterns: Vec<(String, Option<String>)>,
    /// In lower case; empty: all.
    headers: Vec<String>,
    max_age_seconds: u64,
}

impl Cors {
    /// What is wrong with an origin from the configuration.
    pub(in super::super) fn problem(origin: &str) -> Option<&'static str> {
        if origin == "*" {
            return None;
        }
        let host = origin.split_once("://").map(|(_, host)| host);
        let is_host = |host: &str| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b"/?#".contains(&byte))
        };
        if !host.is_some_and(is_host) {
            Some("is not an origin; write * or scheme://host[:port] without a path")
        } else if origin.matches('*').count() > 1 {
            Some("has more than one *; write several origins")
        } else {
            None
        }
    }

    /// With origins without a [`Cors::problem`].
    pub(in super::super) fn new(config: &CorsConfig) -> Self {
        // Browsers send scheme, host and names of headers in lower case.
        let lower = |text: &String| text.to_ascii_lowercase();
        let patterns = config.allowed_origins.iter().map(lower);
        let headers: Vec<String> = config.allowed_headers.iter().map(lower).collect();
        Self {
            headers: match headers.iter().any(|header| header == "*") {
                true => Vec::new(),
                false => headers,
            },
            max_age_seconds: config.max_age_seconds.unwrap_or(MAX_AGE_SECONDS),
            patterns: patterns
                .map(|origin| match origin.split_once('*') {
                    Some((before, after)) => (before.to_owned(), Some(after.to_owned())),
                    None => (origin, None),
                })
                .collect(),
        }
    }

    fn allows(&self, origin: &str) -> bool {
        self.patterns.iter().any(|(before, after)| match after {
            None => before == origin,
            Some(after) => {
                origin.len() >= before.len() + after.len()
                    && origin.starts_with(before.as_str())
                    && origin.ends_with(after.as_str())
            }
        })
    }

    /// Whether the request comes from a page that may send. Those of no page do
    /// not say where they come from.
    pub(super) fn may_send(cors: Option<&Self>, request: &HeaderMap) -> bool {
        let Some(origin) = request.get(ORIGIN) else {
            return true;
        };
        cors.is_some_and(|cors| origin.to_str().is_ok_and(|origin| cors.allows(origin)))
    }

    /// Whether a request asks for permission and carries nothing.
    pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Headers that let the page at the request's origin read the answer; none
    /// of them when the origin is not allowed.
    pub(super) fn answer(&self, request: &HeaderMap, response: &mut HeaderMap) {
        response.append(VARY, HeaderValue::from_static("origin"));
        let allowed = request.get(ORIGIN).filter(|origin| {
            let origin = origin.to_str();
            origin.is_ok_and(|origin| self.allows(origin))
        });
        if let Some(origin) = allowed {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            response.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
            // A throttled browser exporter must see how long to wait.
            response.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("retry-after"),
            );
        }
    }

    /// Headers that answer a preflight.
    pub(super) fn answer_preflight(&self, request: &HeaderMap, response: &mut HeaderMap) {
        self.answer(request, response);
        if !response.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        response.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        response.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST"),
        );
        if let Some(headers) = request.get(ACCESS_CONTROL_REQUEST_HEADERS)
            && let Some(allowed) = self.allowed(headers)
        {
            response.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        }
        let max_age = HeaderValue::from(self.max_age_seconds);
        response.insert(ACCESS_CONTROL_MAX_AGE, max_age);
    }

    /// Those of the headers asked for that may be sent. Where nobody says which,
    /// pages that may send may also send their own headers, such as keys.
    fn allowed(&self, asked: &HeaderValue) -> Option<HeaderValue> {
        if self.headers.is_empty() {
            return Some(asked.clone());
        }
        let asked = asked.to_str().ok()?.split(',').map(str::trim);
        let is_allowed = |header: &&str| {
            let header = header.to_ascii_lowercase();
            ALWAYS_ALLOWED.contains(&&*header) || self.headers.contains(&header)
        };
        let allowed: Vec<&str> = asked.filter(is_allowed).collect();
        HeaderValue::from_str(&allowed.join(", ")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_match_exactly_or_around_one_star() {
        let patterns = [
            "https://*.Example.com",
            "http://localhost:*",
            "https://one.test",
        ];
        let cors = |origins: &[&str]| {
            let origins = origins.iter().map(|&origin| origin.to_owned());
            Cors::new(&CorsConfig::of(origins.collect()))
        };
        let everyone = cors(&["*"]);
        let cors = cors(&patterns);
        let table = [
            ("https://shop.example.com", true),
            ("https://a.b.example.com", true),
            ("https://example.com", false),
            ("http://shop.example.com", false),
            ("https://shop.example.com.evil.test", false),
            ("http://localhost:5173", true),
            ("https://one.test", true),
            ("https://one.test:8443", false),
            ("null", false),
        ];
        for (origin, allowed) in table {
            assert_eq!(cors.allows(origin), allowed, "{origin}");
        }
        assert!(everyone.allows("https://anyone.test"));
    }

    #[test]
    fn pages_may_add_the_headers_that_are_named() {
        let table: [(&[&str], Option<u64>, &str, &str); 3] = [
            (&[], None, "content-type,x-own", "7200"),
            (&["X-Tenant"], Some(60), "content-type", "60"),
            (&["X-Tenant", "*"], None, "content-type,x-own", "7200"),
        ];
        for (headers, max_age_seconds, allowed, max_age) in table {
            let cors = Cors::new(&CorsConfig {
                allowed_origins: vec!["*".to_owned()],
                allowed_headers: headers.iter().map(|&header| header.to_owned()).collect(),
                max_age_seconds,
            });
            let (mut request, mut response) = (HeaderMap::new(), HeaderMap::new());
            request.insert(ORIGIN, HeaderValue::from_static("https://one.test"));
            let asked = HeaderValue::from_static("content-type,x-own");
            request.insert(ACCESS_CONTROL_REQUEST_HEADERS, asked);
            cors.answer_preflight(&request, &mut response);
            assert_eq!(response[ACCESS_CONTROL_ALLOW_HEADERS], allowed);
            assert_eq!(response[ACCESS_CONTROL_MAX_AGE], max_age);
        }
    }
}
