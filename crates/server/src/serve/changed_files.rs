//! Notices that files change. **They are looked at, and not read.**

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What tells one state of a file from another: time and size, and the file itself,
/// because whole files are often put in the place of others.
type Marks = Vec<Option<(Option<SystemTime>, u64, u64)>>;

/// See the module's text.
pub(super) struct ChangedFiles {
    files: Vec<PathBuf>,
    marks: Marks,
    /// Changed, and perhaps still being written.
    settling: Option<Marks>,
}

impl ChangedFiles {
    /// As they are now.
    pub(super) fn new(files: Vec<PathBuf>) -> Self {
        Self {
            marks: marks(&files),
            settling: None,
            files,
        }
    }

    /// They are about to be read: what changes from now on counts.
    pub(super) fn look(&mut self) {
        self.marks = marks(&self.files);
        self.settling = None;
    }

    /// Waits until they have changed, and have been as they are for a moment.
    pub(super) async fn changed(&mut self) {
        loop {
            sleep(LOOK_INTERVAL).await;
            let now = marks(&self.files);
            if now == self.marks {
                self.settling = None;
            } else if self.settling.as_ref() == Some(&now) {
                return;
            } else {
                self.settling = Some(now);
            }
        }
    }
}

fn marks(files: &[PathBuf]) -> Marks {
    let mark = |file: &PathBuf| {
        let of = fs::metadata(file).ok()?;
        Some((of.modified().ok(), of.len(), of.ino()))
    };
    files.iter().map(mark).collect()
}
