//! What the disk in memory holds: a tree of nodes, each with its present and
//! its synced state.
//!
//! It exists apart from the faults so that the model of durability can be read
//! in one place. It must never let a node's synced state change other than by
//! a sync.

mod tamper;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path};

use super::Survival;
use crate::files::DirEntry;

/// The unit in which unsynced content survives a power cut or not.
const SECTOR_BYTES: usize = 512;

type Names = BTreeMap<String, u64>;

#[derive(Clone, Debug)]
enum Node {
    File(FileNode),
    Dir(DirNode),
}

#[derive(Clone, Debug, Default)]
struct FileNode {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    /// Sectors that the next sync saves.
    dirty: BTreeSet<usize>,
    /// Sectors that a failed sync gave up: shown, saved or not, and never
    /// tried again.
    doubtful: BTreeSet<usize>,
    /// Handle that holds the lock.
    owner: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct DirNode {
    names: Names,
    synced: Names,
    /// The names after each change since the last sync.
    history: Vec<Names>,
}

impl DirNode {
    fn change(&mut self, change: impl FnOnce(&mut Names)) {
        change(&mut self.names);
        self.history.push(self.names.clone());
    }
}

/// The nodes of the disk; node 0 is the root, relative and absolute paths both
/// start there.
#[derive(Debug)]
pub(super) struct Image {
    nodes: Vec<Node>,
}

impl Default for Image {
    fn default() -> Self {
        Image {
            nodes: vec![Node::Dir(DirNode::default())],
        }
    }
}

impl Image {
    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        self.add(path, Node::Dir(DirNode::default())).map(|_| ())
    }

    pub(super) fn create_file(&mut self, path: &Path) -> io::Result<u64> {
        self.add(path, Node::File(FileNode::default()))
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<u64> {
        let (dir, name) = self.split(path)?;
        let id = self.nodes.len() as u64;
        let dir = self.dir_mut(dir)?;
        if dir.names.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        dir.change(|names| {
            names.insert(name, id);
        });
        self.nodes.push(node);
        Ok(id)
    }

    pub(super) fn find_file(&self, path: &Path) -> io::Result<u64> {
        let id = self.find(path)?;
        match self.nodes[id as usize] {
            Node::File(_) => Ok(id),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let dir = self.dir(self.find(dir)?)?;
        let entry = |(name, id): (&String, &u64)| DirEntry {
            name: name.clone(),
            bytes: self.size(*id),
            is_dir: matches!(self.nodes[*id as usize], Node::Dir(_)),
        };
        Ok(dir.names.iter().map(entry).collect())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (dir, old) = self.split(from)?;
        let (target, new) = self.split(to)?;
        if dir != target {
            let id = *self
                .dir(dir)?
                .names
                .get(&old)
                .ok_or(io::ErrorKind::NotFound)?;
            let target_dir = self.dir_mut(target)?;
            target_dir.change(|names| {
                names.insert(new, id);
            });
            // One change of two directories: a journal never keeps the loss
            // of the old name without the new one.
            target_dir.synced = target_dir.names.clone();
            target_dir.history.clear();
            self.dir_mut(dir)?.change(|names| {
                names.remove(&old);
            });
            return Ok(());
        }
        let dir = self.dir_mut(dir)?;
        let id = *dir.names.get(&old).ok_or(io::ErrorKind::NotFound)?;
        dir.change(|names| {
            names.remove(&old);
            names.insert(new, id);
        });
        Ok(())
    }

    pub(super) fn hard_link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let id = self.find_file(from)?;
        let (dir, name) = self.split(to)?;
        let dir = self.dir_mut(dir)?;
        if dir.names.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        dir.change(|names| {
            names.insert(name, id);
        });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.find_file(path)?;
        let (dir, name) = self.split(path)?;
        self.dir_mut(dir)?.change(|names| {
            names.remove(&name);
        });
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let id = self.find(path)?;
        let dir = self.dir_mut(id)?;
        dir.synced = dir.names.clone();
        dir.history.clear();
        Ok(())
    }

    pub(super) fn size(&self, file: u64) -> u64 {
        match &self.nodes[file as usize] {
            Node::File(file) => file.bytes.len() as u64,
            Node::Dir(_) => 0,
        }
    }

    /// Bytes of all files that have a name.
    pub(super) fn used_bytes(&self) -> u64 {
        self.names().map(|(_, id)| self.size(*id)).sum()
    }

    /// The present name of a file; empty once it was removed.
    pub(super) fn name_of(&self, file: u64) -> &str {
        let found = self.names().find(|(_, id)| **id == file);
        found.map_or("", |(name, _)| name)
    }

    fn names(&self) -> impl Iterator<Item = (&String, &u64)> {
        let dirs = self.nodes.iter().filter_map(|node| match node {
            Node::Dir(dir) => Some(dir),
            Node::File(_) => None,
        });
        dirs.flat_map(|dir| &dir.names)
    }

    pub(super) fn read(&self, file: u64, buffer: &mut [u8], offset: u64) -> usize {
        let bytes = &self.file(file).bytes;
        let start = (offset as usize).min(bytes.len());
        let read = buffer.len().min(bytes.len() - start);
        buffer[..read].copy_from_slice(&bytes[start..start + read]);
        read
    }

    pub(super) fn write(&mut self, file: u64, data: &[u8], offset: u64) {
        let file = self.file_mut(file);
        let start = offset as usize;
        let end = start + data.len();
        if file.bytes.len() < end {
            file.mark(file.bytes.len(), end);
            file.bytes.resize(end, 0);
        }
        file.bytes[start..end].copy_from_slice(data);
        file.mark(start, end);
    }

    pub(super) fn set_size(&mut self, file: u64, bytes: u64) {
        let file = self.file_mut(file);
        let bytes = bytes as usize;
        file.mark(file.bytes.len().min(bytes), file.bytes.len().max(bytes));
        file.bytes.resize(bytes, 0);
    }

    pub(super) fn sync_file(&mut self, file: u64) {
        let file = self.file_mut(file);
        let dirty = std::mem::take(&mut file.dirty);
        file.synced.resize(file.bytes.len(), 0);
        for sector in dirty {
            copy_sector(&file.bytes, &mut file.synced, sector);
        }
    }

    /// What a failed sync does: the system believes that the content is saved,
    /// and never tries again.
    pub(super) fn forget_unsynced(&mut self, file: u64) {
        let file = self.file_mut(file);
        file.doubtful.append(&mut file.dirty);
    }

    pub(super) fn try_lock(&mut self, file: u64, handle: u64) -> bool {
        let owner = &mut self.file_mut(file).owner;
        *owner.get_or_insert(handle) == handle
    }

    pub(super) fn unlock(&mut self, file: u64, handle: u64) {
        let owner = &mut self.file_mut(file).owner;
        if *owner == Some(handle) {
            *owner = None;
        }
    }

    /// The disk after a power cut, or the end of the process.
    pub(super) fn surviving(&self, survival: Survival) -> Image {
        let mut coin = match survival {
            Survival::Everything => return self.unlocked(),
            Survival::SyncedOnly => None,
            Survival::Torn { seed } => Some(Coin(seed)),
        };
        let nodes = self.nodes.iter().map(|node| match node {
            Node::File(file) => Node::File(file.surviving(coin.as_mut())),
            Node::Dir(dir) => Node::Dir(dir.surviving(coin.as_mut())),
        });
        let mut image = Image {
            nodes: nodes.collect(),
        };
        image.free_nameless();
        image
    }

    /// The same, without anybody's locks: what is not synced stays so.
    fn unlocked(&self) -> Image {
        let mut nodes = self.nodes.clone();
        for node in &mut nodes {
            if let Node::File(file) = node {
                file.owner = None;
            }
        }
        Image { nodes }
    }

    /// Gives back the memory of files that nothing can reach any more.
    fn free_nameless(&mut self) {
        let named: BTreeSet<u64> = self.names().map(|(_, id)| *id).collect();
        for (id, node) in self.nodes.iter_mut().enumerate() {
            if let Node::File(file) = node
                && !named.contains(&(id as u64))
            {
                *file = FileNode::default();
            }
        }
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        let mut id = 0;
        for component in path.components() {
            if let Component::Normal(name) = component {
                let names = &self.dir(id)?.names;
                id = *names.get(text(name)?).ok_or(io::ErrorKind::NotFound)?;
            }
        }
        Ok(id)
    }

    /// The directory of a path, and its last name.
    fn split(&self, path: &Path) -> io::Result<(u64, String)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let dir = self.find(path.parent().unwrap_or(Path::new("")))?;
        Ok((dir, text(name)?.to_owned()))
    }

