//! What can be wrong when columns are encoded, decoded, written or read.

/// Why cells cannot be encoded: a mistake of the caller.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The values are of another type than the column.
    #[error("column {column}: values do not have its type {expected}")]
    Type {
        /// The column's name.
        column: String,
        /// The column's type.
        expected: &'static str,
    },
    /// Rows, present rows, values or codes contradict one another.
    #[error("column {column}: {reason}")]
    Cells {
        /// The column's name.
        column: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// A page would be larger than readers accept.
    #[error(
        "column {column}: the page from row {row} has {bytes} bytes, at most {} fit",
        crate::chunk::MAX_PAGE_BYTES
    )]
    PageTooLarge {
        /// The column's name.
        column: String,
        /// First row of the page.
        row: usize,
        /// Its bytes before compression.
        bytes: usize,
    },
    /// The compressor refused.
    #[error("column {column}: zstd: {reason}")]
    Zstd {
        /// The column's name.
        column: String,
        /// What it said.
        reason: &'static str,
    },
}

/// Why bytes are not the pages of a column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes contradict themselves or the format.
    #[error("{part} at byte {at}: {reason}")]
    Damaged {
        /// Which part, such as "page header".
        part: &'static str,
        /// Where in that part.
        at: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Valid, but not of the kinds that are read here.
    #[error("{what} {found} is not supported; supported: {supported}")]
    Unsupported {
        /// What it is, such as "encoding".
        what: &'static str,
        /// What was found.
        found: String,
        /// What is read here.
        supported: &'static str,
    },
    /// The caller asked for rows that are not there, or not in order.
    #[error("ranges must ascend within the {rows} rows of the pages, got {start}..{end}")]
    Ranges {
        /// Rows of the pages given.
        rows: usize,
        /// The range that does not fit.
        start: usize,
        /// Its end.
        end: usize,
    },
    /// In a column or page of a larger whole.
    #[error("column {column}, {place}: {source}")]
    In {
        /// The column's name.
        column: String,
        /// Which page.
        place: String,
        /// What is wrong there.
        source: Box<DecodeError>,
    },
}

impl DecodeError {
    pub(crate) fn damaged(part: &'static str, at: usize, reason: &'static str) -> Self {
        Self::Damaged { part, at, reason }
    }

    pub(crate) fn within(self, column: &str, place: impl std::fmt::Display) -> Self {
        Self::In {
            column: column.to_owned(),
            place: place.to_string(),
            source: Box::new(self),
        }
    }
}
