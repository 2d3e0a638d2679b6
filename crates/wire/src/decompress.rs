//! Compressed request bodies, opened with a limit.
//!
//! A few kilobytes of gzip can stand for gigabytes. The output is counted
//! while it streams and room is asked for before it is taken, so a bomb is
//! refused having cost at most the limit plus the decoder's own window. A
//! length that the body declares is believed only as far as the format could
//! keep to it.

use crate::room::{NoRoom, Room};
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::{self, Read};

/// Largest zstd window accepted, as a power of two: 8 MiB, the most that HTTP
/// allows (RFC 9659). Without a bound a frame of 20 bytes could ask for 2 GiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Most bytes that one byte of a snappy block stands for: three copy 64.
const SNAPPY_BLOCK_RATIO_MAX: usize = 22;

/// What a snappy stream begins with, and no block does: a block of so many
/// bytes does not begin with a copy.
const SNAPPY_STREAM_HEAD: &[u8] = b"\xff\x06\x00\x00sNaPpY";

/// First guess of the output; grows by doubling.
const FIRST_BUFFER_BYTES: usize = 16 * 1024;

/// A content coding of HTTP, or a compression of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// No compression.
    Identity,
    /// RFC 1952, of one or several members.
    Gzip,
    /// RFC 8878, of one or several frames.
    Zstd,
    /// RFC 1950 (zlib) as HTTP means it, or bare RFC 1951 as some clients do.
    Deflate,
    /// Google's snappy: a block, or the framed stream of blocks. Clients call
    /// both by one name, so they are told apart by their first bytes.
    Snappy,
    /// LZ4 in frames.
    Lz4,
}

impl Encoding {
    /// All of them, as `grpc-accept-encoding` and messages list them.
    pub const NAMES: &str = "identity,gzip,zstd,deflate,snappy,lz4";

    /// Reads one value of `Content-Encoding` or `grpc-encoding`, in any case;
    /// `None` for one that is not known. The empty text is identity.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let known = [
            ("", Self::Identity),
            ("identity", Self::Identity),
            ("gzip", Self::Gzip),
            ("x-gzip", Self::Gzip),
            ("zstd", Self::Zstd),
            ("deflate", Self::Deflate),
            ("zlib", Self::Deflate),
            ("snappy", Self::Snappy),
            ("x-snappy-framed", Self::Snappy),
            ("lz4", Self::Lz4),
        ];
        let name = name.trim();
        known
            .into_iter()
            .find(|(text, _)| text.eq_ignore_ascii_case(name))
            .map(|(_, encoding)| encoding)
    }

    /// The name HTTP and gRPC use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
        }
    }
}

/// Why a body cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// More output than the limit allows: HTTP 413, gRPC `RESOURCE_EXHAUSTED`.
    #[error("the body is larger than the limit of {limit_bytes} bytes after decompression")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// More output than there is room for at present.
    #[error("there is no room for {wanted_bytes} bytes after decompression")]
    NoRoom {
        /// What would have been needed next.
        wanted_bytes: usize,
    },
    /// Bytes that are not of the encoding, or end too early.
    #[error("the body is not valid {}: {source}", encoding.name())]
    Malformed {
        /// What the sender called it.
        encoding: Encoding,
        /// What the decoder said.
        source: io::Error,
    },
}

/// Opens `body`; [`Encoding::Identity`] copies it.
///
/// # Errors
/// The output would exceed `limit_bytes`, or the body is damaged.
pub fn decompress(
    body: &[u8],
    encoding: Encoding,
    limit_bytes: usize,
) -> Result<Vec<u8>, DecompressError> {
    let mut output = Vec::new();
    let room = &mut Room::unlimited();
    let len = decompress_into(body, encoding, limit_bytes, &mut output, room)?.len();
    output.truncate(len);
    Ok(output)
}

