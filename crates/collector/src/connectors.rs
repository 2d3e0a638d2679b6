//! What ends one pipeline and begins others, or makes numbers of spans.
//!
//! A kind of connector says here how its section is read and how it is built;
//! nothing else in the crate knows the kinds.

mod groups;
mod routing;
mod service_graph;
mod span_metrics;
mod texts;

use std::sync::Arc;
use std::time::Duration;

use tracewell_model::Consumer;
use tracewell_model::clock::SystemClock;

use crate::pipelines::ComponentId;
use crate::pipelines::graph::{Accounts, fan_out};
use crate::written::fields::Fields;
use routing::{Routing, RoutingConfig};
use service_graph::{ServiceGraph, ServiceGraphConfig};
use span_metrics::{SpanMetrics, SpanMetricsConfig};

/// A connector, understood.
#[derive(Debug, Clone)]
pub enum ConnectorConfig {
    /// From one pipeline into others, as it is.
    Forward,
    /// To pipelines by conditions.
    Routing(Arc<RoutingConfig>),
    /// Counts spans and their durations.
    SpanMetrics(SpanMetricsConfig),
    /// Counts requests between services.
    ServiceGraph(ServiceGraphConfig),
}

/// A pipeline that a connector begins.
pub(crate) struct Begun {
    /// As the file calls it.
    pub(crate) pipeline: String,
    /// Its first stage.
    pub(crate) first: Arc<dyn Consumer>,
}

impl ConnectorConfig {
    /// Reads the section of a connector of this kind; `None` of a kind that is not
    /// served.
    pub(crate) fn read(kind: &str, fields: Fields<'_>) -> Option<Self> {
        match kind {
            "forward" => {
                fields.end();
                Some(Self::Forward)
            }
            "routing" => Some(Self::Routing(Arc::new(RoutingConfig::read(fields)))),
            "span_metrics" | "spanmetrics" => {
                Some(Self::SpanMetrics(SpanMetricsConfig::read(fields)))
            }
            "service_graph" | "servicegraph" => {
                Some(Self::ServiceGraph(ServiceGraphConfig::read(fields)))
            }
            _ => None,
        }
    }

    /// Does it make something other than spans, so that no pipeline of traces need
    /// begin with it?
    #[must_use]
    pub fn ends_traces(&self) -> bool {
        match self {
            Self::Forward | Self::Routing(_) => false,
            Self::SpanMetrics(_) | Self::ServiceGraph(_) => true,
        }
    }

    /// The first of the metrics that it makes; two connectors of which it is the same
    /// would answer a scrape with two numbers for one series.
    pub(crate) fn metric(&self) -> Option<String> {
        match self {
            Self::Forward | Self::Routing(_) => None,
            Self::SpanMetrics(config) => Some(config.metric_name("calls")),
            Self::ServiceGraph(_) => Some("traces_service_graph_request".to_owned()),
        }
    }

    /// How often what it counts is sent, and whether as what was added, where it makes
    /// numbers.
    pub(crate) fn rounds(&self) -> Option<(Duration, bool)> {
        match self {
            Self::Forward | Self::Routing(_) => None,
            Self::SpanMetrics(config) => Some((config.flush_interval, config.is_delta)),
            Self::ServiceGraph(config) => Some((config.flush_interval, false)),
        }
    }

    /// The pipelines that it names itself, which begin with it.
    pub(crate) fn pipelines(&self) -> Vec<&str> {
        match self {
            Self::Routing(config) => config.pipelines().collect(),
            Self::Forward | Self::SpanMetrics(_) | Self::ServiceGraph(_) => Vec::new(),
        }
    }

    /// The running connector, before the pipelines of traces that it begins; what it
    /// counts is added to `accounts`.
    pub(crate) fn build(
        &self,
        id: &ComponentId,
        begun: Vec<Begun>,
        accounts: &Accounts,
    ) -> Arc<dyn Consumer> {
        let clock = Arc::new(SystemClock);
        match self {
            Self::Forward => {
                let firsts = begun.into_iter().map(|begun| begun.first);
                fan_out(firsts.collect(), accounts.copies())
            }
            Self::Routing(config) => {
                // It stands between pipelines.
                let account = accounts.processor(("connectors", id));
                Routing::new(Arc::clone(config), account, &begun, accounts.copies())
            }
            Self::SpanMetrics(config) => {
                let connector = SpanMetrics::new(config.clone(), clock);
                accounts.counted(id, Arc::clone(&connector) as _);
                connector
            }
            Self::ServiceGraph(config) => {
                let connector = ServiceGraph::new(config.clone(), clock);
                accounts.counted(id, Arc::clone(&connector) as _);
                connector
            }
        }
    }
}
