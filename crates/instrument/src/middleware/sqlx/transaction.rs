//! Spans for what an executor never sees: a transaction's begin and end, and
//! waiting for a connection.
//!
//! It exists because a transaction that waits in its COMMIT, or a pool that has
//! no connection left, is otherwise time that no span explains. It must never
//! give out types of its own: what it returns is sqlx's.

use super::fail_with;
use crate::Span;
use crate::middleware::database::Database;
use crate::middleware::task::FutureExt;
use futures_core::future::BoxFuture;
use sqlx::{Acquire, Database as Sqlx, Error, Transaction};

impl Database {
    /// `acquire()` of a pool, with a span for the time until there is a connection.
    ///
    /// # Errors
    /// The pool's.
    pub fn acquire<'c, A>(&self, pool: A) -> BoxFuture<'c, Result<A::Connection, Error>>
    where
        A: Acquire<'c>,
        A::Connection: 'c,
    {
        // Boxed, so that nothing of `A` is in the future: with it, what awaits it in
        // a task is "not general enough" to the compiler, as sqlx says of `Acquire`.
        Box::pin(in_span(self.waiting(), pool.acquire()))
    }

    /// `begin()` of a pool, a connection or a transaction, with a span. That of a
    /// pool lasts from when a connection is asked for;
    /// [`acquire`](Database::acquire) tells the two apart.
    ///
    /// A transaction that is dropped is rolled back without a span, when its
    /// connection is used next.
    ///
    /// # Errors
    /// The database's.
    pub fn begin<'c, A>(&self, on: A) -> BoxFuture<'c, Result<Transaction<'c, A::Database>, Error>>
    where
        A: Acquire<'c>,
    {
        Box::pin(in_span(self.span("BEGIN"), on.begin()))
    }

    /// `transaction.commit()`, with a span.
    ///
    /// # Errors
    /// The database's.
    pub async fn commit<DB: Sqlx>(&self, transaction: Transaction<'_, DB>) -> Result<(), Error> {
        in_span(self.span("COMMIT"), transaction.commit()).await
    }

    /// `transaction.rollback()`, with a span.
    ///
    /// # Errors
    /// The database's.
    pub async fn rollback<DB: Sqlx>(&self, transaction: Transaction<'_, DB>) -> Result<(), Error> {
        in_span(self.span("ROLLBACK"), transaction.rollback()).await
    }
}

async fn in_span<T>(
    mut span: Span,
    run: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let outcome = run.in_context(span.context()).await;
    if let Err(error) = &outcome {
        fail_with(&mut span, error);
    }
    outcome
}
