//! The graph of a file, drawn: a row for each pipeline, receivers at the left, exporters
//! at the right, processors between them in their order.
//!
//! What several pipelines share is drawn in each. **It shows what the file says, and
//! nothing that runs.**

mod letters;
mod svg;
#[cfg(test)]
mod tests;

pub use letters::letters;
pub use svg::svg;

use super::file::{MetricsPipeline, PipelineConfig, PipelineFile};
use super::id::ComponentId;

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Receiver,
    Processor,
    Exporter,
    Connector,
}

/// A box.
struct Stage {
    text: String,
    sort: Sort,
}

/// A pipeline: where spans come from, each processor, where they go.
struct Drawn<'f> {
    name: &'f str,
    columns: Vec<Vec<Stage>>,
}

/// All pipelines, in their order.
fn drawn(file: &PipelineFile) -> Vec<Drawn<'_>> {
    let traces = file
        .pipelines
        .iter()
        .map(|pipeline| of_traces(file, pipeline));
    let metrics = file
        .metrics
        .iter()
        .map(|pipeline| of_metrics(file, pipeline));
    traces.chain(metrics).collect()
}

fn of_traces<'f>(file: &PipelineFile, pipeline: &'f PipelineConfig) -> Drawn<'f> {
    let processors = pipeline.processors.iter().map(|id| {
        vec![Stage {
            text: id.to_string(),
            sort: Sort::Processor,
        }]
    });
    let mut columns = vec![ends(file, &pipeline.receivers, Sort::Receiver)];
    columns.extend(processors);
    columns.push(ends(file, &pipeline.exporters, Sort::Exporter));
    Drawn {
        name: &pipeline.name,
        columns,
    }
}

fn of_metrics<'f>(file: &PipelineFile, pipeline: &'f MetricsPipeline) -> Drawn<'f> {
    Drawn {
        name: &pipeline.name,
        columns: vec![
            ends(file, &pipeline.connectors, Sort::Receiver),
            ends(file, &pipeline.exporters, Sort::Exporter),
        ],
    }
}

fn ends(file: &PipelineFile, ids: &[ComponentId], sort: Sort) -> Vec<Stage> {
    let stage = |id: &ComponentId| Stage {
        text: id.to_string(),
        sort: match file.connectors.contains_key(id) {
            true => Sort::Connector,
            false => sort,
        },
    };
    ids.iter().map(stage).collect()
}
