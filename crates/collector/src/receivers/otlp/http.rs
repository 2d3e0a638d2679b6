//! OTLP over HTTP/1.1 and HTTP/2: `POST /v1/traces`, protobuf or JSON.

pub(super) mod cors;

use std::net::SocketAddr;

use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body, Incoming};

use tracewell_access::{Admitted, Lock};

use self::cors::Cors;
use super::answers::{Format, Stated, http_accepted, http_refused};
use super::signal::Signal;
use crate::intake::{Accepted, Decode, IgnoredBody};
use crate::receivers::answers::{Answer, ReplyBody, grpc_unimplemented, plain_text};
use crate::receivers::body::{self, Length, content_encoding, must_read_on};
use crate::receivers::connections::Handler;
use crate::receivers::grpc::is_grpc;
use crate::receivers::port::Port;
use crate::refusal::Refusal;

/// Answers HTTP requests.
#[derive(Debug)]
pub(super) struct HttpHandler {
    pub(super) port: Port,
    pub(super) cors: Option<Cors>,
}

impl Handler for HttpHandler {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ReplyBody> {
        let (head, body) = request.into_parts();
        if let Some(cors) = &self.cors
            && Cors::is_preflight(&head.method, &head.headers)
        {
            let mut response = Response::new(ReplyBody::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            cors.answer_preflight(&head.headers, response.headers_mut());
            return response;
        }
        let answer = async |body, who: Admitted| self.answer(&head, &who, body).await;
        let mut response = self.port.answer(&head, peer, body, answer).await;
        if let Some(cors) = &self.cors {
            cors.answer(&head.headers, response.headers_mut());
        }
        response
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

impl HttpHandler {
    async fn answer(&self, head: &Parts, who: &Admitted, mut body: Incoming) -> Answer {
        let answer = match self.route(head) {
            Err(answer) => *answer,
            Ok((Signal::Traces, stated)) => {
                let format = answer_format(stated);
                let decode = match stated {
                    Stated::As(format) => Decode::Stated(format.decoder()),
                    Stated::Nothing | Stated::Other => {
                        Decode::Sniffed(|body| Format::sniff(body).map(Format::decoder))
                    }
                };
                match self.port.take(head, who, &mut body, decode).await {
                    Ok(accepted) => return http_accepted(&accepted, format),
                    Err(refusal @ (Refusal::TimedOut(_) | Refusal::Interrupted)) => {
                        // Nothing more comes; the connection closes after the answer.
                        return http_refused(&refusal, format);
                    }
                    Err(refusal) => http_refused(&refusal, format),
                }
            }
            Ok((ignored, stated)) => {
                ignored.say_ignored_once();
                let items = self.count(head, &mut body, ignored, stated).await;
                self.port.account.signal_ignored(ignored.name(), items);
                http_accepted(&Accepted::default(), answer_format(stated)).ignored()
            }
        };
        if must_read_on(head, &body) {
            body::discard(body).await;
        }
        answer
    }

    /// Finds what a request is, from its head alone.
    fn route(&self, head: &Parts) -> Result<(Signal, Stated), Box<Answer>> {
        if is_grpc(&head.headers) {
            return Err(Box::new(grpc_unimplemented(
                "this port takes OTLP over HTTP; send gRPC to the gRPC port (4317 by default)",
            )));
        }
        let signal = Signal::of_http_path(head.uri.path()).ok_or_else(|| {
            Box::new(plain_text(
                StatusCode::NOT_FOUND,
                "404 not found, supported: [/v1/traces, /v1/metrics, /v1/logs]",
            ))
        })?;
        if head.method != Method::POST {
            let mut answer = plain_text(
                StatusCode::METHOD_NOT_ALLOWED,
                "405 method not allowed, supported: [POST]",
            );
            let post = HeaderValue::from_static("POST");
            answer.response.headers_mut().insert(ALLOW, post);
            return Err(Box::new(answer));
        }
        let stated = Format::of(head.headers.get(CONTENT_TYPE));
        // Browsers ask before they send JSON or protobuf for a page, but not
        // before they send text: any page could send spans that way.
        let is_sniffed = stated == Stated::Nothing;
        if stated == Stated::Other
            || is_sniffed && !Cors::may_send(self.cors.as_ref(), &head.headers)
        {
            return Err(Box::new(plain_text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "415 unsupported media type, supported: [application/json, application/x-protobuf]",
            )));
        }
        Ok((signal, stated))
    }

    /// What a request holds that is thrown away; nothing where that is not to
    /// be found out: it is no reason to refuse.
    async fn count(
        &self,
        head: &Parts,
        body: &mut Incoming,
        signal: Signal,
        stated: Stated,
    ) -> u64 {
        let (Some(items), Ok(encoding)) = (signal.items(), content_encoding(&head.headers)) else {
            return 0;
        };
        let length = Length::Declared(body.size_hint().exact());
        let mut permit = self.port.intake.admission().permit();
        let collected = body::collect(body, length, self.port.limit_bytes, &mut permit).await;
        let Ok(bytes) = collected else {
            return 0;
        };
        let body = IgnoredBody {
            bytes,
            encoding,
            count: Box::new(move |plain| match stated {
                Stated::As(Format::Json) => items.count_json(plain),
                Stated::As(Format::Protobuf) => items.count_protobuf(plain),
                Stated::Nothing | Stated::Other => match Format::sniff(plain)? {
                    Format::Json => items.count_json(plain),
                    Format::Protobuf => items.count_protobuf(plain),
                },
            }),
            limit_bytes: self.port.limit_bytes,
            permit,
        };
        self.port.intake.count(body).await.unwrap_or_default()
    }
}

/// How who is turned away is told.
pub(super) fn told(headers: &HeaderMap, refusal: &Refusal) -> Answer {
    http_refused(
        refusal,
        answer_format(Format::of(headers.get(CONTENT_TYPE))),
    )
}

/// Who does not say what is sent gets an answer that people can read.
fn answer_format(stated: Stated) -> Format {
    match stated {
        Stated::As(format) => format,
        Stated::Nothing | Stated::Other => Format::Json,
    }
}
