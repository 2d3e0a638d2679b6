//! Tokens to a tree, by recursive descent.
//!
//! Conditions and values share one grammar, because `(` may begin either;
//! which of the two is wanted where is checked here too. **Nesting is
//! limited**, so no text ends the process.

use std::ops::Range;

use crate::ast::{Argument, Call, CompareOp, MathOp, Node, NodeKind, Parsed, Path, PathPart};
use crate::lexer::{Placed, Token, tokens};
use crate::mistake::Wrong;

/// Deepest nesting of brackets, calls and signs.
const MAX_DEPTH: usize = 64;

/// `editor(...) where condition`
pub(crate) fn statement(text: &str) -> Result<Parsed, Wrong> {
    let mut parser = Parser::new(text)?;
    let first = parser.placed();
    let Token::Word(name) = first.token.clone() else {
        return Err(parser.expected("the name of an editor, such as `set(...)`"));
    };
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let message =
            format!("a statement begins with an editor, such as `set(...)`, and `{name}` is none");
        return Err(Wrong::new(first.at.clone(), message));
    }
    let at = first.at.clone();
    parser.next += 1;
    if !parser.is_sign("(") {
        return Err(parser.expected("`(`"));
    }
    let editor = parser.call(name, at)?;
    if let Some(key) = editor.keys.first() {
        return Err(Wrong::new(
            key.at.clone(),
            "the result of an editor has no keys",
        ));
    }
    let condition = match parser.takes_word("where") {
        true => Some(parser.condition()?),
        false => None,
    };
    let wanted = match condition {
        Some(_) => "`and`, `or` or the end",
        None => "`where` or the end",
    };
    parser.end(wanted)?;
    Ok(Parsed { editor, condition })
}

