//! The header before each page, `PageHeader` in the format's `parquet.thrift`.
//!
//! ```text
//! PageHeader            1 type   2 uncompressed size   3 compressed size
//!                       5 data page header   7 dictionary page header
//! DataPageHeader        1 values   2 encoding   3, 4 encoding of levels
//! DictionaryPageHeader  1 values   2 encoding   3 whether sorted
//! ```

use crate::chunk::{Encoding, MAX_PAGE_BYTES, MAX_PAGE_ROWS};
use crate::error::DecodeError;
use crate::thrift::{Kind, Reader, Writer};

/// `PageType` numbers.
const DATA_PAGE: i32 = 0;
const DICTIONARY_PAGE: i32 = 2;

/// `Encoding` number of levels.
pub(crate) const RLE: i32 = 3;
/// `Encoding` number that old writers gave dictionaries and indices.
const PLAIN_DICTIONARY: i32 = 2;

/// The encodings that are read, for messages.
const ENCODINGS: &str = "PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY";

impl Encoding {
    /// The number in the format's `Encoding`.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Plain => 0,
            Self::DeltaBinaryPacked => 5,
            Self::DeltaByteArray => 7,
            Self::RleDictionary => 8,
        }
    }

    fn of(number: i32) -> Result<Self, DecodeError> {
        Ok(match number {
            0 => Self::Plain,
            5 => Self::DeltaBinaryPacked,
            7 => Self::DeltaByteArray,
            8 | PLAIN_DICTIONARY => Self::RleDictionary,
            other => {
                return Err(DecodeError::Unsupported {
                    what: "encoding",
                    found: other.to_string(),
                    supported: ENCODINGS,
                });
            }
        })
    }
}

/// Which page it is and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageKind {
    /// Rows, nulls included.
    Data { rows: usize, encoding: Encoding },
    /// Entries, PLAIN.
    Dictionary { entries: usize, sorted: bool },
    /// To be passed over, such as an index page.
    Other,
}

/// A header that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageHeader {
    pub(crate) kind: PageKind,
    /// Bytes of the body before compression.
    pub(crate) uncompressed: usize,
    /// Bytes of the body as it is stored.
    pub(crate) stored: usize,
    /// Bytes of this header.
    pub(crate) bytes: usize,
}

impl PageHeader {
    /// Appends the header to `out`. Sizes are below [`MAX_PAGE_BYTES`], rows
    /// below 2^31.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut header = Writer::new(out);
        let (page_type, inner, values, encoding) = match self.kind {
            PageKind::Data { rows, encoding } => (DATA_PAGE, 5, rows, encoding),
            PageKind::Dictionary { entries, .. } => (DICTIONARY_PAGE, 7, entries, Encoding::Plain),
            PageKind::Other => return,
        };
        header.i32(1, page_type);
        header.i32(2, self.uncompressed as i32);
        header.i32(3, self.stored as i32);
        header.begin(inner);
        header.i32(1, values as i32);
        header.i32(2, encoding.number());
        if page_type == DATA_PAGE {
            header.i32(3, RLE);
            header.i32(4, RLE);
        }
        if let PageKind::Dictionary { sorted: true, .. } = self.kind {
            header.bool(3, true);
        }
        header.end();
        header.end();
    }

    /// Reads the header that `bytes` begin with.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "page header");
        let (mut page_type, mut uncompressed, mut stored) = (None, None, None);
        let mut inner = None;
        let mut last = 0;
        while let Some(field) = reader.field(&mut last)? {
            match field.id {
                1 => page_type = Some(reader.i32(field)?),
                2 => uncompressed = Some(reader.i32(field)?),
                3 => stored = Some(reader.i32(field)?),
                5 | 7 => {
                    reader.begin(field)?;
                    inner = Some((field.id, Inner::read(&mut reader)?));
                }
                _ => reader.skip(field)?,
            }
        }
        let size = |size: Option<i32>| {
            let size = size.and_then(|size| usize::try_from(size).ok());
            size.ok_or_else(|| reader.damaged("page size is missing or negative"))
        };
        let (uncompressed, stored) = (size(uncompressed)?, size(stored)?);
        if uncompressed > MAX_PAGE_BYTES {
            return Err(reader.damaged("page is larger than 512 MiB"));
        }
        let kind = match (page_type, inner) {
            (Some(DATA_PAGE), Some((5, inner))) => inner.data_page(&reader)?,
            (Some(DICTIONARY_PAGE), Some((7, inner))) => inner.dictionary_page(&reader)?,
            (Some(3), _) => {
                return Err(DecodeError::Unsupported {
                    what: "page type",
                    found: "DATA_PAGE_V2".to_owned(),
                    supported: "DATA_PAGE, DICTIONARY_PAGE",
                });
            }
            (Some(DATA_PAGE | DICTIONARY_PAGE) | None, _) => {
                return Err(reader.damaged("page has no header of its type"));
            }
            _ => PageKind::Other,
        };
        Ok(Self {
            kind,
            uncompressed,
            stored,
            bytes: reader.position(),
        })
    }
}

/// What headers of data pages and of dictionary pages have in common.
#[derive(Clone, Copy, Default)]
struct Inner {
    values: Option<i32>,
    encoding: Option<i32>,
    levels: Option<i32>,
    sorted: bool,
}

impl Inner {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut inner = Self::default();
        let mut last = 0;
        while let Some(field) = reader.field(&mut last)? {
            match field.id {
                1 => inner.values = Some(reader.i32(field)?),
                2 => inner.encoding = Some(reader.i32(field)?),
                3 if field.is(Kind::I32) => inner.levels = Some(reader.i32(field)?),
                3 if field.is(Kind::True) => inner.sorted = true,
                _ => reader.skip(field)?,
            }
        }
        Ok(inner)
    }

    fn values(self, reader: &Reader<'_>) -> Result<usize, DecodeError> {
        let values = self.values.and_then(|values| usize::try_from(values).ok());
        values
            .filter(|values| *values <= MAX_PAGE_ROWS)
            .ok_or_else(|| reader.damaged("value count is missing, negative or above 1,048,576"))
    }

    fn data_page(self, reader: &Reader<'_>) -> Result<PageKind, DecodeError> {
        if self.levels != Some(RLE) {
            return Err(DecodeError::Unsupported {
                what: "encoding of levels",
                found: format!("{:?}", self.levels),
                supported: "RLE",
            });
        }
        let encoding = self.encoding.ok_or_else(|| reader.damaged("no encoding"))?;
        Ok(PageKind::Data {
            rows: self.values(reader)?,
            encoding: Encoding::of(encoding)?,
        })
    }

    fn dictionary_page(self, reader: &Reader<'_>) -> Result<PageKind, DecodeError> {
        let is_plain = matches!(self.encoding, Some(0 | PLAIN_DICTIONARY));
        if !is_plain {
            return Err(reader.damaged("dictionary is not PLAIN"));
        }
        Ok(PageKind::Dictionary {
            entries: self.values(reader)?,
            sorted: self.sorted,
        })
    }
}
