//! The file itself: whole records and nothing else, whatever goes wrong.
//!
//! What could not be written, or not synced, is cut off again before anything is
//! written behind it. A file that ends within a record, as after a power cut, is
//! put aside: **what others wrote is never changed.**

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::backups;
use super::config::FileConfig;

/// See the module's text.
pub(super) struct Output {
    config: FileConfig,
    file: Option<File>,
    /// Of whole records.
    len: u64,
    /// Was it opened before? Then what is in it is ours.
    is_ours: bool,
}

impl Output {
    pub(super) fn new(config: FileConfig) -> Self {
        Self {
            config,
            file: None,
            len: 0,
            is_ours: false,
        }
    }

    /// Would the file stay below its limit with so many bytes more, behind others
    /// that are to be written? One of its own has room for any record.
    pub(super) fn has_room(&self, before: usize, bytes: usize) -> bool {
        let len = self.len + before as u64;
        let limit = self.config.rotation.map(|rotation| rotation.max_bytes);
        len == 0 || limit.is_none_or(|limit| len + bytes as u64 <= limit)
    }

    /// Writes whole records and syncs them, or none of them.
    pub(super) fn write(&mut self, records: &[u8]) -> io::Result<()> {
        if !self.has_room(0, records.len()) {
            self.rotate()?;
        }
        self.open()?;
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let written = file.write_all(records).and_then(|()| file.sync_data());
        match written {
            Ok(()) => self.len += records.len() as u64,
            // What is in memory of a file that failed to sync is anybody's guess: it is
            // opened anew, and what is too much cut off then.
            Err(_) => self.close(),
        }
        written
    }

    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Opens it, unless it is open.
    pub(super) fn open(&mut self) -> io::Result<()> {
        if self.file.is_some() {
            return Ok(());
        }
        let path = &self.config.path;
        let directory = directory_of(path);
        if self.config.makes_directory {
            fs::create_dir_all(directory)?;
        }
        let keeps = self.config.appends || self.config.rotation.is_some();
        let mut file = opened(path)?;
        if self.is_ours {
            let len = file.metadata()?.len();
            if len > self.len {
                file.set_len(self.len)?;
            }
            self.len = self.len.min(len);
        } else if keeps && !is_whole(&mut file, self.config.is_framed())? {
            let aside = backups::put_aside(path)?;
            let (path, aside) = (path.display(), aside.display());
            tracing::warn!("{path} ended within a record; it is called {aside} now");
            file = opened(&self.config.path)?;
            self.len = 0;
        } else if keeps {
            self.len = file.metadata()?.len();
        } else {
            file.set_len(0)?;
            self.len = 0;
        }
        file.sync_all()?;
        sync_directory(directory)?;
        self.is_ours = true;
        self.file = Some(file);
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.close();
        let path = &self.config.path;
        match backups::put_aside(path) {
            Ok(_aside) => {}
            // Somebody did already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.len = 0;
        if let Some(rotation) = self.config.rotation
            && let Err(error) = backups::remove_old(path, rotation)
        {
            // They are in nobody's way but the disk's.
            tracing::warn!(
                "older files of {} cannot be deleted: {error}",
                path.display()
            );
        }
        Ok(())
    }
}

/// Nobody else of ours writes it: records of two would be mixed.
fn opened(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let why = "another exporter or process writes it already";
            Err(io::Error::new(io::ErrorKind::ResourceBusy, why))
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

/// Else its name could be lost where its bytes are not.
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Does it end where a record ends?
fn is_whole(file: &mut File, is_framed: bool) -> io::Result<bool> {
    let len = file.metadata()?.len();
    if len == 0 {
        return Ok(true);
    }
    if !is_framed {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        return Ok(last == *b"\n");
    }
    let mut at = 0;
    while at + 4 <= len {
        let mut length = [0; 4];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut length)?;
        at += 4 + u64::from(u32::from_be_bytes(length));
    }
    Ok(at == len)
}
