//! The receivers of the process: each at a port of its own, started and stopped
//! together, and one by one when the file of a Collector changes.
//!
//! A port that stays keeps its socket and its connections. One whose socket goes on
//! for another receiver is served by the new one before the old one stops, so that
//! **nobody is turned away meanwhile**.

use super::bind::{BoundPort, Socket, bind_receiver};
use crate::config::ReceiverPort;
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tracewell_api::BoundEndpoint;
use tracewell_collector::{
    Accounting, Intake, JaegerListeners, JaegerReceiver, OtlpConfig, OtlpListeners, OtlpReceiver,
    Questions, StartError, ZipkinReceiver,
};

/// What receivers find around them.
pub(super) struct Around {
    pub(super) max_request_bytes: usize,
    pub(super) intake: Arc<Intake>,
    pub(super) accounting: Arc<Accounting>,
    /// Answers what is asked at the port of Zipkin.
    pub(super) questions: axum::Router,
}

/// All that run.
pub(super) struct Receivers {
    around: Around,
    running: Vec<Running>,
    sampling: JaegerReceiver,
}

/// One that runs.
struct Running {
    bound: BoundPort,
    receiver: Receiver,
}

enum Receiver {
    Otlp(OtlpReceiver),
    Jaeger(JaegerReceiver),
    Zipkin(ZipkinReceiver),
}

/// Which receivers come and go.
pub(super) struct Change {
    new: Vec<BoundPort>,
    /// Those whose sockets go on for others.
    later: Vec<Running>,
    /// Where those that were stopped listened.
    endpoints: Vec<BoundEndpoint>,
}

impl Receivers {
    /// Starts to serve what is bound.
    pub(super) fn start(
        around: Around,
        ports: Vec<BoundPort>,
        sampling: JaegerListeners,
    ) -> Result<Self, StartError> {
        let running = ports.into_iter().map(|bound| around.start(bound));
        let running = running.collect::<Result<_, _>>()?;
        let (bytes, intake) = (around.max_request_bytes, &around.intake);
        Ok(Self {
            running,
            sampling: JaegerReceiver::start(sampling, bytes, intake, &around.accounting)?,
            around,
        })
    }

    /// Binds what is new in a list of ports. What runs is left as it is.
    ///
    /// # Errors
    /// A port cannot be taken: which, and why.
    pub(super) fn bind(&self, ports: &[ReceiverPort]) -> Result<Vec<BoundPort>, String> {
        let is_there =
            |port: &&ReceiverPort| !self.running.iter().any(|it| it.bound.port == **port);
        let bound = ports.iter().filter(is_there).map(|port| {
            let mut running = self.running.iter().map(|running| &running.bound);
            let same = running.find(|bound| {
                let of = &bound.port;
                // Where the system chooses a port, it chose one for this receiver.
                let is_its = of.setting == port.setting && of.name == port.name;
                let address = port.endpoint.address;
                of.is_udp() == port.is_udp()
                    && of.endpoint.address == address
                    && (address.port() != 0 || is_its)
            });
            let Some(same) = same else {
                return bind_receiver(port);
            };
            let socket = same.socket.again().map_err(|error| error.to_string())?;
            let endpoint = BoundEndpoint {
                name: port.called(port.endpoint.name).into(),
                title: port.called(port.endpoint.title).into(),
                ..same.endpoint.clone()
            };
            let port = port.clone();
            Ok(BoundPort {
                port,
                socket,
                endpoint,
            })
        });
        bound.collect()
    }

