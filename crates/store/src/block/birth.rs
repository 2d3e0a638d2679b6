//! A block's certificate of birth: what a list of blocks would say of it, kept
//! in the block itself, so that a lost list can be written again.
//!
//! It stands in the key-value metadata of the Parquet file under
//! `tracewell.block.birth`: eight hexadecimal digits, the CRC-32C of what
//! follows, a space, and JSON. A certificate whose sum is wrong is none: a
//! wrong place in the log would cost acknowledged spans. **It never says that a
//! block belongs to the store; that is the manifest's word.**

use std::path::Path;

use serde::{Deserialize, Serialize};
use tracewell_parquet::FileReader;

use super::span_file::Source;
use super::{BlockError, parquet_name};
use crate::files::{Access, FileError, Files};
use crate::wal::WalPosition;

/// Key in the metadata of the Parquet file.
pub(super) const BIRTH_KEY: &str = "tracewell.block.birth";

/// Where a block comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Birth {
    /// The life of the data directory it was written in.
    pub history: String,
    /// When it was written, or its youngest part, ns since the Unix epoch.
    pub listed_ns: u64,
    /// The log from here...
    pub log_from: WalPosition,
    /// ...up to and without this position is in the block, or in the blocks
    /// that it was merged from.
    pub log_until: WalPosition,
    /// The blocks that it was merged from; none for a sealed block.
    pub parts: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Text {
    history: String,
    listed_ns: u64,
    log_from: (u64, u32),
    log_until: (u64, u32),
    parts: Vec<String>,
}

impl Birth {
    /// The certificate of a block that takes the place of others.
    #[must_use]
    pub fn of_merge<'a>(history: &str, parts: impl Iterator<Item = (&'a str, Birth)>) -> Self {
        let mut merged: Option<Self> = None;
        let mut names = Vec::new();
        for (name, part) in parts {
            names.push(name.to_owned());
            let so_far = merged.get_or_insert_with(|| part.clone());
            so_far.listed_ns = so_far.listed_ns.max(part.listed_ns);
            so_far.log_from = so_far.log_from.min(part.log_from);
            so_far.log_until = so_far.log_until.max(part.log_until);
        }
        Self {
            history: history.to_owned(),
            parts: names,
            ..merged.unwrap_or_default()
        }
    }

    pub(super) fn encode(&self) -> String {
        let text = Text {
            history: self.history.clone(),
            listed_ns: self.listed_ns,
            log_from: (self.log_from.segment, self.log_from.offset),
            log_until: (self.log_until.segment, self.log_until.offset),
            parts: self.parts.clone(),
        };
        let json = serde_json::to_string(&text).expect("strings and numbers are always JSON");
        format!("{:08x} {json}", crc32c::crc32c(json.as_bytes()))
    }

    pub(super) fn decode(value: &str) -> Option<Self> {
        let (crc, json) = value.split_once(' ')?;
        if crc != format!("{:08x}", crc32c::crc32c(json.as_bytes())) {
            return None;
        }
        let text: Text = serde_json::from_str(json).ok()?;
        let position = |(segment, offset)| WalPosition { segment, offset };
        Some(Self {
            history: text.history,
            listed_ns: text.listed_ns,
            log_from: position(text.log_from),
            log_until: position(text.log_until),
            parts: text.parts,
        })
    }

    /// Reads the certificate of a block in `dir`; `None` for one that has none
    /// that can be trusted, as blocks of versions before there were any.
    ///
    /// # Errors
    /// The file cannot be read, or is no Parquet file.
    pub fn read(files: &dyn Files, dir: &Path, name: &str) -> Result<Option<Self>, BlockError> {
        Ok(Self::read_counted(files, dir, name)?.0)
    }

    /// The same, and how many spans the block has.
    ///
    /// # Errors
    /// As [`Birth::read`].
    pub(crate) fn read_counted(
        files: &dyn Files,
        dir: &Path,
        name: &str,
    ) -> Result<(Option<Self>, u64), BlockError> {
        let path = dir.join(parquet_name(name));
        let file = files.open(&path, Access::Read);
        let source = Source(file.map_err(FileError::on("open", &path))?);
        let reader =
            FileReader::open(&source).map_err(|error| BlockError::damaged(&path, error))?;
        let rows = reader.row_groups().iter().map(|group| group.rows as u64);
        let birth = reader.key_value(BIRTH_KEY).and_then(Self::decode);
        Ok((birth, rows.sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_certificate_is_none() {
        let birth = Birth {
            history: "00ff".to_owned(),
            listed_ns: u64::MAX,
            log_from: WalPosition {
                segment: 3,
                offset: 32,
            },
            log_until: WalPosition {
                segment: 4,
                offset: 777,
            },
            parts: vec!["0000000001".to_owned()],
        };
        let text = birth.encode();
        assert_eq!(Birth::decode(&text), Some(birth));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            assert_eq!(Birth::decode(&changed), None, "{changed}");
        }
        assert_eq!(Birth::decode(""), None);
    }
}
