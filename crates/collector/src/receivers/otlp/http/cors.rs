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

/// Browsers may remember a permission for two hours, the most that Chrome allows.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// Allowed origins, ready for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Cors {
    patterns: Vec<(String, Option<String>)>,
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

    /// Origins without a [`Cors::problem`].
    pub(in super::super) fn new(origins: &[String]) -> Self {
        // Browsers send scheme and host in lower case.
        let patterns = origins.iter().map(|origin| origin.to_ascii_lowercase());
        Self {
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
        // Pages that may send may also send their own headers, such as keys.
        if let Some(headers) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            response.insert(ACCESS_CONTROL_ALLOW_HEADERS, headers.clone());
        }
        response.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
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
        let cors = Cors::new(&patterns.map(str::to_owned));
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
        assert!(Cors::new(&["*".to_owned()]).allows("https://anyone.test"));
    }
}
