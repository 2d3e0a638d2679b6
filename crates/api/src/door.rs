//! Where each listener asks a request who it is from, once and before anything
//! else. What is admitted is decided by [`Lock`]; here is what a denial looks
//! like in each protocol.
//!
//! A route is behind the door unless it is merged into its router afterwards:
//! **only what says nothing of spans may be** (health, signing in, the files of
//! the UI).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use tonic::Status;
use tower::ServiceExt;
use tracewell_access::{Admitted, Denial, Lock, Role};

use crate::error::ApiError;
use crate::tenants::{Side, TenantSides};
use crate::{jaeger, prometheus, tempo};

/// What is read of a request that was turned away: as much as a file that is
/// sent to be shown.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

/// Below this are calls that every client makes before it has shown anything.
const GRPC_HEALTH: &str = "/grpc.health.v1.Health/";

/// Who is let in, and to whose spans.
#[derive(Clone)]
pub struct Door {
    lock: Arc<Lock>,
    /// `None` where no tenants share the process.
    tenants: Option<Arc<dyn TenantSides>>,
}

impl Door {
    /// Asked of every request by each router that it is given to.
    #[must_use]
    pub fn new(lock: Arc<Lock>, tenants: Option<Arc<dyn TenantSides>>) -> Self {
        Self { lock, tenants }
    }

    /// Who is let in.
    pub(crate) fn lock(&self) -> &Arc<Lock> {
        &self.lock
    }

    /// Where browsers ask and programs do.
    pub(crate) fn of_pages(&self, routes: Router) -> Router {
        routes.route_layer(from_fn_with_state(self.clone(), browser))
    }

    /// Where programs ask over HTTP.
    pub(crate) fn of_programs(&self, routes: Router) -> Router {
        routes.route_layer(from_fn_with_state(self.clone(), program))
    }

    /// Where programs ask over HTTP and gRPC at one port, as of a Tempo.
    pub(crate) fn of_tempo(&self, routes: Router) -> Router {
        routes.route_layer(from_fn_with_state(self.clone(), tempo_client))
    }

    /// Where programs ask over gRPC.
    pub(crate) fn of_grpc(&self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self.clone(), grpc))
    }

    /// Who may see how the process is: what all tenants do together is not for
    /// each of them.
    async fn admit_operator(&self, head: &Parts) -> Result<(), Denial> {
        let who = self.lock.admit_browser(head, Role::Admin).await?;
        match who.is_bound {
            false => Ok(()),
            true => Err(self.turned_away(Denial::NotOperator)),
        }
    }

    /// Whose side the request of who was let in goes to; `None` for the one of the
    /// whole process.
    async fn side(
        &self,
        who: Result<Admitted, Denial>,
        head: &Parts,
    ) -> Result<Option<Arc<Side>>, Denial> {
        let who = who?;
        let Some(tenants) = &self.tenants else {
            return Ok(None);
        };
        let path = head.uri.path();
        let is_metrics = matches!(path, METRICS | METRICS_OF_SPANS);
        if is_metrics || (path == STATUS && who.tenant.is_none()) {
            self.admit_operator(head).await?;
            return Ok(None);
        }
        match &who.tenant {
            Some(tenant) => Ok(Some(tenants.side(tenant))),
            None => Err(self.turned_away(Denial::NoTenant)),
        }
    }

    fn turned_away(&self, denial: Denial) -> Denial {
        self.lock.turned_away(&denial);
        denial
    }
}

/// Below this is Tempo's API on the query port.
const TEMPO_API: &str = "/tempo/api/";

/// What says how the process is.
const METRICS: &str = "/metrics";
const METRICS_OF_SPANS: &str = "/metrics/spans";
const STATUS: &str = "/api/status";

async fn browser(State(door): State<Door>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let who = door.lock.admit_browser(&head, Role::Read).await;
    let side = door.side(who, &head).await;
    go_on(side, Side::pages, head, body, next).await
}

async fn program(State(door): State<Door>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let who = door.lock.admit(&head.headers, Role::Read).await;
    let side = door.side(who, &head).await;
    go_on(side, Side::zipkin, head, body, next).await
}

