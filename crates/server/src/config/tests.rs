//! Configuration as people meet it: what they wrote, what they get, what they
//! are told.

mod environment;
mod locks;
mod merged;
mod mistakes;

use std::fs;
use std::path::Path;

use super::*;

fn sources(file: Option<&Path>, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Sources {
    Sources {
        files: file.into_iter().map(Path::to_owned).collect(),
        flags: flags
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect(),
        environment: env
            .iter()
            .map(|(a, b)| ((*a).into(), (*b).into()))
            .collect(),
    }
}

fn load_text(text: &str) -> Result<Loaded, Mistakes> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tracewell.yaml");
    fs::write(&path, text).unwrap();
    load(sources(Some(&path), &[], &[]))
}

/// The mistakes without the directory of the test file.
fn mistakes_of(text: &str) -> Vec<String> {
    let error = load_text(text).expect_err("the text has mistakes");
    error
        .to_string()
        .lines()
        .map(|line| {
            line.split_once("tracewell.yaml:")
                .map_or(line, |(_, rest)| rest)
                .to_owned()
        })
        .collect()
}

/// As when every port had been written down: none gives way any more.
fn asked_for(mut config: Config) -> Config {
    let jaeger = &mut config.jaeger;
    for endpoint in [
        &mut jaeger.grpc,
        &mut jaeger.thrift_http,
        &mut jaeger.thrift_compact,
        &mut jaeger.thrift_binary,
        &mut jaeger.zipkin_compact,
        &mut config.zipkin,
        &mut config.sampling.http,
        &mut config.sampling.grpc,
        &mut config.admin.collector,
        &mut config.admin.query,
        &mut config.admin.health_check,
        &mut config.query.tempo,
    ]
    .into_iter()
    .flatten()
    {
        endpoint.is_optional = false;
    }
    for port in &mut config.receivers {
        port.endpoint.is_optional = false;
    }
    config
}

#[test]
fn a_port_before_otlp_gives_way_unless_somebody_asked_for_it() {
    let ports = |config: &Config| {
        let jaeger = &config.jaeger;
        let all = [
            jaeger.grpc,
            jaeger.thrift_http,
            jaeger.thrift_compact,
            jaeger.thrift_binary,
            jaeger.zipkin_compact,
            config.zipkin,
            config.admin.collector,
            config.admin.query,
            config.admin.health_check,
            config.query.tempo,
        ];
        all.map(|endpoint| endpoint.map(|it| (it.address.port(), it.is_optional)))
    };
    let default = load(Sources::default()).unwrap().config;
    let usual = [
        14250, 14268, 6831, 6832, 5775, 9411, 14269, 16687, 13133, 3200,
    ];
    assert_eq!(ports(&default), usual.map(|port| Some((port, true))));
    let text =
        "receivers:\n  jaeger: {protocols: {grpc: {endpoint: 14250}}}\n  zipkin: {endpoint: off}";
    let config = load_text(text).unwrap().config;
    assert_eq!(ports(&config)[0], Some((14250, false)));
    assert_eq!(ports(&config)[5], None);
    assert_eq!(ports(&config)[1], Some((14268, true)));
    // Somebody wants the port for something else: no contradiction.
    let flags = [("query-http-port", "9411"), ("jaeger-http-port", "14250")];
    let config = load(sources(None, &[], &flags)).unwrap().config;
    assert_eq!(ports(&config)[5], Some((9411, true)));
    let flags = [("query-http-port", "9411"), ("zipkin-port", "9411")];
    let mistakes = load(sources(None, &[], &flags)).unwrap_err().to_string();
    assert!(
        mistakes.contains("is also the address of receivers.zipkin.endpoint"),
        "{mistakes}"
    );
    // TCP and UDP do not take ports from one another.
    let flags = [("zipkin-port", "6831"), ("jaeger-compact-port", "6831")];
    assert!(load(sources(None, &[], &flags)).is_ok());
    let flags = [
        ("jaeger-binary-port", "6831"),
        ("jaeger-compact-port", "6831"),
    ];
    assert!(load(sources(None, &[], &flags)).is_err());
    let wrong = load(sources(None, &[], &[("zipkin-port", "on")]))
        .unwrap_err()
        .to_string();
    assert!(
        wrong.ends_with("such as 4317 or 0.0.0.0:4317, or off"),
        "{wrong}"
    );
}

/// Addresses of what is open unless somebody closes it.
fn addresses(config: &Config) -> [String; 4] {
    let (otlp, query) = (&config.otlp, &config.query);
    let endpoints = [otlp.grpc, otlp.http, Some(query.http), Some(query.grpc)];
    endpoints.map(|endpoint| endpoint.unwrap().address.to_string())
}

#[test]
fn a_switch_needs_no_value_and_looking_into_memory_is_refused() {
    for (text, is_on) in [("true", true), ("false", false)] {
        let loaded = load(sources(None, &[], &[("read-only", text)])).unwrap();
        assert_eq!(loaded.config.is_read_only, is_on);
    }
    for (flags, message) in [
        (
            &[("read-only", "yes")][..],
            "\"yes\" is neither true nor false",
        ),
        (
            &[("read-only", "true"), ("storage", "memory")],
            "storage: memory has nothing to look into",
        ),
    ] {
        let mistakes = load(sources(None, &[], flags)).unwrap_err().to_string();
        assert!(mistakes.contains(message), "{mistakes}");
    }
}

