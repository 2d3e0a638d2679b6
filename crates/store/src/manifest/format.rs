//! The text of a manifest.
//!
//! ```text
//! tracewell-manifest 3          magic and format version
//! {                             JSON: history, wal_from, first_segment,
//!                               next_block, removed, blocks
//!   ...
//! }
//! crc32c 0a1b2c3d               of every byte before this line
//! ```
//!
//! The first and the last line keep their form in every version, so that an
//! older program tells "too new" from "damaged". A person can read it; nobody
//! but the store may write it. Version 1 had no `history`, `first_segment` and
//! `removed`; it is read as if they were empty. Version 2 had names alone in
//! `removed`. This file knows text only, no
//! files.

use serde::{Deserialize, Serialize};

use super::{BlockEntry, Manifest, Removed};
use crate::wal::WalPosition;

/// The format version that this program writes, and the newest it reads.
pub const MANIFEST_VERSION: u32 = 3;

const MAGIC: &str = "tracewell-manifest ";
const CHECK: &str = "crc32c ";
/// `crc32c `, eight hexadecimal digits, line feed.
const CHECK_BYTES: usize = CHECK.len() + 9;

/// Why a text is no manifest of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    NewerVersion { found: u32 },
    Damaged { reason: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    history: String,
    wal_from: Position,
    #[serde(default)]
    first_segment: Option<u64>,
    next_block: u64,
    #[serde(default)]
    removed: Vec<Gone>,
    blocks: Vec<Block>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Gone {
    Name(String),
    Block {
        name: String,
        listed_ns: u64,
        spans: u64,
        is_merged: bool,
    },
}

impl From<&Removed> for Gone {
    fn from(removed: &Removed) -> Self {
        let name = removed.name.clone();
        match removed.written {
            None => Self::Name(name),
            Some((listed_ns, spans)) => Self::Block {
                name,
                listed_ns,
                spans,
                is_merged: removed.is_merged,
            },
        }
    }
}

impl From<Gone> for Removed {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Name(name) => Self {
                name,
                written: None,
                is_merged: true,
            },
            Gone::Block {
                name,
                listed_ns,
                spans,
                is_merged,
            } => Self {
                name,
                written: Some((listed_ns, spans)),
                is_merged,
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    segment: u64,
    offset: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    name: String,
    bytes: u64,
    spans: u64,
    traces: u64,
    min_start_ns: u64,
    max_start_ns: u64,
    listed_ns: u64,
}

pub(super) fn encode(manifest: &Manifest) -> Vec<u8> {
    let block = |block: &BlockEntry| Block {
        name: block.name.clone(),
        bytes: block.bytes,
        spans: block.spans,
        traces: block.traces,
        min_start_ns: block.min_start_ns,
        max_start_ns: block.max_start_ns,
        listed_ns: block.listed_ns,
    };
    let body = Body {
        history: manifest.history.clone(),
        wal_from: Position {
            segment: manifest.wal_from.segment,
            offset: manifest.wal_from.offset,
        },
        first_segment: manifest.first_segment,
        next_block: manifest.next_block,
        removed: manifest.removed.iter().map(Gone::from).collect(),
        blocks: manifest.blocks.iter().map(block).collect(),
    };
    let body = serde_json::to_string_pretty(&body).expect("strings and numbers are always JSON");
    let mut text = format!("{MAGIC}{MANIFEST_VERSION}\n{body}\n");
    let crc = crc32c::crc32c(text.as_bytes());
    text.push_str(&format!("{CHECK}{crc:08x}\n"));
    text.into_bytes()
}

pub(super) fn decode(text: &[u8]) -> Result<Manifest, DecodeError> {
    let text = checked(text)?;
    let (first, body) = text
        .split_once('\n')
        .ok_or_else(|| damaged("it has one line only"))?;
    let version = first.strip_prefix(MAGIC).and_then(|v| v.parse().ok());
    match version {
        None => return Err(damaged("it does not begin as a manifest")),
        Some(found) if found > MANIFEST_VERSION => {
            return Err(DecodeError::NewerVersion { found });
        }
        Some(_) => {}
    }
    let body: Body = serde_json::from_str(body).map_err(|error| DecodeError::Damaged {
        // The body begins on the second line of the file.
        reason: format!("after its first line, {error}"),
    })?;
    let removed: Vec<Removed> = body.removed.into_iter().map(Removed::from).collect();
    let plain = |name: &str| !name.is_empty() && !name.contains(['/', '.', '\0']);
    let mut names = body
        .blocks
        .iter()
        .map(|block| &block.name)
        .chain(removed.iter().map(|removed| &removed.name));
    if let Some(name) = names.find(|name| !plain(name)) {
        return Err(DecodeError::Damaged {
            reason: format!("block name {name:?} is no plain name"),
        });
    }
    Ok(Manifest {
        history: body.history,
        wal_from: WalPosition {
            segment: body.wal_from.segment,
            offset: body.wal_from.offset,
        },
        first_segment: body.first_segment,
        next_block: body.next_block,
        removed,
        blocks: body.blocks.into_iter().map(entry).collect(),
    })
}

fn entry(block: Block) -> BlockEntry {
    BlockEntry {
        name: block.name,
        bytes: block.bytes,
        spans: block.spans,
        traces: block.traces,
        min_start_ns: block.min_start_ns,
        max_start_ns: block.max_start_ns,
        listed_ns: block.listed_ns,
    }
}

/// The text before its check line, if the two agree.
fn checked(text: &[u8]) -> Result<&str, DecodeError> {
    let (text, check) = text
        .split_at_checked(text.len().wrapping_sub(CHECK_BYTES))
        .ok_or_else(|| damaged("it is too short"))?;
    let crc = crc32c::crc32c(text);
    if check != format!("{CHECK}{crc:08x}\n").as_bytes() {
        return Err(damaged("its check sum does not match"));
    }
    str::from_utf8(text).map_err(|_| damaged("it is not text"))
}

fn damaged(reason: &str) -> DecodeError {
    DecodeError::Damaged {
        reason: reason.to_owned(),
    }
}
