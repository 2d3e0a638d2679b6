//! `/api/session`: a browser signs in and out, and asks whether it has to.
//!
//! A session is a cookie that no script can read and no other site can send.
//! The secret that opened it is **in no answer, no log and no URL**.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use tracewell_access::{COOKIE, Guard, Lock, SESSION_AGE};

use crate::door::denied;
use crate::error::ApiError;

/// A name and a secret.
const MAX_BODY_BYTES: usize = 16 << 10;

/// What the handlers share.
#[derive(Clone)]
struct Sessions {
    lock: Arc<Lock>,
    /// Where the cookie is sent: the UI and nothing beside it.
    path: String,
}

/// The route, relative to the root of the APIs, which are below `base_path`.
pub(crate) fn router(lock: &Arc<Lock>, base_path: &str) -> Router {
    let sessions = Sessions {
        lock: Arc::clone(lock),
        path: format!("{base_path}/"),
    };
    Router::new()
        .route("/api/session", get(session).post(sign_in).delete(sign_out))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(sessions)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    /// Must people say who they are?
    asks: bool,
    /// May they do so with a user name and a password?
    passwords: bool,
    /// Who has signed in.
    name: Option<String>,
    /// Do several tenants share the server?
    tenants: bool,
    /// Whose spans this browser is shown, as far as that is known.
    tenant: Option<String>,
    /// And may it be shown no others?
    is_bound: bool,
}

/// A token, or a user and a password.
#[derive(Deserialize)]
struct Shown {
    token: Option<String>,
    user: Option<String>,
    password: Option<String>,
}

async fn session(State(sessions): State<Sessions>, headers: HeaderMap) -> Response {
    let guard = sessions.lock.guard();
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let (name, bound) = guard.and_then(|guard| guard.signed_in(&headers)).unzip();
    let bound = bound.flatten();
    let session = Session {
        asks: guard.is_some(),
        passwords: guard.is_some_and(Guard::has_passwords),
        tenants: sessions.lock.tenancy().is_on(),
        tenant: sessions.lock.tenant_of_browser(&headers, bound.as_ref()),
        is_bound: bound.is_some(),
        name,
    };
    (no_store, Json(session)).into_response()
}

async fn sign_in(State(sessions): State<Sessions>, request: Request) -> Result<Response, Response> {
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head.clone(), body);
    let shown: Result<Json<Shown>, JsonRejection> = axum::RequestExt::extract(request).await;
    let wrong = || {
        let error = ApiError::bad_request(
            "this is no sign-in",
            r#"send JSON: {"token": "…"}, or {"user": "…", "password": "…"}"#,
        );
        error.into_response()
    };
    let Json(shown) = shown.map_err(|_| wrong())?;
    let (user, secret) = match (shown.token, shown.user, shown.password) {
        (Some(token), None, None) => (None, token.trim().to_owned()),
        (None, Some(user), Some(password)) => (Some(user), password),
        _ => return Err(wrong()),
    };
    let opened = sessions.lock.sign_in(&head, user.as_deref(), &secret);
    let Some(secret) = opened.await.map_err(denied)? else {
        return Ok(session(State(sessions), head.headers).await);
    };
    let cookie = sessions.cookie(&head, &secret, SESSION_AGE.as_secs());
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::try_from(format!("{COOKIE}={secret}")) {
        headers.insert(header::COOKIE, value);
    }
    let mut response = session(State(sessions), headers).await;
    response
        .headers_mut()
        .extend([(header::SET_COOKIE, cookie)]);
    Ok(response)
}

async fn sign_out(
    State(sessions): State<Sessions>,
    request: Request,
) -> Result<Response, Response> {
    let (head, _nothing) = request.into_parts();
    if let Some(guard) = sessions.lock.guard() {
        guard.sign_out(&head).map_err(denied)?;
    }
    let cookie = sessions.cookie(&head, "", 0);
    let mut response = session(State(sessions), HeaderMap::new()).await;
    response
        .headers_mut()
        .extend([(header::SET_COOKIE, cookie)]);
    Ok(response)
}

impl Sessions {
    /// `Secure` also behind a proxy that speaks TLS for us; a client that lies
    /// about that shuts itself out.
    fn cookie(&self, head: &Parts, secret: &str, age_s: u64) -> HeaderValue {
        let proxied = head.headers.get("x-forwarded-proto");
        let is_secure = self.lock.is_encrypted() || proxied.is_some_and(|it| it == "https");
        let secure = if is_secure { "; Secure" } else { "" };
        let path = &self.path;
        let text = format!(
            "{COOKIE}={secret}; Path={path}; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}"
        );
        // Hexadecimal digits and a path that was checked.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}
