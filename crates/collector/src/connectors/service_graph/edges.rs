//! Edges of the graph: who asks whom, how often, how long it takes on both sides.

use std::sync::Arc;

use super::config::ServiceGraphConfig;
use super::waiting::{Half, Side};
use crate::series::{Counter, Head, Histogram, Labels, MetricHead, Reader, Series, Table, Values};

/// Edges, and ends of edges that were not found, of each kind.
const SERIES_MAX: usize = 10_000;

/// An edge that nobody uses for so long ends; the Collector's.
const LIFETIME_NS: u64 = 15 * 60 * 1_000_000_000;

/// What all names begin with.
const NAMESPACE: &str = "traces_service_graph";

/// Who stands for whoever began a trace from outside.
const USER: &str = "user";

/// How the two ends are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Direct,
    Messages,
    Database,
    /// One end was never seen.
    Virtual(Side),
}

impl Connection {
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "",
            Self::Messages => "messaging_system",
            Self::Database => "database",
            Self::Virtual(_) => "virtual_node",
        }
    }

    fn of(half: &Half) -> Self {
        if half.is_message {
            Self::Messages
        } else {
            Self::Direct
        }
    }
}

#[derive(Debug, Clone)]
struct Edge {
    count: Counter,
    failed: Counter,
    client: Option<Histogram>,
    server: Option<Histogram>,
}

/// One end of an edge: who it is, and what its span says, if there was one.
struct End<'h> {
    name: &'h str,
    half: Option<&'h Half>,
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Edges {
    edges: Table<Edge>,
    unpaired: Table<Counter>,
    dropped: Table<Counter>,
    labels: Labels,
}

impl Edges {
    pub(super) fn new() -> Self {
        Self {
            edges: Table::new(SERIES_MAX, Some(LIFETIME_NS)),
            unpaired: Table::new(SERIES_MAX, Some(LIFETIME_NS)),
            dropped: Table::new(SERIES_MAX, Some(LIFETIME_NS)),
            labels: Labels::default(),
        }
    }

    /// Makes room for new ones.
    pub(super) fn make_room(&mut self, now_ns: u64) {
        self.edges.make_room(now_ns);
        self.unpaired.make_room(now_ns);
        self.dropped.make_room(now_ns);
    }

    /// A request of which both sides are known.
    pub(super) fn pair(&mut self, config: &ServiceGraphConfig, one: &Half, other: &Half, now: u64) {
        let (client, server) = match one.side {
            Side::Client => (one, other),
            Side::Server => (other, one),
        };
        let (client, server) = (End::seen(client), End::seen(server));
        let connection = Connection::of(one);
        self.add(config, (client, server), connection, now);
    }

    /// A request to a database, which says nothing itself.
    pub(super) fn database(
        &mut self,
        config: &ServiceGraphConfig,
        client: &Half,
        name: &str,
        now_ns: u64,
    ) {
        let server = End {
            name,
            half: Some(client),
        };
        let ends = (End::seen(client), server);
        self.add(config, ends, Connection::Database, now_ns);
    }

    /// A request of which one side never came; `is_root` for one that nobody of those
    /// who send spans began.
    pub(super) fn alone(
        &mut self,
        config: &ServiceGraphConfig,
        half: &Half,
        is_root: bool,
        now_ns: u64,
    ) {
        let guessed = |name| End { name, half: None };
        let guesses = !config.peer_attributes.is_empty();
        match (half.side, &half.peer) {
            (Side::Client, Some(peer)) => {
                let ends = (End::seen(half), guessed(peer));
                self.add(config, ends, Connection::Virtual(Side::Server), now_ns);
            }
            (Side::Server, _) if is_root && guesses => {
                let ends = (guessed(USER), End::seen(half));
                self.add(config, ends, Connection::Virtual(Side::Client), now_ns);
            }
            _ => self.count(|edges| &mut edges.unpaired, half, now_ns),
        }
    }

    /// One for which there was no room to wait.
    pub(super) fn dropped(&mut self, half: &Half, now_ns: u64) {
        self.count(|edges| &mut edges.dropped, half, now_ns);
    }

    fn count(
        &mut self,
        table: impl Fn(&mut Self) -> &mut Table<Counter>,
        half: &Half,
        now_ns: u64,
    ) {
        let mut labels = Labels::default();
        let side = match half.side {
            Side::Client => "client",
            Side::Server => "server",
        };
        labels.push(side, &half.service);
        labels.push("connection_type", Connection::of(half).name());
        let counter = table(self).at(labels.as_str(), now_ns, Counter::default);
        counter.count += 1.0;
    }

