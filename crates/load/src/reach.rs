//! How a server is reached: in the clear or through TLS, and as whom.
//!
//! One for all that connects from the command line. **No secret is ever
//! printed**: a wrong file is named, not what is in it.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower::Service;

use super::error::LoadError;

/// What a server wants to see, and whom it is trusted by.
#[derive(Clone, Default)]
pub struct Credentials {
    authorization: Option<HeaderValue>,
    tls: Option<Arc<ClientConfig>>,
}

/// Where they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct CredentialFiles<'a> {
    /// Authorities in PEM; none: those of the system.
    pub authorities: Option<&'a Path>,
    /// A certificate in PEM to show, and its key.
    pub certificate: Option<(&'a Path, &'a Path)>,
}

impl Credentials {
    /// `is_encrypted`: whether an address begins with `https://`, so that files
    /// are read for nothing else.
    ///
    /// # Errors
    /// The token is no token, or a file cannot be used.
    pub fn new(
        token: Option<&str>,
        files: CredentialFiles<'_>,
        is_encrypted: bool,
    ) -> Result<Self, LoadError> {
        let authorization = token.map(|token| {
            let header = HeaderValue::try_from(format!("Bearer {}", token.trim()));
            let mut header = header.map_err(|_| LoadError::Token)?;
            header.set_sensitive(true);
            Ok(header)
        });
        let tls = is_encrypted.then(|| client(files).map(Arc::new));
        Ok(Self {
            authorization: authorization.transpose()?,
            tls: tls.transpose()?,
        })
    }

    /// The header that says who it is.
    #[must_use]
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Connects over HTTP/1.1.
    #[must_use]
    pub fn connector(&self) -> Connector {
        self.speaking(b"http/1.1")
    }

    /// Connects over HTTP/2, as gRPC does; through TLS or not, whatever the scheme
    /// of an address is.
    pub(super) fn grpc_connector(&self, is_encrypted: bool) -> Connector {
        Connector {
            is_encrypted: Some(is_encrypted),
            ..self.speaking(b"h2")
        }
    }

    fn speaking(&self, protocol: &[u8]) -> Connector {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let tls = self.tls.as_ref().map(|config| {
            let mut config = ClientConfig::clone(config);
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsConnector::from(Arc::new(config))
        });
        Connector {
            tcp,
            tls,
            is_encrypted: None,
        }
    }
}

fn client(files: CredentialFiles<'_>) -> Result<ClientConfig, LoadError> {
    let mut roots = RootCertStore::empty();
    let found = match files.authorities {
        Some(path) => certificates(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        let place = files.authorities.unwrap_or(Path::new("this system"));
        return Err(LoadError::file(
            place,
            "no certificate of an authority is there",
        ));
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let Some((certificate, key)) = files.certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let key_of = PrivateKeyDer::from_pem_file(key).map_err(|error| LoadError::file(key, error))?;
    let config = builder.with_client_auth_cert(chain, key_of);
    config.map_err(|error| LoadError::file(certificate, error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|error| LoadError::file(path, error))
}

/// Opens connections, encrypted where the address says `https`.
#[derive(Clone)]
pub struct Connector {
    tcp: HttpConnector,
    tls: Option<TlsConnector>,
    /// Where the address does not say it.
    is_encrypted: Option<bool>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Opened;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Opened, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let by_scheme = uri.scheme_str() == Some("https");
        let is_encrypted = self.is_encrypted.unwrap_or(by_scheme);
        let tls = self.tls.clone().filter(|_| is_encrypted);
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let opening = self.tcp.call(uri);
        Box::pin(async move {
            let stream = opening.await?.into_inner();
            let stream = match tls {
                None => Stream::Plain(stream),
                Some(tls) => {
                    let name = ServerName::try_from(host)?;
                    Stream::Encrypted(Box::new(tls.connect(name, stream).await?))
                }
            };
            Ok(TokioIo::new(stream))
        })
    }
}

/// An open connection.
type Opened = TokioIo<Stream>;

/// In the clear or not.
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Through TLS.
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Encrypted(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
