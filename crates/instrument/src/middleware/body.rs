//! A response body that ends the span of its request.
//!
//! It exists because a response that streams is not done with its head. It must
//! never hold the span after the last frame.

use super::exchange::Exchange;
use super::unwinding::EndOnPanic;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt::Debug;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A body whose end, error or drop ends the span of its request.
    #[derive(Debug)]
    pub struct TracedBody<B> {
        #[pin]
        inner: B,
        exchange: Option<Exchange>,
    }
}

impl<B: Body> TracedBody<B> {
    pub(super) fn new(inner: B, mut exchange: Exchange) -> TracedBody<B> {
        if inner.is_end_stream() {
            exchange.end();
        }
        let exchange = Some(exchange).filter(|_| !inner.is_end_stream());
        TracedBody { inner, exchange }
    }
}

impl<B: Body<Error: Debug>> Body for TracedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut watched = EndOnPanic::watch(this.exchange);
        let exchange = watched.held();
        let attached = exchange.as_ref().map(|it| it.context().attach());
        let frame = ready!(this.inner.poll_frame(cx));
        drop(attached);
        match &frame {
            None => {
                if let Some(mut exchange) = exchange.take() {
                    exchange.end();
                }
            }
            Some(Err(error)) => {
                if let Some(mut exchange) = exchange.take() {
                    exchange.fail(error);
                }
            }
            Some(Ok(frame)) => {
                if let (Some(exchange), Some(trailers)) = (exchange, frame.trailers_ref()) {
                    exchange.trailers(trailers);
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
