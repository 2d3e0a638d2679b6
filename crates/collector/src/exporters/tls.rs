//! TLS towards peers, whatever is spoken with them: who is believed to be the
//! peer, and who we say that we are.
//!
//! Files are looked at for each new connection, so that certificates are rotated
//! without a restart; one that cannot be used leaves what was in force and is
//! said. **No key is ever printed.**

mod config;
mod verification;

pub use config::{TlsConfig, Version};

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use rustls_native_certs::load_native_certs;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore, version};

use super::secret::Secret;
use verification::Unverified;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Tls {
    config: TlsConfig,
    /// What is spoken inside, as ALPN calls it; empty where that is not said.
    protocol: &'static [u8],
    /// Authorities of the system, which are read once.
    system: Vec<CertificateDer<'static>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What `client` was made of, or could not be made of since.
    looked_at: Contents,
    client: Arc<ClientConfig>,
}

/// Of the files (or texts) with authorities, certificate and key.
type Contents = [Option<Vec<u8>>; 3];

impl Tls {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// One of them cannot be used: where the configuration names it, and why.
    pub(super) fn load(config: &TlsConfig, protocol: &'static [u8]) -> Result<Arc<Self>, String> {
        let needs_system = config.authorities.is_none() || config.with_system_authorities;
        let system = match needs_system && !config.skips_verification {
            true => load_native_certs().certs,
            false => Vec::new(),
        };
        let looked_at = contents(config)?;
        let client = Arc::new(client(config, protocol, &system, &looked_at)?);
        Ok(Arc::new(Self {
            config: config.clone(),
            protocol,
            system,
            state: Mutex::new(State { looked_at, client }),
        }))
    }

    /// A stream to `host` becomes an encrypted one.
    pub(super) async fn connect(
        self: Arc<Self>,
        host: String,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Box<dyn Error + Send + Sync>> {
        let host = self.config.server_name.clone().unwrap_or(host);
        let name = ServerName::try_from(host.clone())
            .map_err(|_| format!("{host:?} is no name that a certificate could have"))?;
        let protocol = self.protocol;
        let client = tokio::task::spawn_blocking(move || self.current()).await?;
        let stream = TlsConnector::from(client).connect(name, stream).await;
        let stream = stream.map_err(|error| failed(&host, &error))?;
        let agreed = stream.get_ref().1.alpn_protocol();
        if protocol == b"h2" && agreed != Some(protocol) {
            return Err(
                format!("{host} does not offer HTTP/2 through TLS, which gRPC needs").into(),
            );
        }
        Ok(stream)
    }

    /// As the files are now, or were when they could be used last.
    pub(super) fn current(&self) -> Arc<ClientConfig> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = contents(&self.config);
        let made = match now {
            Ok(now) if now == state.looked_at => return Arc::clone(&state.client),
            Ok(now) => {
                state.looked_at = now;
                client(&self.config, self.protocol, &self.system, &state.looked_at)
            }
            Err(why) => Err(why),
        };
        match made {
            Ok(client) => state.client = Arc::new(client),
            Err(why) => {
                tracing::error!("changed certificates cannot be used, what was stays: {why}")
            }
        }
        Arc::clone(&state.client)
    }
}

fn contents(config: &TlsConfig) -> Result<Contents, String> {
    let read = |pem: Option<&Secret>| pem.map(Secret::contents).transpose();
    let (certificate, key) = config.certificate.as_ref().map(|(c, k)| (c, k)).unzip();
    Ok([
        read(config.authorities.as_ref())?,
        read(certificate)?,
        read(key)?,
    ])
}

fn client(
    config: &TlsConfig,
    protocol: &[u8],
    system: &[CertificateDer<'static>],
    [authorities, certificate, key]: &Contents,
) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if let (Some(pem), Some(bytes)) = (&config.authorities, authorities) {
        for authority in certificates(pem, bytes)? {
            let added = roots.add(authority);
            added.map_err(|error| pem.wrong(format!("there is no authority in it: {error}")))?;
        }
    }
    roots.add_parsable_certificates(system.iter().cloned());
    let versions = match (config.min_version, config.max_version) {
        (Version::Tls12, Version::Tls12) => &[&version::TLS12][..],
        (Version::Tls13, _) => &[&version::TLS13],
        (Version::Tls12, Version::Tls13) => &[&version::TLS12, &version::TLS13],
    };
    let provider = Arc::new(default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let builder = if config.skips_verification {
        let unverified = Arc::new(Unverified(provider));
        builder
            .dangerous()
            .with_custom_certificate_verifier(unverified)
    } else if roots.is_empty() {
        return Err(
            "this system has no certificates of authorities; name some in tls.ca_file".into(),
        );
    } else {
        builder.with_root_certificates(roots)
    };
    let mut client = match (&config.certificate, certificate, key) {
        (Some((certificate_pem, key_pem)), Some(certificate), Some(key)) => {
            let chain = certificates(certificate_pem, certificate)?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
                key_pem.wrong(format!("there is no private key in it: {error}"))
            })?;
            let built = builder.with_client_auth_cert(chain, key);
            built.map_err(|error| {
                certificate_pem.wrong(format!("it does not go with its key: {error}"))
            })?
        }
        _ => builder.with_no_client_auth(),
    };
    if !protocol.is_empty() {
        client.alpn_protocols = vec![protocol.to_vec()];
    }
    Ok(client)
}

fn certificates(pem: &Secret, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let read = read.map_err(|error| pem.wrong(format!("it is no PEM: {error}")))?;
    match read.is_empty() {
        true => Err(pem.wrong("there is no certificate in it")),
        false => Ok(read),
    }
}

/// What went wrong, and what to do about it where that can be told.
fn failed(host: &str, error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let hint = match inner {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => "; if it is the peer, name its authority in tls.ca_file",
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => "; if it is the peer, write the name that it has in tls.server_name_override",
        Some(rustls::Error::InvalidMessage(_)) => {
            "; if it does not speak TLS, write http:// or tls.insecure"
        }
        _ => "",
    };
    format!("TLS with {host}: {error}{hint}")
}