    fn dir(&self, id: u64) -> io::Result<&DirNode> {
        match &self.nodes[id as usize] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn dir_mut(&mut self, id: u64) -> io::Result<&mut DirNode> {
        match &mut self.nodes[id as usize] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn file(&self, id: u64) -> &FileNode {
        match &self.nodes[id as usize] {
            Node::File(file) => file,
            Node::Dir(_) => unreachable!("handles are made for files only"),
        }
    }

    fn file_mut(&mut self, id: u64) -> &mut FileNode {
        match &mut self.nodes[id as usize] {
            Node::File(file) => file,
            Node::Dir(_) => unreachable!("handles are made for files only"),
        }
    }
}

impl FileNode {
    fn mark(&mut self, start: usize, end: usize) {
        self.dirty
            .extend(start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
    }

    fn surviving(&self, coin: Option<&mut Coin>) -> FileNode {
        let mut bytes = self.synced.clone();
        if let Some(coin) = coin {
            if coin.flip() {
                bytes.resize(self.bytes.len(), 0);
            }
            for &sector in self.dirty.union(&self.doubtful) {
                if coin.flip() {
                    copy_sector(&self.bytes, &mut bytes, sector);
                }
            }
        }
        FileNode {
            synced: bytes.clone(),
            bytes,
            ..FileNode::default()
        }
    }
}

impl DirNode {
    fn surviving(&self, coin: Option<&mut Coin>) -> DirNode {
        let lasting = match coin {
            Some(coin) => coin.below(self.history.len() as u64 + 1) as usize,
            None => 0,
        };
        let names = match lasting.checked_sub(1) {
            Some(last) => self.history[last].clone(),
            None => self.synced.clone(),
        };
        DirNode {
            synced: names.clone(),
            names,
            history: Vec::new(),
        }
    }
}

/// Copies one sector as far as both sides have it.
fn copy_sector(from: &[u8], to: &mut [u8], sector: usize) {
    let start = sector * SECTOR_BYTES;
    let end = (start + SECTOR_BYTES).min(from.len()).min(to.len());
    if start < end {
        to[start..end].copy_from_slice(&from[start..end]);
    }
}

fn text(name: &OsStr) -> io::Result<&str> {
    name.to_str().ok_or(io::ErrorKind::InvalidFilename.into())
}

/// SplitMix64 (Steele, Lea, Flood 2014): seeded, so that a failing case can be
/// run again.
struct Coin(u64);

impl Coin {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn flip(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
