//! Bytes in, compressed bytes out, as much at a time as there is.
//!
//! It knows no HTTP. **Where it runs is the caller's business**: it is work, not
//! waiting.

use std::io::{self, Write};

use axum::body::Bytes;
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;

use super::Coding;

/// The fastest level of gzip.
const GZIP_LEVEL: u32 = 1;

/// The fastest level of zstd that is worth anything.
const ZSTD_LEVEL: i32 = 1;

/// Below 2 brotli looks back only within what it is given at a time: it is
/// slower, and saves a third instead of nine tenths of a list of traces.
const BROTLI_LEVEL: u32 = 2;

/// Brotli's buffer between what is given and what is compressed.
const BROTLI_BUFFER_BYTES: usize = 16 << 10;

/// How far brotli looks back, as a power of two: a quarter of a mebibyte, not
/// the usual four.
const BROTLI_WINDOW: u32 = 18;

/// One answer being compressed.
pub(super) enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(ZstdEncoder<'static, Vec<u8>>),
}

impl Encoder {
    /// `None` for the plain form, or where there is no memory for one.
    pub(super) fn new(coding: Coding) -> Option<Self> {
        let out = Vec::new();
        Some(match coding {
            Coding::Identity => return None,
            Coding::Gzip => Self::Gzip(GzEncoder::new(out, Compression::new(GZIP_LEVEL))),
            Coding::Brotli => {
                let (buffer, level) = (BROTLI_BUFFER_BYTES, BROTLI_LEVEL);
                let writer = CompressorWriter::new(out, buffer, level, BROTLI_WINDOW);
                Self::Brotli(Box::new(writer))
            }
            Coding::Zstd => Self::Zstd(ZstdEncoder::new(out, ZSTD_LEVEL).ok()?),
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Gzip(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        }
    }

    /// Takes bytes; gives what is ready, which may be nothing yet.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        self.writer().write_all(bytes)?;
        Ok(self.take())
    }

    /// Gives what is left of all that was taken.
    pub(super) fn flush(&mut self) -> io::Result<Bytes> {
        self.writer().flush()?;
        Ok(self.take())
    }

    /// Gives the end.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        let rest = match self {
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Zstd(encoder) => encoder.finish()?,
        };
        Ok(rest.into())
    }

    fn take(&mut self) -> Bytes {
        let out = match self {
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        };
        std::mem::take(out).into()
    }
}
