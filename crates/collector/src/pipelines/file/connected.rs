//! How pipelines hang together: a connector of traces has two sides, one that makes
//! numbers has one, and pipelines do not go round.

use super::{PipelineConfig, PipelineFile};
use crate::written::fields::Fields;

pub(super) fn check(pipelines: &Fields<'_>, file: &PipelineFile) {
    for (id, connector) in &file.connectors {
        let is_end = file.pipelines.iter().any(|p| p.exporters.contains(id));
        let is_beginning = file.pipelines.iter().any(|p| p.receivers.contains(id));
        for name in connector.pipelines() {
            let mut named = file.pipelines.iter().filter(|p| p.name == name);
            if !named.any(|pipeline| pipeline.receivers.contains(id)) {
                pipelines.mistake(format!(
                    "connectors.{id} sends to {name}, which does not begin with it; write {id} \
                     among the receivers of that pipeline"
                ));
            }
        }
        if connector.ends_traces() && is_beginning {
            pipelines.mistake(format!(
                "service.pipelines: {id} makes numbers of spans, and no pipeline of traces can \
                 begin with it; leave it out of their receivers"
            ));
            continue;
        }
        let missing = match (is_end, is_beginning) {
            (true, false) if !connector.ends_traces() => {
                "no pipeline of traces has it as a receiver"
            }
            (false, true) => "no pipeline has it as an exporter",
            _ => continue,
        };
        pipelines.mistake(format!(
            "the connector {id} has one side only: {missing}; name it there, or leave it out"
        ));
    }
    for pipeline in &file.metrics {
        for id in &pipeline.connectors {
            if !file.connectors.contains_key(id) {
                pipelines.mistake(format!(
                    "service.pipelines.{}: {id} counts nothing, as no pipeline of traces has it as \
                     an exporter; name it there, or leave it out",
                    pipeline.name
                ));
            }
        }
    }
    told_apart(pipelines, file);
    not_round(pipelines, file);
}

/// Whoever scrapes must know the series of one connector from those of another.
fn told_apart(pipelines: &Fields<'_>, file: &PipelineFile) {
    let named = file.connectors.iter();
    let named = named.filter_map(|(id, connector)| Some((id, connector.metric()?)));
    let named: Vec<_> = named.collect();
    for (at, (id, metric)) in named.iter().enumerate() {
        if let Some((first, _)) = named[..at].iter().find(|(_, other)| other == metric) {
            pipelines.mistake(format!(
                "the connectors {first} and {id} both make the metric {metric}; use one of them \
                 in all pipelines, or give one another namespace if it has any"
            ));
        }
    }
}

fn not_round(pipelines: &Fields<'_>, file: &PipelineFile) {
    for pipeline in &file.pipelines {
        let mut reached = vec![pipeline];
        let mut looked_at = 0;
        while let Some(from) = reached.get(looked_at).copied() {
            looked_at += 1;
            let behind = |p: &&PipelineConfig| {
                let connectors = from.exporters.iter();
                connectors
                    .filter(|id| file.connectors.contains_key(*id))
                    .any(|id| p.receivers.contains(id))
            };
            for next in file.pipelines.iter().filter(behind) {
                if next.name == pipeline.name {
                    return pipelines.mistake(format!(
                        "service.pipelines: what {} sends comes back to it from {}; \
                         pipelines must not go round",
                        pipeline.name, from.name
                    ));
                }
                if !reached.iter().any(|known| known.name == next.name) {
                    reached.push(next);
                }
            }
        }
    }
}
