//! Something that is made of files, and made again when they change.
//!
//! A change that cannot be used (a key without its certificate, for a moment)
//! leaves the old one in force, and is said once.

use std::fmt;
use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::AccessError;

/// Time between two looks at the files.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

type Load<T> = Box<dyn Fn() -> Result<T, AccessError> + Send + Sync>;

/// What tells one state of a file from another: time and size, and the file
/// itself, because secrets are often replaced by renaming.
type Marks = Vec<Option<(Option<SystemTime>, u64, u64)>>;

/// See the module's text.
pub(crate) struct Watched<T> {
    files: Vec<PathBuf>,
    load: Load<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Arc<T>,
    marks: Marks,
    looked: Instant,
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl<T> Watched<T> {
    /// Loads it for the first time.
    pub(crate) fn new(
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<T, AccessError> + Send + Sync + 'static,
    ) -> Result<Self, AccessError> {
        // Before it is read: a change in between is loaded once more.
        let marks = marks(&files);
        let value = Arc::new(load()?);
        Ok(Self {
            files,
            load: Box::new(load),
            state: Mutex::new(State {
                value,
                marks,
                looked: Instant::now(),
            }),
        })
    }

    /// As the files are now, or were a second ago.
    pub(crate) fn current(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK_INTERVAL {
            state.looked = Instant::now();
            self.look(&mut state);
        }
        Arc::clone(&state.value)
    }

    fn look(&self, state: &mut State<T>) {
        let now = marks(&self.files);
        if now == state.marks {
            return;
        }
        state.marks = now;
        match (self.load)() {
            Ok(value) => {
                tracing::info!(files = ?self.files, "read again because it changed");
                state.value = Arc::new(value);
            }
            Err(error) => tracing::error!(%error, "changed files cannot be used; what was stays"),
        }
    }

    /// As if a second had passed.
    #[cfg(test)]
    pub(crate) fn look_now(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut state);
        Arc::clone(&state.value)
    }
}

fn marks(files: &[PathBuf]) -> Marks {
    let mark = |file: &PathBuf| {
        let of = fs::metadata(file).ok()?;
        Some((of.modified().ok(), of.len(), number(&of)))
    };
    files.iter().map(mark).collect()
}

#[cfg(unix)]
fn number(of: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(of)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_read_again_and_a_bad_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("number");
        fs::write(&path, "1").unwrap();
        let read = path.clone();
        let watched = Watched::new(vec![path.clone()], move || {
            let text = fs::read_to_string(&read).unwrap();
            text.parse::<u32>()
                .map_err(|_| AccessError::Incomplete("no number"))
        });
        let watched = watched.unwrap();
        assert_eq!(*watched.look_now(), 1);
        fs::write(&path, "22").unwrap();
        assert_eq!(*watched.look_now(), 22);
        fs::write(&path, "three").unwrap();
        assert_eq!(*watched.look_now(), 22);
        fs::write(&path, "4444").unwrap();
        assert_eq!(*watched.look_now(), 4444);
    }
}