/// A condition alone.
pub(crate) fn condition(text: &str) -> Result<Node, Wrong> {
    let mut parser = Parser::new(text)?;
    let condition = parser.condition()?;
    parser.end("`and`, `or` or the end")?;
    Ok(condition)
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, Wrong> {
        Ok(Self {
            tokens: tokens(text)?,
            next: 0,
            depth: 0,
        })
    }

    /// The next token; the last is `End` and never taken.
    fn placed(&self) -> &Placed {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.placed().token, Token::Sign(found) if found == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_it = self.is_sign(sign);
        self.next += usize::from(is_it);
        is_it
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.placed().token, Token::Word(found) if found == word)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_it = self.is_word(word);
        self.next += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(self.expected(&format!("`{sign}`")))
    }

    fn end(&self, wanted: &str) -> Result<(), Wrong> {
        match self.placed().token {
            Token::End => Ok(()),
            _ => Err(self.expected(wanted)),
        }
    }

    fn expected(&self, wanted: &str) -> Wrong {
        let Placed { token, at } = self.placed();
        let found = match token {
            Token::Word(word) => format!("`{word}`"),
            Token::Text(text) => format!("the text {text:?}"),
            Token::Int(number) => format!("the number {number}"),
            Token::Double(number) => format!("the number {number}"),
            Token::Bytes(_) => "bytes".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_owned(),
        };
        let hint = match token {
            Token::Sign("=") => " (equality is `==`)",
            Token::Sign("=>") => " (lambdas are not served)",
            _ => "",
        };
        Wrong::new(
            at.clone(),
            format!("expected {wanted}, found {found}{hint}"),
        )
    }

    /// From a place to the end of the last token taken.
    fn since(&self, from: usize) -> Range<usize> {
        let last = self.next.saturating_sub(1);
        from..self.tokens[last].at.end.max(from)
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        if self.depth >= MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Wrong::new(self.placed().at.clone(), message));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn condition(&mut self) -> Result<Node, Wrong> {
        let node = self.any()?;
        as_condition(node)
    }

    fn value(&mut self) -> Result<Node, Wrong> {
        let node = self.any()?;
        as_value(node)
    }

    fn any(&mut self) -> Result<Node, Wrong> {
        self.nested(Self::or)
    }

    fn or(&mut self) -> Result<Node, Wrong> {
        self.joined("or", Self::and, NodeKind::Or)
    }

    fn and(&mut self) -> Result<Node, Wrong> {
        self.joined("and", Self::not, NodeKind::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Node, Wrong>,
        kind: fn(Vec<Node>) -> NodeKind,
    ) -> Result<Node, Wrong> {
        let from = self.placed().at.start;
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![as_condition(first)?];
        while self.takes_word(word) {
            parts.push(as_condition(part(self)?)?);
        }
        Ok(Node {
            at: self.since(from),
            kind: kind(parts),
        })
    }

    fn not(&mut self) -> Result<Node, Wrong> {
        let from = self.placed().at.start;
        if !self.takes_word("not") {
            return self.comparison();
        }
        let of = self.nested(Self::not)?;
        Ok(Node {
            kind: NodeKind::Not(Box::new(as_condition(of)?)),
            at: self.since(from),
        })
    }

    fn comparison(&mut self) -> Result<Node, Wrong> {
        let from = self.placed().at.start;
        let left = self.sum()?;
        let Some(op) = CompareOp::ALL
            .into_iter()
            .find(|op| self.is_sign(op.sign()))
        else {
            return Ok(left);
        };
        self.next += 1;
        let (left, right) = (as_value(left)?, as_value(self.sum()?)?);
        Ok(Node {
            kind: NodeKind::Compare(op, Box::new(left), Box::new(right)),
            at: self.since(from),
        })
    }

    fn sum(&mut self) -> Result<Node, Wrong> {
        self.math(&[MathOp::Add, MathOp::Subtract], Self::product)
    }

    fn product(&mut self) -> Result<Node, Wrong> {
        self.math(&[MathOp::Multiply, MathOp::Divide], Self::signed)
    }

    fn math(
        &mut self,
        ops: &[MathOp],
        part: fn(&mut Self) -> Result<Node, Wrong>,
    ) -> Result<Node, Wrong> {
        let from = self.placed().at.start;
        let first = part(self)?;
        let mut rest = Vec::new();
        while let Some(op) = ops.iter().find(|op| self.is_sign(op.sign())) {
            self.next += 1;
            rest.push((*op, as_value(part(self)?)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Node {
            kind: NodeKind::Math(Box::new(as_value(first)?), rest),
            at: self.since(from),
        })
    }

    fn signed(&mut self) -> Result<Node, Wrong> {
        let from = self.placed().at.start;
        if self.takes("+") {
            return self.nested(Self::signed);
        }
        if !self.takes("-") {
            return self.primary();
        }
        let of = as_value(self.nested(Self::signed)?)?;
        let kind = match of.kind {
            NodeKind::Int(value) => NodeKind::Int(-value),
            NodeKind::Double(value) => NodeKind::Double(-value),
            _ => NodeKind::Negated(Box::new(of)),
        };
        let at = self.since(from);
        Ok(Node { at, kind })
    }

    fn primary(&mut self) -> Result<Node, Wrong> {
        let Placed { token, at } = self.placed().clone();
        let kind = match token {
            Token::Sign("(") => {
                self.next += 1;
                let inner = self.any()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => return self.list(at.start),
            Token::Sign("{") => return self.map(at.start),
            Token::Word(word) => return self.named(word, at),
            Token::Text(text) => NodeKind::Text(text),
            Token::Int(number) => NodeKind::Int(number),
            Token::Double(number) => NodeKind::Double(number),
            Token::Bytes(bytes) => NodeKind::Bytes(bytes),
            Token::Sign(_) | Token::End => return Err(self.expected("a value")),
        };
        self.next += 1;
        Ok(Node { at, kind })
    }

    fn named(&mut self, word: String, at: Range<usize>) -> Result<Node, Wrong> {
        let kind = match &*word {
            "true" => NodeKind::Bool(true),
            "false" => NodeKind::Bool(false),
            "nil" => NodeKind::Nil,
            "and" | "or" | "not" | "where" => return Err(self.expected("a value")),
            _ => {
                self.next += 1;
                let is_call = self.is_sign("(");
                let kind = if is_call && word.starts_with(|c: char| c.is_ascii_lowercase()) {
                    let message = format!(
                        "`{word}(...)` cannot stand here: converters begin with a capital letter, and editors only begin statements"
                    );
                    return Err(Wrong::new(at, message));
                } else if is_call {
                    NodeKind::Call(self.call(word, at.clone())?)
                } else if word.starts_with(|c: char| c.is_ascii_uppercase()) {
                    NodeKind::Name(word)
                } else {
                    NodeKind::Path(self.path(word)?)
                };
                let at = self.since(at.start);
                return Ok(Node { at, kind });
            }
        };
        self.next += 1;
        Ok(Node { at, kind })
    }

    fn path(&mut self, first: String) -> Result<Path, Wrong> {
        let mut parts = vec![PathPart {
            name: first,
            keys: self.keys()?,
        }];
        while self.takes(".") {
            let Token::Word(name) = self.placed().token.clone() else {
                return Err(self.expected("a name after `.`"));
            };
            self.next += 1;
            let keys = self.keys()?;
            parts.push(PathPart { name, keys });
        }
        Ok(Path { parts })
    }

    fn keys(&mut self) -> Result<Vec<Node>, Wrong> {
        let mut keys = Vec::new();
        while self.takes("[") {
            keys.push(self.value()?);
            self.expect("]")?;
        }
        Ok(keys)
    }

    /// From the opening bracket on.
    fn call(&mut self, name: String, at: Range<usize>) -> Result<Call, Wrong> {
        self.expect("(")?;
        let mut arguments: Vec<Argument> = Vec::new();
        while !self.is_sign(")") {
            if !arguments.is_empty() && !self.takes(",") {
                return Err(self.expected("`,` or `)`"));
            }
            let argument = self.argument()?;
            if argument.name.is_none() && arguments.last().is_some_and(|last| last.name.is_some()) {
                let message = "arguments without a name stand before those with one";
                return Err(Wrong::new(argument.value.at, message));
            }
            arguments.push(argument);
        }
        self.expect(")")?;
        let keys = self.keys()?;
        Ok(Call {
            name,
            at,
            arguments,
            keys,
        })
    }

    fn argument(&mut self) -> Result<Argument, Wrong> {
        let is_named = matches!(
            self.tokens.get(self.next + 1),
            Some(Placed {
                token: Token::Sign("="),
                ..
            })
        );
        let name = match &self.placed().token {
            Token::Word(word) if is_named => Some(word.clone()),
            _ => None,
        };
        self.next += if name.is_some() { 2 } else { 0 };
        let value = self.value()?;
        Ok(Argument { name, value })
    }

    fn list(&mut self, from: usize) -> Result<Node, Wrong> {
        self.expect("[")?;
        let mut values = Vec::new();
        while !self.is_sign("]") {
            if !values.is_empty() && !self.takes(",") {
                return Err(self.expected("`,` or `]`"));
            }
            values.push(self.value()?);
        }
        self.expect("]")?;
        Ok(Node {
            at: self.since(from),
            kind: NodeKind::List(values),
        })
    }

    fn map(&mut self, from: usize) -> Result<Node, Wrong> {
        self.expect("{")?;
        let mut pairs = Vec::new();
        while !self.is_sign("}") {
            if !pairs.is_empty() && !self.takes(",") {
                return Err(self.expected("`,` or `}`"));
            }
            let Token::Text(key) = self.placed().token.clone() else {
                return Err(self.expected("a key in double quotes or `}`"));
            };
            self.next += 1;
            self.expect(":")?;
            pairs.push((key, self.value()?));
        }
        self.expect("}")?;
        Ok(Node {
            at: self.since(from),
            kind: NodeKind::Map(pairs),
        })
    }
}

fn as_condition(node: Node) -> Result<Node, Wrong> {
    let found = match node.kind {
        NodeKind::Nil => "nil",
        NodeKind::Int(_) | NodeKind::Double(_) => "a number",
        NodeKind::Text(_) => "a text",
        NodeKind::Bytes(_) => "bytes",
        NodeKind::List(_) => "a list",
        NodeKind::Map(_) => "a map",
        NodeKind::Name(_) => "an enum",
        NodeKind::Math(..) | NodeKind::Negated(_) => "a calculation",
        _ => return Ok(node),
    };
    let message = format!("expected a condition, such as `name == \"x\"`, found {found} alone");
    Err(Wrong::new(node.at, message))
}

fn as_value(node: Node) -> Result<Node, Wrong> {
    match node.kind {
        NodeKind::Not(_) | NodeKind::And(_) | NodeKind::Or(_) | NodeKind::Compare(..) => {
            Err(Wrong::new(node.at, "expected a value, found a condition"))
        }
        _ => Ok(node),
    }
}
