//! HTTP and gRPC clients, the real ones of hyper and tonic.

use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;

pub(crate) const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn export_response(&self) -> ExportTraceServiceResponse {
        ExportTraceServiceResponse::decode(&*self.body).unwrap()
    }
}

/// A POST with headers.
pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body)).unwrap()
}

/// Sends over HTTP/1.1.
pub(crate) async fn send<B>(request: Request<B>) -> Result<Reply, String>
where
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync>
        + Send
        + Unpin
        + 'static,
{
    let client = Client::builder(TokioExecutor::new()).build_http();
    read(client.request(request).await).await
}

/// Sends over HTTP/2 with prior knowledge.
pub(crate) async fn send_h2<B>(request: Request<B>) -> Result<Reply, String>
where
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync>
        + Send
        + Unpin
        + 'static,
{
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    read(client.request(request).await).await
}

async fn read(
    answer: Result<Response<hyper::body::Incoming>, hyper_util::client::legacy::Error>,
) -> Result<Reply, String> {
    let (head, body) = answer.map_err(|error| format!("{error:?}"))?.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?;
    let mut headers = head.headers;
    headers.extend(body.trailers().cloned().unwrap_or_default());
    Ok(Reply {
        status: head.status,
        headers,
        body: body.to_bytes(),
    })
}

/// A body in pieces of `size` bytes, of a length that is not announced.
pub(crate) fn in_pieces(
    request: Request<Full<Bytes>>,
    size: usize,
) -> Request<impl hyper::body::Body<Data = Bytes, Error = std::io::Error> + Send + Unpin + 'static>
{
    request.map(|body| {
        let bytes = body.into_inner().unwrap_or_default();
        let pieces: Vec<_> = bytes
            .chunks(size)
            .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
            .collect();
        StreamBody::new(tokio_stream::iter(pieces))
    })
}

/// A gRPC body by hand: flag, length, message.
pub(crate) fn framed(flag: u8, message: &[u8]) -> Bytes {
    let mut body = vec![flag];
    body.put_u32(message.len().try_into().unwrap());
    body.put_slice(message);
    body.into()
}

/// A gRPC call without a gRPC library.
pub(crate) fn grpc_post(url: &str, encoding: &str, body: Bytes) -> Request<Full<Bytes>> {
    let headers = [
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("grpc-encoding", encoding),
    ];
    post(url, &headers, body)
}

pub(crate) async fn grpc_client(url: String) -> Grpc<Channel> {
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    Grpc::new(channel)
}

/// Calls a method with a message in protobuf.
pub(crate) async fn call(
    client: &mut Grpc<Channel>,
    method: &'static str,
    message: Bytes,
) -> Result<ExportTraceServiceResponse, Status> {
    client.ready().await.expect("the channel is connected");
    let path = http::uri::PathAndQuery::from_static(method);
    let request = tonic::Request::new(message);
    let response = client.unary(request, path, AsIs).await?;
    Ok(ExportTraceServiceResponse::decode(response.into_inner()).unwrap())
}

/// Messages as bytes.
#[derive(Clone, Copy)]
struct AsIs;

impl Codec for AsIs {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for AsIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for AsIs {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
