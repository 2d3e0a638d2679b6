//! The kinds of column a batch is made of.
//!
//! Plain vectors with invariants: dictionary codes are in range, offsets
//! ascend on character boundaries, `rows` ascend. Whoever fills a column from
//! outside (the codec, a block reader) checks these before use.

use super::Level;

/// Texts, one after another in one buffer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strings {
    pub(crate) ends: Vec<u32>,
    pub(crate) text: String,
}

impl Strings {
    /// How many texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True without texts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text with number `index`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> &str {
        let from = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        &self.text[from..self.ends[index] as usize]
    }

    /// Where each text ends in [`Strings::text`].
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// All texts, one after another.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As [`Strings::get`], for comparing and copying.
    #[must_use]
    pub fn get_bytes(&self, index: usize) -> &[u8] {
        let from = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        &self.text.as_bytes()[from..self.ends[index] as usize]
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Appends a text and answers its number.
    pub fn push(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        (self.ends.len() - 1) as u32
    }

    fn memory_bytes(&self) -> usize {
        self.ends.len() * 4 + self.text.len()
    }
}

/// Byte strings, one after another in one buffer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Blobs {
    pub(crate) ends: Vec<u32>,
    pub(crate) bytes: Vec<u8>,
}

impl Blobs {
    /// How many byte strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True without byte strings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The byte string with number `index`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> &[u8] {
        let from = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        &self.bytes[from..self.ends[index] as usize]
    }

    /// Appends a byte string.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes
            .truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.ends.len() * 4 + self.bytes.len()
    }
}

/// A column of text: codes into a dictionary that may hold equal entries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StrColumn {
    /// One code per row.
    pub codes: Vec<u32>,
    /// The texts.
    pub dict: Strings,
}

impl StrColumn {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The text of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> &str {
        self.dict.get(self.codes[row] as usize)
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.codes.len() * 4 + self.dict.memory_bytes()
    }
}

/// A number per row that is nearly always zero: only the others are kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseU32 {
    pub(crate) rows: Vec<u32>,
    pub(crate) values: Vec<u32>,
}

impl SparseU32 {
    /// The number of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> u32 {
        self.rows
            .binary_search(&(row as u32))
            .map_or(0, |index| self.values[index])
    }

    /// Rows whose number is not zero, ascending, each once.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The numbers of [`SparseU32::rows`].
    #[must_use]
    pub fn values(&self) -> &[u32] {
        &self.values
    }

    /// Sets the number of a row beyond all rows set so far.
    pub(crate) fn push(&mut self, row: u32, value: u32) {
        if value != 0 {
            self.rows.push(row);
            self.values.push(value);
        }
    }

    pub(crate) fn truncate_rows(&mut self, from_row: u32) {
        let keep = self.rows.partition_point(|row| *row < from_row);
        self.rows.truncate(keep);
        self.values.truncate(keep);
    }
}

/// The type of an attribute column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueType {
    /// UTF-8 text.
    Str = 0,
    /// 64-bit signed integer.
    Int = 1,
    /// IEEE 754 double.
    Double = 2,
    /// Truth value.
    Bool = 3,
    /// Raw bytes.
    Bytes = 4,
    /// Array, key-value list or empty, as an encoded `AnyValue`.
    Other = 5,
}

/// Values of an attribute column, one per entry of its `rows`.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Text.
    Str(StrColumn),
    /// Integers.
    Int(Vec<i64>),
    /// Doubles.
    Double(Vec<f64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Raw bytes.
    Bytes(Blobs),
    /// Encoded `AnyValue`s.
    Other(Blobs),
}

impl ColumnValues {
    pub(crate) fn new(value_type: ValueType) -> Self {
        match value_type {
            ValueType::Str => Self::Str(StrColumn::default()),
            ValueType::Int => Self::Int(Vec::new()),
            ValueType::Double => Self::Double(Vec::new()),
            ValueType::Bool => Self::Bool(Vec::new()),
            ValueType::Bytes => Self::Bytes(Blobs::default()),
            ValueType::Other => Self::Other(Blobs::default()),
        }
    }

    /// The type of the values.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Str(_) => ValueType::Str,
            Self::Int(_) => ValueType::Int,
            Self::Double(_) => ValueType::Double,
            Self::Bool(_) => ValueType::Bool,
            Self::Bytes(_) => ValueType::Bytes,
            Self::Other(_) => ValueType::Other,
        }
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        match self {
            Self::Str(values) => values.codes.truncate(len),
            Self::Int(values) => values.truncate(len),
            Self::Double(values) => values.truncate(len),
            Self::Bool(values) => values.truncate(len),
            Self::Bytes(values) | Self::Other(values) => values.truncate(len),
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Self::Str(values) => values.memory_bytes(),
            Self::Int(values) => values.len() * 8,
            Self::Double(values) => values.len() * 8,
            Self::Bool(values) => values.len(),
            Self::Bytes(values) | Self::Other(values) => values.memory_bytes(),
        }
    }
}

/// One attribute of one level with one type, for the rows that have it.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeColumn {
    /// Whose attribute.
    pub level: Level,
    /// Its key.
    pub key: Box<str>,
    /// Owner rows, ascending; equal neighbours where a client sent a key twice.
    pub rows: Vec<u32>,
    /// A value per entry of `rows`.
    pub values: ColumnValues,
}

impl AttributeColumn {
    /// Entries that belong to the owner `row`.
    #[must_use]
    pub fn entries_of(&self, row: u32) -> std::ops::Range<usize> {
        let from = self.rows.partition_point(|owner| *owner < row);
        let count = self.rows[from..]
            .iter()
            .take_while(|owner| **owner == row)
            .count();
        from..from + count
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.key.len() + self.rows.len() * 4 + self.values.memory_bytes()
    }
}

/// Attributes without a column of their own, in the order they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OverflowColumn {
    /// Whose attribute.
    pub levels: Vec<Level>,
    /// Owner row, in no order.
    pub rows: Vec<u32>,
    /// Key.
    pub keys: Strings,
    /// Encoded `AnyValue`.
    pub values: Blobs,
}

impl OverflowColumn {
    pub(crate) fn memory_bytes(&self) -> usize {
        self.rows.len() * 5 + self.keys.memory_bytes() + self.values.memory_bytes()
    }
}
