//! The executor around one that has no database. What a real PostgreSQL
//! answers is in the traces of `examples/rust`.

use super::*;
use crate::mock::{MockExporter, expect};
use crate::{SpanKind, Status, span};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgRow, PgTypeInfo, Postgres};
use sqlx::{Acquire, Transaction};

/// Answers with no row, or with an error, and makes a span while it does.
#[derive(Debug)]
struct Scripted(Option<Error>);

impl<'c> Executor<'c> for Scripted {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step<Postgres>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(Answer {
            sql: query.sql(),
            error: self.0,
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let sql = query.sql();
        Box::pin(async move {
            drop(span(format!("sent {}", sql.as_str())).start());
            self.0.map_or(Ok(None), Err)
        })
    }

    fn prepare_with<'e>(
        self,
        _: SqlStr,
        _: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<<Postgres as Sqlx>::Statement, Error>>
    where
        'c: 'e,
    {
        unreachable!("no test prepares")
    }

    fn describe<'e>(self, _: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        unreachable!("no test describes")
    }
}

struct Answer {
    sql: SqlStr,
    error: Option<Error>,
}

impl Stream for Answer {
    type Item = Result<Step<Postgres>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        drop(span(format!("sent {}", self.sql.as_str())).start());
        Poll::Ready(self.error.take().map(Err))
    }
}

#[tokio::test]
async fn statements_are_client_spans_around_what_the_driver_does() {
    let mock = MockExporter::new();
    let _default = mock.tracer().set_default();
    let shop = Database::postgresql().namespace("shop");
    let executor = || shop.on(Scripted(None));
    let all = sqlx::query("SELECT a FROM t WHERE b = 7");
    assert!(all.fetch_all(executor()).await.unwrap().is_empty());
    let one = sqlx::query("SELECT a FROM u WHERE b = $1").bind(7);
    assert!(one.fetch_optional(executor()).await.unwrap().is_none());

    let statement = |name| {
        expect(name)
            .root()
            .kind(SpanKind::Client)
            .status(Status::Unset)
            .attribute("db.namespace", "shop")
            .attribute("db.response.returned_rows", 0)
    };
    mock.assert([
        statement("SELECT t").attribute("db.query.text", "SELECT a FROM t WHERE b = ?"),
        statement("SELECT u").attribute("db.query.text", "SELECT a FROM u WHERE b = $1"),
        // The driver is given the text as it was written.
        expect("sent SELECT a FROM t WHERE b = 7").child_of("SELECT t"),
        expect("sent SELECT a FROM u WHERE b = $1").child_of("SELECT u"),
    ]);
}

#[tokio::test]
async fn errors_are_named_and_their_messages_left_out() {
    let errors = || {
        [
            (Error::Io(std::io::Error::other("secret")), "io"),
            (Error::Tls("secret".into()), "tls"),
            (Error::PoolTimedOut, "pool_timed_out"),
            (Error::PoolClosed, "pool_closed"),
            (Error::Protocol("secret".into()), "sqlx::Error"),
        ]
    };
    for (many, one) in errors().into_iter().zip(errors()) {
        let mock = MockExporter::new();
        let _default = mock.tracer().set_default();
        let shop = Database::postgresql();
        let query = || sqlx::query("DELETE FROM t");
        query()
            .execute(shop.on(Scripted(Some(many.0))))
            .await
            .unwrap_err();
        query()
            .fetch_one(shop.on(Scripted(Some(one.0))))
            .await
            .unwrap_err();
        let failed = || expect("DELETE t").error().attribute("error.type", one.1);
        let sent = || expect("sent DELETE FROM t").child_of("DELETE t");
        mock.assert([failed(), failed(), sent(), sent()]);
        assert!(!format!("{:?}", mock.spans()).contains("secret"));
    }
}

/// A pool that gives nothing.
struct Closed;

impl<'c> Acquire<'c> for Closed {
    type Database = Postgres;
    type Connection = PoolConnection<Postgres>;

    fn acquire(self) -> BoxFuture<'c, Result<PoolConnection<Postgres>, Error>> {
        Box::pin(std::future::ready(Err(Error::PoolClosed)))
    }

    fn begin(self) -> BoxFuture<'c, Result<Transaction<'c, Postgres>, Error>> {
        Box::pin(async {
            drop(span("sent BEGIN").start());
            Err(Error::PoolClosed)
        })
    }
}

#[tokio::test]
async fn a_pool_that_gives_no_connection_is_seen() {
    let mock = MockExporter::new();
    let _default = mock.tracer().set_default();
    let shop = Database::postgresql().namespace("shop");
    assert!(shop.acquire(Closed).await.is_err());
    assert!(shop.begin(Closed).await.is_err());

    let failed = |name| {
        expect(name)
            .root()
            .error()
            .attribute("error.type", "pool_closed")
            .attribute("db.system.name", "postgresql")
            .attribute("db.namespace", "shop")
    };
    mock.assert([
        failed("acquire connection").kind(SpanKind::Internal),
        failed("BEGIN")
            .kind(SpanKind::Client)
            .attribute("db.query.text", "BEGIN")
            .attribute("db.operation.name", "BEGIN"),
        expect("sent BEGIN").child_of("BEGIN"),
    ]);
}

#[test]
fn options_say_where_the_database_is() {
    for (url, address, port, namespace) in [
        (
            "postgres://ada:secret@db.internal/shop",
            "db.internal",
            5432,
            "shop",
        ),
        ("postgres://ada@10.0.0.7:6432", "10.0.0.7", 6432, "ada"),
        (
            "postgres:///shop?host=/run/postgresql",
            "/run/postgresql",
            5432,
            "shop",
        ),
    ] {
        let mock = MockExporter::new();
        let options: PgConnectOptions = url.parse().unwrap();
        let database = Database::from(&options).tracer(mock.tracer());
        drop(database.span("SELECT 1"));
        mock.assert([expect("SELECT")
            .attribute("db.system.name", "postgresql")
            .attribute("server.address", address)
            .attribute("server.port", port)
            .attribute("db.namespace", namespace)]);
    }
}
