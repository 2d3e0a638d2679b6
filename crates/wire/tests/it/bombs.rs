//! Compressed bodies: what clients send is opened, bombs are refused.

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use std::io::Write;
use tracewell_wire::Room;
use tracewell_wire::decompress::{DecompressError, Encoding, decompress, decompress_into};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(data, 3).unwrap()
}

/// As the Collector sends it over HTTP…
fn snappy_block(data: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(data).unwrap()
}

/// …and over gRPC.
fn snappy_stream(data: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(data).unwrap();
    encoder.into_inner().unwrap()
}

fn lz4(data: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;

const ALL: [(Encoding, Compress); 8] = [
    (Encoding::Identity, <[u8]>::to_vec),
    (Encoding::Gzip, gzip),
    (Encoding::Deflate, zlib),
    (Encoding::Deflate, raw_deflate),
    (Encoding::Zstd, zstd),
    (Encoding::Snappy, snappy_block),
    (Encoding::Snappy, snappy_stream),
    (Encoding::Lz4, lz4),
];

#[test]
fn bodies_are_opened_up_to_and_including_the_limit() {
    let data: Vec<u8> = (0..100_000u32)
        .flat_map(|n| (n % 251).to_le_bytes())
        .collect();
    for data in [&data[..], &data[..1], &[]] {
        for (encoding, compress) in ALL {
            let body = compress(data);
            for limit in [data.len(), data.len() + 1, usize::MAX] {
                assert_eq!(
                    decompress(&body, encoding, limit).unwrap(),
                    data,
                    "{encoding:?}"
                );
            }
            if let Some(limit) = data.len().checked_sub(1) {
                let error = decompress(&body, encoding, limit).unwrap_err();
                assert!(
                    matches!(error, DecompressError::TooLarge { .. }),
                    "{encoding:?}"
                );
            }
        }
    }
}

#[test]
fn a_body_of_several_members_or_frames_is_one_body() {
    for (encoding, compress) in [(Encoding::Gzip, gzip as Compress), (Encoding::Zstd, zstd)] {
        let body = [compress(b"first "), compress(b"second")].concat();
        assert_eq!(decompress(&body, encoding, 100).unwrap(), b"first second");
    }
}

#[test]
fn damaged_and_mislabelled_bodies_are_refused() {
    let data = b"some spans ".repeat(100);
    for (encoding, compress) in &ALL[1..] {
        let body = compress(&data);
        for damaged in [&body[..body.len() / 2], b"{\"resourceSpans\":[]}", &[]] {
            let error = decompress(damaged, *encoding, 1 << 20);
            if damaged.is_empty() && *encoding != Encoding::Deflate {
                continue; // No member, no frame: whether that is an error is the format's business.
            }
            let text = error.unwrap_err().to_string();
            let start = format!("the body is not valid {}: ", encoding.name());
            assert!(text.starts_with(&start), "{text}");
        }
    }
}

/// 256 MiB of zeros in a few kilobytes. The test would be killed, or at least
/// slow, if the output were built before it is counted.
#[test]
fn bombs_are_refused_at_the_limit() {
    const LIMIT: usize = 1 << 20;
    let zeros = vec![0; 1 << 20];
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    let mut zl = ZlibEncoder::new(Vec::new(), Compression::best());
    let mut zs = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    for _ in 0..256 {
        gz.write_all(&zeros).unwrap();
        zl.write_all(&zeros).unwrap();
        zs.write_all(&zeros).unwrap();
    }
    let bombs = [
        (Encoding::Gzip, gz.finish().unwrap()),
        (Encoding::Deflate, zl.finish().unwrap()),
        (Encoding::Zstd, zs.finish().unwrap()),
    ];
    for (encoding, bomb) in bombs {
        let error = decompress(&bomb, encoding, LIMIT).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the body is larger than the limit of 1048576 bytes after decompression",
            "{encoding:?}"
        );
    }
}

#[test]
fn a_zstd_frame_that_asks_for_a_huge_window_is_refused() {
    // Magic, no single segment, window descriptor for 2^27 bytes, an empty last block.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00];
    let error = decompress(&frame, Encoding::Zstd, 1 << 30).unwrap_err();
    assert!(
        matches!(error, DecompressError::Malformed { .. }),
        "{error}"
    );
}

#[test]
fn a_snappy_block_that_declares_what_it_cannot_hold_takes_no_memory() {
    // 4 GiB less one, in five bytes.
    let body = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, b'x'];
    let error = decompress(&body, Encoding::Snappy, usize::MAX).unwrap_err();
    assert!(error.to_string().contains("4294967295"), "{error}");
}

#[test]
fn output_grows_only_as_far_as_there_is_room() {
    let zeros = vec![0; 8 << 20];
    for (encoding, compress) in &ALL[1..] {
        let body = compress(&zeros);
        let mut granted = 0;
        let mut grant = |bytes| {
            granted = bytes;
            bytes <= 1 << 20
        };
        let mut output = Vec::new();
        let mut room = Room::granted_by(&mut grant);
        let opened = decompress_into(&body, *encoding, 1 << 30, &mut output, &mut room);
        let error = opened.unwrap_err();
        assert!(matches!(error, DecompressError::NoRoom { .. }), "{error}");
        assert!(output.len() <= 1 << 20, "{encoding:?} {}", output.len());
    }
}

#[test]
fn encodings_are_known_by_their_names() {
    for (name, want) in [
        ("gzip", Some(Encoding::Gzip)),
        (" GZIP", Some(Encoding::Gzip)),
        ("x-gzip", Some(Encoding::Gzip)),
        ("zstd", Some(Encoding::Zstd)),
        ("deflate", Some(Encoding::Deflate)),
        ("zlib", Some(Encoding::Deflate)),
        ("identity", Some(Encoding::Identity)),
        ("", Some(Encoding::Identity)),
        ("snappy", Some(Encoding::Snappy)),
        ("x-snappy-framed", Some(Encoding::Snappy)),
        ("lz4", Some(Encoding::Lz4)),
        ("br", None),
        ("gzip, gzip", None),
    ] {
        assert_eq!(Encoding::parse(name), want, "{name}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_nor_pass_the_limit(bytes: Vec<u8>, limit in 0..1000usize) {
        for (encoding, _) in ALL {
            if let Ok(output) = decompress(&bytes, encoding, limit) {
                prop_assert!(output.len() <= limit);
            }
        }
    }
}