    /// Stops what is no longer among these ports, unless its socket goes on for
    /// another: then [`Receivers::go_on`] does.
    pub(super) async fn stop_gone(
        &mut self,
        ports: &[ReceiverPort],
        new: Vec<BoundPort>,
        patience: Duration,
    ) -> Change {
        let goes_on = |bound: &BoundPort| {
            let is_same = |other: &BoundPort| other.endpoint.address == bound.endpoint.address;
            new.iter()
                .any(|other| other.port.is_udp() == bound.port.is_udp() && is_same(other))
        };
        let stays = |running: &Running| ports.contains(&running.bound.port);
        let (running, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(stays);
        self.running = running;
        let (later, now): (Vec<_>, Vec<_>) = gone
            .into_iter()
            .partition(|running| goes_on(&running.bound));
        let endpoints = stop_all(now, patience).await;
        Change {
            new,
            later,
            endpoints,
        }
    }

    /// Serves what is new, and stops the rest of what is not there any more. Answers
    /// where it no longer listens, where it does, and what could not be served.
    pub(super) async fn go_on(
        &mut self,
        change: Change,
        patience: Duration,
    ) -> (Vec<BoundEndpoint>, Vec<BoundEndpoint>, Vec<String>) {
        let (mut started, mut troubles) = (Vec::new(), Vec::new());
        for bound in change.new {
            let endpoint = bound.endpoint.clone();
            match self.around.start(bound) {
                Ok(running) => {
                    self.running.push(running);
                    started.push(endpoint);
                }
                Err(error) => troubles.push(error.to_string()),
            }
        }
        let mut gone = change.endpoints;
        gone.extend(stop_all(change.later, patience).await);
        (gone, started, troubles)
    }

    /// Stops accepting everywhere and waits for requests in flight.
    pub(super) async fn stop(self, patience: Duration) {
        tokio::join!(
            stop_all(self.running, patience),
            self.sampling.stop(patience)
        );
    }
}

/// All at once, so that none takes requests while another drains.
async fn stop_all(running: Vec<Running>, patience: Duration) -> Vec<BoundEndpoint> {
    let stopping: JoinSet<_> = running.into_iter().map(|it| it.stop(patience)).collect();
    stopping.join_all().await
}

impl Running {
    /// Answers where it listened.
    async fn stop(self, patience: Duration) -> BoundEndpoint {
        let Self { bound, receiver } = self;
        // Else others would still be let in, by nobody.
        drop(bound.socket);
        match receiver {
            Receiver::Otlp(receiver) => receiver.stop(patience).await,
            Receiver::Jaeger(receiver) => receiver.stop(patience).await,
            Receiver::Zipkin(receiver) => receiver.stop(patience).await,
        };
        bound.endpoint
    }
}

impl Around {
    fn start(&self, bound: BoundPort) -> Result<Running, StartError> {
        let (bytes, intake) = (self.max_request_bytes, &self.intake);
        let port = &bound.port;
        let accounting = self.accounting.named(&port.name);
        let unusable = |source| StartError::Listener {
            receiver: port.endpoint.name,
            source,
        };
        let socket = bound.socket.again().map_err(unusable)?;
        let otlp = |listeners| {
            let config = OtlpConfig {
                max_request_bytes: bytes,
                cors: port.cors.clone(),
            };
            let receiver = OtlpReceiver::start(&config, listeners, intake, &accounting);
            receiver.map(Receiver::Otlp)
        };
        let jaeger = |listeners| {
            let receiver = JaegerReceiver::start(listeners, bytes, intake, &accounting);
            receiver.map(Receiver::Jaeger)
        };
        let receiver = match (port.setting, socket) {
            ("receivers.otlp.protocols.grpc.endpoint", Socket::Tcp(listener)) => {
                otlp(OtlpListeners {
                    grpc: Some(listener),
                    ..OtlpListeners::default()
                })
            }
            ("receivers.otlp.protocols.http.endpoint", Socket::Tcp(listener)) => {
                otlp(OtlpListeners {
                    http: Some(listener),
                    ..OtlpListeners::default()
                })
            }
            ("receivers.jaeger.protocols.grpc.endpoint", Socket::Tcp(listener)) => {
                jaeger(JaegerListeners {
                    grpc: Some(listener),
                    ..JaegerListeners::default()
                })
            }
            ("receivers.jaeger.protocols.thrift_http.endpoint", Socket::Tcp(listener)) => {
                jaeger(JaegerListeners {
                    thrift_http: Some(listener),
                    ..JaegerListeners::default()
                })
            }
            ("receivers.jaeger.protocols.thrift_compact.endpoint", Socket::Udp(socket)) => {
                jaeger(JaegerListeners {
                    thrift_compact: Some(socket),
                    ..JaegerListeners::default()
                })
            }
            ("receivers.jaeger.protocols.thrift_binary.endpoint", Socket::Udp(socket)) => {
                jaeger(JaegerListeners {
                    thrift_binary: Some(socket),
                    ..JaegerListeners::default()
                })
            }
            (_, Socket::Udp(socket)) => jaeger(JaegerListeners {
                zipkin_compact: Some(socket),
                ..JaegerListeners::default()
            }),
            (_, Socket::Tcp(listener)) => {
                let questions = answered_by(self.questions.clone());
                ZipkinReceiver::start(listener, bytes, intake, &accounting, questions)
                    .map(Receiver::Zipkin)
            }
        };
        Ok(Running {
            receiver: receiver?,
            bound,
        })
    }
}

/// Has a router answer what clients ask.
fn answered_by(router: axum::Router) -> Questions {
    let service = TowerToHyperService::new(router);
    Box::new(move |head| {
        let request = http::Request::from_parts(head, axum::body::Body::empty());
        let answer = service.call(request);
        Box::pin(async move {
            let response = answer.await.unwrap_or_else(|never| match never {});
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        })
    })
}
