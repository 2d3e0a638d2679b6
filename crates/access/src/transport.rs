//! A connection, in the clear or encrypted.
//!
//! The handshake of TLS happens when the connection is first read or written,
//! so that accepting one never waits for a client, and whoever bounds quiet
//! connections bounds handshakes too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;

/// See the module's text.
pub struct Transport(State);

enum State {
    Plain(TcpStream),
    Greeting(Box<Accept<TcpStream>>),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Nothing is encrypted.
    #[must_use]
    pub fn plain(stream: TcpStream) -> Self {
        Self(State::Plain(stream))
    }

    pub(crate) fn encrypted(accept: Accept<TcpStream>) -> Self {
        Self(State::Greeting(Box::new(accept)))
    }

    /// What is read and written, once client and server have greeted.
    fn poll_greeted(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
        if let State::Greeting(accept) = &mut self.0 {
            let stream = ready!(Pin::new(&mut **accept).poll(context))?;
            self.0 = State::Encrypted(Box::new(stream));
        }
        Poll::Ready(match &mut self.0 {
            State::Plain(stream) => Ok(Pin::new(stream)),
            State::Encrypted(stream) => Ok(Pin::new(&mut **stream)),
            State::Greeting(_) => Err(io::ErrorKind::NotConnected.into()),
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
            State::Greeting(_) => true,
            State::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_greeted(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who has not greeted is owed no farewell.
        if let State::Greeting(_) = &self.0 {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_greeted(context))?.poll_shutdown(context)
    }
}
