//! Large answers are compressed as the client says it can read.
//!
//! At fast levels: a trace is sent once and looked at for minutes, and
//! the network between them is usually short. Whole answers ([`Encoded`]) are
//! compressed by the query that made them, so that it holds the small form; all
//! others piece by piece on their way out ([`compress`]). **Never on an async
//! thread.**

mod body;
mod coding;
mod encoded;
mod encoder;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use body::CompressedBody;
pub(crate) use coding::Coding;
pub(crate) use encoded::Encoded;

/// Smaller answers fit a few packets as they are.
const MIN_BYTES: usize = 16 << 10;

/// A layer over all APIs: what leaves large, or with nobody knowing how large,
/// leaves compressed.
pub(crate) async fn compress(request: Request, next: Next) -> Response {
    let coding = Coding::accepted(request.headers());
    let mut response = next.run(request).await;
    if !is_worth_it(&response) {
        return response;
    }
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().insert(header::VARY, vary);
    let Some(name) = coding.name() else {
        return response;
    };
    let (mut head, body) = response.into_parts();
    match CompressedBody::new(coding, body) {
        Ok(packed) => {
            head.headers.remove(header::CONTENT_LENGTH);
            let name = HeaderValue::from_static(name);
            head.headers.insert(header::CONTENT_ENCODING, name);
            Response::from_parts(head, Body::new(packed))
        }
        Err(plain) => Response::from_parts(head, plain),
    }
}

fn is_worth_it(response: &Response) -> bool {
    let size = response.body().size_hint();
    let is_large = size.exact().is_none_or(|bytes| bytes >= MIN_BYTES as u64);
    is_large
        && response.status() == StatusCode::OK
        && !response.headers().contains_key(header::CONTENT_ENCODING)
        && gets_smaller(response.headers())
}

/// Is it text, or a message with text in it?
fn gets_smaller(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| {
        ["text/", "application/"]
            .iter()
            .any(|kind| content_type.starts_with(kind))
    })
}
