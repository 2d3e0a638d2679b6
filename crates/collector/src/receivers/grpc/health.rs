//! `grpc.health.v1.Health/Check`: orchestrators and load balancers ask it of any
//! gRPC port before they send clients there.
//!
//! It says that this port serves, **not that the store has room**: a store that
//! is full pushes back for itself, and its clients must stay to be told so.
//! `Watch` is not here: clients take UNIMPLEMENTED for "healthy", and an
//! endless call would hold up an orderly stop.

use bytes::Bytes;
use prost::Message;

/// The path of `Check`.
pub(in crate::receivers) const CHECK: &str = "/grpc.health.v1.Health/Check";

/// Requests hold the name of a service.
pub(in crate::receivers) const MAX_REQUEST_BYTES: usize = 4 << 10;

const SERVING: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Message)]
struct HealthCheckResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// The answer to a request, or `None` for a service that is not here. Without
/// a name the whole port is meant.
pub(in crate::receivers) fn check(request: &[u8], is_here: impl Fn(&str) -> bool) -> Option<Bytes> {
    let request = HealthCheckRequest::decode(request).ok()?;
    let is_here = request.service.is_empty() || is_here(&request.service);
    is_here.then(|| {
        let response = HealthCheckResponse { status: SERVING };
        response.encode_to_vec().into()
    })
}
