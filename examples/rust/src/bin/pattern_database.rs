//! Database operations: the executor records each statement; one span of one's own says what
//! they are for, and how the transaction ended.
//!
//! `cargo run --bin pattern_database` (`DATABASE_URL`: a PostgreSQL)

use sdk::{Outcome, database_url, link, start};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tracewell_instrument::middleware::database::Database;
use tracewell_instrument::middleware::task::FutureExt;
use tracewell_instrument::span;

/// What a transfer runs: statements, with amount and account where they want them.
const ACCOUNTS: &str =
    "CREATE TEMP TABLE accounts (id int, cents int CHECK (cents >= 0)) ON COMMIT DROP";
const INSERT: &str = "INSERT INTO accounts VALUES (1, 500), (2, 0)";
const UPDATE: &str = "UPDATE accounts SET cents = cents + $1 WHERE id = $2";

async fn create_and_transfer(
    connection: &mut PgConnection,
    traced: &Database,
    cents: i32,
) -> Result<u64, sqlx::Error> {
    // In place of `connection.begin()`, `commit()` and `rollback()`, which no executor sees.
    let mut transaction = traced.begin(connection).await?;
    match transfer(&mut transaction, traced, cents).await {
        Ok(rows) => traced.commit(transaction).await.map(|()| rows),
        Err(error) => {
            traced.rollback(transaction).await?;
            Err(error)
        }
    }
}

async fn transfer(
    connection: &mut PgConnection,
    traced: &Database,
    cents: i32,
) -> Result<u64, sqlx::Error> {
    for sql in [ACCOUNTS, INSERT] {
        sqlx::query(sql)
            .execute(traced.on(&mut *connection))
            .await?;
    }
    let mut rows = 0;
    for (change, account) in [(cents, 2), (-cents, 1)] {
        let update = sqlx::query(UPDATE).bind(change).bind(account);
        rows = update
            .execute(traced.on(&mut *connection))
            .await?
            .rows_affected();
    }
    Ok(rows)
}

async fn transaction(
    name: &'static str,
    connection: &mut PgConnection,
    traced: &Database,
    cents: i32,
) -> Result<(), sqlx::Error> {
    let mut span = span(name).start();
    println!("{name} {}", link(&span));
    let work = create_and_transfer(connection, traced, cents);
    match work.in_context(span.context()).await {
        Ok(rows) => {
            span.set_attribute("transfer.rows", rows)
                .set_attribute("db.transaction.outcome", "committed");
            Ok(())
        }
        Err(error) => {
            span.set_attribute("db.transaction.outcome", "rolled back")
                .record_error(&error);
            Err(error)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let _guard = start()?;
    let options: PgConnectOptions = database_url()?.parse()?;
    let traced = Database::from(&options);
    let mut connection = options.connect().await?;

    transaction("transfer", &mut connection, &traced, 300).await?;
    if let Err(error) = transaction("overdraw", &mut connection, &traced, 900).await {
        println!("{error}");
    }
    Ok(())
}
