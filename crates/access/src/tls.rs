//! TLS 1.2 and 1.3 for all listeners, with or without certificates of clients.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::AccessError;
use crate::counts::Counts;
use crate::transport::Transport;
use crate::watched::Watched;

/// Both HTTPs, the newer first; gRPC needs it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

#[derive(Debug)]
pub(crate) struct Tls {
    config: Watched<Arc<ServerConfig>>,
    asks_for_certificates: bool,
}

#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_authorities: Option<PathBuf>,
}

impl Tls {
    pub(crate) fn load(
        certificate: &Path,
        key: &Path,
        client_authorities: Option<&Path>,
    ) -> Result<Self, AccessError> {
        let files = Files {
            certificate: certificate.to_path_buf(),
            key: key.to_path_buf(),
            client_authorities: client_authorities.map(Path::to_path_buf),
        };
        let mut watched = vec![files.certificate.clone(), files.key.clone()];
        watched.extend(files.client_authorities.clone());
        Ok(Self {
            asks_for_certificates: files.client_authorities.is_some(),
            config: Watched::new(watched, move || files.config())?,
        })
    }

    pub(crate) fn asks_for_certificates(&self) -> bool {
        self.asks_for_certificates
    }

    pub(crate) fn wrap(&self, stream: TcpStream, counts: Arc<Counts>) -> Transport {
        let config = Arc::clone(&self.config.current());
        Transport::encrypted(TlsAcceptor::from((*config).clone()).accept(stream), counts)
    }
}

impl Files {
    fn config(&self) -> Result<Arc<ServerConfig>, AccessError> {
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| AccessError::Tls {
            path: self.key.clone(),
            reason: format!("no private key in PEM can be read: {error}"),
        })?;
        let builder = ServerConfig::builder();
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(path) => builder.with_client_cert_verifier(verifier(path)?),
        };
        let mut config =
            builder
                .with_single_cert(chain, key)
                .map_err(|error| AccessError::Tls {
                    path: self.certificate.clone(),
                    reason: format!("it cannot be used with {}: {error}", self.key.display()),
                })?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, AccessError> {
    let wrong = |reason: String| AccessError::Tls {
        path: path.to_path_buf(),
        reason,
    };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let read: Vec<_> = read.map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    match read.is_empty() {
        true => Err(wrong("there is no certificate in PEM in it".to_owned())),
        false => Ok(read),
    }
}

fn verifier(
    path: &Path,
) -> Result<Arc<dyn tokio_rustls::rustls::server::danger::ClientCertVerifier>, AccessError> {
    let wrong = |reason: String| AccessError::Tls {
        path: path.to_path_buf(),
        reason,
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|error| wrong(format!("this is no authority: {error}")))?;
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
    verifier.map_err(|error| wrong(error.to_string()))
}
