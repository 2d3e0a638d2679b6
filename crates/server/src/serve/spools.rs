//! Where what waits on the disk waits: a directory for each `file_storage` of a
//! Collector's file, and one below the data directory.

use crate::config::{PipelineFile, Storage};
use anyhow::ensure;
use std::path::Path;
use std::sync::Arc;
use tracewell_collector::pipelines::graph::Spooled;
use tracewell_collector::pipelines::{ComponentId, ExtensionConfig};
use tracewell_collector::processors::tail_sampling::DATA_DIRECTORY;
use tracewell_model::spool::Spools;
use tracewell_store::spool::SpoolDirectory;

/// Below the data directory.
const SPOOLS_DIR: &str = "spools";

/// Those of the file, and that of the process, unless it was told to keep all in
/// memory. Nothing is opened yet.
///
/// # Errors
/// A directory is missing that is not to be made.
pub(super) fn of(
    file: &PipelineFile,
    (storage, data_dir): (Storage, &Path),
) -> anyhow::Result<Spooled> {
    let mut spools = Spooled::new();
    // A file without a store keeps nothing in the data directory; what waits may
    // wait there all the same.
    if storage == Storage::Embedded || !file.stores() {
        let spool: Arc<dyn Spools> = Arc::new(SpoolDirectory::new(&data_dir.join(SPOOLS_DIR)));
        let id = ComponentId::parse(DATA_DIRECTORY).map_err(anyhow::Error::msg)?;
        spools.insert(id, spool);
    }
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
