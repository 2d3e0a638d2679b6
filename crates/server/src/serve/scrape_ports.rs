//! Ports at which Prometheus reads what connectors count: one for each exporter
//! `prometheus` of a Collector's file. They are taken with the others, before anything
//! else happens.

use crate::config::PipelineFile;
use anyhow::anyhow;
use std::collections::BTreeMap;
use std::net::TcpListener;
use tracewell_api::{BoundEndpoint, Door, scrape_router};
use tracewell_collector::exporters::ExporterConfig;
use tracewell_collector::pipelines::graph::Accounts;

/// Bound ports, by the name of their exporter.
pub(super) struct ScrapePorts(Vec<(String, TcpListener)>);

/// Where the exporters of a file ask for such ports, by their names.
pub(super) fn asked(file: Option<&PipelineFile>) -> BTreeMap<String, String> {
    let exporters = file.into_iter().flat_map(|file| &file.exporters);
    let asked = exporters.filter_map(|(id, exporter)| {
        let ExporterConfig::Prometheus(config) = exporter else {
            return None;
        };
        let at = config.endpoint.as_ref()?;
        Some((id.to_string(), at.text.clone()))
    });
    asked.collect()
}

impl ScrapePorts {
    /// Binds them all, and adds where they are to `endpoints`.
    ///
    /// # Errors
    /// One cannot be bound: which, and why.
    pub(super) fn bind(
        file: Option<&PipelineFile>,
        endpoints: &mut Vec<BoundEndpoint>,
    ) -> anyhow::Result<Self> {
        let exporters = file.into_iter().flat_map(|file| &file.exporters);
        let mut ports = Vec::new();
        for (id, exporter) in exporters {
            let ExporterConfig::Prometheus(config) = exporter else {
                continue;
            };
            let Some(at) = &config.endpoint else { continue };
            let bound = TcpListener::bind(&*at.text).and_then(|listener| {
                listener.set_nonblocking(true)?;
                let address = listener.local_addr()?;
                Ok((listener, address))
            });
            let (listener, address) = bound.map_err(|error| {
                anyhow!(
                    "cannot listen on {} for exporters.{id}: {error}; choose another endpoint there",
                    at.text
                )
            })?;
            endpoints.push(BoundEndpoint {
                name: "prometheus".into(),
                title: "Prometheus".into(),
                address,
                is_udp: false,
            });
            ports.push((id.to_string(), listener));
        }
        Ok(Self(ports))
    }

    /// With what is answered at each.
    pub(super) fn routers(
        self,
        accounts: &Accounts,
        door: &Door,
    ) -> Vec<(TcpListener, axum::Router)> {
        let ports = self.0.into_iter();
        let of_port = |(exporter, listener)| {
            let router = scrape_router(accounts.clone(), exporter, door);
            (listener, router)
        };
        ports.map(of_port).collect()
    }
}
