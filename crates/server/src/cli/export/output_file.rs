//! Standard output, or a file that has its name only when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cli::error::CliError;

const BUFFER_BYTES: usize = 256 << 10;

/// Where an export goes.
pub(super) struct OutputFile {
    out: BufWriter<Box<dyn Write>>,
    /// Name while it is written, and afterwards.
    names: Option<(PathBuf, PathBuf)>,
}

impl OutputFile {
    /// Begins a file; `-` or nothing is standard output.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, CliError> {
        let path = path.filter(|path| *path != Path::new("-"));
        let Some(path) = path else {
            return Ok(Self {
                out: BufWriter::with_capacity(BUFFER_BYTES, Box::new(io::stdout().lock())),
                names: None,
            });
        };
        let unfinished = unfinished(path);
        let file = File::create(&unfinished).map_err(|error| cannot("create", path, &error))?;
        Ok(Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, Box::new(file)),
            names: Some((unfinished, path.to_path_buf())),
        })
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.put(|out| out.write_all(bytes))
    }

    /// Appends what `write` writes.
    pub(super) fn put(
        &mut self,
        write: impl FnOnce(&mut BufWriter<Box<dyn Write>>) -> io::Result<()>,
    ) -> Result<(), CliError> {
        write(&mut self.out).map_err(|error| self.failed(error))
    }

    /// Gives the file its name, and answers it.
    pub(super) fn finish(mut self) -> Result<Vec<PathBuf>, CliError> {
        self.put(|out| out.flush())?;
        let Some((unfinished, path)) = self.names.take() else {
            return Ok(Vec::new());
        };
        fs::rename(&unfinished, &path).map_err(|error| cannot("name", &path, &error))?;
        Ok(vec![path])
    }

    fn failed(&self, error: io::Error) -> CliError {
        match &self.names {
            None => error.into(),
            Some((_, path)) => cannot("write", path, &error),
        }
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some((unfinished, _)) = &self.names {
            // What is left of it cannot be taken for an export.
            let _left = fs::remove_file(unfinished).is_err();
        }
    }
}

/// The name of a file that is being written: beside it, so that it can be
/// renamed.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// A file that cannot be had.
pub(super) fn cannot(action: &str, path: &Path, error: &io::Error) -> CliError {
    let path = path.display();
    CliError::Failed(format!("--output: cannot {action} {path}: {error}"))
}
