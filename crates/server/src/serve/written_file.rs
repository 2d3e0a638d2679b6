//! Files that people write for the server: read whole, and never more than
//! people write.

use anyhow::Context;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The content of a file of at most `max_bytes`; `what` is what it should be.
///
/// # Errors
/// It cannot be read, or is too large to be that.
pub(super) fn read(path: &Path, max_bytes: u64, what: &str) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    let file = File::open(path).context("cannot be read")?;
    file.take(max_bytes + 1)
        .read_to_end(&mut content)
        .context("cannot be read")?;
    anyhow::ensure!(
        content.len() as u64 <= max_bytes,
        "is larger than {max_bytes} bytes: no file of {what}"
    );
    Ok(content)
}
