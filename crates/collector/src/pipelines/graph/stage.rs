//! A component of a running graph that may outlive a change of the file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracewell_model::Consumer;

use super::accounts::Accounts;
use super::endings::Endings;
use super::{Ground, Nop, Spooled, Surroundings};
use crate::pipelines::as_written::AsWritten;
use crate::pipelines::file::PipelineFile;
use crate::pipelines::id::ComponentId;
use crate::pipelines::joint::Joint;
use crate::pushing;

/// Which component. A processor is each pipeline's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StageId {
    Exporter(ComponentId),
    /// One that ends pipelines of traces: the others keep nothing, and are made anew.
    Connector(ComponentId),
    Processor(String, ComponentId),
    /// All that sends what connectors count.
    Pushing,
}

impl StageId {
    /// As it is called in messages.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Exporter(id) => format!("exporters.{id}"),
            Self::Connector(id) => format!("connectors.{id}"),
            Self::Processor(_, id) => format!("processors.{id}"),
            Self::Pushing => "pipelines of metrics".to_owned(),
        }
    }

    /// As a file has it, with the extensions that it names.
    pub(super) fn as_written(&self, file: &PipelineFile) -> AsWritten {
        match self {
            Self::Exporter(id) => file.written.of("exporters", id),
            Self::Connector(id) => {
                let own = file.written.of("connectors", id);
                // What was added since the last round is known to who sends it.
                match file.rounds(id) {
                    Some((_, true)) => own.with(file.written.of_metrics(&file.metrics)),
                    _ => own,
                }
            }
            Self::Pushing => file.written.of_metrics(&file.metrics),
            Self::Processor(_, id) => file.written.of("processors", id),
        }
    }
}

/// See the module's text.
pub(super) struct Stage {
    pub(super) id: StageId,
    pub(super) written: AsWritten,
    /// Where others hand to it. It stays when the component is made anew.
    pub(super) seat: Arc<Joint>,
    /// Where it hands to; what ends pipelines has none.
    pub(super) next: Option<Arc<Joint>>,
    pub(super) endings: Endings,
    /// It could not be opened as it is written.
    pub(super) is_other: AtomicBool,
}

impl Stage {
    /// Does it run as this says?
    pub(super) fn is(&self, written: &AsWritten) -> bool {
        self.written == *written && !self.is_other.load(Ordering::Relaxed)
    }

    /// The running component, as a file has it.
    ///
    /// # Errors
    /// It cannot be made: which, and why.
    pub(super) fn make(
        &self,
        file: &PipelineFile,
        (ground, spools): (&Ground, &Spooled),
        accounts: &Accounts,
    ) -> Result<Arc<dyn Consumer>, String> {
        let surroundings = Surroundings {
            store: &ground.store,
            runtime: &ground.runtime,
            spools,
            endings: &self.endings,
        };
        let made = match (&self.id, &self.next) {
            (StageId::Exporter(id), _) => {
                let config = file.exporters.get(id);
                config.map(|config| config.build(id, &surroundings, accounts))
            }
            (StageId::Connector(id), _) => {
                let config = file.connectors.get(id);
                config.map(|config| Ok(config.build(id, Vec::new(), accounts)))
            }
            (StageId::Processor(pipeline, id), Some(next)) => {
                let (config, next) = (file.processors.get(id), Arc::clone(next));
                config.map(|config| config.build((pipeline, id), next, &surroundings, accounts))
            }
            (StageId::Pushing, _) => {
                // It says itself which exporter it is.
                pushing::start(file, &accounts.sources(), &surroundings, accounts)?;
                return Ok(Arc::new(Nop));
            }
            (StageId::Processor(..), None) => None,
        };
        let made = made.unwrap_or_else(|| Err("there is none".to_owned()));
        made.map_err(|why| format!("{}: {why}", self.id.path()))
    }
}
