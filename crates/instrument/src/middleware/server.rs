//! Server spans for any tower service over HTTP: axum, tonic, hyper.
//!
//! It exists so that one layer continues the caller's trace and says what was
//! asked and answered. It must never read a body.
//!
//! ```
//! use tracewell_instrument::middleware::server::ServerLayer;
//!
//! // axum: Router::new().route(…).layer(ServerLayer::http());
//! // tonic: Server::builder().layer(ServerLayer::grpc());
//! let layer = ServerLayer::http();
//! # drop(layer);
//! ```

use super::describe::{self, Describe, Described};
use super::exchange::{Convention, Exchange, Side};
use super::http_attributes::{
    describe_grpc, describe_method, host_and_port, protocol_version, redacted_query, span_name,
};
use super::{TracedBody, TracedResponse};
use crate::propagation::Propagators;
use crate::record::Part;
use crate::{Span, SpanKind, Tracer, span};
use http::{Extensions, Request, Response, header};
use http_body::Body;
use std::fmt::{self, Debug};
use std::net::IpAddr;
#[cfg(any(feature = "axum-0_7", feature = "axum-0_8"))]
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

type RouteOf = Arc<dyn Fn(&Extensions) -> Option<String> + Send + Sync>;

/// Makes a span for each request that a service answers.
///
/// A handler speaks of it through [`current_span`](crate::current_span()), or,
/// under spans of its own, through the [`SpanHandle`](crate::SpanHandle) in the
/// request's extensions: `Extension<SpanHandle>` in axum,
/// `request.extensions().get::<SpanHandle>()` in tonic.
///
/// A span ends with the response's body. With the feature of your axum it is named by the
/// route that matched, provided that it is added with `Router::layer` (and not
/// around the router, where no route is known yet).
#[derive(Clone)]
pub struct ServerLayer {
    convention: Convention,
    propagators: Option<Propagators>,
    tracer: Option<Tracer>,
    route_of: Option<RouteOf>,
}

impl ServerLayer {
    /// By the conventions for HTTP: an answer of 500 and above is an error.
    #[must_use]
    pub fn http() -> ServerLayer {
        ServerLayer {
            convention: Convention::Http,
            propagators: None,
            tracer: None,
            route_of: None,
        }
    }

    /// By the conventions for gRPC: the status is in the trailers.
    #[must_use]
    pub fn grpc() -> ServerLayer {
        ServerLayer {
            convention: Convention::Grpc,
            ..ServerLayer::http()
        }
    }

    /// Reads callers' contexts with these; with the process's unless said.
    #[must_use]
    pub fn propagators(mut self, propagators: Propagators) -> ServerLayer {
        self.propagators = Some(propagators);
        self
    }

    /// Records with this tracer; with the process's unless said.
    #[must_use]
    pub fn tracer(mut self, tracer: Tracer) -> ServerLayer {
        self.tracer = Some(tracer);
        self
    }

    /// Finds the route's template (`/orders/{id}`) in what a router left in the
    /// request's extensions. It must not be the path itself.
    #[must_use]
    pub fn route_of(
        mut self,
        route_of: impl Fn(&Extensions) -> Option<String> + Send + Sync + 'static,
    ) -> ServerLayer {
        self.route_of = Some(Arc::new(route_of));
        self
    }

    fn start<B>(&self, request: &Request<B>) -> Span {
        let propagators = self
            .propagators
            .as_ref()
            .unwrap_or_else(|| crate::propagators());
        let parent = propagators.extract_context(request.headers());
        let route = match (&self.route_of, self.convention) {
            (Some(route_of), _) => route_of(request.extensions()),
            (None, Convention::Http) => matched_path(request.extensions()),
            (None, Convention::Grpc) => None,
        };
        let name = match self.convention {
            Convention::Http => span_name(request.method(), route.as_deref()),
            Convention::Grpc => request
                .uri()
                .path()
                .trim_start_matches('/')
                .to_owned()
                .into(),
        };
        let builder = match self.tracer {
            Some(tracer) => tracer.span(name),
            None => span(name),
        };
        let asked = Asked {
            request,
            convention: self.convention,
            route,
        };
        describe::start(
            Part::Server,
            builder.kind(SpanKind::Server).parent(parent),
            asked,
        )
    }
}

