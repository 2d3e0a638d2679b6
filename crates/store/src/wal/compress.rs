//! Payloads, compressed on the thread that brings them.
//!
//! zstd at its fast levels is as quick as lz4 on spans and a third smaller. The
//! context is kept per thread, since setting one up costs more than a small
//! batch. What is decompressed was checked by its CRC before and
//! is bounded by [`MAX_PAYLOAD_BYTES`].

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use super::entry::{EntryHeader, MAX_PAYLOAD_BYTES, total_bytes};

/// An entry is read once, if ever, and gone after the next seal, so time counts
/// more than bytes. Measured on 1,000 spans, level −1 and its shortest match of
/// 5 against these, ns and bytes for a span: 89 and 29 against 65 and 32 (shop),
/// 450 and 63 against 321 and 73 (Jaeger's shape).
const LEVEL: i32 = -3;
/// Shorter repetitions, such as a prefix of every value of a column, cost more
/// to write down than they save.
const SHORTEST_MATCH_BYTES: u32 = 7;

/// A thread's scratch buffer above this is given back after use.
const KEPT_SCRATCH_BYTES: usize = 4 << 20;

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch { zstd: None, bytes: Vec::new() }) };
}

struct Scratch {
    zstd: Option<Compressor<'static>>,
    bytes: Vec<u8>,
}

/// A payload as it will stand in the log.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) bytes: Box<[u8]>,
    pub(super) zstd: bool,
    pub(super) payload_bytes: u32,
    pub(super) spans: u32,
    pub(super) crc: u32,
}

impl Stored {
    /// Compresses a payload of at most [`MAX_PAYLOAD_BYTES`], if that saves an
    /// eighth or more.
    pub(super) fn new(payload: &[u8], spans: u32) -> Stored {
        debug_assert!(payload.len() <= MAX_PAYLOAD_BYTES as usize);
        let compressed = SCRATCH.with_borrow_mut(|scratch| scratch.compress(payload));
        let zstd = compressed.is_some();
        let bytes = compressed.unwrap_or_else(|| payload.into());
        Stored {
            crc: crc32c::crc32c(&bytes),
            bytes,
            zstd,
            payload_bytes: payload.len() as u32,
            spans,
        }
    }

    /// Bytes in the segment: header, payload and padding.
    pub(super) fn total_bytes(&self) -> u64 {
        total_bytes(self.bytes.len() as u32)
    }
}

impl Scratch {
    /// `None` if it does not pay, or cannot be done.
    fn compress(&mut self, payload: &[u8]) -> Option<Box<[u8]>> {
        if self.zstd.is_none() {
            self.zstd = compressor().ok();
        }
        let zstd = self.zstd.as_mut()?;
        self.bytes.clear();
        self.bytes
            .reserve(zstd::zstd_safe::compress_bound(payload.len()));
        let result = zstd.compress_to_buffer(payload, &mut self.bytes);
        let pays = result.is_ok_and(|bytes| bytes < payload.len() - payload.len() / 8);
        let compressed = pays.then(|| self.bytes.as_slice().into());
        if self.bytes.capacity() > KEPT_SCRATCH_BYTES {
            self.bytes = Vec::new();
        }
        compressed
    }
}

fn compressor() -> io::Result<Compressor<'static>> {
    let mut zstd = Compressor::new(LEVEL)?;
    zstd.set_parameter(CParameter::MinMatch(SHORTEST_MATCH_BYTES))?;
    Ok(zstd)
}

/// Gives stored payloads back as they were given.
pub(super) struct Restorer {
    zstd: Decompressor<'static>,
    bytes: Vec<u8>,
}

impl Restorer {
    pub(super) fn new() -> io::Result<Restorer> {
        Ok(Restorer {
            zstd: Decompressor::new()?,
            bytes: Vec::new(),
        })
    }

    /// The payload of an entry; `None` if it is not what the header says.
    pub(super) fn restore<'a>(
        &'a mut self,
        header: &EntryHeader,
        stored: &'a [u8],
    ) -> Option<&'a [u8]> {
        let wanted = header.payload_bytes as usize;
        if !header.zstd {
            return (stored.len() == wanted).then_some(stored);
        }
        self.bytes.clear();
        self.bytes.reserve(wanted);
        let got = self.zstd.decompress_to_buffer(stored, &mut self.bytes);
        (got.ok()? == wanted).then_some(&self.bytes)
    }
}
