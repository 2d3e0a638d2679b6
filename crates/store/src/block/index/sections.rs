//! Sections of an index file: bytes that are read a little at a time, and
//! never without their checksum.
//!
//! A section is cut into pages of 4,092 bytes, each followed by its CRC-32C;
//! the last page may be shorter. So a look-up in a table of megabytes reads and
//! checks some kilobytes. The checksum covers the place of the page, too: **a
//! sound page in the place of another is damage.** Only version 1 of the index
//! file did without.

use std::ops::Range;
use std::path::Path;

use super::super::BlockError;
use crate::files::{File, FileError, read_exact_at};

/// Bytes of a section in a page.
const PAGE_BYTES: u64 = 4092;

/// A page with its checksum.
const STORED_PAGE_BYTES: u64 = PAGE_BYTES + 4;

/// Where a section is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its first byte, counted from the start of the sections.
    pub(super) offset: u64,
    /// Bytes without checksums.
    pub(super) bytes: u64,
}

impl Place {
    /// Bytes with checksums; `None` when no file has so many.
    pub(super) fn stored_bytes(self) -> Option<u64> {
        self.bytes
            .div_ceil(PAGE_BYTES)
            .checked_mul(4)?
            .checked_add(self.bytes)
    }
}

/// Checksum of a page that begins `offset` bytes into the sections.
fn page_crc(offset: u64, page: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&offset.to_le_bytes()), page)
}

/// Adds a section.
pub(super) fn append(sections: &mut Vec<u8>, section: &[u8]) -> Place {
    let place = Place {
        offset: sections.len() as u64,
        bytes: section.len() as u64,
    };
    for page in section.chunks(PAGE_BYTES as usize) {
        let crc = page_crc(sections.len() as u64, page);
        sections.extend_from_slice(page);
        sections.extend_from_slice(&crc.to_le_bytes());
    }
    place
}

/// The sections of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sections {
    /// Where they begin.
    pub(super) at: u64,
    /// Whether checksums cover the places of pages.
    pub(super) has_places: bool,
}

/// Reads `range` of the section at `place` of a file.
pub(super) fn read(
    file: &dyn File,
    path: &Path,
    sections: Sections,
    place: Place,
    range: Range<u64>,
) -> Result<Vec<u8>, BlockError> {
    if range.start >= range.end || range.end > place.bytes {
        let is_nothing = range.start == range.end && range.end <= place.bytes;
        return if is_nothing {
            Ok(Vec::new())
        } else {
            Err(BlockError::damaged(path, "a section is too short"))
        };
    }
    let (first, last) = (range.start / PAGE_BYTES, (range.end - 1) / PAGE_BYTES);
    let end = ((last + 1) * PAGE_BYTES).min(place.bytes);
    let stored = (end - first * PAGE_BYTES) + (last + 1 - first) * 4;
    let mut bytes = vec![0; stored as usize];
    let mut at = place.offset + first * STORED_PAGE_BYTES;
    read_exact_at(file, &mut bytes, sections.at + at).map_err(FileError::on("read", path))?;
    let mut section = Vec::with_capacity((end - first * PAGE_BYTES) as usize);
    for page in bytes.chunks(STORED_PAGE_BYTES as usize) {
        let (page, crc) = page
            .split_last_chunk::<4>()
            .ok_or_else(|| BlockError::damaged(path, "a section ends within a checksum"))?;
        let expected = match sections.has_places {
            true => page_crc(at, page),
            false => crc32c::crc32c(page),
        };
        at += STORED_PAGE_BYTES;
        if expected != u32::from_le_bytes(*crc) {
            return Err(BlockError::damaged(
                path,
                "checksum of a section does not match",
            ));
        }
        section.extend_from_slice(page);
    }
    let skip = (range.start - first * PAGE_BYTES) as usize;
    section.truncate((range.end - first * PAGE_BYTES) as usize);
    section.drain(..skip);
    Ok(section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::faulty::FaultyFiles;
    use crate::files::{Files, write_all_at};

    #[test]
    fn any_range_reads_back_and_damage_is_noticed() {
        let path = Path::new("/sections");
        for length in [0u64, 1, 4091, 4092, 4093, 8184, 20_000] {
            let section: Vec<u8> = (0..length).map(|n| (n * 7 / 3) as u8).collect();
            let mut sections = vec![9; 100];
            let place = append(&mut sections, &section);
            assert_eq!(
                place.offset + place.stored_bytes().unwrap(),
                sections.len() as u64
            );
            let files = FaultyFiles::new();
            let file = files.create(path).unwrap();
            write_all_at(&*file, &sections, 0).unwrap();
            let whole = Sections {
                at: 0,
                has_places: true,
            };
            let read = |range| read(&*file, path, whole, place, range);
            for from in [0, 1, 4000, 4091, 4092, 4096, 9000] {
                for to in [0, 1, 4091, 4092, 4093, 8184, 8185, 20_000] {
                    if from <= to && to <= length {
                        let expected = &section[from as usize..to as usize];
                        assert_eq!(
                            read(from..to).unwrap(),
                            expected,
                            "{from}..{to} of {length}"
                        );
                    } else if to > length {
                        assert!(read(from..to).is_err());
                    }
                }
            }
            if length > 0 {
                write_all_at(&*file, &[sections[100] ^ 1], 100).unwrap();
                assert!(read(0..1).unwrap_err().to_string().contains("checksum"));
            }
        }
    }

    #[test]
    fn pages_that_were_exchanged_are_noticed_and_version_1_reads_as_before() {
        let path = Path::new("/sections");
        let section: Vec<u8> = (0..3 * PAGE_BYTES)
            .map(|n| (n / PAGE_BYTES) as u8)
            .collect();
        let mut sections = Vec::new();
        let place = append(&mut sections, &section);
        let stored = STORED_PAGE_BYTES as usize;
        let files = FaultyFiles::new();
        let file = files.create(path).unwrap();
        let read = |has_places| {
            let sections = Sections { at: 0, has_places };
            read(&*file, path, sections, place, 0..place.bytes)
        };
        write_all_at(&*file, &sections, 0).unwrap();
        assert_eq!(read(true).unwrap(), section);
        let (first, rest) = sections.split_at_mut(stored);
        first.swap_with_slice(&mut rest[..stored]);
        write_all_at(&*file, &sections, 0).unwrap();
        assert!(read(true).unwrap_err().to_string().contains("checksum"));
        let mut of_version_1 = Vec::new();
        for page in section.chunks(PAGE_BYTES as usize) {
            of_version_1.extend_from_slice(page);
            of_version_1.extend_from_slice(&crc32c::crc32c(page).to_le_bytes());
        }
        write_all_at(&*file, &of_version_1, 0).unwrap();
        assert_eq!(read(false).unwrap(), section);
    }
}
