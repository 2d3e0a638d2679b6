//! Compressed request bodies, opened with a limit.
//!
//! A few kilobytes of gzip can stand for gigabytes. The output is counted
//! while it streams, so a bomb is refused having cost at most the limit plus
//! the decoder's own window. Nothing here trusts a length that the body
//! declares.

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::{self, Read};

/// Largest zstd window accepted, as a power of two: 8 MiB, the most that HTTP
/// allows (RFC 9659). Without a bound a frame of 20 bytes could ask for 2 GiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

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
}

impl Encoding {
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
    let len = decompress_into(body, encoding, limit_bytes, &mut output)?.len();
    output.truncate(len);
    Ok(output)
}

/// As [`decompress`], into a buffer that is used again and again: a fresh one
/// of some 100 KB costs as much in page faults as the decompression itself.
/// What the buffer held before is of no meaning; it only ever grows.
///
/// # Errors
/// As for [`decompress`].
pub fn decompress_into<'a>(
    body: &[u8],
    encoding: Encoding,
    limit_bytes: usize,
    output: &'a mut Vec<u8>,
) -> Result<&'a [u8], DecompressError> {
    let malformed = |source| DecompressError::Malformed { encoding, source };
    let read = match encoding {
        Encoding::Identity => read_up_to(body, body.len(), limit_bytes, output),
        Encoding::Gzip => read_up_to(MultiGzDecoder::new(body), body.len(), limit_bytes, output),
        Encoding::Deflate if is_zlib(body) => {
            read_up_to(ZlibDecoder::new(body), body.len(), limit_bytes, output)
        }
        Encoding::Deflate => read_up_to(DeflateDecoder::new(body), body.len(), limit_bytes, output),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(malformed)?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG_MAX)
                .map_err(malformed)?;
            read_up_to(decoder, body.len(), limit_bytes, output)
        }
    };
    let len = read
        .map_err(malformed)?
        .ok_or(DecompressError::TooLarge { limit_bytes })?;
    Ok(&output[..len])
}

/// A zlib header: method 8 (deflate), and a multiple of 31 as check.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..]
        if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

/// Reads to the end and answers how many bytes of `output` that filled;
/// `None` when there is more than `limit` bytes.
fn read_up_to(
    mut input: impl Read,
    compressed_len: usize,
    limit: usize,
    output: &mut Vec<u8>,
) -> io::Result<Option<usize>> {
    let guess = compressed_len.saturating_mul(4).max(FIRST_BUFFER_BYTES);
    if output.len() < guess.min(limit) {
        output.resize(guess.min(limit), 0);
    }
    let mut len = 0;
    loop {
        if len == limit {
            // Full: right if the input ends here too.
            return Ok((input.read(&mut [0])? == 0).then_some(len));
        }
        if len == output.len() {
            output.resize(output.len().saturating_mul(2).min(limit), 0);
        }
        let end = output.len().min(limit);
        match input.read(&mut output[len..end]) {
            Ok(0) => return Ok(Some(len)),
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
