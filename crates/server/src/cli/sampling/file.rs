//! Which policies are meant: those of a processor of a file.

use std::path::Path;

use tracewell_collector::processors::ProcessorConfig;
use tracewell_collector::processors::tail_sampling::TailSamplingConfig;

use crate::cli::error::CliError;
use crate::cli::output::complain;
use crate::cli::server_args::ServerArgs;
use crate::config;

/// The name of the processor and what it is told. Mistakes are those of
/// `config check`.
pub(super) fn policies(
    path: &Path,
    named: Option<&str>,
) -> Result<(String, TailSamplingConfig), CliError> {
    let variable = |name: &str| std::env::var(name).ok();
    let mut found = match config::policies(path, &variable)? {
        Some(found) => {
            for warning in found.warnings {
                complain(&format!("warning: {warning}"));
            }
            found.sections
        }
        None => of_pipelines(path)?,
    };
    let (path, names) = (path.display(), names(&found));
    if let Some(named) = named {
        found.retain(|(name, _)| name == named);
        return found.pop().ok_or_else(|| {
            CliError::Usage(format!(
                "--processor: {path} has no tail_sampling of the name {named:?}; there is {names}"
            ))
        });
    }
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(CliError::Usage(format!(
            "{path} has several: say with --processor which is to be tried, of {names}"
        ))),
        (None, _) => Err(CliError::Usage(format!(
            "no pipeline of {path} has the processor tail_sampling"
        ))),
    }
}

/// Those of a Collector's file.
fn of_pipelines(path: &Path) -> Result<Vec<(String, TailSamplingConfig)>, CliError> {
    let loaded = ServerArgs::from_file(Some(path.to_path_buf())).load()?;
    let processors = loaded.pipelines.map(|file| file.processors);
    let processors = processors.into_iter().flatten();
    let sampling = processors.filter_map(|(id, config)| match config {
        ProcessorConfig::TailSampling(config) => Some((id.to_string(), (*config).clone())),
        _ => None,
    });
    Ok(sampling.collect())
}

fn names(found: &[(String, TailSamplingConfig)]) -> String {
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
