//! What is asked on the ports where Jaeger and the OpenTelemetry Collector are
//! asked how they are, so that probes and scrapers stay as they were written.
//!
//! | path | form |
//! |---|---|
//! | `/`, `/health` | Jaeger 1 and the Collector's `health_check`: 200, or 503 |
//! | `/status` | Jaeger 2 and the Collector's `healthcheckv2` |
//! | `/metrics` | ours, for whoever may see them |
//!
//! Health is open to everybody, also under a lock. **It waits for nothing.**

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde::Serialize;
use tracewell_model::clock::utc_text;

use crate::QueryState;
use crate::error::to_json;
use crate::facts::ProcessFacts;

/// The routes.
pub(crate) fn router(state: &Arc<QueryState>, facts: &Arc<ProcessFacts>) -> Router {
    let of = |answer: fn(Health<'_>) -> Response| {
        let (state, facts) = (Arc::clone(state), Arc::clone(facts));
        get(move || async move {
            let status = state.store.status();
            answer(Health {
                unhealthy: status.unhealthy.as_deref(),
                uptime: facts.uptime(),
                now_ns: state.clock.now_ns(),
            })
        })
    };
    Router::new()
        .route("/", of(jaeger))
        .route("/health", of(jaeger))
        .route("/status", of(collector))
}

struct Health<'a> {
    unhealthy: Option<&'a str>,
    uptime: Duration,
    now_ns: u64,
}

impl Health<'_> {
    fn since(&self) -> String {
        let uptime_ns = u64::try_from(self.uptime.as_nanos()).unwrap_or(u64::MAX);
        let text = utc_text(self.now_ns.saturating_sub(uptime_ns));
        text.replacen(' ', "T", 1) + "Z"
    }

    fn code(&self) -> StatusCode {
        match self.unhealthy {
            None => StatusCode::OK,
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn answer(&self, body: &impl Serialize) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        (self.code(), headers, to_json(body)).into_response()
    }
}

fn jaeger(health: Health<'_>) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        status: &'static str,
        up_since: String,
        uptime: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    health.answer(&Body {
        status: match health.unhealthy {
            None => "Server available",
            Some(_) => "Server not available",
        },
        up_since: health.since(),
        // As Go writes a duration.
        uptime: format!("{:.3}s", health.uptime.as_secs_f64()),
        reason: health.unhealthy,
    })
}

fn collector(health: Health<'_>) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        start_time: String,
        healthy: bool,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    }
    health.answer(&Body {
        start_time: health.since(),
        healthy: health.unhealthy.is_none(),
        status: match health.unhealthy {
            None => "StatusOK",
            Some(_) => "StatusRecoverableError",
        },
        error: health.unhealthy,
    })
}
