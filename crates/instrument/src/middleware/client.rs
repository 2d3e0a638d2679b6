//! Client spans for any tower service over HTTP that is called: hyper, tonic.
//!
//! It exists so that the callee joins the trace, whichever client is used. It
//! must never send a header other than the propagators'.
//!
//! ```
//! use tracewell_instrument::middleware::client::ClientLayer;
//!
//! // hyper: ServiceBuilder::new().layer(ClientLayer::http()).service(client);
//! // tonic: OrdersClient::new(ServiceBuilder::new().layer(layer).service(channel));
//! let layer = ClientLayer::grpc().server("orders", 50051);
//! # drop(layer);
//! ```

use super::describe::{self, Describe, Described};
use super::exchange::{Convention, Exchange, Side};
use super::http_attributes::{
    default_port, describe_grpc, describe_method, full_url, host_and_port, protocol_version,
    span_name,
};
use super::{TracedBody, TracedResponse};
use crate::propagation::Propagators;
use crate::record::Part;
use crate::{Span, SpanKind, Tracer, span};
use http::{Request, Response};
use http_body::Body;
use std::fmt::Debug;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// In a request's extensions: the template of its path (`/orders/{id}`), which
/// then names the span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate(pub Arc<str>);

/// Makes a span for each request that a client sends, and writes its context
/// into the request's headers.
///
/// A span ends with the response's body.
#[derive(Debug, Clone)]
pub struct ClientLayer {
    convention: Convention,
    propagators: Option<Propagators>,
    tracer: Option<Tracer>,
    server: Option<(Arc<str>, u16)>,
}

impl ClientLayer {
    /// By the conventions for HTTP: an answer of 400 and above is an error.
    #[must_use]
    pub fn http() -> ClientLayer {
        ClientLayer {
            convention: Convention::Http,
            propagators: None,
            tracer: None,
            server: None,
        }
    }

    /// By the conventions for gRPC: any status but OK is an error.
    #[must_use]
    pub fn grpc() -> ClientLayer {
        ClientLayer {
            convention: Convention::Grpc,
            ..ClientLayer::http()
        }
    }

    /// Whom requests go to, where their URIs do not say: tonic adds the host
    /// further inside.
    #[must_use]
    pub fn server(mut self, address: impl Into<Arc<str>>, port: u16) -> ClientLayer {
        self.server = Some((address.into(), port));
        self
    }

    /// Writes contexts with these; with the process's unless said.
    #[must_use]
    pub fn propagators(mut self, propagators: Propagators) -> ClientLayer {
        self.propagators = Some(propagators);
        self
    }

    /// Records with this tracer; with the process's unless said.
    #[must_use]
    pub fn tracer(mut self, tracer: Tracer) -> ClientLayer {
        self.tracer = Some(tracer);
        self
    }

    fn start<B>(&self, request: &mut Request<B>) -> Span {
        let template = request
            .extensions()
            .get::<UrlTemplate>()
            .map(|template| Arc::clone(&template.0));
        let name = match self.convention {
            Convention::Http => span_name(request.method(), template.as_deref()),
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
        let sent = Sent {
            request,
            layer: self,
            template: template.as_deref(),
        };
        let span = describe::start(Part::Client, builder.kind(SpanKind::Client), sent);
        let propagators = self
            .propagators
            .as_ref()
            .unwrap_or_else(|| crate::propagators());
        propagators.inject_context(&span.context(), request.headers_mut());
        span
    }
}

/// What is sent, and to whom.
struct Sent<'a, B> {
    request: &'a Request<B>,
    layer: &'a ClientLayer,
    template: Option<&'a str>,
}

impl<B> Describe for Sent<'_, B> {
    fn describe(self, into: &mut impl Described) {
        match self.layer.convention {
            Convention::Http => describe_http(into, self.request, self.template),
            Convention::Grpc => describe_grpc(into, self.request.uri()),
        }
        let uri = self.request.uri();
        let of_uri = uri
            .authority()
            .map(|authority| host_and_port(authority.as_str()));
        let of_layer = self.layer.server.as_ref();
        let of_layer = of_layer.map(|(host, port)| (&**host, Some(*port)));
        if let Some((host, port)) = of_uri.or(of_layer) {
            into.say("server.address", host.to_owned());
            if let Some(port) = port.or_else(|| default_port(uri.scheme_str())) {
                into.say("server.port", port);
            }
        }
    }
}

fn describe_http<B>(into: &mut impl Described, request: &Request<B>, template: Option<&str>) {
    describe_method(into, request.method());
    if let Some(url) = full_url(request.uri()) {
        into.say("url.full", url);
    }
    if let Some(template) = template {
        into.say("url.template", template.to_owned());
    }
    if let Some(version) = protocol_version(request.version()) {
        into.say("network.protocol.version", version);
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = TracedClient<S>;

    fn layer(&self, inner: S) -> TracedClient<S> {
        TracedClient {
            inner,
            layer: self.clone(),
        }
    }
}

/// A client with a span for each request; see [`ClientLayer`].
#[derive(Debug, Clone)]
pub struct TracedClient<S> {
    inner: S,
    layer: ClientLayer,
}

impl<S, A, B> Service<Request<A>> for TracedClient<S>
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
        let span = self.layer.start(&mut request);
        let exchange = Exchange::new(span, self.layer.convention, Side::Client);
        let attached = exchange.context().attach();
        let response = self.inner.call(request);
        drop(attached);
        TracedResponse::new(response, exchange)
    }
}
