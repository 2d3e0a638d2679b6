//! Client spans for database statements, whatever runs them.
//!
//! It exists because the slow part of a request is so often a statement, and
//! its text says which. It must never put a literal on a span unasked.
//!
//! ```
//! use tracewell_instrument::middleware::database::Database;
//!
//! const ORDERS: &str = "SELECT id FROM orders WHERE customer = $1";
//!
//! # async fn run(_: &str) -> Result<u32, std::io::Error> { Ok(1) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let shop = Database::postgresql().server("db.internal", 5432).namespace("shop");
//! // Any client: what is awaited is the statement.
//! let rows = shop.statement(ORDERS, run(ORDERS)).await?;
//! # drop(rows);
//! # Ok(())
//! # }
//! ```

mod statement;
#[cfg(test)]
mod tests;

use super::describe::{self, Describe, Described};
use super::task::FutureExt;
use crate::record::Part;
use crate::{Span, SpanBuilder, SpanKind, Status, Tracer, span};
use statement::{Dialect, Statement};
use std::error::Error;
use std::sync::Arc;

/// A database that statements are sent to, and what spans say of it
/// (semantic conventions: database spans, stable names).
#[derive(Debug, Clone)]
pub struct Database {
    system: &'static str,
    dialect: Dialect,
    server: Option<(Arc<str>, u16)>,
    namespace: Option<Arc<str>>,
    has_literals: bool,
    tracer: Option<Tracer>,
}

impl Database {
    /// PostgreSQL.
    #[must_use]
    pub fn postgresql() -> Database {
        Database::other("postgresql")
    }

    /// MySQL.
    #[must_use]
    pub fn mysql() -> Database {
        Database {
            dialect: Dialect::MySql,
            ..Database::other("mysql")
        }
    }

    /// SQLite.
    #[must_use]
    pub fn sqlite() -> Database {
        Database::other("sqlite")
    }

    /// Another one that speaks standard SQL, by its `db.system.name`.
    #[must_use]
    pub fn other(system: &'static str) -> Database {
        Database {
            system,
            dialect: Dialect::Standard,
            server: None,
            namespace: None,
            has_literals: false,
            tracer: None,
        }
    }

    /// Where it is: `server.address` and `server.port`.
    #[must_use]
    pub fn server(mut self, address: impl Into<Arc<str>>, port: u16) -> Database {
        self.server = Some((address.into(), port));
        self
    }

    /// Which database: `db.namespace`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<Arc<str>>) -> Database {
        self.namespace = Some(namespace.into());
        self
    }

    /// Leaves literals in `db.query.text`: they may be people's data.
    #[must_use]
    pub fn with_literals(mut self) -> Database {
        self.has_literals = true;
        self
    }

    /// Records with this tracer; with the process's unless said.
    #[must_use]
    pub fn tracer(mut self, tracer: Tracer) -> Database {
        self.tracer = Some(tracer);
        self
    }

    /// A span for a statement that starts now. It is a child of the current
    /// one, named like `SELECT orders`.
    pub fn span(&self, sql: &str) -> Span {
        let statement = Statement::read(sql, self.dialect);
        let summary = statement.summary();
        let name = summary.clone().unwrap_or_else(|| self.system.to_owned());
        let sent = Sent {
            database: self,
            sql,
            statement,
            summary,
        };
        let builder = self.builder(name).kind(SpanKind::Client);
        describe::start(Part::Database, builder, sent)
    }

    /// A span for waiting until a statement can be sent at all.
    #[cfg(feature = "sqlx-0_9")]
    pub(super) fn waiting(&self) -> Span {
        let builder = self.builder("acquire connection".to_owned());
        describe::start(Part::Database, builder, self)
    }

    fn builder(&self, name: String) -> SpanBuilder {
        match self.tracer {
            Some(tracer) => tracer.span(name),
            None => span(name),
        }
    }

    /// Awaits `run`, which sends `sql`, in a span. An error goes onto the span
    /// without its message, which can hold what was sent.
    pub async fn statement<T, E: Error>(
        &self,
        sql: &str,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut span = self.span(sql);
        let outcome = run.in_context(span.context()).await;
        if outcome.is_err() {
            fail(&mut span, std::any::type_name::<E>().to_owned(), None);
        }
        outcome
    }
}

impl Describe for &Database {
    fn describe(self, into: &mut impl Described) {
        into.say("db.system.name", self.system);
        if let Some((address, port)) = &self.server {
            into.say("server.address", address.to_string());
            into.say("server.port", *port);
        }
        if let Some(namespace) = &self.namespace {
            into.say("db.namespace", namespace.to_string());
        }
    }
}

/// A statement, and where it goes.
struct Sent<'a> {
    database: &'a Database,
    sql: &'a str,
    statement: Statement,
    summary: Option<String>,
}

impl Describe for Sent<'_> {
    fn describe(self, into: &mut impl Described) {
        self.database.describe(into);
        let text = if self.database.has_literals {
            self.sql.to_owned()
        } else {
            self.statement.text
        };
        into.say("db.query.text", text);
        if let Some(summary) = self.summary {
            into.say("db.query.summary", summary);
        }
        if let Some(operation) = self.statement.operation {
            into.say("db.operation.name", operation);
        }
        // Of several tables none is the one.
        if let [collection] = self.statement.targets.as_slice() {
            into.say("db.collection.name", collection.clone());
        }
    }
}

/// Says that a statement failed; `code` is the database's own (SQLSTATE).
pub(super) fn fail(span: &mut Span, error_type: String, code: Option<String>) {
    if let Some(code) = code {
        span.set_attribute("db.response.status_code", code);
    }
    span.set_attribute("error.type", error_type);
    span.set_status(Status::Error("".into()));
}
