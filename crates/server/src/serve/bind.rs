//! Takes every port before anything else happens.

use crate::config::{Config, Endpoint};
use std::net::TcpListener;
use tracewell_api::BoundEndpoint;

/// The listeners of the process.
pub(super) struct Bound {
    /// `None` where nothing is received.
    pub(super) otlp_grpc: Option<TcpListener>,
    pub(super) otlp_http: Option<TcpListener>,
    pub(super) query_http: TcpListener,
    pub(super) query_grpc: TcpListener,
    /// Where they listen, in the order people read them.
    pub(super) endpoints: Vec<BoundEndpoint>,
}

/// Every port that could not be taken, each with the setting that moves it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(crate) struct BindError(Vec<String>);

/// Binds all endpoints or none; those of receivers only where spans are taken.
pub(super) fn bind_all(config: &Config) -> Result<Bound, BindError> {
    let (otlp, query) = (&config.otlp, &config.query);
    let receive = |endpoint| (!config.is_read_only).then(|| bind(endpoint)).transpose();
    let bound = (
        receive(&otlp.grpc),
        receive(&otlp.http),
        bind(&query.http),
        bind(&query.grpc),
    );
    let (Ok(otlp_grpc), Ok(otlp_http), Ok(query_http), Ok(query_grpc)) = bound else {
        let errors = [bound.0.err(), bound.1.err(), bound.2.err(), bound.3.err()];
        return Err(BindError(errors.into_iter().flatten().collect()));
    };
    let listeners = [
        (&otlp.grpc, otlp_grpc.as_ref()),
        (&otlp.http, otlp_http.as_ref()),
        (&query.http, Some(&query_http)),
        (&query.grpc, Some(&query_grpc)),
    ];
    let endpoints = listeners.into_iter().filter_map(|(endpoint, listener)| {
        Some(BoundEndpoint {
            name: endpoint.name,
            title: endpoint.title,
            address: listener?.local_addr().unwrap_or(endpoint.address),
        })
    });
    let endpoints = endpoints.collect();
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
