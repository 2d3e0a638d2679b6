//! A disk in memory for tests: it fails on request, takes short writes, fills
//! up, and loses on a power cut whatever was not synced.
//!
//! It exists to prove the promises of the write-ahead log, the manifest and
//! the blocks. It must never be kinder than a real disk: names and contents
//! become durable separately, a failed sync drops what it should have saved,
//! a failed write leaves half of itself behind.

mod image;
mod tamper;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::image::Image;
use super::{Access, DirEntry, File, Files, Space};

/// The operations that can be made to fail. All but reading change the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creating a file or a directory.
    Create,
    /// Writing, and setting a file's size.
    Write,
    /// Syncing a file.
    Sync,
    /// Renaming.
    Rename,
    /// Giving a file a second name.
    Link,
    /// Removing.
    Remove,
    /// Syncing a directory.
    SyncDir,
    /// Opening an existing file, and reading from one.
    Read,
}

/// A failure to come.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Which operation fails.
    pub operation: Operation,
    /// Only on files and directories whose name contains this; empty for any.
    pub name: &'static str,
    /// How many of that operation still succeed before.
    pub skip: u64,
    /// How many fail then.
    pub times: u64,
    /// The error number they fail with: [`EIO`], [`ENOSPC`].
    pub errno: i32,
}

/// Input/output error.
pub const EIO: i32 = 5;
/// No space left on device.
pub const ENOSPC: i32 = 28;
/// Read-only file system.
pub const EROFS: i32 = 30;

/// How many of the last operations are remembered.
const HISTORY: usize = 2_000;

/// What is left after a crash.
#[derive(Clone, Copy, Debug)]
pub enum Survival {
    /// Everything, as when the process is killed and the system lives on. What
    /// was not synced is still not, and a power cut may take it later.
    Everything,
    /// Exactly what was synced.
    SyncedOnly,
    /// What was synced and, as a coin decides, single sectors of 512 bytes and
    /// the first few directory changes of what was not.
    Torn {
        /// Seed of the coin.
        seed: u64,
    },
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct FaultyFiles {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    image: Image,
    faults: Vec<Fault>,
    capacity_bytes: Option<u64>,
    short_writes: bool,
    operations: u64,
    power_until: Option<u64>,
    handles: u64,
    /// Operations that failed for a fault or for lack of space.
    failures: u64,
    history: VecDeque<String>,
}

impl State {
    /// Counts an operation; fails it if the power is off or a fault is due.
    fn begin(&mut self, operation: Operation, path: &Path) -> io::Result<()> {
        let name = path.file_name().and_then(|name| name.to_str());
        self.begin_on(operation, name.unwrap_or_default())
    }

    /// The same for an open file, which may have got another name since.
    fn begin_at(&mut self, operation: Operation, file: u64) -> io::Result<()> {
        let name = self.image.name_of(file).to_owned();
        self.begin_on(operation, &name)
    }

    fn begin_on(&mut self, operation: Operation, name: &str) -> io::Result<()> {
        self.powered()?;
        self.operations += 1;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        let line = format!("{} {operation:?} {name}", self.operations);
        self.history.push_back(line);
        self.meet_fault(operation, name)
    }

    /// Reading changes nothing: it is not counted, and only fails.
    fn begin_reading(&mut self, name: &str) -> io::Result<()> {
        self.powered()?;
        self.meet_fault(Operation::Read, name)
    }

    fn meet_fault(&mut self, operation: Operation, name: &str) -> io::Result<()> {
        for fault in &mut self.faults {
            if fault.operation != operation || !name.contains(fault.name) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fault.times > 0 {
                fault.times -= 1;
                let errno = fault.errno;
                return Err(self.failed(errno));
            }
        }
        Ok(())
    }

    /// Counts a failure, and notes it with the operation that began last.
    fn failed(&mut self, errno: i32) -> io::Error {
        self.failures += 1;
        if let Some(last) = self.history.back_mut() {
            last.push_str(&format!(" ✗ {errno}"));
        }
        io::Error::from_raw_os_error(errno)
    }

