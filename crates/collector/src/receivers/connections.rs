//! Serves HTTP connections of one listener, and ends them in good order.
//!
//! HTTP/1.1 and HTTP/2 (with prior knowledge) share the port. Everything that
//! a connection can make us keep is bounded here, and how many there may be in
//! [`crowd`]. Stopping means: no new
//! connections, no new requests on old ones, requests in flight are answered;
//! what is left at the deadline is cut.

pub(crate) mod crowd;
mod life;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval, sleep, timeout_at};
use tracewell_access::{Lock, Observed};

use self::crowd::{Crowd, Place, SWEEP_INTERVAL};
use self::life::Noting;

/// HTTP/2 connections are asked for a sign of life as often…
const PING_INTERVAL: Duration = Duration::from_secs(60);
/// …and closed without one after this.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// HTTP/1.1 read buffer: large bodies arrive in steps of this size.
const HTTP1_BUFFER_BYTES: usize = 128 << 10;
/// HTTP/2 window of a stream: a usual request of 1,000 spans needs no update.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// HTTP/2 window of a connection, the most that it buffers outside the budget.
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// Larger frames than HTTP/2's default of 16 KiB cost less per byte.
const FRAME_BYTES: u32 = 256 << 10;
/// OTLP wants many concurrent requests of one client; memory is bounded by bytes.
const STREAMS_PER_CONNECTION: u32 = 1_000;
/// Headers of an HTTP/2 request: tokens and baggage make 20 KB of gRPC metadata,
/// more than the library's default of 16.
const HEADERS_BYTES: u32 = 48 << 10;
/// Pause when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Why an answer breaks off.
pub(crate) type AnswerError = Box<dyn std::error::Error + Send + Sync>;

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// What answers consist of.
    type Body: Body<Data: Send, Error: Into<AnswerError>> + Send + 'static;

    /// Answers one request of `peer`; dropped when the client goes away.
    fn handle(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// What its connections go through.
    fn lock(&self) -> &Lock;

    /// A connection was not taken because there are too many.
    fn no_room(&self, peer: SocketAddr);

    /// A connection ended because what came was no HTTP.
    fn not_http(&self, peer: SocketAddr, error: &hyper::Error);
}

/// A listener being served. Dropping it stops it without waiting.
#[derive(Debug)]
pub(crate) struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    open: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

/// Serves `listener`, which is bound, from a task of the current runtime.
///
/// # Errors
///
/// When the listener cannot be used.
pub(crate) fn serve<H: Handler>(
    listener: std::net::TcpListener,
    handler: H,
    crowd: &Arc<Crowd>,
) -> std::io::Result<Serving> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let open = Arc::new(AtomicUsize::new(0));
    let accepting = accept(
        listener,
        Arc::new(handler),
        stopped,
        Arc::clone(&open),
        Arc::clone(crowd),
    );
    Ok(Serving {
        address,
        stop,
        open,
        accepting: tokio::spawn(accepting),
    })
}

impl Serving {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to stop.
    pub(crate) fn close(&self) {
        self.stop.send_replace(true);
    }

    /// Stops; waits for requests in flight until `deadline` and answers how
    /// many connections had to be cut.
    pub(crate) async fn stop(mut self, deadline: Instant) -> usize {
        self.close();
        if timeout_at(deadline, &mut self.accepting).await.is_ok() {
            return 0;
        }
        let cut = self.open.load(Ordering::Relaxed);
        self.accepting.abort();
        // The task owns the connections and takes them along.
        self.accepting.await.ok();
        cut
    }
}

/// Stops several, waits up to `patience` for requests in flight and answers how
/// many connections had to be cut.
pub(crate) async fn stop_all(
    sides: impl IntoIterator<Item = Serving>,
    patience: Duration,
) -> usize {
    let deadline = Instant::now() + patience;
    let sides: Vec<Serving> = sides.into_iter().collect();
    // All at once, so that none takes requests while another drains.
    sides.iter().for_each(Serving::close);
    let mut cut = 0;
    for side in sides {
        cut += side.stop(deadline).await;
    }
    if cut > 0 {
        tracing::warn!(
            connections = cut,
            "connections were cut because their requests did not end in time"
        );
    }
    cut
}

async fn accept<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    mut stopped: watch::Receiver<bool>,
    open: Arc<AtomicUsize>,
    crowd: Arc<Crowd>,
) {
    let builder = builder();
    let mut connections = JoinSet::new();
    let mut sweep = interval(SWEEP_INTERVAL);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = sweep.tick() => {
                crowd.sweep();
                continue;
            }
            () = told_to_stop(&mut stopped) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = crowd.enter() else {
                    handler.no_room(peer);
                    continue;
                };
                let connection = connection(
                    stream,
                    peer,
                    place,
                    builder.clone(),
                    Arc::clone(&handler),
                    stopped.clone(),
                    Open::new(&open),
                );
                connections.spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection<H: Handler>(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    builder: Builder<TokioExecutor>,
    handler: Arc<H>,
    mut stopped: watch::Receiver<bool>,
    _open: Open,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let (of_requests, life) = (Arc::clone(&handler), Arc::clone(&place.life));
    let service = service_fn(move |request| {
        let (handler, at_work) = (Arc::clone(&of_requests), life.request());
        async move {
            let response = handler.handle(request, peer).await;
            drop(at_work);
            Ok::<_, Infallible>(response)
        }
    });
    let stream = handler.lock().wrap(stream);
    if stream.is_greeting() {
        place.life.must_greet();
    }
    let stream = Observed::new(stream, Noting(Arc::clone(&place.life)));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = place.life.told_to_end() => return,
        () = told_to_stop(&mut stopped) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // Clients vanish all the time; requests cut short are in the accounts.
        tracing::debug!(%error, "a connection ended in an error");
        let error = error.downcast_ref::<hyper::Error>();
        if let Some(error) = error.filter(|error| error.is_parse() || error.is_parse_too_large()) {
            handler.not_http(peer, error);
        }
    }
}

pub(crate) async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that `Serving` was dropped, which says the same.
    stopped.wait_for(|stopped| *stopped).await.ok();
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Ours knows idle connections from half-sent heads.
        .header_read_timeout(None)
        .max_buf_size(HTTP1_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .max_header_list_size(HEADERS_BYTES)
        .max_concurrent_streams(STREAMS_PER_CONNECTION);
    builder
}

/// Counts a connection while it is open.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
