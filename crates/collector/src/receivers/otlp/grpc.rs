//! OTLP over gRPC: traces are stored, other signals are thrown away.

use std::net::SocketAddr;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tracewell_access::{Admitted, Lock};
use tracewell_wire::decompress::Encoding;
use tracewell_wire::otlp;

use super::answers::grpc_accepted;
use super::signal::Signal;
use crate::intake::{Accepted, IgnoredBody};
use crate::receivers::answers::{Answer, ReplyBody, grpc_refused, grpc_unimplemented, plain_text};
use crate::receivers::body;
use crate::receivers::connections::Handler;
use crate::receivers::grpc::{self, PREFIX, encoding, health, is_grpc, unframe};
use crate::receivers::port::Port;
use crate::refusal::Refusal;

/// Answers gRPC calls.
#[derive(Debug)]
pub(super) struct GrpcHandler(pub(super) Port);

impl Handler for GrpcHandler {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ReplyBody> {
        let (head, body) = request.into_parts();
        if head.uri.path() == health::CHECK && is_grpc(&head.headers) {
            return grpc::answer_health(&self.0, body, Signal::is_grpc_service).await;
        }
        let answer = async |body, who: Admitted| self.answer(&head, &who, body).await;
        self.0.answer(&head, peer, body, answer).await
    }

    fn lock(&self) -> &Lock {
        self.0.lock()
    }

    fn no_room(&self, peer: SocketAddr) {
        self.0.no_room(peer);
    }

    fn not_http(&self, peer: SocketAddr, error: &hyper::Error) {
        self.0.not_http(peer, error);
    }
}

impl GrpcHandler {
    async fn answer(&self, head: &Parts, who: &Admitted, body: Incoming) -> Answer {
        if head.version != Version::HTTP_2 || !is_grpc(&head.headers) {
            body::discard(body).await;
            return plain_text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "415 this port takes gRPC; send OTLP over HTTP to the HTTP port (4318 by default)",
            );
        }
        let signal = Signal::of_grpc_path(head.uri.path());
        match signal.filter(|_| head.method == Method::POST) {
            Some(Signal::Traces) => match self.export(&head.headers, who, body).await {
                Ok(accepted) => grpc_accepted(&accepted),
                Err(refusal) => grpc_refused(&refusal),
            },
            Some(ignored) => self.ignore(ignored, &head.headers, body).await,
            None => grpc_unimplemented("no such method; this port takes OTLP"),
        }
    }

    async fn export(
        &self,
        headers: &HeaderMap,
        who: &Admitted,
        body: Incoming,
    ) -> Result<Accepted, Refusal> {
        grpc::message(&self.0, headers, who, body, otlp::protobuf::decode_within).await
    }

    async fn ignore(&self, signal: Signal, headers: &HeaderMap, mut body: Incoming) -> Answer {
        signal.say_ignored_once();
        let items = self.count(signal, headers, &mut body).await;
        body::discard(body).await;
        self.0.account.signal_ignored(signal.name(), items);
        grpc_accepted(&Accepted::default()).ignored()
    }

    /// What a call holds that is thrown away; nothing where that is not to be
    /// found out: it is no reason to refuse.
    async fn count(&self, signal: Signal, headers: &HeaderMap, body: &mut Incoming) -> u64 {
        let (Some(items), Ok(encoding)) = (signal.items(), encoding(headers)) else {
            return 0;
        };
        let mut permit = self.0.intake.admission().permit();
        let collected = body::collect(body, PREFIX, self.0.limit_bytes, &mut permit).await;
        let Ok((is_compressed, bytes)) = collected.and_then(unframe) else {
            return 0;
        };
        let body = IgnoredBody {
            bytes,
            encoding: if is_compressed {
                encoding
            } else {
                Encoding::Identity
            },
            count: Box::new(move |plain| items.count_protobuf(plain)),
            limit_bytes: self.0.limit_bytes,
            permit,
        };
        self.0.intake.count(body).await.unwrap_or_default()
    }
}
