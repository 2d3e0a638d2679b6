//! Bytes of a file or of standard input, decompressed, counted, and looked at
//! before they are read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// Bytes that are read at a time, and that a look ahead sees.
const BUFFER_BYTES: usize = 256 << 10;

/// Largest zstd window that is opened: what `zstd --long` needs at most
/// without being told.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Something to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// `-` is standard input.
    pub(super) fn new(path: &Path) -> Self {
        match path.to_str() {
            Some("-") => Self::Stdin,
            _ => Self::File(path.to_path_buf()),
        }
    }

    /// How messages call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Opens it; bytes read from the disk are added to `read_bytes`.
    pub(super) fn open(&self, read_bytes: &Arc<AtomicU64>) -> io::Result<Input> {
        let raw: Box<dyn Read> = match self {
            Self::Stdin => Box::new(io::stdin().lock()),
            Self::File(path) => {
                let file = File::open(path)?;
                if file.metadata()?.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                Box::new(file)
            }
        };
        let counted = Counted {
            raw,
            read_bytes: Arc::clone(read_bytes),
        };
        Input::new(BufReader::with_capacity(BUFFER_BYTES, Box::new(counted)))
    }
}

struct Counted {
    raw: Box<dyn Read>,
    read_bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.read_bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Bytes with their number.
pub(super) struct Input {
    reader: BufReader<Box<dyn Read>>,
    /// Bytes read so far.
    at: u64,
}

impl Input {
    /// Opens gzip and zstd.
    pub(super) fn new(mut raw: BufReader<Box<dyn Read>>) -> io::Result<Self> {
        let head = raw.fill_buf()?;
        let reader: Box<dyn Read> = match compression(head) {
            None => return Ok(Self { reader: raw, at: 0 }),
            Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(raw)),
            Some(Compression::Zstd) => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        };
        let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        Ok(Self { reader, at: 0 })
    }

    #[cfg(test)]
    pub(super) fn of(bytes: &'static [u8]) -> Self {
        Self::new(BufReader::new(Box::new(bytes))).unwrap()
    }

    /// Bytes that come next, at least one unless the end is reached.
    pub(super) fn head(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Bytes before the next one.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Steps over bytes of [`Input::head`].
    pub(super) fn skip(&mut self, bytes: usize) {
        self.reader.consume(bytes);
        self.at += bytes as u64;
    }

    /// The next byte, if there is one; it stays.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.head()?.first().copied())
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> io::Result<u8> {
        let byte = self.peek()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.skip(1);
        Ok(byte)
    }

    /// Appends exactly so many bytes to `out`, which grows with what is there
    /// and not with what is asked for.
    pub(super) fn take(&mut self, bytes: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let read = (&mut self.reader).take(bytes).read_to_end(out)? as u64;
        self.at += read;
        if read < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Steps over so many bytes.
    pub(super) fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let passed = io::copy(&mut (&mut self.reader).take(bytes), &mut io::sink())?;
        self.at += passed;
        if passed < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Gzip,
    Zstd,
}

/// By the first bytes (RFC 1952, RFC 8878).
fn compression(head: &[u8]) -> Option<Compression> {
    match head {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        _ if is_zstd(head) => Some(Compression::Zstd),
        _ => None,
    }
}

/// Do these bytes begin a zstd frame?
pub(super) fn is_zstd(head: &[u8]) -> bool {
    head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}
