//! Where what waits on the disk waits: a directory for each `file_storage` of a
//! Collector's file.

use crate::config::PipelineFile;
use anyhow::ensure;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracewell_collector::pipelines::{ComponentId, ExtensionConfig};
use tracewell_model::spool::Spools;
use tracewell_store::spool::SpoolDirectory;

/// Those of the file. Nothing is opened yet.
///
/// # Errors
/// A directory is missing that is not to be made.
pub(super) fn of(file: &PipelineFile) -> anyhow::Result<BTreeMap<ComponentId, Arc<dyn Spools>>> {
    let mut spools = BTreeMap::new();
    for (id, extension) in &file.extensions {
        let ExtensionConfig::FileStorage(config) = extension else {
            continue;
        };
        let directory = &config.directory;
        ensure!(
            config.is_created || directory.is_dir(),
            "extensions.{id}: there is no directory {}; make it, mount it, or write \
             create_directory: true",
            directory.display()
        );
        let spool: Arc<dyn Spools> = Arc::new(SpoolDirectory::new(directory));
        spools.insert(id.clone(), spool);
    }
    Ok(spools)
}
