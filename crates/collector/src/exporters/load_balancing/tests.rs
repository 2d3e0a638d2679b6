//! What a section is read as, and what is said of one that is wrong.

use std::path::Path;
use std::time::Duration;

use super::config::{DnsConfig, Resolver, with_port};
use super::{LoadBalancingConfig, RoutingKey};
use crate::written::fields::Reading;
use crate::written::yaml;

/// What it is read as, with the mistakes and warnings.
fn read(text: &str) -> (LoadBalancingConfig, Vec<String>) {
    let root = yaml::parse(text).unwrap().unwrap();
    let reading = Reading::new(Path::new("file.yaml"));
    let config = LoadBalancingConfig::read(reading.fields("lb", &root));
    let (mistakes, warnings) = reading.into_found();
    let mistakes = mistakes.into_iter().map(|mistake| mistake.message);
    (config, mistakes.chain(warnings).collect())
}

#[test]
fn defaults_are_those_of_the_collector() {
    let (config, said) = read("{resolver: {dns: {hostname: samplers}}}");
    assert_eq!(said, [""; 0]);
    assert_eq!(config.key, RoutingKey::TraceId);
    let dns = DnsConfig {
        hostname: "samplers".to_owned(),
        port: None,
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(1),
    };
    assert_eq!(config.resolver, Resolver::Dns(dns));
    assert_eq!(config.peer.to("a:1").url, "https://a:1");
    assert_eq!(config.peer.retry.max_elapsed_time, Duration::from_secs(300));
}

#[test]
fn what_the_exporter_says_itself_counts_for_its_peers() {
    let (config, said) = read(
        "{resolver: {static: {hostnames: [a, \"b:1\"]}}, timeout: 7s,
          retry_on_failure: {enabled: false}, sending_queue: {queue_size: 7},
          protocol: {otlp: {timeout: 2s, tls: {insecure: true}, retry_on_failure: {max_elapsed_time: 9s}}}}",
    );
    let twice = "it counts instead of the one of protocol.otlp; leave that out";
    assert_eq!(said, [format!("lb.timeout: {twice}")]);
    assert_eq!(config.peer.timeout, Duration::from_secs(7));
    assert_eq!(config.peer.queue.queue_size, 7);
    assert_eq!(config.peer.retry.max_elapsed_time, Duration::from_secs(9));
    assert_eq!(config.peer.to("a:1").url, "http://a:1");
}

#[test]
fn mistakes_say_what_to_write() {
    let fixed = "resolver: {static: {hostnames: [a]}}";
    for (text, expected) in [
        (
            "{}",
            "lb.resolver is missing: who the peers are; write for example",
        ),
        (
            "{resolver: {}}",
            "lb.resolver: it is empty; write for example",
        ),
        (
            "{resolver: {static: {}}}",
            "lb.resolver.static.hostnames is missing: the addresses of the peers",
        ),
        (
            "{resolver: {static: {hostnames: [\"a b\"]}}}",
            "lb.resolver.static.hostnames: \"a b:4317\" is no HOST:PORT",
        ),
        (
            "{resolver: {dns: {}}}",
            "lb.resolver.dns.hostname is missing",
        ),
        (
            "{resolver: {dns: {hostname: a, port: x}}}",
            "lb.resolver.dns.port: \"x\" is not a port",
        ),
        (
            "{resolver: {dns: {hostname: a}, static: {hostnames: [a]}}}",
            "lb.resolver: it has both static and dns; write one of them",
        ),
        (
            "{resolver: {k8s: {service: a.b}}}",
            "lb.resolver.k8s is not served; write dns: {hostname: NAME.NAMESPACE.svc.cluster.local}",
        ),
        (
            "{resolver: {aws_cloud_map: {namespace: a}}}",
            "lb.resolver.aws_cloud_map is not served; write dns:",
        ),
        (
            &format!("{{{fixed}, routing_key: metric}}"),
            "lb.routing_key: metric is not for traces; write traceID, service or attributes",
        ),
        (
            &format!("{{{fixed}, routing_key: trace}}"),
            "lb.routing_key: \"trace\" is not one of traceID, service, attributes",
        ),
        (
            &format!("{{{fixed}, routing_key: attributes}}"),
            "lb.routing_attributes is missing: which attributes say where a span goes",
        ),
        (
            &format!("{{{fixed}, routing_attributes: [a]}}"),
            "lb.routing_attributes is for routing_key: attributes; write that, or leave it out",
        ),
        (
            &format!("{{{fixed}, sending_queue: {{storage: file_storage}}}}"),
            "lb.sending_queue.storage: a queue on the disk is not served here",
        ),
        (
            &format!("{{{fixed}, protocol: {{otlp: {{endpoint: \"a:1\"}}}}}}"),
            "lb.protocol.otlp.endpoint: the resolver says where the peers are; leave it out",
        ),
        (
            &format!("{{{fixed}, protocol: {{http: {{}}}}}}"),
            "unknown key lb.protocol.http",
        ),
        (
            &format!("{{{fixed}, resolvers: 1}}"),
            "unknown key lb.resolvers",
        ),
    ] {
        let (_, said) = read(text);
        assert_eq!(said.len(), 1, "{text}: {said:?}");
        assert!(said[0].starts_with(expected), "{text}: {said:?}");
    }
}

#[test]
fn otlps_port_is_that_of_names_without_one() {
    for (name, expected) in [
        ("a", "a:4317"),
        ("a:1", "a:1"),
        ("http://a", "http://a:4317"),
        ("http://a:1", "http://a:1"),
        ("[::1]", "[::1]:4317"),
        ("[::1]:1", "[::1]:1"),
    ] {
        assert_eq!(with_port(name), expected);
    }
}
