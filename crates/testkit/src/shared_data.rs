//! Where real captures and public traces lie, when they are there.
//!
//! They are too large for the repository and live in `../shared/data` beside
//! it. A test that wants them and does not find them says so and passes.

use std::path::PathBuf;

/// The file or folder at `path` below the shared data, or `None` with a note
/// on standard error.
#[must_use]
pub fn find(path: &str) -> Option<PathBuf> {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = repository.join("../shared/data").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!(
        "skipped: {} is not there; see CONTRIBUTING.md on test data",
        found.display()
    );
    None
}
