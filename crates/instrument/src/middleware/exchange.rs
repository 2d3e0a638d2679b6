//! The span of one request, from its first byte to its last.
//!
//! It exists because HTTP and gRPC, server and client, differ in a few rules
//! only: what counts as an error, and where the status stands. It must never
//! end a span twice, nor lose one when a request is dropped midway.

use super::failure::Failure;
use super::http_attributes::grpc_status_name;
use crate::propagation::percent;
use crate::{Context, Span, Status};
use http::{HeaderMap, StatusCode};
use std::fmt::Debug;

const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";

/// Which rules a request goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Convention {
    /// HTTP semantic conventions.
    Http,
    /// RPC semantic conventions, gRPC.
    Grpc,
}

/// On which side of the request we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Exchange {
    span: Span,
    convention: Convention,
    side: Side,
    is_over: bool,
}

impl Exchange {
    pub(super) fn new(span: Span, convention: Convention, side: Side) -> Exchange {
        Exchange {
            span,
            convention,
            side,
            is_over: false,
        }
    }

    pub(super) fn context(&self) -> Context {
        self.span.context()
    }

    /// The head of the response is there.
    pub(super) fn answer(&mut self, status: StatusCode, headers: &HeaderMap) {
        match self.convention {
            Convention::Http => {
                self.is_over = true;
                self.http_status(status);
            }
            // An answer without a message has its status in the head; others
            // are not over before their trailers.
            Convention::Grpc => self.trailers(headers),
        }
    }

    fn http_status(&mut self, status: StatusCode) {
        self.span
            .set_attribute("http.response.status_code", status.as_u16());
        let is_error = match self.side {
            Side::Server => status.is_server_error(),
            Side::Client => status.is_server_error() || status.is_client_error(),
        };
        if is_error {
            // No description: the code says it all (HTTP spans, status).
            self.span
                .set_attribute("error.type", status.as_u16().to_string());
            self.span.set_status(Status::Error("".into()));
        }
    }

    /// The trailers are there: the status of gRPC.
    pub(super) fn trailers(&mut self, trailers: &HeaderMap) {
        if self.convention != Convention::Grpc || !self.span.is_recording() {
            return;
        }
        let Some(code) = trailers
            .get(GRPC_STATUS)
            .and_then(|code| code.to_str().ok())
        else {
            return;
        };
        self.is_over = true;
        let name = grpc_status_name(code);
        self.span.set_attribute("rpc.response.status_code", name);
        let is_error = match self.side {
            Side::Client => name != "OK",
            // What the caller did wrong is no error of the server's.
            Side::Server => matches!(
                name,
                "UNKNOWN"
                    | "DEADLINE_EXCEEDED"
                    | "UNIMPLEMENTED"
                    | "INTERNAL"
                    | "UNAVAILABLE"
                    | "DATA_LOSS"
            ),
        };
        if is_error {
            let message = trailers.get(GRPC_MESSAGE);
            let message = message.map(|message| percent::decode_message(message.as_bytes()));
            self.span.set_attribute("error.type", name);
            self.span
                .set_status(Status::Error(message.unwrap_or_default().into()));
        }
    }

    /// The body has ended.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// It failed without an answer, or in the middle of one.
    pub(super) fn fail<E: Debug>(&mut self, error: &E) {
        self.is_over = true;
        if !self.span.is_recording() {
            return;
        }
        let failure = Failure::of(error);
        let error_type = match self.convention {
            Convention::Http => failure.http(),
            Convention::Grpc => {
                self.span
                    .set_attribute("rpc.response.status_code", failure.grpc());
                failure.grpc()
            }
        };
        self.span.set_attribute("error.type", error_type);
        self.span.set_status(Status::Error("".into()));
    }

    /// It was dropped midway: the peer went away, the caller gave up, or a
    /// timeout around it ran out.
    fn cancel(&mut self) {
        self.span.add_event("cancelled", []);
        if self.convention == Convention::Http {
            // Not known to be anybody's error.
            return;
        }
        self.span
            .set_attribute("rpc.response.status_code", "CANCELLED");
        if self.side == Side::Client {
            self.span.set_attribute("error.type", "CANCELLED");
            self.span.set_status(Status::Error("".into()));
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // A panic is said by the span itself.
        if !self.is_over && !std::thread::panicking() {
            self.cancel();
        }
    }
}
