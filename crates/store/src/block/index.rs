//! The index file of a block: what is in it, and where.
//!
//! ```text
//!  0  magic "TWBLKIDX"
//!  8  u32 format version (4; until version 3 without flags and sums of row groups,
//!     until 2 without latest ends, in version 1 checksums did not cover places)
//! 12  u32 CRC-32C of the core
//! 16  u32 bytes of the core
//! 20  core, kept in memory:
//!     counts      spans v | traces v | earliest start u64 | latest start u64
//!     flags       u8: 1 service_name tells all there is of service.name,
//!                     2 derived columns are filled
//!     files       bytes of the Parquet file u64 | its CRC-32C u32 |
//!                 bytes of the sections u64
//!     row groups  count v | per group: rows v | earliest start u64 |
//!                 latest start u64 | latest end u64 | page directory: place |
//!                 token filter: place |
//!                 flags u8: 1 two neighbours agree in trace, start and span id,
//!                           2 its first span goes on with a trace |
//!                 traces that begin in it v |
//!                 sums: place (see sums.rs)
//!     traces      place | token filter of the block: place
//!     services    count v | per service: text | operations v | per operation:
//!                 text | kind v | spans v | failed v | row groups v |
//!                 row groups with failed spans v
//!     keys        count v | per key: level u8 | type u8 | text | attributes v |
//!                 of these outside a column v | column v (0 for none)
//!  …  sections, read when they are needed: see sections.rs
//! ```
//!
//! `v` is a LEB128 varint, text a varint length and UTF-8, a place an offset
//! `v` into the sections and a length `v`, other integers are little-endian.
//! *Row groups* of an operation is a set of bits: bit `g mod 64` for group `g`.
//! Decoding trusts nothing: every count is checked against the bytes that are
//! left. **The layout never changes without a new version.**

mod build;
mod decode;
pub(super) mod directory;
mod encode;
mod keys;
mod sections;
mod sums;
pub(super) mod tokens;
pub(super) mod traces;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracewell_model::store::AttributeKey;
use tracewell_model::{Level, TimeRange, TraceId};
use tracewell_parquet::PAGE_ROWS;

use super::BlockError;
use super::catalogue::{Catalogue, ReadOperation};
use super::faults::twice;
use super::schema::Fixed;
use crate::files::{Access, File, FileError, Files, read_exact_at};
use directory::ChunkPages;
use sections::{Place, Sections};
use traces::TraceTable;

pub(super) use build::{GroupFacts, IndexBuilder};
pub(super) use sums::Sums;

const MAGIC: &[u8; 8] = b"TWBLKIDX";

/// Version of the index file that is written. Earlier ones are read.
pub(super) const VERSION: u32 = 4;

/// From this version on checksums of sections cover the places of pages.
const PLACES_SINCE: u32 = 2;

/// From this version on row groups have their latest ends.
const ENDS_SINCE: u32 = 3;

/// From this version on row groups have flags and sums.
const SUMS_SINCE: u32 = 4;

const HEADER_BYTES: usize = 20;

/// The core of an index file.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Core {
    pub(super) spans: u64,
    pub(super) traces: u64,
    pub(super) min_start_ns: u64,
    pub(super) max_start_ns: u64,
    /// Every resource has one `service.name` of text or none, so the column
    /// `service_name` says all there is to say of that key.
    pub(super) services_exact: bool,
    /// The derived columns are filled.
    pub(super) has_derived: bool,
    pub(super) parquet_bytes: u64,
    pub(super) parquet_crc: u32,
    sections_bytes: u64,
    pub(super) row_groups: Vec<RowGroup>,
    traces_place: Place,
    tokens: Place,
    /// Services and operations: all while a block is written, what there is
    /// room for once it is read.
    pub(super) catalogue: Catalogue,
    /// Sorted by key: all while a block is written, what there is room for once
    /// it is read.
    pub(super) keys: Vec<KeyEntry>,
    /// The levels with keys that are not among these.
    pub(super) unlisted_keys: Vec<Level>,
}

/// A row group of the Parquet file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowGroup {
    pub(super) rows: usize,
    pub(super) min_start_ns: u64,
    pub(super) max_start_ns: u64,
    /// The latest end, ns; the latest start where an earlier version wrote the
    /// file: what runs on after that is not found by when it ran.
    pub(super) max_end_ns: u64,
    directory: Place,
    tokens: Place,
    /// Two neighbours agree in trace, start and span id, so that they may be one span,
    /// stored twice.
    pub(super) has_alike: bool,
    /// Its first span goes on with a trace of the row group before.
    pub(super) begins_within: bool,
    /// Traces that begin in it.
    pub(super) traces: u64,
    sums: Place,
}

