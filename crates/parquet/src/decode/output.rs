//! The values that come out, by type: pages append to them.

use std::slice;

use super::Scratch;
use super::dictionary::{self, check_text, no_booleans};
use super::rows::PageValues;
use crate::chunk::Encoding;
use crate::column::{DecodedValues, PhysicalType};
use crate::delta::{self, Integer};
use crate::delta_bytes;
use crate::error::DecodeError;
use crate::hybrid::Runs;
use crate::page_header::{PageHeader, PageKind};
use crate::plain::{self, Fixed};

/// Values so far, with the dictionary that pages refer to.
pub(super) enum Output {
    Bool(Vec<bool>),
    I32(FixedOutput<i32>),
    I64(FixedOutput<i64>),
    F64(FixedOutput<f64>),
    Fixed16(FixedOutput<[u8; 16]>),
    Fixed8(FixedOutput<[u8; 8]>),
    Bytes(BytesOutput),
}

/// Values of fixed size: dictionaries are resolved.
#[derive(Default)]
pub(super) struct FixedOutput<T> {
    values: Vec<T>,
    dictionary: Vec<T>,
    /// A page of values of which not all are wanted.
    page: Vec<T>,
}

/// Byte arrays: dictionaries stay.
#[derive(Default)]
pub(super) struct BytesOutput {
    codes: Vec<u32>,
    ends: Vec<u32>,
    bytes: Vec<u8>,
    dictionary: BytesDictionary,
}

#[derive(Default)]
enum BytesDictionary {
    #[default]
    None,
    /// Its entries are the first of the output.
    Whole { entries: usize },
    /// Entries go to the output when they are met first.
    Used {
        /// Where each entry is in the body of the dictionary page.
        places: Vec<(u32, u32)>,
        /// Its code in the output.
        numbers: Vec<u32>,
    },
}

/// Not in the output so far.
const UNUSED: u32 = u32::MAX;

impl Output {
    pub(super) fn new(physical: PhysicalType) -> Self {
        match physical {
            PhysicalType::Boolean => Self::Bool(Vec::new()),
            PhysicalType::Int32 => Self::I32(FixedOutput::default()),
            PhysicalType::Int64 => Self::I64(FixedOutput::default()),
            PhysicalType::Double => Self::F64(FixedOutput::default()),
            PhysicalType::Fixed16 => Self::Fixed16(FixedOutput::default()),
            PhysicalType::Fixed8 => Self::Fixed8(FixedOutput::default()),
            PhysicalType::ByteArray => Self::Bytes(BytesOutput::default()),
        }
    }

    /// Takes the dictionary; `whole` = the caller gets all of it.
    pub(super) fn dictionary(
        &mut self,
        body: &[u8],
        entries: usize,
        whole: bool,
    ) -> Result<(), DecodeError> {
        match self {
            Self::Bool(_) => return Err(no_booleans()),
            Self::I32(output) => output.dictionary = dictionary::fixed(body, entries)?,
            Self::I64(output) => output.dictionary = dictionary::fixed(body, entries)?,
            Self::F64(output) => output.dictionary = dictionary::fixed(body, entries)?,
            Self::Fixed16(output) => output.dictionary = dictionary::fixed(body, entries)?,
            Self::Fixed8(output) => output.dictionary = dictionary::fixed(body, entries)?,
            Self::Bytes(output) => output.take_dictionary(body, entries, whole)?,
        }
        Ok(())
    }

    /// Appends the values of a page that `scratch` says. `dictionary` is the
    /// body of the dictionary page.
    pub(super) fn page(
        &mut self,
        header: &PageHeader,
        body: &[u8],
        values: PageValues,
        dictionary: &[u8],
        scratch: &mut Scratch,
    ) -> Result<(), DecodeError> {
        let PageKind::Data { encoding, .. } = header.kind else {
            return Ok(());
        };
        if scratch.values.is_empty() {
            return Ok(());
        }
        let bytes = &body[values.start..];
        if encoding == Encoding::RleDictionary {
            read_codes(bytes, values.count, scratch)?;
        }
        let count = values.count;
        match (self, encoding) {
            (Self::Bool(out), Encoding::Plain) => {
                plain::select_bools(bytes, count, &scratch.values, out)
            }
            (Self::I32(output), Encoding::DeltaBinaryPacked) => {
                output.deltas(bytes, count, scratch)
            }
            (Self::I64(output), Encoding::DeltaBinaryPacked) => {
                output.deltas(bytes, count, scratch)
            }
            (Self::Fixed16(output), Encoding::DeltaByteArray) => {
                delta_bytes::decode(bytes, count, &mut output.page)?;
                output.take_page(scratch);
                Ok(())
            }
            (Self::I32(output), _) => output.page(encoding, bytes, count, scratch),
            (Self::I64(output), _) => output.page(encoding, bytes, count, scratch),
            (Self::F64(output), _) => output.page(encoding, bytes, count, scratch),
            (Self::Fixed16(output), _) => output.page(encoding, bytes, count, scratch),
            (Self::Fixed8(output), _) => output.page(encoding, bytes, count, scratch),
            (Self::Bytes(output), Encoding::RleDictionary) => {
                output.coded_page(dictionary, scratch)
            }
            (Self::Bytes(output), Encoding::Plain) => output.plain_page(bytes, count, scratch),
            (Self::Bool(_) | Self::Bytes(_), _) => Err(unsupported(encoding)),
        }
    }

