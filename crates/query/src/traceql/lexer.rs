//! Text into tokens, each with the characters it was written in.
//!
//! TraceQL has no keywords once an attribute has begun and lets attribute
//! names hold nearly anything, so attributes and scoped intrinsics become one
//! token here and the parser never sees their parts.
//!
//! Cutting stops at the first thing that is no token. The error becomes the
//! last token rather than the result, so that a mistake further to the left,
//! which only the parser can see, is the one reported.

mod field;
mod number;
mod text;

use std::fmt;
use std::ops::Range;

use super::ast::{CompareOp, Field};
use super::error::{TraceQlError, quoted};

pub(super) use field::is_attribute_char;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    LeftBrace,
    RightBrace,
    LeftParenthesis,
    RightParenthesis,
    Comma,
    And,
    Or,
    Not,
    /// `|`, between the stages of a pipeline.
    Pipe,
    Compare(CompareOp),
    /// `+ - * / % ^`
    Arithmetic(char),
    /// Between spansets only: `>>`, `&~` and so on. Those that are written
    /// like a comparison arrive as [`TokenKind::Compare`].
    Structural(&'static str),
    Text(String),
    /// Without its sign, so that the smallest integer can be written.
    Int(u64),
    Float(f64),
    /// Without its sign.
    DurationNs(u64),
    /// An attribute or an intrinsic with its scope.
    Field(Field),
    /// A bare identifier; what it means depends on its place.
    Word(String),
    /// The end of the query.
    End,
    /// The end of what could be read.
    Invalid(TraceQlError),
}

/// A token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

/// As a person would name it in a message.
impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftBrace => f.write_str("`{`"),
            Self::RightBrace => f.write_str("`}`"),
            Self::LeftParenthesis => f.write_str("`(`"),
            Self::RightParenthesis => f.write_str("`)`"),
            Self::Comma => f.write_str("`,`"),
            Self::And => f.write_str("`&&`"),
            Self::Or => f.write_str("`||`"),
            Self::Not => f.write_str("`!`"),
            Self::Pipe => f.write_str("`|`"),
            Self::Compare(op) => write!(f, "`{op}`"),
            Self::Arithmetic(op) => write!(f, "`{op}`"),
            Self::Structural(op) => write!(f, "`{op}`"),
            Self::Text(_) => f.write_str("text"),
            Self::Int(_) | Self::Float(_) => f.write_str("a number"),
            Self::DurationNs(_) => f.write_str("a duration"),
            Self::Field(field) => f.write_str(&quoted(&field.to_string())),
            Self::Word(word) => f.write_str(&quoted(word)),
            Self::End => f.write_str("the end of the query"),
            Self::Invalid(_) => f.write_str("unreadable text"),
        }
    }
}

/// Cuts `query` into tokens; the last one is `End` or `Invalid`.
pub(super) fn tokenize(query: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        chars: query.chars().collect(),
        at: 0,
    };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next_token().unwrap_or_else(|error| Token {
            range: error.span.clone(),
            kind: TokenKind::Invalid(error),
        });
        let last = matches!(token.kind, TokenKind::End | TokenKind::Invalid(_));
        tokens.push(token);
        if last {
            return tokens;
        }
    }
}

/// A place in the query. Positions are in characters, as errors need them.
struct Lexer {
    chars: Vec<char>,
    at: usize,
}

