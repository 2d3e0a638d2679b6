//! Turns a function into a gRPC method: what generated code would do.

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::body::Body;
use axum::routing::{MethodRouter, post};
use bytes::BufMut;
use http::Request;
use prost::Message;
use tokio_stream::{Stream, StreamExt};
use tonic::Code;
use tonic::codec::{Codec, CompressionEncoding, EncodeBuf, Encoder};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::Grpc;
use tonic::{Response, Status};
use tonic_prost::{ProstCodec, ProstDecoder};
use tower::service_fn;
use tracewell_model::StoreError;
use tracewell_model::store::Listed;
use tracewell_query::search::SearchOutcome;

use crate::QueryState;
use crate::blocking::{QueryError, StreamSender, stream_query};

/// A message of spans stays below this unless one span alone is larger.
/// Clients refuse messages of more than 4 MiB unless told otherwise.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// A list that the protocol has in one message is cut where it would grow past
/// this.
const MAX_LIST_BYTES: usize = 3 << 20;

/// Tags and lengths of an entry of a list, at most.
const ENTRY_BYTES: usize = 24;

/// What a query sends to the client of a streaming method.
pub(crate) type Sender<T> = StreamSender<Result<T, Status>>;

/// A method with one answer.
pub(crate) fn unary<Req, Res, Handler, Answer>(
    state: &Arc<QueryState>,
    handler: Handler,
) -> MethodRouter
where
    Req: Message + Default + 'static,
    Res: Message + 'static,
    Handler: Fn(Arc<QueryState>, Req) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Result<Res, Status>> + Send + 'static,
{
    let state = Arc::clone(state);
    post(async move |request: Request<Body>| {
        let method = service_fn(move |request: tonic::Request<Req>| {
            let answer = handler(Arc::clone(&state), request.into_inner());
            async move { answer.await.map(Response::new) }
        });
        let codec = ProstCodec::<Res, Req>::default();
        let mut grpc = Grpc::new(codec).accept_compressed(CompressionEncoding::Gzip);
        grpc.unary(method, request).await
    })
}

/// A method with a stream of answers, each an encoded message.
pub(crate) fn streaming<Req, Handler, Answer, Answers>(
    state: &Arc<QueryState>,
    handler: Handler,
) -> MethodRouter
where
    Req: Message + Default + 'static,
    Handler: Fn(Arc<QueryState>, Req) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Result<Answers, Status>> + Send + 'static,
    Answers: Stream<Item = Result<Vec<u8>, Status>> + Send + 'static,
{
    let state = Arc::clone(state);
    post(async move |request: Request<Body>| {
        let method = service_fn(move |request: tonic::Request<Req>| {
            let answer = handler(Arc::clone(&state), request.into_inner());
            async move { answer.await.map(Response::new) }
        });
        let codec = EncodedCodec(PhantomData::<Req>);
        let mut grpc = Grpc::new(codec).accept_compressed(CompressionEncoding::Gzip);
        grpc.server_streaming(method, request).await
    })
}

/// Cuts a list to what a message may hold; it then says that there is more.
pub(crate) fn cut_to_message<T>(list: &mut Listed<T>, text_bytes: impl Fn(&T) -> usize) {
    let mut bytes = 0;
    let fits = |entry: &&T| {
        bytes += text_bytes(entry) + ENTRY_BYTES;
        bytes <= MAX_LIST_BYTES
    };
    let fitting = list.entries.iter().take_while(fits).count();
    list.has_more |= fitting < list.entries.len();
    list.entries.truncate(fitting);
}

/// Runs a query that has one answer, and what it lacks in words. On the
/// wire one answer is a stream of one; only so it can end with a trailer.
pub(crate) async fn ask<Res, W>(
    state: &QueryState,
    work: W,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>> + use<Res, W>, Status>
where
    Res: Message + 'static,
    W: FnOnce(&AtomicBool) -> Result<(Res, Option<String>), StoreError> + Send + 'static,
{
    stream(state, move |cancelled, sender| {
        let (answer, lacking) = work(cancelled)?;
        let flow = sender.send(Ok(answer.encode_to_vec()));
        Ok(lacking_to_end(flow, lacking, sender))
    })
    .await
}

/// Runs a query that sends messages, encoded, or ends with a status.
pub(crate) async fn stream<W>(
    state: &QueryState,
    work: W,
) -> Result<impl Stream<Item = Result<Vec<u8>, Status>> + use<W>, Status>
where
    W: FnOnce(&AtomicBool, &Sender<Vec<u8>>) -> Result<ControlFlow<()>, StoreError>
        + Send
        + 'static,
{
    let started = stream_query(state, move |cancelled, sender: Sender<Vec<u8>>| match work(
        cancelled, &sender,
    )? {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(StoreError::Cancelled),
    });
    let messages = started.await.map_err(|error| status(&error))?;
    Ok(messages.map(|message| message.unwrap_or_else(|error| Err(status(&error)))))
}

/// Ends the messages of a search; one that lacks something ends with a status
/// that says so, as one that runs out of time does.
pub(crate) fn flow_to_end<T>(
    flow: ControlFlow<()>,
    outcome: &SearchOutcome,
    sender: &Sender<T>,
) -> ControlFlow<()> {
    match (flow, &outcome.partial) {
        _ if outcome.report.unread_blocks > 0 => {
            lacking_to_end(flow, outcome.report.lacking(), sender)
        }
        (ControlFlow::Continue(()), Some(why)) => sender.send(Err(Status::resource_exhausted(
            format!("the answer is not complete: {why}"),
        ))),
        _ => flow,
    }
}

/// Ends the messages of an answer that may lack something. It will lack
/// it every time, so it is no failure: the status is OK, and its message and
/// the trailer `tracewell-partial` say what is missing.
pub(crate) fn lacking_to_end<T>(
    flow: ControlFlow<()>,
    lacking: Option<String>,
    sender: &Sender<T>,
) -> ControlFlow<()> {
    match (flow, lacking) {
        (ControlFlow::Continue(()), Some(why)) => {
            let why = format!("the answer is not complete: {why}");
            let mut trailers = MetadataMap::new();
            if let Ok(text) = MetadataValue::try_from(&why) {
                trailers.insert("tracewell-partial", text);
            }
            sender.send(Err(Status::with_metadata(Code::Ok, why, trailers)))
        }
        _ => flow,
    }
}

fn status(error: &QueryError) -> Status {
    Status::new(error.grpc_code(), error.to_string())
}

/// Reads messages; writes what is encoded already.
struct EncodedCodec<Req>(PhantomData<Req>);

impl<Req: Message + Default + 'static> Codec for EncodedCodec<Req> {
    type Encode = Vec<u8>;
    type Decode = Req;
    type Encoder = EncodedEncoder;
    type Decoder = ProstDecoder<Req>;

    fn encoder(&mut self) -> EncodedEncoder {
        EncodedEncoder
    }

    fn decoder(&mut self) -> ProstDecoder<Req> {
        ProstDecoder::default()
    }
}

struct EncodedEncoder;

impl Encoder for EncodedEncoder {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&message);
        Ok(())
    }
}
