//! What people and other programs do to a disk while no store uses it: files
//! go, older ones come back, strangers move in.
//!
//! It exists so that lost and foreign files can be part of a random life. All
//! of it is durable at once and counts as no operation. **It makes nothing
//! durable beside what it touches**: that would be kinder than a disk is.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::image::Image;
use super::{FaultyFiles, State, Survival};

impl FaultyFiles {
    /// Another disk that holds the same, healthy and unlocked.
    pub fn copy(&self) -> FaultyFiles {
        self.after_power_cut(Survival::Everything)
    }

    /// Another disk that holds the files for which `is_wanted` says so, and
    /// all directories.
    pub fn copy_of(&self, is_wanted: impl Fn(&Path) -> bool) -> FaultyFiles {
        let mut image = Image::default();
        let ours = self.state();
        for (path, bytes) in ours.image.tree() {
            match bytes {
                None => image.put_dir(&path),
                Some(bytes) if is_wanted(&path) => image.put_file(&path, bytes),
                Some(_) => Ok(()),
            }
            .expect("a directory comes before what is in it");
        }
        let state = State {
            image,
            ..State::default()
        };
        FaultyFiles {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> Vec<std::path::PathBuf> {
        let state = self.state();
        let files = state.image.tree().into_iter();
        let files = files.filter(|(_, bytes)| bytes.is_some());
        files.map(|(path, _)| path).collect()
    }

    /// The content of a file.
    ///
    /// # Errors
    /// There is no such file.
    pub fn content(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state();
        let file = state.image.find_file(path)?;
        let mut bytes = vec![0; state.image.size(file) as usize];
        state.image.read(file, &mut bytes, 0);
        Ok(bytes)
    }

    /// Puts a file there, in the place of one that has the name.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.state().image.put_file(path, bytes)
    }

    /// Takes away a file, or a directory with all that is in it.
    ///
    /// # Errors
    /// There is none.
    pub fn take_away(&self, path: &Path) -> io::Result<()> {
        self.state().image.take_away(path)
    }
}
