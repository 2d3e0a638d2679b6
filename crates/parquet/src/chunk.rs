//! A column chunk that was encoded: its bytes, where its pages are, and what a
//! file's footer must say of it. Data only.

/// Rows of a page; the last page of a chunk may have fewer. Page `i` of every
/// column of a row group therefore covers the same rows.
pub const PAGE_ROWS: usize = 4096;

/// Most bytes of a page's body before compression. Larger ones are neither
/// written nor read.
pub const MAX_PAGE_BYTES: usize = 512 << 20;

/// Most rows of a page that are read; other writers make longer pages.
pub const MAX_PAGE_ROWS: usize = 1 << 20;

/// How the data pages of a chunk store values (`Encoding` of the format).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One value after another.
    Plain,
    /// Indices into the dictionary page.
    RleDictionary,
    /// Differences, bit packed.
    DeltaBinaryPacked,
    /// Length of the prefix shared with the value before, and the rest.
    DeltaByteArray,
}

/// Smallest and largest value as the format writes them in PLAIN encoding
/// (text without its length).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The smallest.
    pub min: Vec<u8>,
    /// The largest.
    pub max: Vec<u8>,
}

/// One page of an encoded chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageInfo {
    /// Its bytes in the file, header included.
    pub bytes: u32,
    /// CRC-32C of those bytes.
    pub crc: u32,
    /// Rows it covers, nulls included; 0 for a dictionary page.
    pub rows: u32,
    /// Values it holds: rows that are not null, or entries of the dictionary.
    pub values: u32,
}

/// One column of one row group, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedChunk {
    /// All pages one after another.
    pub bytes: Vec<u8>,
    /// The pages in order; the dictionary page first if `has_dictionary`.
    pub pages: Vec<PageInfo>,
    /// Whether there is a dictionary page.
    pub has_dictionary: bool,
    /// Rows, nulls included.
    pub rows: usize,
    /// Rows that are null.
    pub nulls: usize,
    /// Bytes of all pages with headers, had they not been compressed.
    pub uncompressed_bytes: u64,
    /// How the data pages store values.
    pub encoding: Encoding,
    /// Whether pages are compressed.
    pub compressed: bool,
    /// Smallest and largest value: integers and short texts.
    pub bounds: Option<Bounds>,
}
