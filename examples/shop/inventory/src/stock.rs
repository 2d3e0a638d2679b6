//! The two requests, one statement each; its span is made by the executor.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::time::Duration;
use tracewell_instrument::middleware::database::Database;

/// The database, and what its spans say of it.
#[derive(Clone)]
pub struct Stock {
    pool: PgPool,
    traced: Database,
}

#[derive(Serialize, sqlx::FromRow)]
pub struct Item {
    sku: String,
    quantity: i32,
}

#[derive(Deserialize)]
pub struct Wanted {
    sku: String,
    quantity: i32,
}

type Answer = Result<Json<Item>, (StatusCode, Json<Value>)>;

impl Stock {
    /// Connects when the first statement is sent.
    pub fn connect(database_url: &str) -> Result<Stock, sqlx::Error> {
        let options: PgConnectOptions = database_url.parse()?;
        let traced = Database::from(&options);
        let pool = PgPoolOptions::new()
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options);
        Ok(Stock { pool, traced })
    }

    /// `GET /stock/{sku}`
    pub async fn read(State(stock): State<Stock>, Path(sku): Path<String>) -> Answer {
        let found = sqlx::query_as("SELECT sku, quantity FROM stock WHERE sku = $1")
            .bind(&sku)
            .fetch_optional(stock.traced.on(&stock.pool));
        found
            .await
            .map_err(failure)?
            .map(Json)
            .ok_or_else(|| refusal(StatusCode::NOT_FOUND, format!("there is no {sku}")))
    }

    /// `POST /reserve`
    pub async fn reserve(
        State(stock): State<Stock>,
        body: Result<Json<Wanted>, JsonRejection>,
    ) -> Answer {
        // A missing content type, no JSON, a missing field: said as all else is.
        let Json(wanted) = body.map_err(|wrong| refusal(wrong.status(), wrong.body_text()))?;
        if wanted.quantity < 1 {
            let error = format!("quantity is {}; write 1 or more", wanted.quantity);
            return Err(refusal(StatusCode::BAD_REQUEST, error));
        }
        // One statement, so that two customers cannot have the same last mug.
        let left = sqlx::query_as(
            "UPDATE stock SET quantity = quantity - $1 WHERE sku = $2 AND quantity >= $1 \
             RETURNING sku, quantity",
        )
        .bind(wanted.quantity)
        .bind(&wanted.sku)
        .fetch_optional(stock.traced.on(&stock.pool));
        left.await
            .map_err(failure)?
            .map(Json)
            .ok_or_else(|| refusal(StatusCode::CONFLICT, format!("{} is sold out", wanted.sku)))
    }
}

fn refusal(status: StatusCode, error: String) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "error": error })))
}

/// The reason is on the statement's span and in the log; the caller gets none.
fn failure(error: sqlx::Error) -> (StatusCode, Json<Value>) {
    eprintln!("the database failed: {error}");
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the stock is not at hand".to_owned(),
    )
}
