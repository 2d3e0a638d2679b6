//! A file system that takes no change: whoever writes believes that it was
//! written.
//!
//! So the code that opens a store can be run as a rehearsal, byte for byte the
//! same code, and nothing on the disk moves. No file is opened for writing.

use std::fmt::Debug;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use super::{Access, DirEntry, File, Files, Space};

/// Reads from other files and drops what is written.
#[derive(Debug)]
pub(crate) struct ReadOnly<F>(pub(crate) F);

impl<F> Files for ReadOnly<F>
where
    F: Deref<Target: Files> + Debug + Send + Sync,
{
    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, _path: &Path) -> io::Result<Arc<dyn File>> {
        // Nothing can be read back from it, so nobody may believe in it.
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        let file = self.0.open(path, Access::Read)?;
        Ok(match access {
            Access::Read => file,
            Access::Write => Arc::new(ReadOnlyFile(file)),
        })
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.0.list(dir)
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Ok(())
    }

    fn hard_link(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn space(&self, dir: &Path) -> io::Result<Space> {
        self.0.space(dir)
    }
}

#[derive(Debug)]
struct ReadOnlyFile(Arc<dyn File>);

impl File for ReadOnlyFile {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], _offset: u64) -> io::Result<usize> {
        Ok(data.len())
    }

    fn set_size(&self, _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.0.try_lock()
    }
}
