//! What a statement says, as a tree that still knows where each part stood.
//!
//! Chains of one operator are flat, so that **a long text never makes a deep
//! tree.** Printed and parsed again a tree is the same but for its places.

use std::fmt;
use std::ops::Range;

/// `editor(arguments) where condition`
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What is done.
    pub editor: Call,
    /// For which rows; for all without.
    pub condition: Option<Node>,
}

/// A part of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes of the text.
    pub at: Range<usize>,
    /// What it is.
    pub kind: NodeKind,
}

/// What a part of a statement is.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the grammar")]
pub enum NodeKind {
    Nil,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Path(Path),
    Call(Call),
    /// An enum, or a function that is handed over.
    Name(String),
    /// Operators of one precedence, from left to right.
    Math(Box<Node>, Vec<(MathOp, Node)>),
    Negated(Box<Node>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(CompareOp, Box<Node>, Box<Node>),
}

/// `a.b["c"][0].d`
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Its parts; at least one.
    pub parts: Vec<PathPart>,
}

/// A name in a path with its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPart {
    /// The name.
    pub name: String,
    /// What stands in brackets behind it.
    pub keys: Vec<Node>,
}

/// A function with its arguments, and what its result is indexed by.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function.
    pub name: String,
    /// Bytes of the name.
    pub at: Range<usize>,
    /// Arguments, named ones last.
    pub arguments: Vec<Argument>,
    /// What stands in brackets behind it.
    pub keys: Vec<Node>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name, where it is given by name.
    pub name: Option<String>,
    /// Its value.
    pub value: Node,
}

/// An operator between numbers, times and durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MathOp {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl MathOp {
    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

impl CompareOp {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
    ];

    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.editor)?;
        match &self.condition {
            Some(condition) => write!(f, " where {condition}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, argument) in self.arguments.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            if let Some(name) = &argument.name {
                write!(f, "{name}=")?;
            }
            write!(f, "{}", argument.value)?;
        }
        f.write_str(")")?;
        self.keys.iter().try_for_each(|key| write!(f, "[{key}]"))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            write!(f, "{}{}", if index > 0 { "." } else { "" }, part.name)?;
            part.keys.iter().try_for_each(|key| write!(f, "[{key}]"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NodeKind::Nil => f.write_str("nil"),
            NodeKind::Bool(value) => write!(f, "{value}"),
            NodeKind::Int(value) => write!(f, "{value}"),
            NodeKind::Double(value) => write!(f, "{value:?}"),
            NodeKind::Text(text) => write_text(f, text),
            NodeKind::Bytes(bytes) => {
                f.write_str("0x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            NodeKind::List(values) => {
                f.write_str("[")?;
                write_joined(f, values, ", ")?;
                f.write_str("]")
            }
            NodeKind::Map(pairs) => {
                f.write_str("{")?;
                for (index, (key, value)) in pairs.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    write_text(f, key)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
            NodeKind::Path(path) => write!(f, "{path}"),
            NodeKind::Call(call) => write!(f, "{call}"),
            NodeKind::Name(name) => f.write_str(name),
            NodeKind::Math(first, rest) => {
                write!(f, "({first}")?;
                for (op, value) in rest {
                    write!(f, " {} {value}", op.sign())?;
                }
                f.write_str(")")
            }
            NodeKind::Negated(of) => write!(f, "-({of})"),
            NodeKind::Not(of) => write!(f, "not ({of})"),
            NodeKind::And(parts) => {
                f.write_str("(")?;
                write_joined(f, parts, " and ")?;
                f.write_str(")")
            }
            NodeKind::Or(parts) => {
                f.write_str("(")?;
                write_joined(f, parts, " or ")?;
                f.write_str(")")
            }
            NodeKind::Compare(op, left, right) => write!(f, "({left} {} {right})", op.sign()),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, nodes: &[Node], between: &str) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        write!(f, "{}{node}", if index > 0 { between } else { "" })?;
    }
    Ok(())
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            c if c.is_control() => write!(f, "\\u{:04x}", c as u32)?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
