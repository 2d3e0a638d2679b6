//! How requests over HTTP are packed, once however often they are sent.

use std::io::Write;

use bytes::Bytes;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::written::fields::Fields;

/// Fast; a better one costs more than the network of a data centre.
const DEFLATE_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// A packing, with its level where it has some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// RFC 1952.
    Gzip(u32),
    /// RFC 1950, under one of its two names.
    Zlib(&'static str, u32),
    /// RFC 8878.
    Zstd(i32),
    /// In frames, under one of its two names: every Collector reads those, newer
    /// ones blocks too.
    Snappy(&'static str),
    /// In frames.
    Lz4,
}

impl Compression {
    /// What exporters of OTLP do unless told otherwise.
    pub(in crate::exporters) const GZIP: Self = Self::Gzip(DEFLATE_LEVEL);

    /// As `Content-Encoding` has it.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip(_) => Some("gzip"),
            Self::Zlib(name, _) | Self::Snappy(name) => Some(name),
            Self::Zstd(_) => Some("zstd"),
            Self::Lz4 => Some("lz4"),
        }
    }

    pub(super) fn pack(self, message: Vec<u8>) -> Bytes {
        if self == Self::None {
            return message.into();
        }
        let packed = self.packed(&message);
        packed.expect("memory takes whatever is written").into()
    }

    fn packed(self, message: &[u8]) -> std::io::Result<Vec<u8>> {
        let out = Vec::with_capacity(message.len() / 8);
        match self {
            Self::None => Ok(message.to_vec()),
            Self::Gzip(level) => {
                let mut encoder = GzEncoder::new(out, flate2::Compression::new(level));
                encoder.write_all(message)?;
                encoder.finish()
            }
            Self::Zlib(_, level) => {
                let mut encoder = ZlibEncoder::new(out, flate2::Compression::new(level));
                encoder.write_all(message)?;
                encoder.finish()
            }
            Self::Zstd(level) => zstd::bulk::compress(message, level),
            Self::Snappy(_) => {
                let mut encoder = snap::write::FrameEncoder::new(out);
                encoder.write_all(message)?;
                encoder.into_inner().map_err(|error| error.into_error())
            }
            Self::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(out);
                encoder.write_all(message)?;
                Ok(encoder.finish()?)
            }
        }
    }

    /// With a level that was asked for; of gzip and zlib 1 to 9, of zstd up to 22.
    fn at(self, level: u32) -> Self {
        match self {
            Self::Gzip(_) => Self::Gzip(level.min(9)),
            Self::Zlib(name, _) => Self::Zlib(name, level.min(9)),
            Self::Zstd(_) => Self::Zstd(level.min(22) as i32),
            Self::None | Self::Snappy(_) | Self::Lz4 => self,
        }
    }
}

/// Reads `compression` and `compression_params`.
pub(super) fn read(fields: &Fields<'_>, default: Compression) -> Compression {
    let compression = fields.value("compression", default, |text| match text {
        "none" | "" => Ok(Compression::None),
        "gzip" => Ok(Compression::GZIP),
        "zlib" => Ok(Compression::Zlib("zlib", DEFLATE_LEVEL)),
        "deflate" => Ok(Compression::Zlib("deflate", DEFLATE_LEVEL)),
        "zstd" => Ok(Compression::Zstd(ZSTD_LEVEL)),
        "snappy" => Ok(Compression::Snappy("snappy")),
        "x-snappy-framed" => Ok(Compression::Snappy("x-snappy-framed")),
        "lz4" => Ok(Compression::Lz4),
        _ => Err(format!(
            "{text:?} is not one of gzip, zstd, snappy, lz4, zlib, deflate, x-snappy-framed, none"
        )),
    });
    let Some(params) = fields.section("compression_params") else {
        return compression;
    };
    let level = params.value("level", None, |text| match text.parse::<i32>() {
        // The kind's own choice.
        Ok(-1 | 0) => Ok(None),
        Ok(level @ 1..) => Ok(Some(level.unsigned_abs())),
        _ => Err(format!("{text:?} is not a whole number from -1")),
    });
    params.end();
    level.map_or(compression, |level| compression.at(level))
}

#[cfg(test)]
mod tests {
    use tracewell_wire::decompress::{Encoding, decompress};

    use super::*;

    #[test]
    fn what_is_packed_is_opened_under_its_name() {
        let message: Vec<u8> = (0..100_000u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        for compression in [
            Compression::GZIP,
            Compression::Gzip(9),
            Compression::Zlib("zlib", 1),
            Compression::Zlib("deflate", 6),
            Compression::Zstd(1),
            Compression::Snappy("snappy"),
            Compression::Snappy("x-snappy-framed"),
            Compression::Lz4,
        ] {
            for message in [&message[..], &[]] {
                let packed = compression.pack(message.to_vec());
                let encoding = Encoding::parse(compression.name().unwrap()).unwrap();
                let opened = decompress(&packed, encoding, message.len()).unwrap();
                assert_eq!(opened, message, "{compression:?}");
            }
        }
    }
}