impl RowGroup {
    /// May a span of it belong to the range?
    pub(super) fn reaches(&self, range: TimeRange) -> bool {
        range.overlaps(self.min_start_ns, self.max_end_ns)
    }
}

/// An attribute key of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyEntry {
    pub(super) key: AttributeKey,
    /// Attributes of this key and type; those of a resource or a scope once for
    /// each row group with spans of it.
    pub(super) count: u64,
    /// How many of them are not in `column`.
    pub(super) elsewhere: u64,
    /// Its column in the Parquet file.
    pub(super) column: Option<usize>,
}

/// The bit of a row group in a set of row groups.
pub(super) fn group_bit(group: usize) -> u64 {
    1 << (group % 64)
}

/// An index file that was opened: the core in memory, sections on disk.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) core: Core,
    /// For each attribute column, its place in the keys.
    pub(super) column_keys: Vec<usize>,
    version: u32,
    file: Arc<dyn File>,
    path: PathBuf,
    sections: Sections,
}

impl Index {
    /// Opens an index file and reads its core.
    pub(super) fn open(files: &dyn Files, path: &Path) -> Result<Self, BlockError> {
        let damaged = |reason: &str| BlockError::damaged(path, reason);
        let file = files
            .open(path, Access::Read)
            .map_err(FileError::on("open", path))?;
        let (bytes, version) = read_core(&*file, path)?;
        let size = file
            .size()
            .map_err(FileError::on("get the size of", path))?;
        let sections_at = (HEADER_BYTES + bytes.len()) as u64;
        let core = decode::core(&bytes, version).map_err(|reason| damaged(reason.0))?;
        if sections_at + core.sections_bytes != size {
            return Err(damaged("has another size than its core says"));
        }
        let column_keys = column_keys(&core).ok_or_else(|| damaged("a column has no key"))?;
        Ok(Self {
            core,
            column_keys,
            version,
            file,
            path: path.to_path_buf(),
            sections: Sections {
                at: sections_at,
                has_places: version >= PLACES_SINCE,
            },
        })
    }

