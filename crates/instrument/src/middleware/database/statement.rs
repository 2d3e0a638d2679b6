//! SQL, read for what a span may say of it.
//!
//! ```text
//! SELECT name FROM orders WHERE id = 7 AND note = 'x'
//! text      SELECT name FROM orders WHERE id = ? AND note = ?
//! operation SELECT      target  orders      summary  SELECT orders
//! ```
//!
//! It exists because literals are people's data, and a span's name must be one
//! of few. It must never let a literal through: what it does not understand to
//! the end, it leaves out. (Semantic conventions: database spans, sanitization.)

/// What is read of a statement: beyond, it is cut off.
const MAX_STATEMENT_BYTES: usize = 8192;
/// Tables that the summary names.
const MAX_TARGETS: usize = 4;
/// Functions with a `FROM` that is not one.
const FUNCTIONS_WITH_FROM: [&str; 4] = ["EXTRACT", "SUBSTRING", "TRIM", "OVERLAY"];
/// What can follow `FROM` or `TABLE` before a table.
const BEFORE_TARGET: [&str; 5] = ["ONLY", "LATERAL", "IF", "NOT", "EXISTS"];

/// How a database writes its literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Text in single quotes, names in double; dollar quotes.
    Standard,
    /// Text in either quotes, with backslashes.
    MySql,
}

/// What a span says of a statement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    /// The statement without literals and comments.
    pub(super) text: String,
    /// `SELECT` and so on, in capitals.
    pub(super) operation: Option<String>,
    /// The tables.
    pub(super) targets: Vec<String>,
}

impl Statement {
    /// Reads `sql`.
    pub(super) fn read(sql: &str, dialect: Dialect) -> Statement {
        let mut end = sql.len().min(MAX_STATEMENT_BYTES);
        while !sql.is_char_boundary(end) {
            end -= 1;
        }
        let mut reader = Reader::default();
        let mut rest = &sql[..end];
        while !rest.is_empty() {
            let (token, len) = scan(rest, dialect);
            reader.take(token, &rest[..len]);
            rest = &rest[len..];
        }
        reader.statement
    }

    /// The operation and its tables: one of few, for a span's name.
    pub(super) fn summary(&self) -> Option<String> {
        let mut summary = self.operation.clone()?;
        for target in self.targets.iter().take(MAX_TARGETS) {
            summary.push(' ');
            summary.push_str(target);
        }
        Some(summary)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Space,
    Word,
    QuotedName,
    Literal,
    Symbol,
}

/// The first token of `rest` and its length, which is never 0.
fn scan(rest: &str, dialect: Dialect) -> (Token, usize) {
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied().unwrap_or_default();
    match bytes[0] {
        b if b.is_ascii_whitespace() => (Token::Space, 1),
        b'-' if second == b'-' => (Token::Space, rest.find('\n').unwrap_or(rest.len())),
        b'#' if dialect == Dialect::MySql => (Token::Space, rest.find('\n').unwrap_or(rest.len())),
        b'/' if second == b'*' => (Token::Space, comment_len(rest)),
        b'\'' => (Token::Literal, quoted_len(bytes, dialect == Dialect::MySql)),
        b'"' if dialect == Dialect::MySql => (Token::Literal, quoted_len(bytes, true)),
        b'"' | b'`' => (Token::QuotedName, quoted_len(bytes, false)),
        b'$' if second.is_ascii_digit() => (
            Token::Symbol,
            1 + leading(&rest[1..], |c| c.is_ascii_digit()),
        ),
        b'$' if dialect == Dialect::Standard => dollar_quoted(rest),
        b'0'..=b'9' => (Token::Literal, number_len(bytes)),
        b'.' if second.is_ascii_digit() => (Token::Literal, number_len(bytes)),
        _ => {
            let len = leading(rest, |c| c.is_alphanumeric() || c == '_' || c == '$');
            // A letter before a quote changes what is in it.
            match (len, bytes.get(len)) {
                (0, _) => (Token::Symbol, rest.chars().next().map_or(1, char::len_utf8)),
                (1, Some(b'\'')) if b"eEbBxXnN".contains(&bytes[0]) => {
                    let has_escapes =
                        bytes[0].eq_ignore_ascii_case(&b'e') || dialect == Dialect::MySql;
                    (Token::Literal, 1 + quoted_len(&bytes[1..], has_escapes))
                }
                _ => (Token::Word, len),
            }
        }
    }
}

fn leading(text: &str, is_in: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_in(c)).unwrap_or(text.len())
}

