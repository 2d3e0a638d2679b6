//! Exporters before peers with certificates: whom they believe, and who they say
//! that they are.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, version};
use tracewell_model::StoreError;

use super::http_peer::{Exporter, HttpPeer, spans, tls_peer};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, in a file.
    fn file(&self, path: &Path) -> String {
        std::fs::write(path, self.0.pem()).unwrap();
        path.display().to_string()
    }

    fn certify(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// A peer called `name`, which wants a certificate of ours from its clients.
    async fn peer(&self, name: &str, wants_certificate: bool) -> HttpPeer {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let verifier = verifier.build().unwrap();
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .unwrap();
        let builder = match wants_certificate {
            true => builder.with_client_cert_verifier(verifier),
            false => builder.with_no_client_auth(),
        };
        let (certificate, key) = self.certify(name);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = builder
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        tls_peer(config).await
    }
}

/// Of both kinds, by their settings of TLS.
fn exporters(peer: &HttpPeer, tls: &str) -> Vec<Exporter> {
    let port = peer.port;
    let endpoints = [
        ("otlphttp", format!("https://localhost:{port}")),
        ("otlp", format!("localhost:{port}")),
    ];
    let exporter = |(kind, endpoint): &(&str, String)| {
        let section = format!(
            "endpoint: \"{endpoint}\", tls: {{{tls}}}, retry_on_failure: {{enabled: false}}"
        );
        Exporter::new((kind, &section), &[]).unwrap()
    };
    endpoints.iter().map(exporter).collect()
}

#[tokio::test]
async fn a_peer_of_our_authority_is_believed_and_shown_our_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("ours");
    let peer = authority.peer("localhost", true).await;
    let ca = authority.file(&dir.path().join("ca.pem"));
    let (certificate, key) = authority.certify("us");
    let [certificate_file, key_file] = ["cert.pem", "key.pem"].map(|name| dir.path().join(name));
    std::fs::write(&certificate_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let (certificate_file, key_file) = (certificate_file.display(), key_file.display());
    let ours = format!("ca_file: {ca}, cert_file: {certificate_file}, key_file: {key_file}");
    for more in [
        "",
        ", max_version: \"1.2\"",
        ", min_version: \"1.3\", include_system_ca_certs_pool: true",
    ] {
        for exporter in exporters(&peer, &format!("{ours}{more}")) {
            assert_eq!(exporter.send(&spans(2)).await, Ok(()), "{more}");
            assert_eq!(exporter.account().sent, 2);
        }
    }
    assert_eq!(peer.seen().len(), 6);
    for exporter in exporters(&peer, &format!("ca_file: {ca}")) {
        let told = exporter.send(&spans(1)).await;
        assert!(
            matches!(told, Err(StoreError::Unavailable(_))),
            "without a certificate: {told:?}"
        );
    }
}

#[tokio::test]
async fn a_peer_of_another_authority_or_name_is_not_believed_and_the_account_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new("ours"), Authority::new("others"));
    let peer = authority.peer("elsewhere.test", false).await;
    let ca = authority.file(&dir.path().join("ca.pem"));
    let wrong = other.file(&dir.path().join("other.pem"));
    for (tls, said) in [
        (
            format!("ca_file: {wrong}, server_name_override: elsewhere.test"),
            "UnknownIssuer; if it is the peer, name its authority in tls.ca_file",
        ),
        (
            format!("ca_file: {ca}"),
            "write the name that it has in tls.server_name_override",
        ),
    ] {
        for exporter in exporters(&peer, &tls) {
            let told = exporter.send(&spans(1)).await.unwrap_err();
            assert!(matches!(told, StoreError::Unavailable(_)), "{told}");
            let last_error = exporter.account().last_error.unwrap();
            assert!(
                last_error.starts_with("TLS with ") && last_error.ends_with(said),
                "{last_error}"
            );
        }
    }
    assert_eq!(peer.seen().len(), 0, "nothing was sent to it");
    let pem = authority.0.pem().replace('\n', "\\n");
    for tls in [
        format!("ca_file: {ca}, server_name_override: elsewhere.test"),
        format!("ca_pem: \"{pem}\", server_name_override: elsewhere.test"),
        "insecure_skip_verify: true".to_owned(),
    ] {
        for exporter in exporters(&peer, &tls) {
            assert_eq!(exporter.send(&spans(1)).await, Ok(()), "{tls}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_was_rotated_is_taken_with_the_next_connection() {
    let dir = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new("ours"), Authority::new("others"));
    let peer = authority.peer("localhost", false).await;
    let path = dir.path().join("ca.pem");
    let file = other.file(&path);
    for exporter in exporters(&peer, &format!("ca_file: {file}")) {
        other.file(&path);
        exporter.send(&spans(1)).await.unwrap_err();
        authority.file(&path);
        assert_eq!(exporter.send(&spans(1)).await, Ok(()));
    }
}
