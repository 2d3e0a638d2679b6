//! The context of a future, wherever it is polled.
//!
//! It exists because a task moves between threads and the current context does
//! not: what a spawned task does would begin a trace of its own. It must never
//! leave a context attached after a poll.
//!
//! ```
//! use tracewell_instrument::middleware::task::{self, FutureExt};
//!
//! # async fn work() {}
//! # async fn example() {
//! // In place of tokio::spawn:
//! task::spawn(work());
//! // For anything else that polls a future elsewhere:
//! let mut set = tokio::task::JoinSet::new();
//! set.spawn(work().in_current_context());
//! // A span that lasts as long as a future:
//! work().in_span(tracewell_instrument::span("work").start()).await;
//! # }
//! ```

use super::unwinding::EndOnPanic;
use crate::{Context, Span};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use tokio::task::JoinHandle;

/// Puts a context on futures.
pub trait FutureExt: Future + Sized {
    /// This future, with `context` current whenever it is polled.
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext {
            inner: self,
            context,
        }
    }

    /// This future, with what is current now.
    fn in_current_context(self) -> InContext<Self> {
        self.in_context(Context::current())
    }

    /// This future, with `span` current. The span ends with the future, or
    /// when it is dropped.
    fn in_span(self, span: Span) -> InSpan<Self> {
        InSpan {
            inner: self,
            span: Some(span),
        }
    }
}

impl<F: Future> FutureExt for F {}

pin_project! {
    /// A future with a context; see [`FutureExt::in_context`].
    #[derive(Debug)]
    #[must_use = "a future does nothing until it is polled"]
    pub struct InContext<F> {
        #[pin]
        inner: F,
        context: Context,
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _attached = this.context.clone().attach();
        this.inner.poll(cx)
    }
}

pin_project! {
    /// A future with a span; see [`FutureExt::in_span`].
    #[derive(Debug)]
    #[must_use = "a future does nothing until it is polled"]
    pub struct InSpan<F> {
        #[pin]
        inner: F,
        span: Option<Span>,
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut watched = EndOnPanic::watch(this.span);
        let attached = watched.held().as_ref().map(Span::attach);
        let output = this.inner.poll(cx);
        drop(attached);
        if output.is_ready() {
            watched.held().take();
        }
        output
    }
}

/// `tokio::spawn`, in the current context.
///
/// # Panics
/// Outside a tokio runtime, as `tokio::spawn` does.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.in_current_context())
}

/// `tokio::task::spawn_blocking`, in the current context.
///
/// # Panics
/// Outside a tokio runtime, as `spawn_blocking` does.
pub fn spawn_blocking<T, W>(work: W) -> JoinHandle<T>
where
    W: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let context = Context::current();
    tokio::task::spawn_blocking(move || {
        let _attached = context.attach();
        work()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{MockExporter, expect};

    fn on_each_flavour(test: impl AsyncFn()) {
        use tokio::runtime::Builder;
        Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(test());
        Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap()
            .block_on(test());
    }

    #[test]
    fn spawned_work_stays_in_the_trace() {
        on_each_flavour(async || {
            let mock = MockExporter::new();
            let tracer = mock.tracer();
            let request = tracer.span("request").start();
            let (task, blocking) = request.in_scope(|| {
                let task = spawn(async move {
                    // Beyond an await the thread may be another one.
                    tokio::task::yield_now().await;
                    drop(tracer.span("task").start());
                    spawn(async move { drop(tracer.span("task of the task").start()) }).await
                });
                (
                    task,
                    spawn_blocking(move || drop(tracer.span("blocking").start())),
                )
            });
            task.await.unwrap().unwrap();
            blocking.await.unwrap();
            assert!(
                !Context::current().span().is_valid(),
                "nothing stays attached"
            );
            drop(request);
            mock.assert([
                expect("request").root(),
                expect("task").child_of("request"),
                expect("task of the task").child_of("request"),
                expect("blocking").child_of("request"),
            ]);
        });
    }

    #[test]
    fn a_span_lasts_as_long_as_its_future() {
        on_each_flavour(async || {
            let mock = MockExporter::new();
            let tracer = mock.tracer();
            let child = async move {
                tokio::task::yield_now().await;
                drop(tracer.span("inner").start());
            };
            let done = tokio::spawn(child.in_span(tracer.span("outer").start()));
            done.await.unwrap();
            // One that never ends is ended by its drop.
            drop(std::future::pending::<()>().in_span(tracer.span("dropped").start()));
            mock.assert([
                expect("outer").root(),
                expect("inner").child_of("outer"),
                expect("dropped").root(),
            ]);
        });
    }
}
