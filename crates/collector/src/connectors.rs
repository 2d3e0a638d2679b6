//! What ends one pipeline and begins others.
//!
//! A kind of connector says here how its section is read and how it is built;
//! nothing else in the crate knows the kinds.

use std::sync::Arc;

use tracewell_model::Consumer;

use crate::pipelines::graph::fan_out;
use crate::written::fields::Fields;

/// A connector, understood.
#[derive(Debug, Clone)]
pub enum ConnectorConfig {
    /// From one pipeline into others, as it is.
    Forward,
}

/// A pipeline that a connector begins.
pub(crate) struct Begun {
    /// As the file calls it.
    #[expect(dead_code, reason = "routing chooses by it")]
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
            _ => None,
        }
    }

    /// Does it make something other than spans, so that no pipeline of traces need
    /// begin with it?
    #[must_use]
    pub fn ends_traces(&self) -> bool {
        match self {
            Self::Forward => false,
        }
    }

    /// The running connector, before the pipelines of traces that it begins.
    pub(crate) fn build(&self, begun: Vec<Begun>) -> Arc<dyn Consumer> {
        match self {
            Self::Forward => fan_out(begun.into_iter().map(|begun| begun.first).collect()),
        }
    }
}
