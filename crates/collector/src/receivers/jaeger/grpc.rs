//! Jaeger's gRPC: `jaeger.api_v2.CollectorService/PostSpans`.

use std::net::SocketAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tracewell_wire::jaeger;

use crate::receivers::answers::{
    Answer, ReplyBody, accepted_answer, grpc_message, grpc_refused, grpc_unimplemented, plain_text,
};
use crate::receivers::body;
use crate::receivers::connections::Handler;
use crate::receivers::grpc::{self, health, is_grpc};
use crate::receivers::port::Port;

const POST_SPANS: &str = "/jaeger.api_v2.CollectorService/PostSpans";
const SERVICE: &str = "jaeger.api_v2.CollectorService";

/// Answers gRPC calls.
#[derive(Debug)]
pub(super) struct GrpcHandler(pub(super) Port);

impl Handler for GrpcHandler {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ReplyBody> {
        let (head, body) = request.into_parts();
        if head.uri.path() == health::CHECK && is_grpc(&head.headers) {
            return grpc::answer_health(&self.0, body, |service| service == SERVICE).await;
        }
        let answer = self.answer(&head, body);
        self.0.answer(&head, peer, answer).await
    }

    fn no_room(&self, peer: SocketAddr) {
        self.0.no_room(peer);
    }

    fn not_http(&self, peer: SocketAddr, error: &hyper::Error) {
        self.0.not_http(peer, error);
    }
}

impl GrpcHandler {
    async fn answer(&self, head: &Parts, body: Incoming) -> Answer {
        if head.version != Version::HTTP_2 || !is_grpc(&head.headers) {
            body::discard(body).await;
            return plain_text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "415 this port takes Jaeger's gRPC; its Thrift over HTTP goes to port 14268 by default",
            );
        }
        if head.uri.path() != POST_SPANS || head.method != Method::POST {
            return grpc_unimplemented("no such method; this port takes Jaeger's PostSpans");
        }
        let decoder = jaeger::protobuf::decode_within;
        match grpc::message(&self.0, &head.headers, body, decoder).await {
            // `PostSpansResponse` has no fields.
            Ok(accepted) => accepted_answer(grpc_message(&Bytes::new()), &accepted),
            Err(refusal) => grpc_refused(&refusal),
        }
    }
}
