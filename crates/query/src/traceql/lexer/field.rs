//! Words, attributes and intrinsics with a scope: `ok`, `.http.route`,
//! `resource."my key"`, `span:name`.
//!
//! An attribute, once begun, runs up to white space or an operator character;
//! `.a-b/c:d[0]` is one name. Parts of it may stand in quotes.

use super::super::ast::{AttributeScope, Field};
use super::super::error::{cut, quoted};
use super::super::vocabulary;
use super::{Lexer, TokenKind, TraceQlError};

/// Whether `c` may stand in an attribute name without quotes.
pub(in super::super) fn is_attribute_char(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(
            c,
            '{' | '}' | '(' | ')' | '=' | '~' | '!' | '<' | '>' | '&' | '|' | '^' | ','
        )
}

impl Lexer {
    /// At the point of `.key`.
    pub(super) fn attribute_of_any_scope(&mut self) -> Result<Field, TraceQlError> {
        let start = self.at;
        self.at += 1;
        self.attribute(start, AttributeScope::Any)
    }

    /// At a letter: a bare word, or what follows a scope.
    pub(super) fn word_or_field(&mut self) -> Result<TokenKind, TraceQlError> {
        let start = self.at;
        let word = self.identifier();
        match self.peek(0) {
            Some('.') if word == "parent" => {
                self.at += 1;
                self.parent_attribute(start).map(TokenKind::Field)
            }
            Some('.') => {
                let Some(scope) = vocabulary::scope(&word) else {
                    return Err(self.unknown_scope(start, &word));
                };
                self.at += 1;
                self.attribute(start, scope).map(TokenKind::Field)
            }
            Some(':') => self.scoped_intrinsic(start, &word).map(TokenKind::Field),
            _ => Ok(TokenKind::Word(word)),
        }
    }

    /// After `parent.`: a scope, if it is one a parent can have, and the key.
    fn parent_attribute(&mut self, start: usize) -> Result<Field, TraceQlError> {
        let scopes = [AttributeScope::Span, AttributeScope::Resource];
        let written = |scope| format!("{}.", vocabulary::scope_name(scope));
        let scope = scopes
            .into_iter()
            .find(|scope| self.looking_at(&written(*scope)));
        let scope = scope.unwrap_or(AttributeScope::Any);
        if scope != AttributeScope::Any {
            self.at += written(scope).len();
        }
        let key = self.key(start)?;
        Ok(Field::ParentAttribute { scope, key })
    }

    fn identifier(&mut self) -> String {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            self.at += 1;
        }
        self.since(start)
    }

    fn attribute(&mut self, start: usize, scope: AttributeScope) -> Result<Field, TraceQlError> {
        let key = self.key(start)?;
        Ok(Field::Attribute { scope, key })
    }

    /// After the point: the key.
    fn key(&mut self, start: usize) -> Result<String, TraceQlError> {
        let mut key = String::new();
        while let Some(c) = self.peek(0).filter(|c| is_attribute_char(*c)) {
            if c == '"' {
                self.quoted_part(&mut key)?;
            } else {
                key.push(c);
                self.at += 1;
            }
        }
        if key.is_empty() {
            let before = self.since(start);
            return Err(TraceQlError::new(
                start..self.at,
                format!("the attribute name after {} is missing", quoted(&before)),
            )
            .hint(format!("write for example `{before}http.route`")));
        }
        Ok(key)
    }

    /// At `"` within an attribute: only `\"` and `\\` are escapes here.
    fn quoted_part(&mut self, key: &mut String) -> Result<(), TraceQlError> {
        let start = self.at;
        let length_before = key.len();
        self.at += 1;
        loop {
            let c = self.peek(0);
            self.at += 1;
            match (c, self.peek(0)) {
                (Some('"'), _) if key.len() == length_before => {
                    return Err(TraceQlError::new(
                        start..self.at,
                        "the quotes in the attribute name are empty",
                    ));
                }
                (Some('"'), _) => return Ok(()),
                (Some('\\'), Some(escaped @ ('"' | '\\'))) => {
                    key.push(escaped);
                    self.at += 1;
                }
                (Some('\\'), Some(_)) => {
                    return Err(TraceQlError::new(
                        self.at - 1..self.at + 1,
                        "unknown escape in an attribute name",
                    )
                    .hint("only `\\\"` and `\\\\` are escapes here"));
                }
                (Some(c), Some(_)) => key.push(c),
                (_, None) | (None, _) => {
                    return Err(TraceQlError::new(
                        start..self.chars.len(),
                        "the attribute name has no closing quote",
                    ));
                }
            }
        }
    }

    /// At the colon after `scope`.
    fn scoped_intrinsic(&mut self, start: usize, scope: &str) -> Result<Field, TraceQlError> {
        self.at += 1;
        let name = self.identifier();
        let text = format!("{scope}:{name}");
        if let Some(intrinsic) = vocabulary::intrinsic(&text) {
            return Ok(Field::Intrinsic(intrinsic));
        }
        let error = TraceQlError::new(
            start..self.at,
            format!("unknown intrinsic {}", quoted(&text)),
        );
        let known = vocabulary::scoped_names(scope);
        Err(if let Some(near) = vocabulary::nearest_intrinsic(&text) {
            error.hint(format!("did you mean `{near}`?"))
        } else if !known.is_empty() {
            error.hint(format!("`{scope}:` has {}", known.join(", ")))
        } else if vocabulary::scope(scope).is_some() {
            error.hint(format!("attributes have a dot: `{scope}.{name}`"))
        } else {
            error.hint("intrinsics stand behind span:, trace:, event:, link: or instrumentation:")
        })
    }

    /// At the point after a word that is no scope: reads the rest, to show it
    /// whole.
    fn unknown_scope(&mut self, start: usize, word: &str) -> TraceQlError {
        while self
            .peek(0)
            .is_some_and(|c| is_attribute_char(c) && c != '"')
        {
            self.at += 1;
        }
        let text = self.since(start);
        let rest = &text[word.len()..];
        let error = |message: String| TraceQlError::new(start..self.at, message);
        if word == "trace" && rest.len() > 1 {
            return error("traces have no attributes".to_owned())
                .hint(format!("did you mean `trace:{}`?", cut(&rest[1..])));
        }
        if let Some(near) = vocabulary::nearest_scope(word) {
            return error(format!("unknown scope `{}.`", cut(word)))
                .hint(format!("did you mean `{near}{}`?", cut(rest)));
        }
        let scoped = vocabulary::with_usual_scope(&text);
        error(format!("{} has no scope", quoted(&text))).hint(format!(
            "attributes begin with a dot or a scope: `.{}` or `{}`",
            cut(&text),
            cut(&scoped)
        ))
    }
}
