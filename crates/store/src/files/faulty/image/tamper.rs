//! Changes that are durable at once: what people do to a disk while no store
//! uses it. **Nothing else becomes durable with them.**

use std::io;
use std::path::{Path, PathBuf};

use super::{DirNode, FileNode, Image, Names, Node};

impl DirNode {
    /// Changes the names now and in all that may survive.
    fn change_for_good(&mut self, change: impl Fn(&mut Names)) {
        change(&mut self.names);
        change(&mut self.synced);
        self.history.iter_mut().for_each(change);
    }
}

impl Image {
    /// Every path with the content of its file, directories before what is in
    /// them.
    pub(in super::super) fn tree(&self) -> Vec<(PathBuf, Option<&[u8]>)> {
        let mut found = Vec::new();
        let mut open = vec![(PathBuf::from("/"), 0)];
        while let Some((path, id)) = open.pop() {
            match &self.nodes[id as usize] {
                Node::File(file) => found.push((path, Some(file.bytes.as_slice()))),
                Node::Dir(dir) => {
                    let inner = dir.names.iter().rev();
                    open.extend(inner.map(|(name, id)| (path.join(name), *id)));
                    if id > 0 {
                        found.push((path, None));
                    }
                }
            }
        }
        found
    }

    /// Puts a durable file there, in the place of what has the name.
    pub(in super::super) fn put_file(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.put(
            path,
            Node::File(FileNode {
                bytes: bytes.to_vec(),
                synced: bytes.to_vec(),
                ..FileNode::default()
            }),
        )
    }

    /// Puts a durable, empty directory there.
    pub(in super::super) fn put_dir(&mut self, path: &Path) -> io::Result<()> {
        self.put(path, Node::Dir(DirNode::default()))
    }

    fn put(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let (dir, name) = self.split(path)?;
        let id = self.nodes.len() as u64;
        self.dir_mut(dir)?.change_for_good(|names| {
            names.insert(name.clone(), id);
        });
        self.nodes.push(node);
        Ok(())
    }

    /// Takes a name away for good, whatever it names.
    pub(in super::super) fn take_away(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        let (dir, name) = self.split(path)?;
        self.dir_mut(dir)?.change_for_good(|names| {
            names.remove(&name);
        });
        Ok(())
    }
}
