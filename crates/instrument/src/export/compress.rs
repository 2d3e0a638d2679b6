//! Compression of requests.
//!
//! It exists so that an encoding whose feature is off is refused at set-up, by
//! name, and not when the first batch is sent.

use super::settings::Compression;

impl Compression {
    /// Its name in `content-encoding` and `grpc-encoding`.
    pub(super) fn encoding(self) -> Option<&'static str> {
        match self {
            Compression::None => None,
            Compression::Gzip => Some("gzip"),
            Compression::Zstd => Some("zstd"),
        }
    }

    /// The cargo feature that has to be on, when it is off.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        match self {
            Compression::Gzip if !cfg!(feature = "gzip") => Some("gzip"),
            Compression::Zstd if !cfg!(feature = "zstd") => Some("zstd"),
            Compression::None | Compression::Gzip | Compression::Zstd => None,
        }
    }
}

/// Compresses a request.
pub(super) fn compress(compression: Compression, body: Vec<u8>) -> std::io::Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(body),
        Compression::Gzip => gzip(body),
        Compression::Zstd => zstd(body),
    }
}

#[cfg(feature = "gzip")]
fn gzip(body: Vec<u8>) -> std::io::Result<Vec<u8>> {
    use std::io::Write;
    let room = Vec::with_capacity(body.len() / 4);
    // The fastest level: span data shrinks five-fold already there.
    let mut encoder = flate2::write::GzEncoder::new(room, flate2::Compression::fast());
    encoder.write_all(&body)?;
    encoder.finish()
}

#[cfg(feature = "zstd")]
fn zstd(body: Vec<u8>) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(&body, 1)
}

#[cfg(not(feature = "gzip"))]
fn gzip(_: Vec<u8>) -> std::io::Result<Vec<u8>> {
    Err(unsupported("gzip"))
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: Vec<u8>) -> std::io::Result<Vec<u8>> {
    Err(unsupported("zstd"))
}

#[cfg(not(all(feature = "gzip", feature = "zstd")))]
fn unsupported(feature: &str) -> std::io::Error {
    std::io::Error::other(format!("feature {feature} of tracewell-instrument is off"))
}