    /// All values; text is checked.
    pub(super) fn finish(self, is_text: bool) -> Result<DecodedValues, DecodeError> {
        Ok(match self {
            Self::Bool(values) => DecodedValues::Bool(values),
            Self::I32(output) => DecodedValues::I32(output.values),
            Self::I64(output) => DecodedValues::I64(output.values),
            Self::F64(output) => DecodedValues::F64(output.values),
            Self::Fixed16(output) => DecodedValues::Fixed16(output.values),
            Self::Fixed8(output) => DecodedValues::Fixed8(output.values),
            Self::Bytes(BytesOutput {
                codes, ends, bytes, ..
            }) => {
                if is_text {
                    check_text(&ends, &bytes)?;
                }
                DecodedValues::Coded { codes, ends, bytes }
            }
        })
    }
}

fn unsupported(encoding: Encoding) -> DecodeError {
    DecodeError::Unsupported {
        what: "encoding",
        found: format!("{encoding:?} for this type"),
        supported: "Plain and RleDictionary; DeltaBinaryPacked for integers, \
                    DeltaByteArray for 16 bytes",
    }
}

/// Puts the indices of the wanted values into `scratch.codes`.
fn read_codes(bytes: &[u8], count: usize, scratch: &mut Scratch) -> Result<(), DecodeError> {
    const PART: &str = "dictionary indices";
    let width = bytes.first().copied().map(u32::from);
    let width = width.filter(|width| *width <= 32);
    let width =
        width.ok_or_else(|| DecodeError::damaged(PART, 0, "no width of at most 32 bits"))?;
    scratch.codes.clear();
    Runs::new(&bytes[1..], width, count, PART).select(&scratch.values, &mut scratch.codes)
}

fn beyond_dictionary() -> DecodeError {
    DecodeError::damaged("dictionary indices", 0, "an index is beyond the dictionary")
}

impl<T: Fixed> FixedOutput<T> {
    fn page(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        count: usize,
        scratch: &Scratch,
    ) -> Result<(), DecodeError> {
        match encoding {
            Encoding::Plain => plain::select(bytes, count, &scratch.values, &mut self.values),
            Encoding::RleDictionary => {
                let entries = self.dictionary.len();
                if scratch.codes.iter().any(|code| *code as usize >= entries) {
                    return Err(beyond_dictionary());
                }
                let values = scratch.codes.iter();
                self.values
                    .extend(values.map(|code| self.dictionary[*code as usize]));
                Ok(())
            }
            Encoding::DeltaBinaryPacked | Encoding::DeltaByteArray => Err(unsupported(encoding)),
        }
    }

    /// Takes the wanted values of a page that was decoded whole.
    fn take_page(&mut self, scratch: &Scratch) {
        for range in &scratch.values {
            self.values.extend_from_slice(&self.page[range.clone()]);
        }
    }
}

impl<T: Fixed + Integer> FixedOutput<T> {
    fn deltas(&mut self, bytes: &[u8], count: usize, scratch: &Scratch) -> Result<(), DecodeError> {
        delta::decode(bytes, count, &mut self.page)?;
        self.take_page(scratch);
        Ok(())
    }
}

impl BytesOutput {
    fn take_dictionary(
        &mut self,
        body: &[u8],
        entries: usize,
        whole: bool,
    ) -> Result<(), DecodeError> {
        if whole {
            dictionary::byte_arrays(body, entries, &mut self.ends, &mut self.bytes)?;
            self.dictionary = BytesDictionary::Whole { entries };
            return Ok(());
        }
        let mut places = Vec::with_capacity(entries.min(body.len() / 4));
        let mut at = 0;
        plain::select_bytes(body, entries, slice::from_ref(&(0..entries)), |value| {
            places.push((at + 4, value.len() as u32));
            at += 4 + value.len() as u32;
            Ok(())
        })?;
        let numbers = vec![UNUSED; entries];
        self.dictionary = BytesDictionary::Used { places, numbers };
        Ok(())
    }

    fn coded_page(&mut self, body: &[u8], scratch: &Scratch) -> Result<(), DecodeError> {
        match &mut self.dictionary {
            BytesDictionary::None => Err(beyond_dictionary()),
            BytesDictionary::Whole { entries } => {
                if scratch.codes.iter().any(|code| *code as usize >= *entries) {
                    return Err(beyond_dictionary());
                }
                self.codes.extend_from_slice(&scratch.codes);
                Ok(())
            }
            BytesDictionary::Used { places, numbers } => {
                self.codes.reserve(scratch.codes.len());
                for code in &scratch.codes {
                    let number = numbers
                        .get_mut(*code as usize)
                        .ok_or_else(beyond_dictionary)?;
                    if *number == UNUSED {
                        let (start, len) = places[*code as usize];
                        let value = &body[start as usize..(start + len) as usize];
                        *number = push(&mut self.ends, &mut self.bytes, value)?;
                    }
                    self.codes.push(*number);
                }
                Ok(())
            }
        }
    }

    fn plain_page(
        &mut self,
        bytes: &[u8],
        count: usize,
        scratch: &Scratch,
    ) -> Result<(), DecodeError> {
        plain::select_bytes(bytes, count, &scratch.values, |value| {
            self.codes
                .push(push(&mut self.ends, &mut self.bytes, value)?);
            Ok(())
        })
    }
}

/// Appends an entry and says its code.
fn push(ends: &mut Vec<u32>, bytes: &mut Vec<u8>, value: &[u8]) -> Result<u32, DecodeError> {
    let end = u32::try_from(bytes.len() + value.len());
    let end = end.map_err(|_| {
        let reason = "more than 4 GiB in one column: ask for fewer rows";
        DecodeError::damaged("byte arrays", bytes.len(), reason)
    })?;
    bytes.extend_from_slice(value);
    ends.push(end);
    Ok(ends.len() as u32 - 1)
}
