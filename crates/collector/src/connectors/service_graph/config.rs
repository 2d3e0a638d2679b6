//! What `service_graph` can be told.

use std::time::Duration;

use crate::connectors::span_metrics::{buckets_ns, flush_interval};
use crate::series::{Bounds, LABEL_OF_OVERFLOW, Unit, label_name};
use crate::written::fields::Fields;

const BUCKETS_MS: [u64; 16] = [
    2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1_000, 1_400, 2_000, 5_000, 10_000, 15_000,
];

/// SDKs send what they have every five seconds, so the two sides of a request come
/// as far apart as that.
const TTL: Duration = Duration::from_secs(10);

/// Requests of ten seconds at 5,000 a second; some 15 MB.
const ITEMS_MAX: u64 = 50_000;

const PEER_ATTRIBUTES: [&str; 5] = [
    "peer.service",
    "db.name",
    "db.namespace",
    "db.system",
    "db.system.name",
];

const DATABASE_ATTRIBUTES: [&str; 2] = ["db.name", "db.namespace"];

/// Labels that edges have already.
const TAKEN: [&str; 7] = [
    "client",
    "server",
    "connection_type",
    "failed",
    "virtual_node",
    "le",
    LABEL_OF_OVERFLOW,
];

/// See the module's text.
#[derive(Debug, Clone)]
pub struct ServiceGraphConfig {
    pub(super) bounds: Bounds,
    pub(super) dimensions: Vec<Dimension>,
    /// How long one side waits for the other.
    pub(super) ttl: Duration,
    /// How many wait at a time.
    pub(super) items_max: usize,
    /// Which attributes of a client say who the other side is when it is silent, the
    /// best first; without any, nobody is guessed.
    pub(super) peer_attributes: Vec<String>,
    /// Which say that it is a database, and its name.
    pub(super) database_attributes: Vec<String>,
    /// Do edges say which of their ends was guessed?
    pub(super) is_virtual_labelled: bool,
    /// Time between two rounds in which what is counted is sent.
    pub(in crate::connectors) flush_interval: Duration,
}

/// An attribute by which edges are divided, with its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dimension {
    pub(super) key: String,
    pub(super) of_client: String,
    pub(super) of_server: String,
}

impl ServiceGraphConfig {
    /// Reads the fields of the section.
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let or = |list: Option<Vec<String>>, default: &[&str]| {
            list.unwrap_or_else(|| default.iter().map(ToString::to_string).collect())
        };
        let ends_ns = buckets_ns(&fields, "latency_histogram_buckets");
        let ends_ns = ends_ns.unwrap_or_else(|| BUCKETS_MS.map(|ms| ms * 1_000_000).into());
        let (ttl, items_max) = store(&fields);
        let databases = names(&fields, "database_name_attributes");
        // Its name before there could be several.
        let database = names(&fields, "database_name_attribute");
        let config = Self {
            bounds: match fields.number("exponential_histogram_max_size", 0, 0) {
                0 => Bounds::new(ends_ns, Unit::Seconds),
                most => Bounds::exponential(most, Unit::Seconds),
            },
            dimensions: dimensions(&fields),
            ttl,
            items_max,
            peer_attributes: or(
                names(&fields, "virtual_node_peer_attributes"),
                &PEER_ATTRIBUTES,
            ),
            database_attributes: or(databases.or(database), &DATABASE_ATTRIBUTES),
            is_virtual_labelled: fields.switch("virtual_node_extra_label", false),
            flush_interval: flush_interval(&fields),
        };
        // What waited too long goes when the next batch comes, or somebody reads.
        for taken in [
            "cache_loop",
            "store_expiration_loop",
            "metrics_timestamp_offset",
            "metrics_exporter",
        ] {
            fields.has(taken);
        }
        fields.end();
        config
    }
}

fn names(fields: &Fields<'_>, name: &'static str) -> Option<Vec<String>> {
    let list = fields.has(name).then(|| fields.list(name))?;
    Some(list.into_iter().map(|name| name.text).collect())
}

fn dimensions(fields: &Fields<'_>) -> Vec<Dimension> {
    let mut read: Vec<Dimension> = Vec::new();
    for key in names(fields, "dimensions").unwrap_or_default() {
        let dimension = Dimension {
            of_client: label_name(&format!("client_{key}")),
            of_server: label_name(&format!("server_{key}")),
            key,
        };
        let is_twice = read.iter().any(|d| d.of_client == dimension.of_client);
        if is_twice || TAKEN.contains(&&*dimension.of_client) {
            fields.mistake(format!(
                "{}: two would have the label {}; leave one out",
                fields.path("dimensions"),
                dimension.of_client
            ));
        }
        read.push(dimension);
    }
    read
}

fn store(fields: &Fields<'_>) -> (Duration, usize) {
    let (mut ttl, mut items) = (TTL, ITEMS_MAX);
    if let Some(section) = fields.section("store") {
        ttl = section.duration("ttl", ttl);
        items = section.number("max_items", items, 1);
        section.end();
    }
    (ttl, usize::try_from(items).unwrap_or(usize::MAX))
}