/// What was asked.
struct Asked<'a, B> {
    request: &'a Request<B>,
    convention: Convention,
    route: Option<String>,
}

impl<B> Describe for Asked<'_, B> {
    fn describe(self, into: &mut impl Described) {
        match self.convention {
            Convention::Http => describe_http(into, self.request, self.route),
            Convention::Grpc => describe_grpc(into, self.request.uri()),
        }
        describe_peers(into, self.request);
    }
}

fn describe_http<B>(into: &mut impl Described, request: &Request<B>, route: Option<String>) {
    let (uri, headers) = (request.uri(), request.headers());
    describe_method(into, request.method());
    into.say("url.path", uri.path().to_owned());
    if let Some(query) = uri.query() {
        into.say("url.query", redacted_query(query).into_owned());
    }
    let forwarded = headers
        .get("x-forwarded-proto")
        .and_then(|value| value.to_str().ok());
    let scheme = match forwarded.or(uri.scheme_str()) {
        Some("https") => "https",
        _ => "http",
    };
    into.say("url.scheme", scheme);
    if let Some(route) = route {
        into.say("http.route", route);
    }
    if let Some(version) = protocol_version(request.version()) {
        into.say("network.protocol.version", version);
    }
    if let Some(agent) = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
    {
        into.say("user_agent.original", agent.to_owned());
    }
}

fn describe_peers<B>(into: &mut impl Described, request: &Request<B>) {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    if let Some((host, port)) = host.or(authority).map(host_and_port) {
        into.say("server.address", host.to_owned());
        if let Some(port) = port {
            into.say("server.port", port);
        }
    }
    let forwarded = request
        .headers()
        .get("x-forwarded-for")
        .and_then(|value| value.to_str().ok());
    let first = forwarded.and_then(|list| list.split(',').next());
    let client = first.and_then(|address| address.trim().parse::<IpAddr>().ok());
    let peer = peer_address(request.extensions());
    if let Some(peer) = peer {
        into.say("network.peer.address", peer.to_string());
    }
    if let Some(client) = client.or(peer) {
        into.say("client.address", client.to_string());
    }
}

/// What axum's router left, whichever version it is.
#[cfg_attr(
    not(any(feature = "axum-0_7", feature = "axum-0_8")),
    expect(unused_variables, reason = "nobody else leaves anything there")
)]
fn matched_path(extensions: &Extensions) -> Option<String> {
    #[cfg(feature = "axum-0_8")]
    if let Some(path) = extensions.get::<axum_0_8::extract::MatchedPath>() {
        return Some(path.as_str().to_owned());
    }
    #[cfg(feature = "axum-0_7")]
    if let Some(path) = extensions.get::<axum_0_7::extract::MatchedPath>() {
        return Some(path.as_str().to_owned());
    }
    None
}

#[cfg_attr(
    not(any(feature = "axum-0_7", feature = "axum-0_8")),
    expect(unused_variables, reason = "nobody else leaves anything there")
)]
fn peer_address(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum-0_8")]
    if let Some(info) = extensions.get::<axum_0_8::extract::ConnectInfo<SocketAddr>>() {
        return Some(info.0.ip());
    }
    #[cfg(feature = "axum-0_7")]
    if let Some(info) = extensions.get::<axum_0_7::extract::ConnectInfo<SocketAddr>>() {
        return Some(info.0.ip());
    }
    None
}

impl Debug for ServerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerLayer")
            .field("convention", &self.convention)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = TracedServer<S>;

    fn layer(&self, inner: S) -> TracedServer<S> {
        TracedServer {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service with a span for each request; see [`ServerLayer`].
#[derive(Debug, Clone)]
pub struct TracedServer<S> {
    inner: S,
    layer: ServerLayer,
}

impl<S, A, B> Service<Request<A>> for TracedServer<S>
where
    S: Service<Request<A>, Response = Response<B>, Error: Debug>,
    B: Body,
{
    type Response = Response<TracedBody<B>>;
    type Error = S::Error;
    type Future = TracedResponse<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let span = self.layer.start(&request);
        request.extensions_mut().insert(span.handle());
        let exchange = Exchange::new(span, self.layer.convention, Side::Server);
        let attached = exchange.context().attach();
        let response = self.inner.call(request);
        drop(attached);
        TracedResponse::new(response, exchange)
    }
}
