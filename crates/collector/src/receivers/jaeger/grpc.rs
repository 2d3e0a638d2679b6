//! Jaeger's gRPC: `jaeger.api_v2.CollectorService/PostSpans`, and
//! `SamplingManager/GetSamplingStrategy`, also on a port of its own.

use std::net::SocketAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tracewell_access::{Admitted, Lock};
use tracewell_wire::jaeger;

use super::sampling;
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
pub(super) struct GrpcHandler {
    pub(super) port: Port,
    /// Or only questions?
    pub(super) takes_spans: bool,
}

impl Handler for GrpcHandler {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ReplyBody> {
        let (head, body) = request.into_parts();
        if head.uri.path() == health::CHECK && is_grpc(&head.headers) {
            let is_here = |service: &str| match service {
                SERVICE => self.takes_spans,
                service => service == sampling::SERVICE,
            };
            return grpc::answer_health(&self.port, body, is_here).await;
        }
        let answer = async |body, who: Admitted| self.answer(&head, &who, body).await;
        self.port.answer(&head, peer, body, answer).await
    }

    fn lock(&self) -> &Lock {
        self.port.lock()
    }

    fn no_room(&self, peer: SocketAddr) {
        self.port.no_room(peer);
    }

    fn not_http(&self, peer: SocketAddr, error: &hyper::Error) {
        self.port.not_http(peer, error);
    }
}

impl GrpcHandler {
    async fn answer(&self, head: &Parts, who: &Admitted, body: Incoming) -> Answer {
        if head.version != Version::HTTP_2 || !is_grpc(&head.headers) {
            body::discard(body).await;
            return plain_text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "415 this port takes Jaeger's gRPC; its Thrift over HTTP goes to port 14268 by default, \
                 questions about sampling to 5778",
            );
        }
        match head.uri.path() {
            POST_SPANS if self.takes_spans && head.method == Method::POST => {}
            sampling::GET_STRATEGY if head.method == Method::POST => {
                let sampling = self.port.sampling(who);
                return sampling::over_grpc(&sampling, &self.port, &head.headers, body).await;
            }
            _ if self.takes_spans => {
                return grpc_unimplemented("no such method; this port takes Jaeger's PostSpans");
            }
            _ => {
                return grpc_unimplemented(
                    "no such method; this port answers GetSamplingStrategy, \
                     PostSpans goes to port 14250 by default",
                );
            }
        }
        let decoder = jaeger::protobuf::decode_within;
        match grpc::message(&self.port, &head.headers, who, body, decoder).await {
            // `PostSpansResponse` has no fields.
            Ok(accepted) => accepted_answer(grpc_message(&Bytes::new()), &accepted),
            Err(refusal) => grpc_refused(&refusal),
        }
    }
}
