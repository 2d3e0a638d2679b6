//! Takes ports: every one before anything else happens, and later those of a changed
//! file.

use crate::config::{Config, Endpoint, ReceiverPort};
use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use tracewell_api::BoundEndpoint;
use tracewell_collector::JaegerListeners;

/// The listeners of the process.
pub(super) struct Bound {
    /// None where nothing is received.
    pub(super) receivers: Vec<BoundPort>,
    /// Where it is asked how to sample.
    pub(super) sampling: JaegerListeners,
    pub(super) query_http: TcpListener,
    pub(super) query_grpc: TcpListener,
    /// None where it is off.
    pub(super) tempo: Option<TcpListener>,
    /// Where it is asked how the process is.
    pub(super) admin: Vec<TcpListener>,
    /// Where they listen; what somebody asked for comes first.
    pub(super) endpoints: Vec<BoundEndpoint>,
}

/// A port at which spans are received.
pub(super) struct BoundPort {
    pub(super) port: ReceiverPort,
    pub(super) socket: Socket,
    pub(super) endpoint: BoundEndpoint,
}

/// Where they come.
pub(super) enum Socket {
    /// In requests.
    Tcp(TcpListener),
    /// In datagrams.
    Udp(UdpSocket),
}

impl Socket {
    /// The same one: what is not taken from it yet, either may take.
    pub(super) fn again(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(listener) => Self::Tcp(listener.try_clone()?),
            Self::Udp(socket) => Self::Udp(socket.try_clone()?),
        })
    }
}

/// Every port that could not be taken, each with the setting that moves it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(crate) struct BindError(Vec<String>);

/// Binds all endpoints or none; those of receivers only where spans are taken,
/// and without those that nobody asked for and somebody else has.
pub(super) fn bind_all(config: &Config) -> Result<Bound, BindError> {
    let (mut receivers, mut sampling) = (Vec::new(), JaegerListeners::default());
    let (mut query_http, mut query_grpc) = (None, None);
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
        let ports = config.receivers.iter();
        let ports = ports.filter(|port| received(Some(port.endpoint)).is_some());
        let (otlp, older): (Vec<_>, Vec<_>) = ports.partition(|port| port.is_otlp());
        // Scripts read the first four off the line that says "ready".
        receivers.extend(otlp.into_iter().filter_map(|port| binding.receiver(port)));
        binding.tcp(&mut query_http, now(config.query.http));
        binding.tcp(&mut query_grpc, now(config.query.grpc));
        receivers.extend(older.into_iter().filter_map(|port| binding.receiver(port)));
        binding.tcp(&mut tempo, config.query.tempo.and_then(now));
        let wanted = &config.sampling;
        binding.tcp(&mut sampling.sampling_http, received(wanted.http));
        binding.tcp(&mut sampling.sampling_grpc, received(wanted.grpc));
        let wanted = &config.admin;
        let wanted = [wanted.collector, wanted.query, wanted.health_check];
        for (slot, wanted) in admin.iter_mut().zip(wanted) {
            binding.tcp(slot, wanted.and_then(now));
        }
    }
    match (query_http, query_grpc) {
        (Some(query_http), Some(query_grpc)) if binding.errors.is_empty() => Ok(Bound {
            receivers,
            sampling,
            query_http,
            query_grpc,
            tempo,
            admin: admin.into_iter().flatten().collect(),
            endpoints: binding.endpoints,
        }),
        _ => Err(BindError(binding.errors)),
    }
}

/// Binds a port at which spans are to be received.
///
/// # Errors
/// It cannot be taken: why, and what to do.
pub(super) fn bind_receiver(port: &ReceiverPort) -> Result<BoundPort, String> {
    let mut binding = Binding::default();
    let bound = binding.receiver(port);
    bound.ok_or_else(|| binding.errors.join("; "))
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
        *slot = self.note(&endpoint, None, listener(&endpoint));
    }

    /// A port at which spans are received.
    fn receiver(&mut self, port: &ReceiverPort) -> Option<BoundPort> {
        let endpoint = &port.endpoint;
        let bound = match port.is_udp() {
            false => listener(endpoint).map(|(tcp, address)| (Socket::Tcp(tcp), address)),
            true => UdpSocket::bind(endpoint.address).and_then(|udp| {
                let address = udp.local_addr()?;
                Ok((Socket::Udp(udp), address))
            }),
        };
        let socket = self.note(endpoint, Some(port), bound)?;
        let endpoint = self.endpoints.last().cloned()?;
        Some(BoundPort {
            port: port.clone(),
            socket,
            endpoint,
        })
    }

    fn note<T>(
        &mut self,
        endpoint: &Endpoint,
        port: Option<&ReceiverPort>,
        bound: io::Result<(T, SocketAddr)>,
    ) -> Option<T> {
        match bound {
            Ok((listener, address)) => {
                let [name, title] = [endpoint.name, endpoint.title].map(|text| match port {
                    Some(port) => Cow::Owned(port.called(text)),
                    None => Cow::Borrowed(text),
                });
                self.endpoints.push(BoundEndpoint {
                    name,
                    title,
                    address,
                    is_udp: port.is_some_and(ReceiverPort::is_udp),
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

fn listener(endpoint: &Endpoint) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(endpoint.address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
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
    use crate::config::Sources;
    use tracewell_collector::CorsConfig;

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
        let port = |setting, is_optional| ReceiverPort {
            setting,
            name: String::new(),
            endpoint: endpoint(contested, is_optional),
            cors: CorsConfig::default(),
        };
        config.receivers = vec![
            port("receivers.jaeger.protocols.thrift_http.endpoint", true),
            port("receivers.zipkin.endpoint", false),
        ];
        (config.sampling.http, config.sampling.grpc) = (None, None);
        (config.admin.collector, config.admin.query) = (None, None);
        (config.admin.health_check, config.query.tempo) = (None, None);
        let bound = bind_all(&config).unwrap();
        assert_eq!(bound.receivers.len(), 1);
        assert_eq!(bound.receivers[0].port.setting, "receivers.zipkin.endpoint");
        assert_eq!(bound.receivers[0].endpoint.address, contested);
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
            let mut tcp = None;
            binding.tcp(&mut tcp, Some(endpoint(taken[0], is_optional)));
            let udp = binding.receiver(&ReceiverPort {
                setting: "receivers.jaeger.protocols.thrift_compact.endpoint",
                name: String::new(),
                endpoint: endpoint(taken[1], is_optional),
                cors: CorsConfig::default(),
            });
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