    fn add(
        &mut self,
        config: &ServiceGraphConfig,
        (client, server): (End<'_>, End<'_>),
        connection: Connection,
        now_ns: u64,
    ) {
        let halves = [client.half, server.half];
        let is_failed = halves.iter().flatten().any(|half| half.is_failed);
        let labels = &mut self.labels;
        labels.clear();
        labels.push("client", client.name);
        labels.push("server", server.name);
        labels.push("connection_type", connection.name());
        labels.push("failed", if is_failed { "true" } else { "false" });
        if let (true, Connection::Virtual(side)) = (config.is_virtual_labelled, connection) {
            let end = match side {
                Side::Client => "client",
                Side::Server => "server",
            };
            labels.push("virtual_node", end);
        }
        for (half, side) in halves.into_iter().zip([Side::Client, Side::Server]) {
            if let Some(half) = half.filter(|half| half.side == side) {
                labels.push_written(&half.dimensions);
            }
        }
        // Both are of one trace, which was sampled as one; should they differ, who
        // kept less speaks for more.
        let weights = halves.iter().flatten().map(|half| half.weight);
        let weight = weights.fold(1.0, f64::max);
        let edge = self.edges.at(labels.as_str(), now_ns, || Edge {
            count: Counter::default(),
            failed: Counter::default(),
            client: None,
            server: None,
        });
        edge.count.count += weight;
        if is_failed {
            edge.failed.count += weight;
        }
        let sides = [&mut edge.client, &mut edge.server];
        for (half, histogram) in halves.into_iter().zip(sides) {
            if let Some(half) = half {
                let histogram = histogram.get_or_insert_with(|| Histogram::new(&config.bounds));
                histogram.add(&config.bounds, half.duration_ns, weight);
            }
        }
    }

    /// Copies what there is.
    pub(super) fn snapshot(&mut self, reader: Reader, now_ns: u64, epoch_ns: u64) -> Snapshot {
        Snapshot {
            edges: self.edges.snapshot(reader, now_ns, epoch_ns),
            unpaired: self.unpaired.snapshot(reader, now_ns, epoch_ns),
            dropped: self.dropped.snapshot(reader, now_ns, epoch_ns),
        }
    }
}

impl<'h> End<'h> {
    fn seen(half: &'h Half) -> Self {
        Self {
            name: &half.service,
            half: Some(half),
        }
    }
}

/// The graph at a moment.
pub(super) struct Snapshot {
    edges: Vec<Series<Edge>>,
    unpaired: Vec<Series<Counter>>,
    dropped: Vec<Series<Counter>>,
}

/// What is counted, under the names that Grafana's service graph asks for.
pub(super) fn head(config: &ServiceGraphConfig) -> Head {
    let counter = |name: &str, help| MetricHead::counter(format!("{NAMESPACE}_{name}"), help);
    let histogram = |name: &str, help| {
        MetricHead::histogram(format!("{NAMESPACE}_{name}"), help, &config.bounds)
    };
    let dimensions = config.dimensions.iter().flat_map(|of| {
        [
            (of.of_client.clone(), format!("client_{}", of.key)),
            (of.of_server.clone(), format!("server_{}", of.key)),
        ]
    });
    Head {
        scope: NAMESPACE,
        keys: dimensions.collect(),
        service_label: None,
        says_instance: true,
        metrics: vec![
            counter("request_total", "Requests between two services"),
            counter(
                "request_failed_total",
                "Requests between two services that failed",
            ),
            histogram(
                "request_server",
                "How long requests took, as the server saw it",
            ),
            histogram(
                "request_client",
                "How long requests took, as the client saw it",
            ),
            counter(
                "unpaired_spans_total",
                "Spans whose other side never came and could not be guessed",
            ),
            counter(
                "dropped_spans_total",
                "Spans for which there was no room to wait for the other side",
            ),
        ],
    }
}

impl Snapshot {
    /// In the order of the head.
    pub(super) fn into_values(self) -> Vec<Values> {
        fn each<V>(edges: &[Series<Edge>], of: impl Fn(&Edge) -> Option<V>) -> Vec<Series<V>> {
            let found = edges.iter().filter_map(|edge| {
                Some(Series {
                    labels: Arc::clone(&edge.labels),
                    began_ns: edge.began_ns,
                    value: of(&edge.value)?,
                })
            });
            found.collect()
        }
        let failed = |edge: &Edge| (edge.failed.count > 0.0).then(|| edge.failed.clone());
        vec![
            Values::Counters(each(&self.edges, |edge| Some(edge.count.clone()))),
            Values::Counters(each(&self.edges, failed)),
            Values::Histograms(each(&self.edges, |edge| edge.server.clone())),
            Values::Histograms(each(&self.edges, |edge| edge.client.clone())),
            Values::Counters(self.unpaired),
            Values::Counters(self.dropped),
        ]
    }
}
