//! Serves the read side: as many connections as there are files for, each
//! through the lock, none for longer than it has something to ask.
//!
//! Past the limit new clients wait in the system's queue until somebody leaves.
//! That is what a crowd of browsers deserves; **it must never take the files
//! that the store writes to**, and nobody keeps a place by saying nothing.

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Sleep, sleep};
use tower::Service;
use tracewell_access::{Lock, Observed, Observer, Transport};

/// TLS is agreed upon, and something said, within this; slow networks need a
/// second.
const GREETING_TIMEOUT: Duration = Duration::from_secs(30);
/// An HTTP/1.1 connection is closed when for so long no head of a request came
/// to its end, half of one or none at all. Browsers open another unseen.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);
/// HTTP/2 connections are asked for a sign of life as often…
const PING_INTERVAL: Duration = Duration::from_secs(60);
/// …and closed without one after this.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Headers of an HTTP/2 request; cookies of a whole domain may be among them.
const HEADERS_BYTES: u32 = 48 << 10;
/// HTTP/1.1 buffer, and so the longest head.
const HTTP1_BUFFER_BYTES: usize = 128 << 10;
/// Requests of one HTTP/2 connection at once.
const STREAMS_PER_CONNECTION: u32 = 200;
/// Pause when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves `listener`, which is bound and does not block, until it is told to
/// stop and the answers in flight are sent.
///
/// # Errors
/// The listener cannot be used.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    router: Router,
    room: Arc<Semaphore>,
    lock: Arc<Lock>,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut door = Door {
        listener: TcpListener::from_std(listener)?,
        room,
        lock,
        greeting: GREETING_TIMEOUT,
    };
    let builder = builder();
    let connections = GracefulShutdown::new();
    loop {
        let connection = tokio::select! {
            connection = door.accept() => connection,
            // An error means that the sender is gone: time to stop as well.
            _either_way = stopped.wait_for(|stopped| *stopped) => break,
        };
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| router.clone().call(request));
        let serving = builder.serve_connection(TokioIo::new(connection), service);
        let serving = connections.watch(serving.into_owned());
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                // Clients vanish all the time.
                tracing::debug!(%error, "a connection of the read side ended in an error");
            }
        });
    }
    drop(door);
    connections.shutdown().await;
    Ok(())
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HTTP1_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_header_list_size(HEADERS_BYTES)
        .max_concurrent_streams(STREAMS_PER_CONNECTION);
    builder
}

/// Takes connections while there is room.
struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
    lock: Arc<Lock>,
    /// Time to say something.
    greeting: Duration,
}

impl Door {
    async fn accept(&mut self) -> Observed<Place> {
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        let stream = loop {
            match self.listener.accept().await {
                Ok((stream, _peer)) => break stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        };
        // Without it the last piece of an answer waits for the client to confirm
        // the one before, which clients delay by 40 ms on a connection that is
        // kept.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let place = Place {
            greeting: Some(Box::pin(sleep(self.greeting))),
            _room: room,
        };
        Observed::new(self.lock.wrap(stream), place)
    }
}

/// The place of a connection, which is given back when that ends.
struct Place {
    /// Until something was said.
    greeting: Option<Pin<Box<Sleep>>>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Observer for Place {
    fn poll_read(
        &mut self,
        stream: &mut Transport,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(stream).poll_read(context, buffer);
        if polled.is_ready() {
            self.greeting = None;
        } else if let Some(greeting) = &mut self.greeting {
            return greeting
                .as_mut()
                .poll(context)
                .map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    fn door(places: usize, greeting: Duration) -> (Door, std::net::SocketAddr) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let door = Door {
            listener: TcpListener::from_std(listener).unwrap(),
            room: Arc::new(Semaphore::new(places)),
            lock: Arc::default(),
            greeting,
        };
        (door, address)
    }

    #[tokio::test]
    async fn who_finds_no_room_is_taken_when_somebody_leaves() {
        let (mut door, address) = door(2, GREETING_TIMEOUT);
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let first = door.accept().await;
        let _second = door.accept().await;
        tokio::select! {
            biased;
            _ = door.accept() => panic!("there was no room"),
            () = std::future::ready(()) => {}
        }
        drop(first);
        door.accept().await;
    }

    #[tokio::test]
    async fn who_says_nothing_loses_the_place() {
        let (mut door, address) = door(1, Duration::ZERO);
        let _silent = TcpStream::connect(address).await.unwrap();
        let mut connection = door.accept().await;
        let read = tokio::io::AsyncReadExt::read(&mut connection, &mut [0; 1]).await;
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
