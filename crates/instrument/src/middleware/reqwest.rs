//! Client spans for requests sent with reqwest.
//!
//! It exists so that a request is traced by another verb in place of `send`.
//! It must never read the response's body; the span ends with its head.
//!
//! ```
//! use tracewell_instrument::middleware::reqwest::SendTraced;
//!
//! # async fn example(client: reqwest::Client) -> Result<(), reqwest::Error> {
//! let response = client.get("http://inventory/items/7").send_traced("/items/{id}").await?;
//! # drop(response);
//! # Ok(())
//! # }
//! ```

use super::describe::{self, Describe, Described};
use super::http_attributes::{
    default_port, describe_method, full_url, host_and_port, protocol_version, span_name,
};
use super::task::FutureExt;
use crate::propagation::Propagators;
use crate::record::Part;
use crate::{SpanKind, Status, span};
use http::Uri;
use reqwest::{Error, Request, RequestBuilder, Response};

/// Sends requests in spans.
pub trait SendTraced {
    /// Sends the request in a client span, with the context in its headers in
    /// the process's formats. `template` is the path with placeholders, and
    /// names the span; it may be empty.
    fn send_traced(self, template: &str) -> impl Future<Output = Result<Response, Error>> + Send;

    /// The same, with the context in these formats.
    fn send_traced_in(
        self,
        template: &str,
        propagators: &Propagators,
    ) -> impl Future<Output = Result<Response, Error>> + Send;
}

impl SendTraced for RequestBuilder {
    fn send_traced(self, template: &str) -> impl Future<Output = Result<Response, Error>> + Send {
        self.send_traced_in(template, crate::propagators())
    }

    async fn send_traced_in(
        self,
        template: &str,
        propagators: &Propagators,
    ) -> Result<Response, Error> {
        let (client, request) = self.build_split();
        let mut request = request?;
        let template = Some(template).filter(|template| !template.is_empty());
        let builder = span(span_name(request.method(), template)).kind(SpanKind::Client);
        let sent = Sent {
            request: &request,
            template,
        };
        let mut span = describe::start(Part::Reqwest, builder, sent);
        propagators.inject_context(&span.context(), request.headers_mut());
        let outcome = client.execute(request).in_context(span.context()).await;
        match &outcome {
            Ok(response) => {
                let status = response.status();
                span.set_attribute("http.response.status_code", status.as_u16());
                if let Some(version) = protocol_version(response.version()) {
                    span.set_attribute("network.protocol.version", version);
                }
                if status.is_client_error() || status.is_server_error() {
                    span.set_attribute("error.type", status.as_u16().to_string());
                    span.set_status(Status::Error("".into()));
                }
            }
            Err(error) => {
                span.set_attribute("error.type", error_type(error));
                span.set_status(Status::Error("".into()));
            }
        }
        outcome
    }
}

/// What is sent, and to whom.
struct Sent<'a> {
    request: &'a Request,
    template: Option<&'a str>,
}

impl Describe for Sent<'_> {
    fn describe(self, into: &mut impl Described) {
        describe_method(into, self.request.method());
        if let Some(template) = self.template {
            into.say("url.template", template.to_owned());
        }
        if let Ok(uri) = self.request.url().as_str().parse::<Uri>() {
            let authority = uri.authority().map_or("", |authority| authority.as_str());
            let (host, port) = host_and_port(authority);
            into.say("server.address", host.to_owned());
            if let Some(port) = port.or_else(|| default_port(uri.scheme_str())) {
                into.say("server.port", port);
            }
            into.say("url.full", full_url(&uri).unwrap_or_default());
        }
    }
}

fn error_type(error: &Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else if error.is_redirect() {
        "redirect"
    } else {
        "reqwest::Error"
    }
}
