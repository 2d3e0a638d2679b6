//! axum with a layer, reqwest with another verb and sqlx with another executor: the handler
//! knows nothing of tracing but the line that prints the link. Recorded are the call by
//! reqwest, the request, and the SQL statement.
//!
//! `cargo run --bin axum_app` (`DATABASE_URL`: a PostgreSQL)

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use sdk::{Outcome, database_url, start};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tracewell_instrument::Context;
use tracewell_instrument::middleware::database::Database;
use tracewell_instrument::middleware::reqwest::SendTraced;
use tracewell_instrument::middleware::server::ServerLayer;

type Users = (PgPool, Database);

async fn users(State((pool, traced)): State<Users>) -> Result<Json<Value>, StatusCode> {
    println!(
        "http://localhost:16686/trace/{}",
        Context::current().span().trace_id
    );
    let sql = "SELECT id, name FROM (VALUES (1, $1::text)) AS users (id, name)";
    let rows: Vec<(i32, String)> = sqlx::query_as(sql)
        .bind("Ada")
        .fetch_all(traced.on(&pool))
        .await
        // The reason is on the statement's span.
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let users = rows
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name }));
    Ok(Json(users.collect()))
}

#[tokio::main]
async fn main() -> Outcome {
    let _guard = start()?;
    let options: PgConnectOptions = database_url()?.parse()?;
    let traced = Database::from(&options);
    let pool = PgPool::connect_lazy_with(options);
    let app = Router::new()
        .route("/api/users", get(users))
        // After the routes: a span is named by the one that matched.
        .layer(ServerLayer::http())
        .with_state((pool, traced));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/api/users", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let response = reqwest::Client::new()
        .get(url)
        .send_traced("/api/users")
        .await?;
    println!("{}", response.text().await?);
    Ok(())
}
