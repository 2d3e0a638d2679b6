//! TLS to the backend, behind the feature `tls`.
//!
//! It exists apart because most applications send to an agent beside them in
//! plain text and should not link a TLS library for it. Without the feature an
//! `https` endpoint must be an error, never plain text.

use super::settings::{Protocol, TlsSettings};
use std::path::PathBuf;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The crate was built without it.
    #[error(
        "https needs the feature tls of tracewell-instrument, which is off: add features = [\"tls\"] or use an http endpoint"
    )]
    FeatureOff,
    /// A file does not hold what it should.
    #[error("cannot read {what} from {path}: {reason}")]
    File {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it was not found.
        reason: String,
    },
    /// The system has no certificate authorities.
    #[error(
        "the system has no certificate authorities: name a file of them in OTEL_EXPORTER_OTLP_CERTIFICATE"
    )]
    NoAuthorities,
    /// A certificate without its key, or a key without its certificate.
    #[error("a client certificate and its key must be set together")]
    HalfIdentity,
    /// They do not fit together.
    #[error("the certificates cannot be used: {0}")]
    Unusable(String),
}

/// What to change, given why a connection failed, where trying again does not
/// help. Read from the text: HTTP/2 hands on no more of an error.
pub(super) fn fix(why: &str) -> Option<&'static str> {
    const AUTHORITY: &str =
        "name the authority that signed its certificate in OTEL_EXPORTER_OTLP_CERTIFICATE";
    const IDENTITY: &str = "name a certificate that the backend accepts in OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and its key in OTEL_EXPORTER_OTLP_CLIENT_KEY";
    // As rustls writes its errors; the first that fits.
    const FIXES: [(&str, &str); 12] = [
        (
            "certificate not valid for name",
            "use a host in the endpoint that the certificate names",
        ),
        ("certificate expired", "renew the backend's certificate"),
        ("certificate not valid yet", "set the clock of this machine"),
        ("invalid peer certificate", AUTHORITY),
        (
            "message of type InvalidContentType",
            "the port takes plain text: use http:// or another port",
        ),
        (
            "alert: NoApplicationProtocol",
            "the port takes another protocol: set OTEL_EXPORTER_OTLP_PROTOCOL or use another port",
        ),
        ("alert: CertificateRequired", IDENTITY),
        ("alert: CertificateExpired", IDENTITY),
        ("alert: BadCertificate", IDENTITY),
        ("alert: UnknownCA", IDENTITY),
        ("alert: DecryptError", IDENTITY),
        ("alert: AccessDenied", IDENTITY),
    ];
    let found = FIXES.iter().find(|(said, _)| why.contains(said))?;
    Some(found.1)
}

#[cfg(not(feature = "tls"))]
mod without {
    use super::super::io::{BoxedError, Io};
    use super::{Protocol, TlsError, TlsSettings};

    /// Cannot exist: the feature is off.
    #[derive(Debug)]
    pub(in super::super) enum Tls {}

    impl Tls {
        pub(in super::super) fn load(_: &TlsSettings, _: Protocol) -> Result<Tls, TlsError> {
            Err(TlsError::FeatureOff)
        }

        #[expect(clippy::unused_async, reason = "the same shape as with the feature on")]
        pub(in super::super) async fn connect(
            &self,
            _: &str,
            _: Box<dyn Io>,
        ) -> Result<Box<dyn Io>, BoxedError> {
            match *self {}
        }
    }
}
#[cfg(not(feature = "tls"))]
pub(super) use without::Tls;

#[cfg(feature = "tls")]
mod with {
    use super::super::io::{BoxedError, Io};
    use super::{Protocol, TlsError, TlsSettings};
    use std::path::Path;
    use std::sync::Arc;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

    /// Certificates and protocols, checked.
    #[derive(Debug)]
    pub(in super::super) struct Tls {
        config: Arc<ClientConfig>,
    }

    impl Tls {
        pub(in super::super) fn load(
            settings: &TlsSettings,
            protocol: Protocol,
        ) -> Result<Tls, TlsError> {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let unusable = |error: rustls::Error| TlsError::Unusable(error.to_string());
            let builder = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(unusable)?
                .with_root_certificates(authorities(settings)?);
            let mut config = match (&settings.client_certificate, &settings.client_key) {
                (None, None) => builder.with_no_client_auth(),
                (Some(certificate), Some(key)) => {
                    let chain = certificates("a client certificate", certificate)?;
                    let key = PrivateKeyDer::from_pem_file(key)
                        .map_err(|error| file("a private key", key, &error))?;
                    builder
                        .with_client_auth_cert(chain, key)
                        .map_err(unusable)?
                }
                _ => return Err(TlsError::HalfIdentity),
            };
            config.alpn_protocols = match protocol {
                Protocol::Grpc => vec![b"h2".to_vec()],
                Protocol::HttpProtobuf | Protocol::HttpJson => vec![b"http/1.1".to_vec()],
            };
            Ok(Tls {
                config: Arc::new(config),
            })
        }

        pub(in super::super) async fn connect(
            &self,
            host: &str,
            io: Box<dyn Io>,
        ) -> Result<Box<dyn Io>, BoxedError> {
            let name = ServerName::try_from(host.to_owned())?;
            let stream = TlsConnector::from(self.config.clone())
                .connect(name, io)
                .await?;
            Ok(Box::new(stream))
        }
    }

    fn authorities(settings: &TlsSettings) -> Result<RootCertStore, TlsError> {
        let found = match &settings.authorities {
            Some(path) => certificates("certificate authorities", path)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found);
        if roots.is_empty() {
            Err(TlsError::NoAuthorities)
        } else {
            Ok(roots)
        }
    }

    fn certificates(
        what: &'static str,
        path: &Path,
    ) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let found: Vec<_> = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| file(what, path, &error))?;
        if found.is_empty() {
            return Err(file(what, path, &"the file holds no certificate"));
        }
        Ok(found)
    }

    fn file(what: &'static str, path: &Path, reason: &dyn std::fmt::Display) -> TlsError {
        TlsError::File {
            what,
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
#[cfg(feature = "tls")]
pub(super) use with::Tls;