    /// Entries of a key at a level, one per type.
    pub(super) fn entries<'a>(
        &'a self,
        level: Level,
        key: &'a str,
    ) -> impl Iterator<Item = &'a KeyEntry> {
        let of_key =
            move |entry: &KeyEntry| (entry.key.level, entry.key.key.as_str()).cmp(&(level, key));
        let keys = &self.core.keys;
        let first = keys.partition_point(move |entry| of_key(entry).is_lt());
        keys[first..]
            .iter()
            .take_while(move |entry| of_key(entry).is_eq())
    }

    /// May a key occur at a level though it has no entry?
    pub(super) fn may_be_unlisted(&self, level: Level, key: &str) -> bool {
        self.core.unlisted_keys.contains(&level) && self.entries(level, key).next().is_none()
    }

    /// Row group and page in it in which a trace may begin, ascending; nearly
    /// always one, or none when it is not here.
    pub(super) fn pages_of(&self, id: TraceId) -> Result<Vec<(usize, usize)>, BlockError> {
        let pages = traces::pages_of(self, self.core.traces_place, id)?;
        let place = |page: u32| {
            let mut page = page as usize;
            for (group, of_group) in self.core.row_groups.iter().enumerate() {
                let pages = of_group.rows.div_ceil(PAGE_ROWS);
                if page < pages {
                    return Ok((group, page));
                }
                page -= pages;
            }
            Err(self.damaged("a trace begins behind the last page"))
        };
        pages.into_iter().map(place).collect()
    }

    /// Do row groups say whether neighbours look alike and traces go on?
    pub(super) fn tells_neighbours(&self) -> bool {
        self.version >= SUMS_SINCE
    }

    /// All traces.
    pub(super) fn trace_table(&self) -> Result<TraceTable, BlockError> {
        let place = self.core.traces_place;
        Ok(TraceTable(self.section(place, 0..place.bytes)?))
    }

    /// The sums of a row group, if it has any, and the bytes that were read.
    pub(super) fn sums(&self, group: usize) -> Result<Option<(Sums, u64)>, BlockError> {
        let of = &self.core.row_groups[group];
        let section = self.section(of.sums, 0..of.sums.bytes)?;
        let sums = Sums::read(&section, (of.min_start_ns, of.max_start_ns));
        let sums = sums.map_err(|reason| self.damaged(reason.0))?;
        Ok(sums.map(|sums| (sums, of.sums.bytes)))
    }

    /// Where the pages of a column of a row group are.
    pub(super) fn chunk(&self, group: usize, column: usize) -> Result<ChunkPages, BlockError> {
        let row_group = &self.core.row_groups[group];
        directory::chunk(self, row_group.directory, row_group.rows, column)
    }

    /// May a token that was put into the filter of the block be there?
    pub(super) fn block_has_token(&self, token: u64) -> Result<bool, BlockError> {
        tokens::may_hold(self, self.core.tokens, token)
    }

    /// May a token that was put into the filter of a row group be there?
    pub(super) fn group_has_token(&self, group: usize, token: u64) -> Result<bool, BlockError> {
        tokens::may_hold(self, self.core.row_groups[group].tokens, token)
    }

    /// Reads every section and checks it.
    pub(super) fn verify(&self) -> Result<(), BlockError> {
        let of_groups = self.core.row_groups.iter();
        let places = of_groups.flat_map(|group| [group.directory, group.tokens, group.sums]);
        for place in places.chain([self.core.traces_place, self.core.tokens]) {
            self.section(place, 0..place.bytes)?;
        }
        Ok(())
    }

    fn section(&self, place: Place, range: std::ops::Range<u64>) -> Result<Vec<u8>, BlockError> {
        twice(|| sections::read(&*self.file, &self.path, self.sections, place, range.clone()))
    }

    fn damaged(&self, reason: &str) -> BlockError {
        BlockError::damaged(&self.path, reason)
    }

    /// Shows every operation with its service, also those that memory does not
    /// keep: reads [`Index::core_bytes`].
    pub(super) fn operations(
        &self,
        each: &mut dyn FnMut(&str, &ReadOperation<'_>),
    ) -> Result<(), BlockError> {
        let (bytes, version) = twice(|| read_core(&*self.file, &self.path))?;
        decode::operations(&bytes, version, &mut |service, operation| {
            each(service, &operation)
        })
        .map_err(|reason| self.damaged(reason.0))
    }

    /// Bytes of the core in the file.
    pub(super) fn core_bytes(&self) -> u64 {
        self.sections.at - HEADER_BYTES as u64
    }

    /// Bytes of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.sections.at + self.core.sections_bytes
    }

    /// Bytes of memory that the core holds.
    pub(super) fn memory_bytes(&self) -> usize {
        let core = &self.core;
        let keys = core
            .keys
            .iter()
            .map(|entry| size_of::<KeyEntry>() + entry.key.key.len());
        size_of::<Self>()
            + core.row_groups.len() * size_of::<RowGroup>()
            + core.catalogue.memory_bytes()
            + keys.sum::<usize>()
    }
}

/// The core of an index file, checked, and the version of the file.
fn read_core(file: &dyn File, path: &Path) -> Result<(Vec<u8>, u32), BlockError> {
    let damaged = |reason: &str| BlockError::damaged(path, reason);
    let size = file
        .size()
        .map_err(FileError::on("get the size of", path))?;
    if size < HEADER_BYTES as u64 {
        return Err(damaged("shorter than its header"));
    }
    let mut header = [0; HEADER_BYTES];
    read_exact_at(file, &mut header, 0).map_err(FileError::on("read", path))?;
    let number = |at: usize| {
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    if &header[..8] != MAGIC {
        return Err(damaged("does not begin as an index file"));
    }
    let found = number(8);
    if found == 0 || found > VERSION {
        let path = path.to_path_buf();
        return Err(BlockError::Version { path, found });
    }
    let core_bytes = number(16);
    let sections_at = HEADER_BYTES as u64 + u64::from(core_bytes);
    // A wrong size cannot ask for more memory than the file has bytes.
    if sections_at > size {
        return Err(damaged("its core has an impossible length"));
    }
    let mut bytes = vec![0; core_bytes as usize];
    read_exact_at(file, &mut bytes, HEADER_BYTES as u64).map_err(FileError::on("read", path))?;
    if crc32c::crc32c(&bytes) != number(12) {
        return Err(damaged("checksum does not match"));
    }
    Ok((bytes, found))
}

/// The key of each attribute column, if every one has its own.
fn column_keys(core: &Core) -> Option<Vec<usize>> {
    let first = Fixed::ALL.len();
    let named = core.keys.iter().enumerate();
    let mut named: Vec<(usize, usize)> = named
        .filter_map(|(place, entry)| Some((entry.column?, place)))
        .collect();
    named.sort_unstable();
    let columns = named.iter().map(|(column, _)| *column);
    let each_once = columns.eq(first..first + named.len());
    each_once.then(|| named.into_iter().map(|(_, place)| place).collect())
}
