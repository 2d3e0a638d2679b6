//! A file that has policies of tail sampling and no pipelines: they are tried, and
//! not run.

use std::path::Path;

use tracewell_collector::pipelines::is_pipeline_file;
use tracewell_collector::processors::tail_sampling::{TailSamplingConfig, read_alone};
use tracewell_collector::written::expand::expand;
use tracewell_collector::written::fields::Reading;
use tracewell_collector::written::yaml::{self, Location};
use tracewell_collector::written::{Mistake, Mistakes, Place};

use super::sources::{in_order, read_file};

/// What a file without pipelines has.
#[derive(Debug)]
pub(crate) struct Policies {
    /// By the name of the processor.
    pub(crate) sections: Vec<(String, TailSamplingConfig)>,
    /// Things that look wrong but stop nothing.
    pub(crate) warnings: Vec<String>,
}

/// Reads such a file; `None` where it has pipelines.
///
/// # Errors
///
/// Every mistake in the file.
pub(crate) fn policies(
    path: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Policies>, Mistakes> {
    let text = read_file(path).map_err(|message| {
        let place = Place::Default;
        Mistakes(vec![Mistake { place, message }])
    })?;
    let reading = Reading::new(path);
    let mut sections = Vec::new();
    match yaml::parse(&text) {
        Ok(Some(root)) if is_pipeline_file(&root.value) => return Ok(None),
        Ok(Some(mut root)) => {
            expand(&mut root, variable, &reading);
            sections = read_alone(&root, &reading);
        }
        Ok(None) => reading.mistake(Location::UNKNOWN, "the file is empty"),
        Err((location, message)) => reading.mistake(location, message),
    }
    let (mistakes, warnings) = reading.into_found();
    match mistakes.is_empty() {
        true => Ok(Some(Policies { sections, warnings })),
        false => Err(in_order(mistakes, &[])),
    }
}
