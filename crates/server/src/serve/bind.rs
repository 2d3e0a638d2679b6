//! Takes every port before anything else happens.

use crate::config::Endpoint;
use std::net::TcpListener;
use tracewell_api::BoundEndpoint;

/// The listeners of the process.
pub(super) struct Bound {
    pub(super) otlp_grpc: TcpListener,
    pub(super) otlp_http: TcpListener,
    pub(super) query_http: TcpListener,
    pub(super) query_grpc: TcpListener,
    /// Where they listen, in the order people read them.
    pub(super) endpoints: Vec<BoundEndpoint>,
}

/// Every port that could not be taken, each with the setting that moves it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(crate) struct BindError(Vec<String>);

/// Binds all endpoints or none.
pub(super) fn bind_all(endpoints: &[Endpoint; 4]) -> Result<Bound, BindError> {
    let bound = endpoints.map(|endpoint| bind(&endpoint));
    let [Ok(otlp_grpc), Ok(otlp_http), Ok(query_http), Ok(query_grpc)] = bound else {
        return Err(BindError(
            bound.into_iter().filter_map(Result::err).collect(),
        ));
    };
    let listeners = [&otlp_grpc, &otlp_http, &query_http, &query_grpc];
    let bound = endpoints
        .iter()
        .zip(listeners)
        .map(|(endpoint, listener)| BoundEndpoint {
            name: endpoint.name,
            title: endpoint.title,
            address: listener.local_addr().unwrap_or(endpoint.address),
        });
    let endpoints = bound.collect();
    Ok(Bound {
        otlp_grpc,
        otlp_http,
        query_http,
        query_grpc,
        endpoints,
    })
}

fn bind(endpoint: &Endpoint) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(endpoint.address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| {
        let (title, address, flag) = (endpoint.title, endpoint.address, endpoint.flag);
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "stop the program that has it, or choose another",
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need privileges; choose another"
            }
            _ => "choose another",
        };
        format!("cannot listen on {address} for {title}: {error}; {hint} with {flag}")
    })
}
