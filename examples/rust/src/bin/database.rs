//! A CLIENT span around a database call, by hand: what to write for a driver that has no
//! middleware. (sqlx has one, see pattern_database.rs.)
//!
//! `cargo run --bin database` (`DATABASE_URL`: a PostgreSQL)

use sdk::{Outcome, database_url, link, start};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, PgConnection};
use tracewell_instrument::middleware::task::FutureExt;
use tracewell_instrument::{SpanKind, span};

struct Statement {
    operation: &'static str,
    table: &'static str,
    sql: &'static str,
}

async fn query_database(
    database: &mut PgConnection,
    namespace: String,
    statement: Statement,
    names: &[&str],
) -> Result<Vec<PgRow>, sqlx::Error> {
    let Statement {
        operation,
        table,
        sql,
    } = statement;
    let mut span = span(format!("{operation} {table}"))
        .kind(SpanKind::Client)
        .start();
    // The text holds $1, never the values: those would be personal data in the trace.
    span.set_attribute("db.system.name", "postgresql")
        .set_attribute("db.namespace", namespace)
        .set_attribute("db.operation.name", operation)
        .set_attribute("db.collection.name", table)
        .set_attribute("db.query.text", sql);

    let run = sqlx::query(sql).bind(names).fetch_all(database);
    let outcome = run.in_context(span.context()).await;
    match &outcome {
        Ok(rows) => {
            span.set_attribute("db.response.returned_rows", rows.len());
        }
        Err(error) => {
            let code = error.as_database_error().and_then(|error| error.code());
            let code = code.map_or("sqlx::Error".to_owned(), |code| code.into_owned());
            span.set_attribute("db.response.status_code", code.clone())
                .set_attribute("error.type", code)
                .record_error(error);
        }
    }
    outcome
}

const TABLES: Statement = Statement {
    operation: "SELECT",
    table: "pg_class",
    sql: "SELECT relname FROM pg_class WHERE relname = ANY($1)",
};
const MISSING: Statement = Statement {
    operation: "SELECT",
    table: "missing",
    sql: "SELECT * FROM missing WHERE name = ANY($1)",
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let _guard = start()?;
    let options: PgConnectOptions = database_url()?.parse()?;
    let namespace = options.get_database().unwrap_or("postgres").to_owned();
    let mut database = options.connect().await?;

    let root = span("list tables").start();
    println!("{}", link(&root));
    async {
        let names = ["pg_class", "pg_type"];
        query_database(&mut database, namespace.clone(), TABLES, &names).await?;
        if let Err(error) = query_database(&mut database, namespace, MISSING, &names).await {
            println!("{error}");
        }
        Ok(())
    }
    .in_span(root)
    .await
}
