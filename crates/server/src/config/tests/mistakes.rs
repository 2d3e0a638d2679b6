//! What is wrong in a file is said at its place, all of it at once.

use super::*;

#[test]
fn every_mistake_is_reported_with_line_and_column() {
    let text = "\
data_dir: ./data
durabilty: fsync
retention:
  age: soon
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:99999
";
    assert_eq!(
        mistakes_of(text),
        [
            "2:1: unknown setting durabilty; did you mean durability?",
            "4:8: retention.age: \"soon\" is not a duration; write for example 90s, 72h or 7d, or unlimited",
            "9:19: receivers.otlp.protocols.grpc.endpoint: \"0.0.0.0:99999\" is not a port from 0 to 65535 or HOST:PORT, such as 4317 or 0.0.0.0:4317, or off",
        ]
    );
}

#[test]
fn mistakes_of_every_kind_say_what_to_write() {
    for (text, expected) in [
        (
            "storage: disk",
            "1:10: storage: \"disk\" is not one of embedded, memory",
        ),
        (
            "durability: fsnc",
            "1:13: durability: \"fsnc\" is not one of fsync, os, none; did you mean fsync?",
        ),
        (
            "storage: memory\nstorage: embedded",
            "2:1: storage is written twice, first on line 1; keep one",
        ),
        (
            "storage:",
            "1:1: storage has no value; add one or remove it",
        ),
        (
            "storage: [memory]",
            "1:10: storage takes one value, not several",
        ),
        (
            "log: warn",
            "1:6: log is a section; write level, format below it",
        ),
        (
            "base_path: /x",
            "1:1: unknown setting base_path; did you mean query.base_path?",
        ),
        (
            "log:\n  colour: red",
            "2:3: unknown setting log.colour; known here: level, format",
        ),
        (
            "- a",
            "1:1: the file must hold `key: value` lines, such as `data_dir: ./tracewell-data`",
        ),
        (
            "memory_limit: 1MiB",
            "1:15: memory_limit: \"1MiB\" is less than the least allowed, 64MiB",
        ),
        (
            "memory_limit: 50G",
            "1:15: memory_limit: \"50G\" is not a size; write for example 512MiB or 50GiB",
        ),
        (
            "log: {level: inof}",
            "1:14: log.level: \"inof\" is neither one of off, error, warn, info, debug, trace nor a filter such as info,tracewell_store=debug; did you mean info?",
        ),
        (
            "query: {base_path: tracing}",
            "1:20: query.base_path: \"tracing\" must start with /, such as /tracewell",
        ),
        (
            "query: {base_path: /a//b}",
            "1:20: query.base_path: \"/a//b\" must not have empty, . or .. segments",
        ),
        (
            "query:\n  http: {endpoint: 4317}",
            "2:20: query.http.endpoint: 127.0.0.1:4317 is also the address of receivers.otlp.protocols.grpc.endpoint; change one",
        ),
        (
            "memory_limit: 64MiB\nreceivers: {otlp: {max_request_bytes: 65MiB}}",
            "2:39: receivers.otlp.max_request_bytes: a request of 65MiB does not fit memory_limit, 64MiB; lower this or raise that",
        ),
        (
            "receivers: {otlp: {protocols: {http: {cors: {allowed_origins: [localhost]}}}}}",
            "1:63: receivers.otlp.protocols.http.cors.allowed_origins: \"localhost\" is not an origin; write * or scheme://host[:port] without a path",
        ),
    ] {
        assert_eq!(mistakes_of(text), [expected], "{text}");
    }
}

#[test]
fn broken_yaml_is_reported_at_its_place() {
    let found = mistakes_of("storage: memory\nlog: [1, 2\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("not valid YAML: "), "{found:?}");
    assert!(
        found[0].starts_with(|c: char| c.is_ascii_digit()),
        "{found:?}"
    );
}