    fn powered(&self) -> io::Result<()> {
        match self.power_until {
            Some(limit) if self.operations >= limit => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    /// How many of `wanted` bytes at `offset` fit on the disk.
    fn room(&self, file: u64, offset: u64, wanted: u64) -> u64 {
        let Some(capacity) = self.capacity_bytes else {
            return wanted;
        };
        let in_place = self.image.size(file).saturating_sub(offset);
        let free = capacity.saturating_sub(self.image.used_bytes());
        wanted.min(in_place.saturating_add(free))
    }
}

impl FaultyFiles {
    /// An empty disk without faults.
    pub fn new() -> FaultyFiles {
        FaultyFiles::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets operations fail from now on; faults add up.
    pub fn fail(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Forgets all faults that have not happened yet.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Sets the size of the disk; `None` is endless.
    pub fn set_capacity_bytes(&self, capacity: Option<u64>) {
        self.state().capacity_bytes = capacity;
    }

    /// Lets every write of more than one byte take only half of it.
    pub fn set_short_writes(&self, short: bool) {
        self.state().short_writes = short;
    }

    /// How many operations changed the disk so far, failed ones included.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// How many operations failed so far, for a fault or for lack of space.
    pub fn failures(&self) -> u64 {
        self.state().failures
    }

    /// Bytes of all files.
    pub fn used_bytes(&self) -> u64 {
        self.state().image.used_bytes()
    }

    /// The last operations that changed the disk, one line each, for the
    /// report of a failed test.
    pub fn history(&self) -> Vec<String> {
        self.state().history.iter().cloned().collect()
    }

    /// Lets the power fail once `operations` have been counted: all later
    /// operations fail, for every handle.
    pub fn cut_power_at(&self, operations: u64) {
        self.state().power_until = Some(operations);
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.state().powered().is_err()
    }

    /// The disk as the next start finds it: healthy, of endless size and
    /// unlocked, with what survived. Handles of this one never reach it.
    pub fn after_power_cut(&self, survival: Survival) -> FaultyFiles {
        let state = State {
            image: self.state().image.surviving(survival),
            ..State::default()
        };
        FaultyFiles {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn handle(&self, state: &mut State, file: u64, access: Access) -> Arc<dyn File> {
        state.handles += 1;
        Arc::new(FaultyFile {
            disk: self.clone(),
            file,
            handle: state.handles,
            access,
        })
    }
}

impl Files for FaultyFiles {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin(Operation::Create, path)?;
        state.image.create_dir(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.state();
        state.begin(Operation::Create, path)?;
        let used = state.image.used_bytes();
        if state
            .capacity_bytes
            .is_some_and(|capacity| used >= capacity)
        {
            return Err(state.failed(ENOSPC));
        }
        let file = state.image.create_file(path)?;
        Ok(self.handle(&mut state, file, Access::Write))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        let mut state = self.state();
        state.powered()?;
        let file = state.image.find_file(path)?;
        let name = state.image.name_of(file).to_owned();
        state.begin_reading(&name)?;
        Ok(self.handle(&mut state, file, access))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let state = self.state();
        state.powered()?;
        state.image.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin(Operation::Rename, from)?;
        state.image.rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin(Operation::Link, from)?;
        state.image.hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin(Operation::Remove, path)?;
        state.image.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin(Operation::SyncDir, dir)?;
        state.image.sync_dir(dir)
    }

    fn space(&self, dir: &Path) -> io::Result<Space> {
        let state = self.state();
        state.powered()?;
        state.image.list(dir)?;
        let total_bytes = state.capacity_bytes.unwrap_or(u64::MAX);
        Ok(Space {
            free_bytes: total_bytes.saturating_sub(state.image.used_bytes()),
            total_bytes,
        })
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyFiles,
    file: u64,
    handle: u64,
    access: Access,
}

impl FaultyFile {
    fn check_writable(&self) -> io::Result<()> {
        match self.access {
            Access::Write => Ok(()),
            Access::Read => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

impl File for FaultyFile {
    fn size(&self) -> io::Result<u64> {
        let state = self.disk.state();
        state.powered()?;
        Ok(state.image.size(self.file))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let name = state.image.name_of(self.file).to_owned();
        state.begin_reading(&name)?;
        Ok(state.image.read(self.file, buffer, offset))
    }

    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<usize> {
        self.check_writable()?;
        let mut state = self.disk.state();
        if let Err(error) = state.begin_at(Operation::Write, self.file) {
            if state.powered().is_ok() {
                state
                    .image
                    .write(self.file, &data[..data.len() / 2], offset);
            }
            return Err(error);
        }
        let mut taken = data.len();
        if state.short_writes && taken > 1 {
            taken /= 2;
        }
        let taken = state.room(self.file, offset, taken as u64) as usize;
        if taken == 0 && !data.is_empty() {
            return Err(state.failed(ENOSPC));
        }
        state.image.write(self.file, &data[..taken], offset);
        Ok(taken)
    }

    fn set_size(&self, bytes: u64) -> io::Result<()> {
        self.check_writable()?;
        let mut state = self.disk.state();
        state.begin_at(Operation::Write, self.file)?;
        let grown = bytes.saturating_sub(state.image.size(self.file));
        if state.room(self.file, bytes - grown, grown) < grown {
            return Err(state.failed(ENOSPC));
        }
        state.image.set_size(self.file, bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        if let Err(error) = state.begin_at(Operation::Sync, self.file) {
            if state.powered().is_ok() {
                state.image.forget_unsynced(self.file);
            }
            return Err(error);
        }
        state.image.sync_file(self.file);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        state.powered()?;
        Ok(state.image.try_lock(self.file, self.handle))
    }
}

impl Drop for FaultyFile {
    fn drop(&mut self) {
        self.disk.state().image.unlock(self.file, self.handle);
    }
}
