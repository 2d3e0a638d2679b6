//! Probes and scrapers that were written for Jaeger or the Collector.

use crate::running::{Running, request_with};

#[test]
fn probes_of_jaeger_and_the_collector_are_answered_in_their_forms() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    std::fs::write(&tokens, "read 0123456789abcdef-reader prometheus").unwrap();
    let locked = ["--access-tokens-file", tokens.to_str().unwrap()];
    let server = Running::start(&dir.path().join("data"), &locked);
    let get = |port: &str, path: &str, headers: &[(&str, &str)]| {
        request_with("GET", &server.url(port, path), headers, Vec::new())
    };
    for port in ["admin", "query-admin", "health-check"] {
        for path in ["/", "/health"] {
            let answer = get(port, path, &[]);
            assert_eq!(answer.status, 200, "{port}{path}");
            let json = answer.json();
            assert_eq!(json["status"], "Server available");
            let since = json["upSince"].as_str().unwrap();
            assert!(since.starts_with("20") && since.ends_with('Z'), "{since}");
            assert!(json["uptime"].as_str().unwrap().ends_with('s'), "{json}");
        }
        let status = get(port, "/status", &[]).json();
        assert_eq!(
            (&status["status"], &status["healthy"]),
            (&"StatusOK".into(), &true.into())
        );
        // Health is for everybody; what is counted is not.
        assert_eq!(get(port, "/metrics", &[]).status, 401);
        let reader = [("authorization", "Bearer 0123456789abcdef-reader")];
        let metrics = get(port, "/metrics", &reader);
        let text = String::from_utf8(metrics.body).unwrap();
        assert!(text.contains("tracewell_spans_received_total"), "{text}");
        assert_eq!(get(port, "/debug", &[]).status, 404);
    }
}
