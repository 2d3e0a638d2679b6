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

/// An error with its causes: hyper's own text does not say what went wrong.
pub(super) fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
