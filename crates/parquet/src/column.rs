//! What a column is and what its cells are, before encoding and after
//! decoding: plain vectors, nulls left out. Knows nothing of bytes in a file.

/// How the values of a column are stored: the physical types of the format
/// that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhysicalType {
    /// One bit per value.
    Boolean,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// IEEE 754, 64 bits.
    Double,
    /// Bytes of any length; text if [`Column::is_text`].
    ByteArray,
    /// 16 bytes, such as a trace id.
    Fixed16,
    /// 8 bytes, such as a span id.
    Fixed8,
}

impl PhysicalType {
    /// Its name in the format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Double => "DOUBLE",
            Self::ByteArray => "BYTE_ARRAY",
            Self::Fixed16 => "FIXED_LEN_BYTE_ARRAY(16)",
            Self::Fixed8 => "FIXED_LEN_BYTE_ARRAY(8)",
        }
    }
}

/// One column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// How its values are stored.
    pub physical: PhysicalType,
    /// Whether byte arrays are UTF-8 text. The decoder checks it.
    pub is_text: bool,
    /// Whether cells may be null.
    pub nullable: bool,
    /// Most bytes of a dictionary, as the format stores it (4 bytes of length
    /// before each byte array). Values with more distinct bytes are stored
    /// without one; 0 = never a dictionary. Above 4 MiB counts as 4 MiB.
    pub max_dictionary_bytes: usize,
    /// Whether chunks are compressed (zstd) or stored as they are.
    pub compress: bool,
}

/// What one column of one row group holds.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    /// Rows, nulls included.
    pub rows: usize,
    /// Ascending rows that have a value; `None` = all.
    pub present: Option<&'a [u32]>,
    /// One entry per present row.
    pub values: Values<'a>,
}

/// Values to encode, one per present row.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// For [`PhysicalType::Boolean`].
    Bool(&'a [bool]),
    /// For [`PhysicalType::Int32`].
    I32(&'a [i32]),
    /// For [`PhysicalType::Int64`].
    I64(&'a [i64]),
    /// For [`PhysicalType::Double`].
    F64(&'a [f64]),
    /// For [`PhysicalType::Fixed16`].
    Fixed16(&'a [[u8; 16]]),
    /// For [`PhysicalType::Fixed8`].
    Fixed8(&'a [[u8; 8]]),
    /// For [`PhysicalType::ByteArray`]: codes into a dictionary that may hold
    /// equal and unused entries.
    Coded {
        /// The dictionary entry of each present row.
        codes: &'a [u32],
        /// Where each entry ends in `bytes`; it begins where the one before ends.
        ends: &'a [u32],
        /// The entries one after another.
        bytes: &'a [u8],
    },
    /// For [`PhysicalType::ByteArray`]: the values themselves.
    Bytes {
        /// Where each value ends in `bytes`.
        ends: &'a [u32],
        /// The values one after another.
        bytes: &'a [u8],
    },
}

impl Values<'_> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Fixed16(values) => values.len(),
            Self::Fixed8(values) => values.len(),
            Self::Coded { codes, .. } => codes.len(),
            Self::Bytes { ends, .. } => ends.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Cells that were read.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedCells {
    /// Rows that were wanted, nulls included.
    pub rows: usize,
    /// Ascending rows that have a value, counted over the wanted rows;
    /// `None` = all.
    pub present: Option<Vec<u32>>,
    /// One entry per present row.
    pub values: DecodedValues,
}

/// Values that were read, one per present row.
#[derive(Clone, Debug, PartialEq)]
pub enum DecodedValues {
    /// Of [`PhysicalType::Boolean`].
    Bool(Vec<bool>),
    /// Of [`PhysicalType::Int32`].
    I32(Vec<i32>),
    /// Of [`PhysicalType::Int64`].
    I64(Vec<i64>),
    /// Of [`PhysicalType::Double`].
    F64(Vec<f64>),
    /// Of [`PhysicalType::Fixed16`].
    Fixed16(Vec<[u8; 16]>),
    /// Of [`PhysicalType::Fixed8`].
    Fixed8(Vec<[u8; 8]>),
    /// Of [`PhysicalType::ByteArray`]. Chunks with a dictionary give it whole
    /// when all rows are wanted, else only the entries that are used; without
    /// one the codes are 0, 1, 2 and so on. Each entry of a text column is
    /// valid UTF-8.
    Coded {
        /// The entry of each present row.
        codes: Vec<u32>,
        /// Where each entry ends in `bytes`.
        ends: Vec<u32>,
        /// The entries one after another.
        bytes: Vec<u8>,
    },
}

impl DecodedCells {
    /// The same cells, ready to be encoded again.
    #[must_use]
    pub fn as_cells(&self) -> Cells<'_> {
        let values = match &self.values {
            DecodedValues::Bool(values) => Values::Bool(values),
            DecodedValues::I32(values) => Values::I32(values),
            DecodedValues::I64(values) => Values::I64(values),
            DecodedValues::F64(values) => Values::F64(values),
            DecodedValues::Fixed16(values) => Values::Fixed16(values),
            DecodedValues::Fixed8(values) => Values::Fixed8(values),
            DecodedValues::Coded { codes, ends, bytes } => Values::Coded { codes, ends, bytes },
        };
        Cells {
            rows: self.rows,
            present: self.present.as_deref(),
            values,
        }
    }
}