/// As [`decompress`], into a buffer that is used again and again: a fresh one
/// of some 100 KB costs as much in page faults as the decompression itself.
/// What the buffer held before is of no meaning; it only ever grows, and asks
/// for room before it does.
///
/// # Errors
/// As for [`decompress`], or there is no room.
pub fn decompress_into<'a>(
    body: &[u8],
    encoding: Encoding,
    limit_bytes: usize,
    output: &'a mut Vec<u8>,
    room: &mut Room<'_>,
) -> Result<&'a [u8], DecompressError> {
    let mut sink = Sink {
        guess: body.len().saturating_mul(4).max(FIRST_BUFFER_BYTES),
        limit: limit_bytes,
        output: &mut *output,
        room,
    };
    let read = match encoding {
        Encoding::Identity => sink.read(body),
        Encoding::Gzip => sink.read(MultiGzDecoder::new(body)),
        Encoding::Deflate if is_zlib(body) => sink.read(ZlibDecoder::new(body)),
        Encoding::Deflate => sink.read(DeflateDecoder::new(body)),
        Encoding::Zstd => zstd_decoder(body).map_or_else(|e| Err(e.into()), |d| sink.read(d)),
        Encoding::Snappy if body.starts_with(SNAPPY_STREAM_HEAD) => {
            sink.read(snap::read::FrameDecoder::new(body))
        }
        Encoding::Snappy => sink.snappy_block(body),
        Encoding::Lz4 => sink.read(lz4_flex::frame::FrameDecoder::new(body)),
    };
    match read {
        Ok(len) => Ok(&output[..len]),
        Err(Stopped::Full) => Err(DecompressError::TooLarge { limit_bytes }),
        Err(Stopped::NoRoom(NoRoom(wanted_bytes))) => Err(DecompressError::NoRoom { wanted_bytes }),
        Err(Stopped::Malformed(source)) => Err(DecompressError::Malformed { encoding, source }),
    }
}

fn zstd_decoder(body: &[u8]) -> io::Result<zstd::stream::read::Decoder<'_, &[u8]>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// A zlib header: method 8 (deflate), and a multiple of 31 as check.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..]
        if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

/// Why output ends before its end.
enum Stopped {
    Full,
    NoRoom(NoRoom),
    Malformed(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Malformed(error)
    }
}

/// Where output goes, and how much of it may.
struct Sink<'s, 'r> {
    output: &'s mut Vec<u8>,
    /// First size of an output whose size is not known.
    guess: usize,
    limit: usize,
    room: &'s mut Room<'r>,
}

impl Sink<'_, '_> {
    /// Reads to the end and answers how many bytes of the output that filled.
    fn read(&mut self, mut input: impl Read) -> Result<usize, Stopped> {
        self.grow(self.guess)?;
        let mut len = 0;
        loop {
            if len == self.limit {
                // Full: right if the input ends here too.
                return match input.read(&mut [0])? {
                    0 => Ok(len),
                    _ => Err(Stopped::Full),
                };
            }
            if len == self.output.len() {
                self.grow(len.saturating_mul(2))?;
            }
            let end = self.output.len().min(self.limit);
            match input.read(&mut self.output[len..end]) {
                Ok(0) => return Ok(len),
                Ok(read) => len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A block declares its length, and is opened at once.
    fn snappy_block(&mut self, body: &[u8]) -> Result<usize, Stopped> {
        if body.is_empty() {
            // A stream of nothing.
            return Ok(0);
        }
        let len = snap::raw::decompress_len(body).map_err(io::Error::from)?;
        if len > body.len().saturating_mul(SNAPPY_BLOCK_RATIO_MAX) {
            let text = format!("it declares {len} bytes, more than it can hold");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text).into());
        }
        if len > self.limit {
            return Err(Stopped::Full);
        }
        self.grow(len)?;
        let opened = snap::raw::Decoder::new().decompress(body, &mut self.output[..len]);
        Ok(opened.map_err(io::Error::from)?)
    }

    /// Makes the output at least `len` bytes long, or as long as it may be.
    fn grow(&mut self, len: usize) -> Result<(), Stopped> {
        let len = len.min(self.limit);
        if self.output.len() < len {
            self.room.ask(len).map_err(Stopped::NoRoom)?;
            self.output.resize(len, 0);
        }
        Ok(())
    }
}
