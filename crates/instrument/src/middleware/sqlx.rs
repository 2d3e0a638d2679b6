//! Spans for statements that sqlx runs.
//!
//! It exists so that nothing but the executor changes where statements are run.
//! It must never change how sqlx prepares, caches or streams them.
//!
#![cfg_attr(feature = "sqlx-0_9-postgres", doc = "```")]
#![cfg_attr(not(feature = "sqlx-0_9-postgres"), doc = "```ignore")]
//! use sqlx::PgPool;
//! use sqlx::postgres::PgConnectOptions;
//! use tracewell_instrument::middleware::database::Database;
//!
//! # async fn example() -> Result<(), sqlx::Error> {
//! let options: PgConnectOptions = "postgres://db.internal/shop".parse()?;
//! // With the feature `sqlx-0_9-postgres`; else Database::postgresql().server(…).
//! let shop = Database::from(&options);
//! let pool = PgPool::connect_with(options).await?;
//! // A pool, a connection or a transaction: whatever is an executor.
//! let orders = sqlx::query("SELECT id FROM orders").fetch_all(shop.on(&pool)).await?;
//! // BEGIN and COMMIT have no executor, and verbs of their own.
//! let mut transaction = shop.begin(&pool).await?;
//! sqlx::query("DELETE FROM orders").execute(shop.on(&mut *transaction)).await?;
//! shop.commit(transaction).await?;
//! # drop(orders);
//! # Ok(())
//! # }
//! ```

use super::database::{Database, fail};
use super::task::FutureExt;
use super::unwinding::EndOnPanic;
use crate::Span;
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use pin_project_lite::pin_project;
use sqlx::error::BoxDynError;
use sqlx::{Database as Sqlx, Describe, Either, Error, Execute, Executor, SqlStr, Statement};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

#[cfg(test)]
#[cfg(feature = "sqlx-0_9-postgres")]
mod tests;
mod transaction;

impl Database {
    /// An executor that makes a span for each statement it runs. The span ends
    /// with the last row that is read, and counts them.
    pub fn on<E>(&self, executor: E) -> Traced<E> {
        Traced {
            inner: executor,
            database: self.clone(),
        }
    }
}

/// Where these options connect to. A socket is named by its folder.
#[cfg(feature = "sqlx-0_9-postgres")]
impl From<&sqlx::postgres::PgConnectOptions> for Database {
    fn from(options: &sqlx::postgres::PgConnectOptions) -> Database {
        let socket = options.get_socket().map(|folder| folder.to_string_lossy());
        let address = socket.unwrap_or_else(|| options.get_host().into());
        // PostgreSQL's own default is the database of the user's name.
        let database = options.get_database();
        Database::postgresql()
            .server(address, options.get_port())
            .namespace(database.unwrap_or_else(|| options.get_username()))
    }
}

/// An executor with spans; see [`Database::on`].
#[derive(Debug)]
pub struct Traced<E> {
    inner: E,
    database: Database,
}

type Step<DB> = Either<<DB as Sqlx>::QueryResult, <DB as Sqlx>::Row>;

impl<'c, X: Executor<'c>> Executor<'c> for Traced<X> {
    type Database = X::Database;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Step<Self::Database>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        let (sql, query) = Query::read(query);
        let span = self.database.span(sql.as_str());
        let attached = span.attach();
        let inner = self.inner.fetch_many(query);
        drop(attached);
        Box::pin(TracedRows {
            inner,
            span: Some(span),
            rows: 0,
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<<Self::Database as Sqlx>::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        let (sql, query) = Query::read(query);
        let mut span = self.database.span(sql.as_str());
        let run = self.inner.fetch_optional(query).in_context(span.context());
        Box::pin(async move {
            let outcome = run.await;
            match &outcome {
                Ok(row) => {
                    span.set_attribute("db.response.returned_rows", i64::from(row.is_some()));
                }
                Err(error) => fail_with(&mut span, error),
            }
            outcome
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<Self::Database as Sqlx>::TypeInfo],
    ) -> BoxFuture<'e, Result<<Self::Database as Sqlx>::Statement, Error>>
    where
        'c: 'e,
    {
        self.inner.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Self::Database>, Error>>
    where
        'c: 'e,
    {
        self.inner.describe(sql)
    }
}

/// A query whose text was read. One that holds a prepared statement stays as it
/// is; of others the parts are taken, because reading the text consumes them.
enum Query<E, DB: Sqlx> {
    Prepared(E),
    Plain {
        sql: SqlStr,
        arguments: Result<Option<DB::Arguments>, BoxDynError>,
        is_persistent: bool,
    },
}

impl<'q, DB: Sqlx, E: Execute<'q, DB>> Query<E, DB> {
    fn read(mut query: E) -> (SqlStr, Query<E, DB>) {
        if let Some(statement) = query.statement() {
            return (statement.sql().clone(), Query::Prepared(query));
        }
        let (arguments, is_persistent) = (query.take_arguments(), query.persistent());
        let sql = query.sql();
        (
            sql.clone(),
            Query::Plain {
                sql,
                arguments,
                is_persistent,
            },
        )
    }
}

impl<'q, DB: Sqlx, E: Execute<'q, DB>> Execute<'q, DB> for Query<E, DB> {
    fn sql(self) -> SqlStr {
        match self {
            Query::Prepared(query) => query.sql(),
            Query::Plain { sql, .. } => sql,
        }
    }

    fn statement(&self) -> Option<&DB::Statement> {
        match self {
            Query::Prepared(query) => query.statement(),
            Query::Plain { .. } => None,
        }
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        match self {
            Query::Prepared(query) => query.take_arguments(),
            Query::Plain { arguments, .. } => std::mem::replace(arguments, Ok(None)),
        }
    }

    fn persistent(&self) -> bool {
        match self {
            Query::Prepared(query) => query.persistent(),
            Query::Plain { is_persistent, .. } => *is_persistent,
        }
    }
}

pin_project! {
    struct TracedRows<S> {
        #[pin]
        inner: S,
        span: Option<Span>,
        rows: u64,
    }
}

impl<S, Done, Row> Stream for TracedRows<S>
where
    S: Stream<Item = Result<Either<Done, Row>, Error>>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let mut watched = EndOnPanic::watch(this.span);
        let span = watched.held();
        let attached = span.as_ref().map(Span::attach);
        let item = ready!(this.inner.poll_next(cx));
        drop(attached);
        match &item {
            Some(Ok(Either::Right(_))) => *this.rows += 1,
            Some(Ok(Either::Left(_))) => {}
            Some(Err(error)) => {
                if let Some(mut span) = span.take() {
                    fail_with(&mut span, error);
                }
            }
            None => {
                if let Some(mut span) = span.take() {
                    span.set_attribute("db.response.returned_rows", *this.rows);
                }
            }
        }
        Poll::Ready(item)
    }
}

fn fail_with(span: &mut Span, error: &Error) {
    let code = match error {
        Error::Database(error) => error.code().map(|code| code.into_owned()),
        _ => None,
    };
    let error_type = match (error, &code) {
        (_, Some(code)) => code.clone(),
        (Error::Io(_), None) => "io".to_owned(),
        (Error::Tls(_), None) => "tls".to_owned(),
        (Error::PoolTimedOut, None) => "pool_timed_out".to_owned(),
        (Error::PoolClosed, None) => "pool_closed".to_owned(),
        _ => "sqlx::Error".to_owned(),
    };
    fail(span, error_type, code);
}
