//! What variables of the environment do, and what is said of wrong ones.

use super::*;

#[test]
fn the_file_may_be_named_by_a_variable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.yaml");
    fs::write(&path, "storage: memory").unwrap();
    let loaded = load(sources(
        None,
        &[("TRACEWELL_CONFIG", path.to_str().unwrap())],
        &[],
    ))
    .unwrap();
    assert_eq!(loaded.config.storage, Storage::Memory);
}

#[test]
fn mistakes_in_the_environment_and_on_the_command_line_name_them() {
    let error = load(sources(
        Some(Path::new("does-not-exist.yaml")),
        &[("TRACEWELL_STORAGE", "disk")],
        &[("query-http-port", "http")],
    ))
    .expect_err("three mistakes");
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("--config: cannot read does-not-exist.yaml: "),
        "{text}"
    );
    assert!(
        lines[1].starts_with("TRACEWELL_STORAGE: storage: \"disk\" is not"),
        "{text}"
    );
    assert!(
        lines[2].starts_with("--query-http-port: query.http.endpoint: \"http\""),
        "{text}"
    );
}

#[test]
fn unknown_variables_are_a_warning_with_a_suggestion() {
    let loaded = load(sources(
        None,
        &[
            ("TRACEWELL_DATADIR", "x"),
            ("TRACEWELL_SERVER", "http://h"),
            ("HOME", "/"),
        ],
        &[],
    ))
    .unwrap();
    assert_eq!(
        loaded.warnings,
        [
            "TRACEWELL_DATADIR is set but is no setting of tracewell; did you mean TRACEWELL_DATA_DIR?"
        ]
    );
}

#[test]
fn settings_of_jaeger_that_would_change_something_are_a_warning() {
    let warnings = |env| load(sources(None, env, &[])).unwrap().warnings;
    let as_it_is_anyway = [
        ("COLLECTOR_OTLP_ENABLED", "true"),
        ("COLLECTOR_ZIPKIN_HOST_PORT", ":9411"),
        ("SPAN_STORAGE_TYPE", "badger"),
    ];
    assert_eq!(warnings(&as_it_is_anyway), [""; 0]);

    let told = warnings(&[
        ("COLLECTOR_GRPC_TLS_ENABLED", "false"),
        ("COLLECTOR_OTLP_HTTP_TLS_CERT", "/c.pem"),
        ("SPAN_STORAGE_TYPE", "elasticsearch"),
        ("COLLECTOR_ZIPKIN_HOST_PORT", ":19411"),
    ]);
    assert_eq!(
        told,
        [
            "COLLECTOR_OTLP_HTTP_TLS_CERT=/c.pem is a setting of Jaeger and is not read; the certificate of all ports is in the file of TRACEWELL_TLS_CERT_FILE",
            "COLLECTOR_ZIPKIN_HOST_PORT=:19411 is a setting of Jaeger and is not read; the port is that of TRACEWELL_ZIPKIN_PORT",
            "SPAN_STORAGE_TYPE=elasticsearch is a setting of Jaeger and is not read; spans are kept here, as TRACEWELL_STORAGE says",
        ]
    );
}
