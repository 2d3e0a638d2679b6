//! Spans over https: who is believed, who is not, and what is then said.

use crate::certificates::{Authority, Identity};
use crate::collector::Collector;
use std::path::PathBuf;
use std::time::Duration;
use tracewell_instrument::{Builder, FlushError, Protocol, TlsSettings, builder};

const LONG: Duration = Duration::from_secs(20);
const PROTOCOLS: [Protocol; 2] = [Protocol::HttpProtobuf, Protocol::Grpc];

fn to(url: String, protocol: Protocol, tls: TlsSettings) -> Builder {
    let builder = builder().variables(|_| None).without_panic_hook();
    builder.endpoint(url).protocol(protocol).tls(tls)
}

fn trusting(authority: &Authority) -> TlsSettings {
    TlsSettings::default().authorities(authority.file())
}

/// Sends two spans; what the flush said, and how many were lost.
fn send(setup: Builder) -> (Result<(), FlushError>, u64) {
    let guard = setup.build().unwrap();
    for _ in 0..2 {
        guard.tracer().unwrap().span("one").start().end();
    }
    let flushed = guard.flush(LONG);
    (flushed, guard.statistics().lost())
}

#[test]
fn a_backend_of_the_named_authority_gets_the_spans() {
    let authority = Authority::new();
    for protocol in PROTOCOLS {
        let collector = Collector::behind(authority.server("127.0.0.1", None));
        let sent = send(to(collector.url(), protocol, trusting(&authority)));
        assert_eq!(sent, (Ok(()), 0), "{protocol:?}");
        assert_eq!(collector.spans().len(), 2);
    }
}

#[test]
fn variables_name_the_authority_and_the_identity() {
    let authority = Authority::new();
    let Identity { certificate, key } = authority.identity();
    for protocol in ["http/protobuf", "grpc"] {
        let collector = Collector::behind(authority.server("localhost", Some(&authority)));
        // By name, as people write it; for gRPC it may be without a scheme.
        let scheme = if protocol == "grpc" { "" } else { "https://" };
        let variables = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned()),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                format!("{scheme}localhost:{}", collector.address.port()),
            ),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", text(&authority.file())),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", text(&certificate)),
            ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", text(&key)),
        ];
        let setup = builder().without_panic_hook().variables(move |name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.clone())
        });
        assert_eq!(send(setup), (Ok(()), 0), "{protocol}");
        assert_eq!(collector.spans().len(), 2);
    }
}

fn text(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn who_cannot_be_believed_gets_nothing_and_the_fix_is_said() {
    let (ours, other) = (Authority::new(), Authority::new());
    let showing = |identity: Identity| trusting(&ours).client(identity.certificate, identity.key);
    let wants_client = || ours.server("127.0.0.1", Some(&ours));
    for (server, tls, parts) in [
        (
            other.server("127.0.0.1", None),
            trusting(&ours),
            &["invalid peer certificate", "OTEL_EXPORTER_OTLP_CERTIFICATE"][..],
        ),
        (
            ours.server("collector.internal", None),
            trusting(&ours),
            &["collector.internal", "use a host in the endpoint that"],
        ),
        (
            wants_client(),
            trusting(&ours),
            &["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"],
        ),
        (
            wants_client(),
            showing(other.identity()),
            &["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"],
        ),
    ] {
        let server = std::sync::Arc::new(server);
        for protocol in PROTOCOLS {
            let collector = Collector::behind((*server).clone());
            let (flushed, lost) = send(to(collector.url(), protocol, tls.clone()));
            let Err(FlushError::Failed { spans: 2, why }) = flushed else {
                panic!("{protocol:?} {parts:?}: {flushed:?}");
            };
            for part in parts {
                assert!(why.contains(part), "{protocol:?}: {part} is not in: {why}");
            }
            assert_eq!((lost, collector.spans().len()), (2, 0), "{why}");
        }
    }
}

#[test]
fn https_to_a_port_of_plain_text_says_so() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let url = format!("https://{}", collector.address);
        let (flushed, lost) = send(to(url, protocol, trusting(&Authority::new())));
        let said = format!("{flushed:?}");
        assert!(said.contains("use http:// or another port"), "{said}");
        assert_eq!((lost, collector.spans().len()), (2, 0));
    }
}

#[test]
fn files_that_cannot_be_used_are_named_at_set_up() {
    let (authority, other) = (Authority::new(), Authority::new());
    let Identity { certificate, key } = authority.identity();
    let nowhere = PathBuf::from("no-such-file.pem");
    let settings = |authorities: &PathBuf, certificate: Option<&PathBuf>, key: Option<&PathBuf>| {
        let mut settings = TlsSettings::default().authorities(authorities);
        settings.client_certificate = certificate.cloned();
        settings.client_key = key.cloned();
        settings
    };
    let root = authority.file();
    for (tls, part) in [
        (
            settings(&nowhere, None, None),
            "cannot read certificate authorities from no-such-file.pem",
        ),
        // The key in place of the certificate.
        (settings(&key, None, None), "the file holds no certificate"),
        (
            settings(&root, Some(&certificate), None),
            "must be set together",
        ),
        (
            settings(&root, Some(&certificate), Some(&nowhere)),
            "cannot read a private key from no-such-file.pem",
        ),
        (
            settings(&root, Some(&certificate), Some(&certificate)),
            "cannot read a private key from",
        ),
        // Somebody else's key.
        (
            settings(&root, Some(&certificate), Some(&other.identity().key)),
            "the certificates cannot be used",
        ),
    ] {
        let url = "https://127.0.0.1:1".to_owned();
        let error = to(url, Protocol::Grpc, tls).build().unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}
