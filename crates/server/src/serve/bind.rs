//! Takes every port before anything else happens.

use crate::config::{Config, Endpoint};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use tracewell_api::BoundEndpoint;
use tracewell_collector::{JaegerListeners, OtlpListeners};

/// The listeners of the process.
pub(super) struct Bound {
    /// Empty where nothing is received, as are the next two.
    pub(super) otlp: OtlpListeners,
    pub(super) jaeger: JaegerListeners,
    pub(super) zipkin: Option<TcpListener>,
    pub(super) query_http: TcpListener,
    pub(super) query_grpc: TcpListener,
    /// Where they listen, in the order people read them.
    pub(super) endpoints: Vec<BoundEndpoint>,
}

/// Every port that could not be taken, each with the setting that moves it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(crate) struct BindError(Vec<String>);

/// Binds all endpoints or none; those of receivers only where spans are taken,
/// and without those that nobody asked for and somebody else has.
pub(super) fn bind_all(config: &Config) -> Result<Bound, BindError> {
    let mut binding = Binding::default();
    let (query, jaeger) = (&config.query, &config.jaeger);
    // What people ask for goes first: an optional port gives way to it.
    let received = |endpoint: Option<Endpoint>| endpoint.filter(|_| !config.is_read_only);
    let otlp = OtlpListeners {
        grpc: binding.tcp(received(Some(config.otlp.grpc))),
        http: binding.tcp(received(Some(config.otlp.http))),
    };
    let query_http = binding.tcp(Some(query.http));
    let query_grpc = binding.tcp(Some(query.grpc));
    let jaeger = JaegerListeners {
        grpc: binding.tcp(received(jaeger.grpc)),
        thrift_http: binding.tcp(received(jaeger.thrift_http)),
        thrift_compact: binding.udp(received(jaeger.thrift_compact)),
        thrift_binary: binding.udp(received(jaeger.thrift_binary)),
        zipkin_compact: binding.udp(received(jaeger.zipkin_compact)),
        sampling_http: binding.tcp(received(config.sampling.http)),
        sampling_grpc: binding.tcp(received(config.sampling.grpc)),
    };
    let zipkin = binding.tcp(received(config.zipkin));
    match (query_http, query_grpc) {
        (Some(query_http), Some(query_grpc)) if binding.errors.is_empty() => Ok(Bound {
            otlp,
            jaeger,
            zipkin,
            query_http,
            query_grpc,
            endpoints: binding.endpoints,
        }),
        _ => Err(BindError(binding.errors)),
    }
}

/// What was bound so far, and what could not be.
#[derive(Default)]
struct Binding {
    endpoints: Vec<BoundEndpoint>,
    errors: Vec<String>,
}

impl Binding {
    /// `None` for an endpoint that is off, or could not be bound.
    fn tcp(&mut self, endpoint: Option<Endpoint>) -> Option<TcpListener> {
        let endpoint = endpoint?;
        let bound = TcpListener::bind(endpoint.address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        self.note(&endpoint, bound)
    }

    fn udp(&mut self, endpoint: Option<Endpoint>) -> Option<UdpSocket> {
        let endpoint = endpoint?;
        let bound = UdpSocket::bind(endpoint.address).and_then(|socket| {
            let address = socket.local_addr()?;
            Ok((socket, address))
        });
        self.note(&endpoint, bound)
    }

    fn note<T>(&mut self, endpoint: &Endpoint, bound: io::Result<(T, SocketAddr)>) -> Option<T> {
        match bound {
            Ok((listener, address)) => {
                self.endpoints.push(BoundEndpoint {
                    name: endpoint.name,
                    title: endpoint.title,
                    address,
                });
                Some(listener)
            }
            Err(error) if endpoint.is_optional => {
                tracing::warn!(
                    "{}, or close the port with {} off; running without it",
                    refusal(endpoint, &error),
                    endpoint.flag
                );
                None
            }
            Err(error) => {
                self.errors.push(refusal(endpoint, &error));
                None
            }
        }
    }
}

fn refusal(endpoint: &Endpoint, error: &io::Error) -> String {
    let (title, address, flag) = (endpoint.title, endpoint.address, endpoint.flag);
    let hint = match error.kind() {
        ErrorKind::AddrInUse => "stop the program that has it, or choose another",
        ErrorKind::PermissionDenied => "ports below 1024 need privileges; choose another",
        _ => "choose another",
    };
    format!("cannot listen on {address} for {title}: {error}; {hint} with {flag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(address: SocketAddr, is_optional: bool) -> Endpoint {
        Endpoint {
            name: "zipkin",
            title: "Zipkin HTTP",
            address,
            flag: "--zipkin-port",
            is_optional,
        }
    }

    #[test]
    fn a_taken_port_is_done_without_unless_somebody_asked_for_it() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let taken = [tcp.local_addr().unwrap(), udp.local_addr().unwrap()];
        for (is_optional, errors) in [(true, 0), (false, 2)] {
            let mut binding = Binding::default();
            assert!(binding.tcp(Some(endpoint(taken[0], is_optional))).is_none());
            assert!(binding.udp(Some(endpoint(taken[1], is_optional))).is_none());
            assert_eq!(binding.errors.len(), errors);
            assert!(binding.endpoints.is_empty());
            for (error, address) in binding.errors.iter().zip(taken) {
                assert!(error.contains(&address.to_string()), "{error}");
                assert!(error.contains("--zipkin-port"), "{error}");
            }
        }
    }
}
