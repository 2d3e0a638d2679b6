//! Bookings of a cinema: axum in front, PostgreSQL, a gRPC service and a webhook behind.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use seats::ReserveRequest;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use std::error::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tonic::Code;
use tracewell_instrument::current_span;
use tracewell_instrument::middleware::database::Database;
use tracewell_instrument::middleware::reqwest::SendTraced;
use tracewell_instrument::middleware::server::ServerLayer;
use tracewell_instrument::middleware::task;
use tracing::instrument;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

const BOOKINGS: &str = "CREATE TABLE IF NOT EXISTS bookings \
    (id bigserial PRIMARY KEY, show text NOT NULL, seats bigint NOT NULL)";

#[derive(Clone)]
struct App {
    pool: PgPool,
    database: Database,
    seats: seats::Client,
    http: reqwest::Client,
    webhook: Option<String>,
}

#[derive(Deserialize)]
struct Wanted {
    show: String,
    seats: u32,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("there is no booking {0}")]
    NoSuchBooking(i64),
    #[error("the seats: {}", .0.message())]
    Seats(#[from] tonic::Status),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self {
            Failure::NoSuchBooking(_) => StatusCode::NOT_FOUND,
            Failure::Seats(refusal) if refusal.code() == Code::NotFound => StatusCode::NOT_FOUND,
            Failure::Seats(refusal) if refusal.code() == Code::FailedPrecondition => {
                StatusCode::CONFLICT
            }
            Failure::Seats(_) | Failure::Database(_) => {
                // The reason is in the trace and in no answer.
                current_span().record_error(&self);
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        (status, self.to_string()).into_response()
    }
}

async fn book(
    State(mut app): State<App>,
    Json(Wanted { show, seats }): Json<Wanted>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    current_span().set_attribute("cinema.show", show.clone());
    let reserved = app
        .seats
        .reserve(ReserveRequest {
            show: show.clone(),
            seats,
        })
        .await?;
    let id = store(&app, &show, seats).await?;
    current_span().set_attribute("booking.id", id);
    // The answer does not wait for it.
    task::spawn(tell(app, id));
    Ok((
        StatusCode::CREATED,
        Json(json!({ "id": id, "left": reserved.into_inner().left })),
    ))
}

async fn read(State(app): State<App>, Path(id): Path<i64>) -> Result<Json<Value>, Failure> {
    let found = sqlx::query_as("SELECT show, seats FROM bookings WHERE id = $1")
        .bind(id)
        .fetch_optional(app.database.on(&app.pool));
    let (show, seats): (String, i64) = found.await?.ok_or(Failure::NoSuchBooking(id))?;
    Ok(Json(json!({ "id": id, "show": show, "seats": seats })))
}

#[instrument(skip_all, fields(seats = seats), err)]
async fn store(app: &App, show: &str, seats: u32) -> Result<i64, sqlx::Error> {
    let mut connection = app.database.acquire(&app.pool).await?;
    let mut transaction = app.database.begin(&mut *connection).await?;
    let id = sqlx::query_scalar("INSERT INTO bookings (show, seats) VALUES ($1, $2) RETURNING id")
        .bind(show)
        .bind(i64::from(seats))
        .fetch_one(app.database.on(&mut *transaction))
        .await?;
    sqlx::query("DELETE FROM bookings WHERE id < $1 - 1000")
        .bind(id)
        .execute(app.database.on(&mut *transaction))
        .await?;
    app.database.commit(transaction).await?;
    Ok(id)
}

#[instrument(skip_all, err)]
async fn tell(app: App, id: i64) -> Result<(), reqwest::Error> {
    let Some(webhook) = app.webhook else {
        return Ok(());
    };
    let news = app
        .http
        .post(webhook)
        .body(json!({ "booking": id }).to_string());
    news.send_traced("/booked").await?.error_for_status()?;
    tracing::info!("told");
    Ok(())
}

impl App {
    async fn connect() -> Result<App, Box<dyn Error>> {
        let url = std::env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?;
        let options: PgConnectOptions = url.parse()?;
        let database = Database::from(&options);
        let pool = PgPool::connect_with(options).await?;
        sqlx::query(BOOKINGS).execute(&pool).await?;
        let seats = std::env::var("SEATS_URL").unwrap_or_else(|_| seats::ADDRESS.to_owned());
        Ok(App {
            pool,
            database,
            seats: seats::client(seats.parse()?),
            http: reqwest::Client::new(),
            webhook: std::env::var("WEBHOOK").ok(),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _tracing = tracewell_instrument::builder()
        .default_service_name("booking")
        .init_or_warn();
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(tracewell_instrument::layer())
        .with(tracing_subscriber::fmt::layer())
        .init();

    let app = Router::new()
        .route("/bookings", post(book))
        .route("/bookings/{id}", get(read))
        .layer(ServerLayer::http())
        .with_state(App::connect().await?);
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on {}", listener.local_addr()?.port());
    let mut terminate = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        })
        .await?;
    Ok(())
}