#[test]
fn defaults_are_jaegers_and_opentelemetrys_ports_on_this_machine_only() {
    let config = load(Sources::default()).unwrap().config;
    let addresses = addresses(&config);
    assert_eq!(
        addresses,
        [
            "127.0.0.1:4317",
            "127.0.0.1:4318",
            "127.0.0.1:16686",
            "127.0.0.1:16685"
        ]
    );
    assert_eq!(config.data_dir, Path::new("./tracewell-data"));
    assert_eq!(config.retention.age, Some(Duration::from_secs(7 * 86_400)));
    assert_eq!(config.retention.bytes, None);
    assert_eq!(config.retention.free_space, FreeSpace::Any);
    assert_eq!(config.memory_limit_bytes, 512 << 20);
    assert_eq!(config.otlp.max_request_bytes, 64 << 20);
    assert_eq!(config.durability, Durability::Fsync);
    assert_eq!(config.query.base_path, "");
}

#[test]
fn flags_beat_variables_beat_the_file_beats_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.yaml");
    fs::write(
        &path,
        "storage: memory\ndurability: os\nmemory_limit: 1GiB\n",
    )
    .unwrap();
    let loaded = load(sources(
        Some(&path),
        &[
            ("TRACEWELL_DURABILITY", "none"),
            ("TRACEWELL_MEMORY_LIMIT", "2GiB"),
        ],
        &[("memory-limit", "3GiB")],
    ))
    .unwrap();
    assert_eq!(loaded.config.storage, Storage::Memory);
    assert_eq!(loaded.config.durability, Durability::None);
    assert_eq!(loaded.config.memory_limit_bytes, 3 << 30);
    assert_eq!(loaded.places["memory_limit"].to_string(), "--memory-limit");
    assert_eq!(
        loaded.places["durability"].to_string(),
        "TRACEWELL_DURABILITY"
    );
    assert!(
        loaded.places["storage"]
            .to_string()
            .ends_with("c.yaml:1:10")
    );
    assert_eq!(loaded.places["listen"].to_string(), "default");
}

#[test]
fn empty_documents_and_sections_are_the_defaults() {
    let default = load(Sources::default()).unwrap().config;
    for text in [
        "",
        "# nothing\n",
        "receivers:\n",
        "receivers: {otlp: {protocols: {grpc:, http:}}}",
    ] {
        assert_eq!(load_text(text).unwrap().config, default, "{text:?}");
    }
}

#[test]
fn listen_moves_every_port_without_a_host_of_its_own() {
    let config = load(sources(
        None,
        &[],
        &[
            ("listen", "0.0.0.0"),
            ("query-grpc-port", "[::1]:0"),
            ("otlp-http-port", "localhost:1"),
        ],
    ))
    .unwrap()
    .config;
    let addresses = addresses(&config);
    assert_eq!(
        addresses,
        ["0.0.0.0:4317", "127.0.0.1:1", "0.0.0.0:16686", "[::1]:0"]
    );
}

#[test]
fn retention_takes_an_age_a_size_or_both() {
    let week = Some(Duration::from_secs(7 * 86_400));
    let three_days = Some(Duration::from_secs(3 * 86_400));
    for (text, age, bytes) in [
        ("72h", three_days, None),
        ("50GiB", week, Some(50 << 30)),
        ("72h,50GiB", three_days, Some(50 << 30)),
        ("1.5GiB , 3d", three_days, Some(3 << 29)),
        ("unlimited", None, None),
    ] {
        let flag = load(sources(None, &[], &[("retention", text)]))
            .unwrap()
            .config
            .retention;
        let free_space = FreeSpace::Any;
        let expected = Retention {
            age,
            bytes,
            free_space,
        };
        assert_eq!(flag, expected, "{text}");
        let file = load_text(&format!("retention: {text}"))
            .unwrap()
            .config
            .retention;
        assert_eq!(file, flag, "{text}");
    }
    let below = load_text("retention:\n  age: 72h\n  bytes: 50GiB\n  free_space: 10GiB\n").unwrap();
    assert_eq!(
        below.config.retention,
        Retention {
            age: three_days,
            bytes: Some(50 << 30),
            free_space: FreeSpace::Bytes(10 << 30),
        }
    );
}

#[test]
fn the_printed_configuration_reads_back_as_the_same() {
    let loaded = load(sources(
        None,
        &[("TRACEWELL_LOG_LEVEL", "off")],
        &[
            ("data-dir", "/var/lib/a \"b\": #c"),
            ("retention", "90m,123456789"),
            ("retention-free-space", "auto"),
            ("listen", "::1"),
            ("query-base-path", "/t/x"),
            ("zipkin-port", "off"),
            ("jaeger-grpc-port", "10.0.0.1:7"),
            (
                "otlp-http-cors-allowed-origins",
                "*, https://*.example.com:8443",
            ),
        ],
    ))
    .unwrap();
    let text = print(&loaded);
    let again = load_text(&text).unwrap().config;
    assert_eq!(again, asked_for(loaded.config), "{text}");
    for (line, origin) in [
        ("  level: \"off\"", "TRACEWELL_LOG_LEVEL"),
        ("storage: embedded", "default"),
        ("        endpoint: \"[::1]:4317\"", "default"),
        ("  age: 90m", "--retention"),
    ] {
        let found = text
            .lines()
            .find(|printed| printed.starts_with(line))
            .unwrap();
        assert!(found.ends_with(&format!(" # {origin}")), "{found}");
    }
}

#[test]
fn the_example_file_names_every_setting_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/tracewell.yaml");
    let loaded = load(sources(Some(&path), &[], &[])).unwrap();
    let default = load(Sources::default()).unwrap().config;
    assert_eq!(loaded.config, asked_for(default));
    for setting in settings() {
        let place = loaded.places[setting.key].to_string();
        assert!(
            place.contains("tracewell.yaml:"),
            "{} is missing",
            setting.key
        );
    }
}
