//! `routing`: spans go to pipelines by conditions on them or their resources.
//!
//! Routes are asked in their order, each about the spans that none before took, by
//! column. A batch is acknowledged when every pipeline has its part. **Spans that no
//! route takes are counted**, and end here only if no pipeline is the default.

mod config;
#[cfg(test)]
mod tests;

pub(super) use config::RoutingConfig;

use std::sync::Arc;

use tracewell_model::store::Ack;
use tracewell_model::{Consumer, Level, RowSet, SpanBatch, StoreError};
use tracewell_ottl::Cache;

use super::Begun;
use crate::part::part;
use crate::pipelines::Copies;
use crate::pipelines::graph::fan_out;
use crate::processors::ProcessorAccount;
use crate::shared_ack::shared;
use config::Route;

/// See the module's text.
pub(crate) struct Routing {
    config: Arc<RoutingConfig>,
    account: Arc<ProcessorAccount>,
    /// Of each route; `None` where it has no pipeline.
    nexts: Vec<Option<Arc<dyn Consumer>>>,
    default: Option<Arc<dyn Consumer>>,
    copies: Arc<Copies>,
}

/// Spans of a batch, and who has them next.
struct Part<'r> {
    next: &'r Arc<dyn Consumer>,
    rows: RowSet,
}

impl Routing {
    /// Before these pipelines, which are those that the routes name.
    pub(crate) fn new(
        config: Arc<RoutingConfig>,
        account: Arc<ProcessorAccount>,
        begun: &[Begun],
        copies: &Arc<Copies>,
    ) -> Arc<Self> {
        let next = |pipelines: &[String]| {
            let named = begun
                .iter()
                .filter(|begun| pipelines.contains(&begun.pipeline));
            let firsts: Vec<_> = named.map(|begun| Arc::clone(&begun.first)).collect();
            (!firsts.is_empty()).then(|| fan_out(firsts, copies))
        };
        let routes = config.routes.iter();
        Arc::new(Self {
            nexts: routes.map(|route| next(&route.pipelines)).collect(),
            default: next(&config.default),
            config,
            account,
            copies: Arc::clone(copies),
        })
    }

    /// Which spans go where.
    fn parts(&self, batch: &SpanBatch) -> Result<Vec<Part<'_>>, StoreError> {
        let mut parts = Vec::new();
        let mut left = RowSet::all(batch.len());
        for (route, next) in self.config.routes.iter().zip(&self.nexts) {
            let mut rows = self.found(route, batch, &left)?;
            rows.intersect(&left);
            if !route.is_copy {
                rows.iter().for_each(|row| left.remove(row));
            }
            parts.extend(next.as_ref().map(|next| Part { next, rows }));
        }
        match &self.default {
            Some(next) => parts.push(Part { next, rows: left }),
            None => self.account.dropped("not_routed", left.count() as u64),
        }
        parts.retain(|part| !part.rows.is_empty());
        Ok(parts)
    }

    fn found(&self, route: &Route, batch: &SpanBatch, left: &RowSet) -> Result<RowSet, StoreError> {
        let condition = &route.condition;
        let level = condition.context().level();
        let among = match level {
            Level::Span => left.clone(),
            level => RowSet::all(batch.level_len(level)),
        };
        let judged = condition.holds_among(batch, &among, &Cache::default());
        let error = judged.first_error.as_deref();
        self.config
            .mode
            .heed(&self.account, condition.text(), &judged.failed, error)?;
        if level == Level::Span {
            return Ok(judged.rows);
        }
        let resources = &batch.spans().resource;
        Ok(RowSet::from_fn(batch.len(), |row| {
            judged.rows.contains(resources[row] as usize)
        }))
    }
}

impl Consumer for Routing {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let spans = batch.len() as u64;
        self.account.arrived(spans);
        let parts = match self.parts(&batch) {
            Ok(parts) => parts,
            Err(error) => {
                self.account.rejected(spans);
                return ack(Err(error));
            }
        };
        let mut routed = RowSet::none(batch.len());
        parts.iter().for_each(|part| routed.unite(&part.rows));
        let handed: usize = parts.iter().map(|part| part.rows.count()).sum();
        self.copies.add((handed - routed.count()) as u64);
        self.account.passed(routed.count() as u64);
        let acks = shared(parts.len(), ack);
        for (Part { next, rows }, ack) in parts.into_iter().zip(acks) {
            next.consume(part(&batch, &rows), ack);
        }
    }
}
