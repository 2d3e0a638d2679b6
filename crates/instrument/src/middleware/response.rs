//! The future of a traced response.
//!
//! It exists so that server and client share one. It must never be polled
//! without the request's context.

use super::body::TracedBody;
use super::exchange::Exchange;
use super::unwinding::EndOnPanic;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A response to come, and the span of its request.
    #[derive(Debug)]
    #[must_use = "a future does nothing until it is polled"]
    pub struct TracedResponse<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F> TracedResponse<F> {
    pub(super) fn new(inner: F, exchange: Exchange) -> TracedResponse<F> {
        TracedResponse {
            inner,
            exchange: Some(exchange),
        }
    }
}

impl<F, B, E> Future for TracedResponse<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: Debug,
{
    type Output = Result<Response<TracedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut watched = EndOnPanic::watch(this.exchange);
        let exchange = watched.held();
        let attached = exchange.as_ref().map(|it| it.context().attach());
        let outcome = ready!(this.inner.poll(cx));
        drop(attached);
        let mut exchange = exchange
            .take()
            .expect("a future is not polled after it is ready");
        Poll::Ready(match outcome {
            Ok(response) => {
                exchange.answer(response.status(), response.headers());
                Ok(response.map(|body| TracedBody::new(body, exchange)))
            }
            Err(error) => {
                exchange.fail(&error);
                Err(error)
            }
        })
    }
}
