//! A stream of bytes to the backend, plain or through TLS.
//!
//! It exists so that a connection need not know which of them it has. It must
//! never know what the bytes mean.

use tokio::io::{AsyncRead, AsyncWrite};

/// Why a backend cannot be reached or does not answer.
pub(super) type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// What a connection reads and writes.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
