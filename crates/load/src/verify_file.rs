//! Which spans the server acknowledged, for a test that looks for them later.
//!
//! One line for each trace in each acknowledged request: 32 hex digits, a space,
//! and how many of its spans the request held. A trace may have several lines;
//! their sum is what must be there. Requests that were taken in part are left
//! out, because the answer does not say which spans were refused.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::error::LoadError;

/// The file, written to by all connections.
pub(super) struct VerifyFile {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: BufWriter<File>,
    failed: Option<io::Error>,
}

impl VerifyFile {
    /// Creates the file, or empties it.
    pub(super) fn create(path: &Path) -> Result<Self, LoadError> {
        let path = path.to_owned();
        match File::create(&path) {
            Ok(file) => Ok(Self {
                path,
                state: Mutex::new(State {
                    file: BufWriter::new(file),
                    failed: None,
                }),
            }),
            Err(error) => Err(LoadError::VerifyFile { path, error }),
        }
    }

    /// Notes an acknowledged request. A failure to write is told at the end.
    pub(super) fn acknowledged(&self, contents: &[([u8; 16], u32)]) {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let written = contents.iter().try_for_each(|(id, spans)| {
            writeln!(state.file, "{:032x} {spans}", u128::from_be_bytes(*id))
        });
        if let Err(error) = written {
            state.failed.get_or_insert(error);
        }
    }

    /// Writes what is buffered.
    pub(super) fn flush(&self) -> Result<(), LoadError> {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let flushed = match state.failed.take() {
            Some(error) => Err(error),
            None => state.file.flush(),
        };
        flushed.map_err(|error| LoadError::VerifyFile {
            path: self.path.clone(),
            error,
        })
    }
}