/// Operators of one or more characters, the longer ones first.
const OPERATORS: [(&str, TokenKind); 35] = [
    ("!>>", TokenKind::Structural("!>>")),
    ("!<<", TokenKind::Structural("!<<")),
    ("&>>", TokenKind::Structural("&>>")),
    ("&<<", TokenKind::Structural("&<<")),
    ("&&", TokenKind::And),
    ("||", TokenKind::Or),
    ("!=", TokenKind::Compare(CompareOp::NotEqual)),
    ("!~", TokenKind::Compare(CompareOp::NotMatches)),
    ("=~", TokenKind::Compare(CompareOp::Matches)),
    ("<=", TokenKind::Compare(CompareOp::LessOrEqual)),
    (">=", TokenKind::Compare(CompareOp::GreaterOrEqual)),
    ("!>", TokenKind::Structural("!>")),
    ("!<", TokenKind::Structural("!<")),
    ("&>", TokenKind::Structural("&>")),
    ("&<", TokenKind::Structural("&<")),
    ("&~", TokenKind::Structural("&~")),
    (">>", TokenKind::Structural(">>")),
    ("<<", TokenKind::Structural("<<")),
    ("=", TokenKind::Compare(CompareOp::Equal)),
    ("<", TokenKind::Compare(CompareOp::Less)),
    (">", TokenKind::Compare(CompareOp::Greater)),
    ("!", TokenKind::Not),
    ("|", TokenKind::Pipe),
    ("~", TokenKind::Structural("~")),
    ("{", TokenKind::LeftBrace),
    ("}", TokenKind::RightBrace),
    ("(", TokenKind::LeftParenthesis),
    (")", TokenKind::RightParenthesis),
    (",", TokenKind::Comma),
    ("+", TokenKind::Arithmetic('+')),
    ("-", TokenKind::Arithmetic('-')),
    ("*", TokenKind::Arithmetic('*')),
    ("/", TokenKind::Arithmetic('/')),
    ("%", TokenKind::Arithmetic('%')),
    ("^", TokenKind::Arithmetic('^')),
];

/// Operators of other languages, with what to write here.
const FOREIGN_OPERATORS: [(&str, &str); 5] = [
    ("==", "equality is a single `=`"),
    ("<>", "write `!=`"),
    ("=<", "write `<=`"),
    ("=>", "write `>=`"),
    ("~=", "write `=~`"),
];

impl Lexer {
    fn next_token(&mut self) -> Result<Token, TraceQlError> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(first) = self.peek(0) else {
            return Ok(Token {
                kind: TokenKind::End,
                range: start..start,
            });
        };
        let kind = match first {
            '"' => TokenKind::Text(self.quoted_text()?),
            '`' => TokenKind::Text(self.raw_text()?),
            '\'' | '\u{2018}'..='\u{201f}' => return Err(self.wrong_quotes(first)),
            '0'..='9' => self.number()?,
            '.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.number()?,
            '.' => TokenKind::Field(self.attribute_of_any_scope()?),
            'a'..='z' | 'A'..='Z' | '_' => self.word_or_field()?,
            _ => self.operator(first)?,
        };
        Ok(Token {
            kind,
            range: start..self.at,
        })
    }

    fn operator(&mut self, first: char) -> Result<TokenKind, TraceQlError> {
        for (text, hint) in FOREIGN_OPERATORS {
            if self.looking_at(text) {
                let range = self.at..self.at + text.len();
                return Err(
                    TraceQlError::new(range, format!("`{text}` is not an operator")).hint(hint),
                );
            }
        }
        for (text, kind) in OPERATORS {
            if self.looking_at(text) {
                self.at += text.len();
                return Ok(kind);
            }
        }
        let range = self.at..self.at + 1;
        if first == '&' {
            return Err(TraceQlError::new(range, "a single `&` is not an operator")
                .hint("write `&&` for and"));
        }
        Err(TraceQlError::new(
            range,
            format!("unexpected character `{}`", first.escape_debug()),
        ))
    }

    /// Passes white space and comments, `// …` and `/* … */`.
    fn skip_blanks(&mut self) -> Result<(), TraceQlError> {
        loop {
            if self.looking_at("//") {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            } else if self.looking_at("/*") {
                let start = self.at;
                self.at += 2;
                while !self.looking_at("*/") {
                    if self.at >= self.chars.len() {
                        return Err(
                            TraceQlError::new(start..start + 2, "the comment has no end")
                                .hint("close it with `*/`"),
                        );
                    }
                    self.at += 1;
                }
                self.at += 2;
            } else if self.peek(0).is_some_and(char::is_whitespace) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(ahead, c)| self.peek(ahead) == Some(c))
    }

    /// The characters from `start` up to here.
    fn since(&self, start: usize) -> String {
        self.chars[start..self.at].iter().collect()
    }
}
