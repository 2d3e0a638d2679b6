//! Compresses pages with one zstd context for all.
//!
//! Levels of a sparse column are full of zeros, indices into its dictionary
//! are close to random: one Huffman table over both gains next to nothing. So
//! the levels get a zstd block of their own where both are there.

use zstd::zstd_safe::{
    CCtx, CParameter, ErrorCode, InBuffer, OutBuffer, compress_bound, get_error_name,
    zstd_sys::ZSTD_EndDirective,
};

/// Level of zstd: 3 gains little here and takes twice as long.
const LEVEL: i32 = 1;

/// A block of its own costs some 30 bytes of tables; parts smaller than this
/// do not win them back.
const MIN_PART_BYTES: usize = 128;

/// Bytes that another block may add at most.
const BLOCK_BYTES: usize = 64;

pub(super) struct Compressor {
    zstd: CCtx<'static>,
    out: Vec<u8>,
}

impl Compressor {
    pub(super) fn new() -> Self {
        let mut zstd = CCtx::create();
        zstd.set_parameter(CParameter::CompressionLevel(LEVEL))
            .expect("level 1 exists");
        Self {
            zstd,
            out: Vec::new(),
        }
    }

    /// The compressed `body`, whose first `levels` bytes are levels.
    pub(super) fn compress(&mut self, body: &[u8], levels: usize) -> Result<&[u8], &'static str> {
        self.out.clear();
        self.out.reserve(compress_bound(body.len()) + BLOCK_BYTES);
        let compressed = if levels < MIN_PART_BYTES || body.len() - levels < MIN_PART_BYTES {
            self.zstd.compress2(&mut self.out, body).map(drop)
        } else {
            self.in_two_blocks(body, levels)
        };
        compressed.map_err(get_error_name)?;
        Ok(&self.out)
    }

    fn in_two_blocks(&mut self, body: &[u8], levels: usize) -> Result<(), ErrorCode> {
        // Readers that size their buffer by the frame need the size in it.
        self.zstd.set_pledged_src_size(Some(body.len() as u64))?;
        let mut out = OutBuffer::around(&mut self.out);
        let (levels, values) = body.split_at(levels);
        for (part, end) in [
            (levels, ZSTD_EndDirective::ZSTD_e_flush),
            (values, ZSTD_EndDirective::ZSTD_e_end),
        ] {
            let mut part = InBuffer::around(part);
            // The output has room for all: what is left is less each time.
            while self.zstd.compress_stream2(&mut out, &mut part, end)? > 0 {}
        }
        Ok(())
    }

    /// Gives memory above `keep_bytes` back.
    pub(super) fn shrink(&mut self, keep_bytes: usize) {
        self.out.clear();
        self.out.shrink_to(keep_bytes);
    }
}
