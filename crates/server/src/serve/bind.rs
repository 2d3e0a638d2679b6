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
    /// None where it is off.
    pub(super) tempo: Option<TcpListener>,
    /// Where it is asked how the process is.
    pub(super) admin: Vec<TcpListener>,
    /// Where they listen; what somebody asked for comes first.
    pub(super) endpoints: Vec<BoundEndpoint>,
}

/// Every port that could not be taken, each with the setting that moves it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(crate) struct BindError(Vec<String>);

/// Binds all endpoints or none; those of receivers only where spans are taken,
/// and without those that nobody asked for and somebody else has.
pub(super) fn bind_all(config: &Config) -> Result<Bound, BindError> {
    let (mut otlp, mut jaeger) = (OtlpListeners::default(), JaegerListeners::default());
    let (mut zipkin, mut query_http, mut query_grpc) = (None, None, None);
    let mut tempo = None;
    let mut admin: [Option<TcpListener>; 3] = Default::default();
    let mut binding = Binding::default();
    // What people ask for goes first: an optional port gives way to it.
    for is_optional in [false, true] {
        let now = |endpoint: Endpoint| (endpoint.is_optional == is_optional).then_some(endpoint);
        let is_received = !config.is_read_only;
        let received = |endpoint: Option<Endpoint>| {
            let endpoint = endpoint.filter(|_| is_received);
            endpoint.and_then(now)
        };
        binding.tcp(&mut otlp.grpc, received(config.otlp.grpc));
        binding.tcp(&mut otlp.http, received(config.otlp.http));
        binding.tcp(&mut query_http, now(config.query.http));
        binding.tcp(&mut query_grpc, now(config.query.grpc));
        binding.tcp(&mut tempo, config.query.tempo.and_then(now));
        let wanted = &config.jaeger;
        binding.tcp(&mut jaeger.grpc, received(wanted.grpc));
        binding.tcp(&mut jaeger.thrift_http, received(wanted.thrift_http));
        binding.udp(&mut jaeger.thrift_compact, received(wanted.thrift_compact));
        binding.udp(&mut jaeger.thrift_binary, received(wanted.thrift_binary));
        binding.udp(&mut jaeger.zipkin_compact, received(wanted.zipkin_compact));
        let wanted = &config.sampling;
        binding.tcp(&mut jaeger.sampling_http, received(wanted.http));
        binding.tcp(&mut jaeger.sampling_grpc, received(wanted.grpc));
        binding.tcp(&mut zipkin, received(config.zipkin));
        let wanted = &config.admin;
        let wanted = [wanted.collector, wanted.query, wanted.health_check];
        for (slot, wanted) in admin.iter_mut().zip(wanted) {
            binding.tcp(slot, wanted.and_then(now));
        }
    }
    match (query_http, query_grpc) {
        (Some(query_http), Some(query_grpc)) if binding.errors.is_empty() => Ok(Bound {
            otlp,
            jaeger,
            zipkin,
            query_http,
            query_grpc,
            tempo,
            admin: admin.into_iter().flatten().collect(),
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
    /// Fills `slot`, unless there is nothing to bind or it cannot be bound.
    fn tcp(&mut self, slot: &mut Option<TcpListener>, endpoint: Option<Endpoint>) {
        let Some(endpoint) = endpoint else { return };
        let bound = TcpListener::bind(endpoint.address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        *slot = self.note(&endpoint, false, bound);
    }

    /// Likewise.
    fn udp(&mut self, slot: &mut Option<UdpSocket>, endpoint: Option<Endpoint>) {
        let Some(endpoint) = endpoint else { return };
        let bound = UdpSocket::bind(endpoint.address).and_then(|socket| {
            let address = socket.local_addr()?;
            Ok((socket, address))
        });
        *slot = self.note(&endpoint, true, bound);
    }

    fn note<T>(
        &mut self,
        endpoint: &Endpoint,
        is_udp: bool,
        bound: io::Result<(T, SocketAddr)>,
    ) -> Option<T> {
        match bound {
            Ok((listener, address)) => {
                self.endpoints.push(BoundEndpoint {
                    name: endpoint.name,
                    title: endpoint.title,
                    address,
                    is_udp,
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
    use crate::config::{Jaeger, Sources};

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
    fn a_port_that_was_asked_for_is_not_lost_to_one_that_was_not() {
        // An address at which no other program looks for a free port.
        let free = TcpListener::bind("127.83.12.9:0").unwrap();
        let (contested, any) = (free.local_addr().unwrap(), "127.0.0.1:0".parse().unwrap());
        drop(free);
        let mut config = crate::config::load(Sources::default()).unwrap().config;
        for it in [&mut config.query.http, &mut config.query.grpc] {
            *it = endpoint(any, false);
        }
        config.otlp.grpc = Some(endpoint(any, false));
        config.otlp.http = Some(endpoint(any, false));
        config.jaeger = Jaeger {
            grpc: None,
            thrift_http: Some(endpoint(contested, true)),
            thrift_compact: None,
            thrift_binary: None,
            zipkin_compact: None,
        };
        (config.sampling.http, config.sampling.grpc) = (None, None);
        (config.admin.collector, config.admin.query) = (None, None);
        (config.admin.health_check, config.query.tempo) = (None, None);
        config.zipkin = Some(endpoint(contested, false));
        let bound = bind_all(&config).unwrap();
        assert_eq!(bound.zipkin.unwrap().local_addr().unwrap(), contested);
        assert!(bound.jaeger.thrift_http.is_none());
    }

    #[test]
    fn a_taken_port_is_done_without_unless_somebody_asked_for_it() {
        let other_tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let other_udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let taken = [
            other_tcp.local_addr().unwrap(),
            other_udp.local_addr().unwrap(),
        ];
        for (is_optional, errors) in [(true, 0), (false, 2)] {
            let mut binding = Binding::default();
            let (mut tcp, mut udp) = (None, None);
            binding.tcp(&mut tcp, Some(endpoint(taken[0], is_optional)));
            binding.udp(&mut udp, Some(endpoint(taken[1], is_optional)));
            assert!(tcp.is_none() && udp.is_none());
            assert_eq!(binding.errors.len(), errors);
            assert!(binding.endpoints.is_empty());
            for (error, address) in binding.errors.iter().zip(taken) {
                assert!(error.contains(&address.to_string()), "{error}");
                assert!(error.contains("--zipkin-port"), "{error}");
            }
        }
    }
}