/// The length of a text in quotes, which are doubled inside; to the end if it
/// is not closed.
fn quoted_len(bytes: &[u8], has_escapes: bool) -> usize {
    let quote = bytes[0];
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if has_escapes => at += 2,
            b if b == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `$tag$ … $tag$`, or a lone dollar.
fn dollar_quoted(rest: &str) -> (Token, usize) {
    let tag_len = 1 + leading(&rest[1..], |c| c.is_alphanumeric() || c == '_');
    if rest.as_bytes().get(tag_len) != Some(&b'$') {
        return (Token::Symbol, 1);
    }
    let tag = &rest[..=tag_len];
    let end = rest[tag.len()..].find(tag).map(|at| at + 2 * tag.len());
    (Token::Literal, end.unwrap_or(rest.len()))
}

/// Comments nest (SQL standard, PostgreSQL).
fn comment_len(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0, 0);
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => (depth, at) = (depth + 1, at + 2),
            (b'*', b'/') if depth == 1 => return at + 2,
            (b'*', b'/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    bytes.len()
}

fn number_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let is_exponent_sign =
            matches!(byte, b'+' | b'-') && at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        // Hexadecimal digits end in e as well; their sign is then an operator.
        let is_hex = bytes.get(1).is_some_and(|b| matches!(b, b'x' | b'X'));
        if !(byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_')
            || (is_exponent_sign && !is_hex))
        {
            break;
        }
        at += 1;
    }
    at
}

/// Puts tokens together.
#[derive(Debug, Default)]
struct Reader {
    statement: Statement,
    /// The word before, in capitals.
    word: String,
    /// For each open bracket, whether a `FROM` in it is part of a function.
    brackets: Vec<bool>,
    /// A table's name is next, or its next part.
    is_target_next: bool,
    is_target_open: bool,
    /// It is the table of an INTO or TABLE, which columns can follow.
    is_after_into: bool,
    has_with: bool,
}

impl Reader {
    fn take(&mut self, token: Token, source: &str) {
        let text = &mut self.statement.text;
        match token {
            Token::Space => {
                if !text.is_empty() && !text.ends_with(' ') {
                    text.push(' ');
                }
                return;
            }
            Token::Literal => text.push('?'),
            Token::Word | Token::QuotedName | Token::Symbol => text.push_str(source),
        }
        match token {
            Token::Word => self.take_word(source),
            Token::QuotedName => self.take_name(source.trim_matches(['"', '`'])),
            Token::Symbol => self.take_symbol(source),
            Token::Space | Token::Literal => self.is_target_next = false,
        }
    }

    fn take_word(&mut self, source: &str) {
        let before = std::mem::replace(&mut self.word, source.to_ascii_uppercase());
        if self.is_target_next
            && (self.is_target_open || !BEFORE_TARGET.contains(&self.word.as_str()))
        {
            return self.take_name(source);
        }
        self.is_target_open = false;
        if matches!(self.word.as_str(), "FROM" | "JOIN" | "INTO" | "TABLE") {
            self.is_after_into = matches!(self.word.as_str(), "INTO" | "TABLE");
        }
        let is_first = self.statement.operation.is_none();
        let in_function = self.brackets.last().copied().unwrap_or(false);
        self.is_target_next |= match self.word.as_str() {
            "WITH" if is_first => {
                self.has_with = true;
                false
            }
            "FROM" => !in_function && before != "DISTINCT",
            "INTO" | "JOIN" | "TABLE" => true,
            "UPDATE" => is_first,
            "TRUNCATE" => is_first,
            _ => false,
        };
        // After WITH, the operation is the first one outside brackets.
        let is_operation = !self.has_with
            || (self.brackets.is_empty()
                && matches!(
                    self.word.as_str(),
                    "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE"
                ));
        if is_first && is_operation {
            self.statement.operation = Some(self.word.clone());
        }
    }

    fn take_name(&mut self, name: &str) {
        if !self.is_target_next {
            return;
        }
        self.is_target_next = false;
        let targets = &mut self.statement.targets;
        let has_room = targets.len() < MAX_TARGETS;
        match targets.last_mut() {
            Some(target) if self.is_target_open => {
                target.push('.');
                target.push_str(name);
            }
            _ if has_room => targets.push(name.to_owned()),
            _ => return,
        }
        self.is_target_open = true;
    }

    fn take_symbol(&mut self, symbol: &str) {
        match symbol {
            "." if self.is_target_open => {
                self.is_target_next = true;
                return;
            }
            "(" => {
                // What looked like a table was a function; after INTO there
                // are columns.
                if self.is_target_open && !self.is_after_into {
                    self.statement.targets.pop();
                }
                self.brackets
                    .push(FUNCTIONS_WITH_FROM.contains(&self.word.as_str()));
            }
            ")" => drop(self.brackets.pop()),
            _ => {}
        }
        (self.is_target_next, self.is_target_open) = (false, false);
    }
}
