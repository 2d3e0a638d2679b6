//! What a data directory holds, by part.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, bail, ensure};

/// Bytes by kind of file, and the spans in blocks.
#[derive(Debug, Default, Clone)]
pub(crate) struct Disk {
    /// `wal`, and the endings of the files in `blocks`.
    pub(crate) parts: BTreeMap<String, u64>,
    /// Spans in sealed blocks.
    pub(crate) sealed_spans: u64,
    /// Sealed blocks.
    pub(crate) blocks: u64,
    /// Spans in the largest one.
    pub(crate) largest_block: u64,
}

impl Disk {
    /// Looks at the directory. Blocks that come or go meanwhile count or not.
    pub(crate) fn of(data_dir: &Path) -> anyhow::Result<Self> {
        let mut disk = Self::default();
        for entry in fs::read_dir(data_dir.join("wal"))?.flatten() {
            disk.add("wal", entry.metadata().map_or(0, |meta| meta.len()));
        }
        for entry in fs::read_dir(data_dir.join("blocks"))?.flatten() {
            let path = entry.path();
            let Ok(meta) = entry.metadata() else { continue };
            let ending = path.extension().unwrap_or_default().to_string_lossy();
            disk.add(&format!("blocks/*.{ending}"), meta.len());
            if ending == "parquet" {
                let rows = parquet_rows(&path)?;
                disk.sealed_spans += rows;
                disk.blocks += 1;
                disk.largest_block = disk.largest_block.max(rows);
            }
        }
        Ok(disk)
    }

    fn add(&mut self, part: &str, bytes: u64) {
        *self.parts.entry(part.to_owned()).or_default() += bytes;
    }

    /// Bytes of sealed blocks with their indexes.
    pub(crate) fn block_bytes(&self) -> u64 {
        let blocks = self.parts.iter().filter(|(name, _)| *name != "wal");
        blocks.map(|(_, bytes)| bytes).sum()
    }

    /// Bytes on disk for each span in a block; `None` when nothing is sealed.
    pub(crate) fn bytes_per_span(&self) -> Option<f64> {
        (self.sealed_spans > 0).then(|| self.block_bytes() as f64 / self.sealed_spans as f64)
    }
}

/// Rows of a Parquet file, from the first fields of its footer (the `Thrift`
/// struct `FileMetaData` in parquet.thrift: 1 version, 2 schema, 3 rows).
fn parquet_rows(path: &Path) -> anyhow::Result<u64> {
    let read = || -> anyhow::Result<u64> {
        let mut file = fs::File::open(path)?;
        file.seek(SeekFrom::End(-8))?;
        let mut tail = [0; 8];
        file.read_exact(&mut tail)?;
        ensure!(tail[4..] == *b"PAR1", "no Parquet file");
        let length = u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]);
        file.seek(SeekFrom::End(-8 - i64::from(length)))?;
        let mut footer = vec![0; length as usize];
        file.read_exact(&mut footer)?;
        rows_in_footer(&footer)
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}

fn rows_in_footer(footer: &[u8]) -> anyhow::Result<u64> {
    let mut thrift = Compact { rest: footer };
    let mut field = 0;
    while let Some(kind) = thrift.field(&mut field)? {
        if field == 3 {
            let rows = thrift.varint()?;
            // Zigzag; a number of rows is not negative.
            return Ok(rows >> 1);
        }
        thrift.skip(kind, 0)?;
    }
    bail!("the footer does not say how many rows there are")
}

/// Thrift's compact protocol, as far as skipping needs it.
struct Compact<'a> {
    rest: &'a [u8],
}

impl Compact<'_> {
    fn byte(&mut self) -> anyhow::Result<u8> {
        let (first, rest) = self.rest.split_first().context("the footer ends early")?;
        self.rest = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> anyhow::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        bail!("a number is too long")
    }

    /// The type of the next field; `None` at the end of the struct.
    fn field(&mut self, id: &mut u64) -> anyhow::Result<Option<u8>> {
        let head = self.byte()?;
        match (head >> 4, head & 15) {
            (_, 0) => return Ok(None),
            (0, _) => *id = self.varint()? >> 1,
            (delta, _) => *id += u64::from(delta),
        }
        Ok(Some(head & 15))
    }

    fn bytes(&mut self, count: u64) -> anyhow::Result<()> {
        let count = usize::try_from(count)?;
        self.rest = self.rest.get(count..).context("the footer ends early")?;
        Ok(())
    }

    fn skip(&mut self, kind: u8, depth: u8) -> anyhow::Result<()> {
        ensure!(depth < 16, "the footer is nested too deep");
        match kind {
            1 | 2 => Ok(()),
            3 => self.bytes(1),
            4..=6 => self.varint().map(drop),
            7 => self.bytes(8),
            8 => {
                let length = self.varint()?;
                self.bytes(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.varint()?,
                    count => u64::from(count),
                };
                // An element that is a truth value takes a byte; a field none.
                let kind = if head & 15 <= 2 { 3 } else { head & 15 };
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            12 => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            other => bail!("a field of type {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_footer_stand_behind_its_schema() {
        // version = 2, schema = [{name: "ab", children: 1}], rows = 300
        let footer = [
            0x15, 0x04, 0x19, 0x1c, 0x48, 0x02, b'a', b'b', 0x15, 0x02, 0x00, 0x16, 0xd8, 0x04,
            0x00,
        ];
        assert_eq!(rows_in_footer(&footer).unwrap(), 300);
        for end in 0..footer.len() - 1 {
            assert!(rows_in_footer(&footer[..end]).is_err(), "cut at {end}");
        }
    }
}