async fn go_on(
    side: Result<Option<Arc<Side>>, Denial>,
    router: fn(&Side) -> Router,
    head: Parts,
    body: Body,
    next: Next,
) -> Response {
    match side {
        Ok(None) => next.run(Request::from_parts(head, body)).await,
        Ok(Some(side)) => ask(router(&side), head, body).await,
        Err(denial) => {
            discard(&head, body).await;
            denied_at(head.uri.path(), denial)
        }
    }
}

/// Has a tenant's router answer. What the one before has found in the path is
/// forgotten: it would be found twice.
async fn ask(router: Router, head: Parts, body: Body) -> Response {
    let mut request = Request::from_parts(head, body);
    request.extensions_mut().clear();
    let answer = router.oneshot(request).await;
    answer.unwrap_or_else(|never| match never {})
}

/// Reads and forgets what was sent, unless the client waits to be told to send.
async fn discard(head: &Parts, body: Body) {
    if !head.headers.contains_key(header::EXPECT) {
        tracewell_access::discard(body, MAX_DISCARDED_BYTES).await;
    }
}

async fn tempo_client(State(door): State<Door>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let who = door.lock.admit(&head.headers, Role::Read).await;
    match door.side(who, &head).await {
        Ok(None) => next.run(Request::from_parts(head, body)).await,
        Ok(Some(side)) => ask(side.tempo(), head, body).await,
        Err(denial) => {
            discard(&head, body).await;
            let (path, text) = (head.uri.path(), denial.to_string());
            if path.starts_with(tempo::GRPC_PATH) {
                return grpc_status(&denial).into_http();
            }
            let refused = match path.starts_with(prometheus::API) {
                true => prometheus::refused(status(&denial), &text),
                false => tempo::refused(status(&denial), &text),
            };
            with_headers(refused, &denial)
        }
    }
}

async fn grpc(State(door): State<Door>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if head.uri.path().starts_with(GRPC_HEALTH) {
        return next.run(Request::from_parts(head, body)).await;
    }
    let who = door.lock.admit(&head.headers, Role::Read).await;
    let side = door.side(who, &head).await;
    match side {
        Ok(None) => next.run(Request::from_parts(head, body)).await,
        Ok(Some(side)) => ask(side.grpc(), head, body).await,
        Err(denial) => {
            discard(&head, body).await;
            grpc_status(&denial).into_http()
        }
    }
}

fn grpc_status(denial: &Denial) -> Status {
    let text = denial.to_string();
    match denial {
        Denial::Busy => Status::resource_exhausted(text),
        Denial::NoTenantName(_) => Status::invalid_argument(text),
        denial if denial.asks_who() => Status::unauthenticated(text),
        _ => Status::permission_denied(text),
    }
}

/// The answer to a request for `path` that was turned away.
fn denied_at(path: &str, denial: Denial) -> Response {
    let (code, text) = (status(&denial), denial.to_string());
    let other = if path.starts_with(TEMPO_API) {
        Some(tempo::refused(code, &text))
    } else if path.starts_with(prometheus::API) {
        Some(prometheus::refused(code, &text))
    } else {
        jaeger::refused(path, code, &text)
    };
    other.map_or_else(
        || denied(denial.clone()),
        |response| with_headers(response, &denial),
    )
}

/// The same in our own form.
pub(crate) fn denied(denial: Denial) -> Response {
    let code = match denial {
        Denial::Busy => "busy",
        Denial::Unknown { .. } | Denial::Wrong => "unauthenticated",
        Denial::NoTenant | Denial::NoTenantName(_) => "tenant",
        Denial::Forbidden { .. }
        | Denial::Foreign
        | Denial::OtherTenant { .. }
        | Denial::NotOperator => "forbidden",
    };
    let error = ApiError::denied(status(&denial), code, denial.to_string());
    with_headers(error.into_response(), &denial)
}

fn status(denial: &Denial) -> StatusCode {
    match denial {
        Denial::Busy => StatusCode::TOO_MANY_REQUESTS,
        Denial::NoTenantName(_) => StatusCode::BAD_REQUEST,
        denial if denial.asks_who() => StatusCode::UNAUTHORIZED,
        _ => StatusCode::FORBIDDEN,
    }
}

/// RFC 9110, 11.6.1: who gets a 401 is told what to show. `Bearer` alone,
/// because browsers open a window of their own for `Basic`.
fn with_headers(mut response: Response, denial: &Denial) -> Response {
    let headers = response.headers_mut();
    if denial.asks_who() {
        headers.insert(header::WWW_AUTHENTICATE, denial.challenge());
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
