//! Why a request cannot be read at all: where, and what.
//!
//! The text goes into a 400 answer, so it must lead a developer to the byte.
//! The path is put together while the error travels outwards, one segment a
//! level, so that decoding without errors pays nothing for it. It never
//! repeats text from the request, only numbers and names of fields.

use crate::rejected::Fault;
use std::fmt;

/// A request that cannot be read: malformed protobuf, malformed JSON, or JSON
/// of the wrong types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    position: Position,
    /// Innermost first.
    path: Vec<(&'static str, Option<usize>)>,
    problem: Problem,
}

/// Where in the body, counted from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Bytes before the fault.
    Byte(usize),
    /// Line and column of text, both from 1.
    Text {
        /// Line.
        line: usize,
        /// Column, in bytes.
        column: usize,
    },
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("a length of {length} runs past the end, {left} bytes are left")]
    Length { length: u64, left: usize },
    #[error("the message ends within a number")]
    Truncated,
    #[error("a number is longer than 64 bits")]
    Varint,
    #[error("0 is not a field number")]
    FieldZero,
    #[error("field number {0} is out of range")]
    FieldRange(u64),
    #[error("field {field} has wire type {got}")]
    WireType { field: u32, got: u8 },
    #[error("field {field} is a group, which no message has")]
    Group { field: u32 },
    #[error("field {field} is {got}, not {want}")]
    Kind {
        field: i16,
        got: &'static str,
        want: &'static str,
    },
    #[error("{0} is no type of Thrift")]
    NoKind(u8),
    #[error("no Thrift message begins like this")]
    NoMessage,
    #[error("a length of {0} is negative")]
    NegativeLength(i64),
    #[error("nested deeper than {0} levels")]
    Depth(usize),
    #[error("malformed protobuf in an attribute value")]
    Value,
    #[error("the body has {got} bytes, at most {max} can be decoded")]
    BodyLength { got: usize, max: usize },
    #[error("{0}")]
    Fault(Fault),
    #[error("text is not UTF-8")]
    NotUtf8,
    #[error("stored text or value is damaged: {0}")]
    Damaged(&'static str),
    #[error("no room for {0} bytes, which the request needs once it is read")]
    NoRoom(usize),
    #[error("malformed JSON: {0}")]
    Syntax(String),
    #[error("not of the form that is expected: {0}")]
    Form(String),
    #[error("expected {want}, got {got}")]
    Type {
        want: &'static str,
        got: &'static str,
    },
    #[error("{0}")]
    Number(&'static str),
    #[error("unknown name of an enum value; send its number")]
    EnumName,
}

impl WireError {
    pub(crate) fn at(position: Position, problem: Problem) -> Self {
        Self(Box::new(Inner {
            position,
            path: Vec::new(),
            problem,
        }))
    }

    #[cold]
    pub(crate) fn at_byte(offset: usize, problem: Problem) -> Self {
        Self::at(Position::Byte(offset), problem)
    }

    /// Adds the field around the place of the error.
    #[cold]
    pub(crate) fn within(mut self, field: &'static str) -> Self {
        self.0.path.push((field, None));
        self
    }

    /// Adds the element of a repeated field around the place of the error.
    #[cold]
    pub(crate) fn within_item(mut self, field: &'static str, index: usize) -> Self {
        self.0.path.push((field, Some(index)));
        self
    }

    /// Was the request given up because there was no [`Room`](crate::room::Room)
    /// for what it becomes?
    #[must_use]
    pub fn is_no_room(&self) -> bool {
        matches!(self.0.problem, Problem::NoRoom(_))
    }

    /// The same error of a body that begins in this line of a larger text.
    #[must_use]
    pub fn from_line(mut self, first: usize) -> Self {
        if let Position::Text { line, .. } = &mut self.0.position {
            *line += first.saturating_sub(1);
        }
        self
    }

    /// Where in the body.
    #[must_use]
    pub fn position(&self) -> Position {
        self.0.position
    }
}

impl std::error::Error for WireError {}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.position {
            Position::Byte(offset) => write!(f, "byte {offset}")?,
            Position::Text { line, column } => write!(f, "line {line} column {column}")?,
        }
        let mut separator = ", ";
        for (field, index) in self.0.path.iter().rev() {
            write!(f, "{separator}{field}")?;
            if let Some(index) = index {
                write!(f, "[{index}]")?;
            }
            separator = ".";
        }
        write!(f, ": {}", self.0.problem)
    }
}
