//! `tracewell config`, and what a wrong configuration says at start.

use std::fs;

use crate::process::{run, run_in};

const THREE_MISTAKES: &str = "\
storage: disk
retention:
  age: soon
  byts: 50GiB
";

#[test]
fn a_configuration_with_three_mistakes_reports_all_three_with_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.yaml"), THREE_MISTAKES).unwrap();
    let expected = "\
error: the configuration has 3 mistakes:
  bad.yaml:1:10: storage: \"disk\" is not one of embedded, memory
  bad.yaml:3:8: retention.age: \"soon\" is not a duration; write for example 90s, 72h or 7d, or unlimited
  bad.yaml:4:3: unknown setting retention.byts; did you mean bytes?
";
    let commands: [&[&str]; 4] = [
        &["config", "check", "bad.yaml"],
        &["config", "print", "--config", "bad.yaml"],
        &["--config", "bad.yaml"],
        &["all-in-one", "-c", "bad.yaml"],
    ];
    for arguments in commands {
        let finished = run_in(dir.path(), arguments, &[]);
        assert_eq!(finished.stderr, expected, "{arguments:?}");
        assert_eq!(finished.code, Some(2), "{arguments:?}");
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
    assert!(
        !dir.path().join("tracewell-data").exists(),
        "nothing was started"
    );
}

#[test]
fn a_valid_file_is_said_to_be_valid() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("good.yaml"), "storage: memory\n").unwrap();
    let finished = run_in(dir.path(), &["config", "check", "good.yaml"], &[]);
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "good.yaml is valid\n")
    );
}

#[test]
fn print_shows_each_value_with_its_origin_and_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("c.yaml"),
        "memory_limit: 1GiB\nlog: {level: warn}\n",
    )
    .unwrap();
    let finished = run_in(
        dir.path(),
        &[
            "config",
            "print",
            "--config",
            "c.yaml",
            "--otlp-grpc-port",
            "0",
        ],
        &[
            ("TRACEWELL_RETENTION", "72h"),
            ("TRACEWELL_LOG_LEVL", "debug"),
        ],
    );
    assert_eq!(finished.code, Some(0));
    for (value, origin) in [
        ("data_dir: ./tracewell-data", "default"),
        ("memory_limit: 1GiB", "c.yaml:1:15"),
        ("  level: warn", "c.yaml:2:14"),
        ("  age: 3d", "TRACEWELL_RETENTION"),
        ("        endpoint: 127.0.0.1:0", "--otlp-grpc-port"),
    ] {
        let line = finished.stdout.lines().find(|line| line.starts_with(value));
        let line = line.unwrap_or_else(|| panic!("{value} in\n{}", finished.stdout));
        assert!(line.ends_with(&format!("# {origin}")), "{line}");
    }
    assert_eq!(
        finished.stderr,
        "warning: TRACEWELL_LOG_LEVL is set but is no setting of tracewell; did you mean TRACEWELL_LOG_LEVEL?\n"
    );

    fs::write(dir.path().join("printed.yaml"), &finished.stdout).unwrap();
    let check = run_in(dir.path(), &["config", "check", "printed.yaml"], &[]);
    assert_eq!(check.code, Some(0), "{}", check.stderr);
}

#[test]
fn mistakes_on_the_command_line_and_in_the_environment_come_together() {
    let finished = run_in(
        std::path::Path::new("."),
        &["--durability", "fsnc", "--query-http-port", "99999"],
        &[("TRACEWELL_MEMORY_LIMIT", "1MiB")],
    );
    assert_eq!(finished.code, Some(2));
    assert_eq!(
        finished.stderr,
        "\
error: the configuration has 3 mistakes:
  TRACEWELL_MEMORY_LIMIT: memory_limit: \"1MiB\" is less than the least allowed, 64MiB
  --durability: durability: \"fsnc\" is not one of fsync, os, none; did you mean fsync?
  --query-http-port: query.http.endpoint: \"99999\" is not a port from 0 to 65535 or HOST:PORT, such as 4317 or 0.0.0.0:4317
"
    );
}

#[test]
fn help_names_every_flag_with_its_variable() {
    let help = run(&["--help"]).stdout;
    for flag in [
        "--config",
        "--data-dir",
        "--storage",
        "--durability",
        "--retention",
        "--memory-limit",
        "--listen",
        "--otlp-grpc-port",
        "--otlp-http-port",
        "--otlp-max-request-bytes",
        "--query-http-port",
        "--query-grpc-port",
        "--tempo-port",
        "--query-base-path",
        "--log-level",
        "--log-format",
    ] {
        assert!(help.contains(&format!("{flag} <")), "{flag} in\n{help}");
        let variable = format!("TRACEWELL_{}", flag[2..].to_uppercase().replace('-', "_"));
        assert!(help.contains(&variable), "{variable} in\n{help}");
    }
}
