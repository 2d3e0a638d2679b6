//! A connection, in the clear or encrypted.
//!
//! The handshake of TLS happens when the connection is first read or written,
//! so that accepting one never waits for a client, and whoever bounds quiet
//! connections bounds handshakes too.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;

use crate::counts::Counts;

/// See the module's text.
pub struct Transport(State);

enum State {
    Plain(TcpStream),
    Greeting(Box<Accept<TcpStream>>, Arc<Counts>),
    /// What the first attempt said was an error.
    Refused,
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Nothing is encrypted.
    #[must_use]
    pub fn plain(stream: TcpStream) -> Self {
        Self(State::Plain(stream))
    }

    pub(crate) fn encrypted(accept: Accept<TcpStream>, counts: Arc<Counts>) -> Self {
        Self(State::Greeting(Box::new(accept), counts))
    }

    /// Does TLS have to be agreed upon first?
    #[must_use]
    pub fn is_greeting(&self) -> bool {
        matches!(self.0, State::Greeting(..))
    }

    /// What is read and written, once client and server have greeted.
    fn poll_greeted(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
        if let State::Greeting(accept, counts) = &mut self.0 {
            match ready!(Pin::new(&mut **accept).poll(context)) {
                Ok(stream) => self.0 = State::Encrypted(Box::new(stream)),
                Err(error) => {
                    counts.failed_handshake(&error);
                    self.0 = State::Refused;
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(match &mut self.0 {
            State::Plain(stream) => Ok(Pin::new(stream)),
            State::Encrypted(stream) => Ok(Pin::new(&mut **stream)),
            State::Greeting(..) | State::Refused => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let State::Plain(stream) = &mut self.0 {
            return Pin::new(stream).poll_read(context, buffer);
        }
        ready!(self.poll_greeted(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_greeted(context))?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_greeted(context))?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            State::Plain(stream) => stream.is_write_vectored(),
            State::Greeting(..) | State::Refused => true,
            State::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_greeted(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who has not greeted is owed no farewell.
        if let State::Greeting(..) | State::Refused = &self.0 {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_greeted(context))?.poll_shutdown(context)
    }
}
