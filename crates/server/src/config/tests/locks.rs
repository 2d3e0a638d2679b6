//! Locks as people set them up, and that no secret is shown.

use super::*;

#[test]
fn halves_of_a_lock_are_a_mistake_that_names_the_other_half() {
    for (flags, message) in [
        (
            &[("tls-cert-file", "c.pem")][..],
            "--tls-cert-file: tls.cert_file: needs tls.key_file beside it",
        ),
        (
            &[("tls-key-file", "k.pem")],
            "tls.key_file: needs tls.cert_file",
        ),
        (
            &[("tls-client-ca-file", "ca.pem")],
            "tls.client_ca_file: needs tls.cert_file",
        ),
    ] {
        let mistakes = load(sources(None, &[], flags)).unwrap_err().to_string();
        assert!(mistakes.contains(message), "{mistakes}");
    }
}

#[test]
fn tokens_of_the_environment_are_taken_and_never_shown() {
    let secret = "0123456789abcdef";
    let text = format!("write {secret} sdk;read fedcba9876543210");
    let env = [("TRACEWELL_ACCESS_TOKENS", text.as_str())];
    let loaded = load(sources(None, &env, &[])).unwrap();
    assert!(loaded.config.lock.ask_who());
    assert_eq!(loaded.warnings, [""; 0]);
    for shown in [print(&loaded), format!("{loaded:?}")] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // As a setting it is none: a file would keep it for everybody who reads it.
    let mistakes = mistakes_of(&format!("access: {{tokens: {secret}}}")).join(" ");
    assert!(!mistakes.contains(secret), "{mistakes}");
    assert!(mistakes.contains("access.tokens"), "{mistakes}");
}

#[test]
fn datagrams_are_taken_from_this_machine_where_others_must_say_who_they_are() {
    let of = |flags: &[(&str, &str)]| {
        let config = load(sources(None, &[], flags)).unwrap().config;
        let udp = [config.jaeger.thrift_compact, config.jaeger.thrift_binary];
        let all = [config.otlp.grpc, udp[0], udp[1]];
        all.map(|endpoint| endpoint.unwrap().address.ip().to_string())
    };
    let open = ("listen", "0.0.0.0");
    assert_eq!(of(&[open]), ["0.0.0.0"; 3]);
    let tokens = ("access-tokens-file", "tokens");
    assert_eq!(of(&[open, tokens]), ["0.0.0.0", "127.0.0.1", "127.0.0.1"]);
    let own = ("jaeger-binary-port", "0.0.0.0:6832");
    assert_eq!(
        of(&[open, tokens, own]),
        ["0.0.0.0", "127.0.0.1", "0.0.0.0"]
    );
    let open = ("listen", "::");
    assert_eq!(of(&[open, tokens]), ["::", "::1", "::1"]);
}

#[test]
fn a_flag_of_jaeger_is_told_what_to_write_instead() {
    for (flag, part) in [
        (
            "--collector.otlp.grpc.tls.enabled=true",
            "TRACEWELL_TLS_CERT_FILE",
        ),
        ("--query.http.tls.client-ca", "TRACEWELL_TLS_CLIENT_CA_FILE"),
        ("--query.base-path", "TRACEWELL_QUERY_BASE_PATH"),
    ] {
        let instead = of_jaegers_flag(flag).unwrap();
        assert!(instead.contains(part), "{instead}");
    }
    assert_eq!(of_jaegers_flag("--tls-cert"), None);
}
