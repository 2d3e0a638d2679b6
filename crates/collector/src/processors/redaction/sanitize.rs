//! Statements and URLs without what is in them: the shape stays.
//!
//! | | before | after |
//! |---|---|---|
//! | SQL | `SELECT * FROM u WHERE id = 42 AND name = 'ann'` | `SELECT * FROM u WHERE id = ? AND name = ?` |
//! | Redis, Valkey, Memcached | `SET session:7 abc` | `SET ?` |
//! | MongoDB, Elasticsearch, OpenSearch | `{"find": "u", "q": {"id": 42}}` | `{"find":"?","q":{"id":"?"}}` |
//! | URL | `https://h/users/42/orders?token=x` | `https://h/users/*/orders` |
//!
//! **What cannot be understood is masked whole**, never passed on.

use serde_json::Value;

/// What language a statement is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Sql,
    Command,
    Json,
}

/// A sanitizer of the values of some keys.
#[derive(Debug, Clone)]
pub(super) struct Sanitizer {
    pub(super) language: Language,
    pub(super) keys: Vec<String>,
}

impl Sanitizer {
    pub(super) fn is_for(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    pub(super) fn apply(&self, text: &str) -> String {
        match self.language {
            // The same attribute carries statements of several databases.
            Language::Json if !text.trim_start().starts_with(['{', '[']) => text.to_owned(),
            Language::Json => json(text),
            Language::Sql => sql(text),
            Language::Command => command(text),
        }
    }
}

/// Literals become question marks, comments go.
fn sql(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(next) = rest.chars().next() {
        let is_word = before.is_alphanumeric() || matches!(before, '_' | '$' | '@' | ':');
        let (taken, shown) = if next == '\'' || (next == '"' && is_value_before(&out)) {
            (quoted(rest, next), "?")
        } else if next == '"' || next == '`' {
            let taken = quoted(rest, next);
            (taken, &rest[..taken])
        } else if rest.starts_with("--") || (next == '#' && !is_word) {
            (rest.find('\n').unwrap_or(rest.len()), "")
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), "")
        } else if next.is_ascii_digit() && !is_word {
            (number(rest), "?")
        } else {
            (next.len_utf8(), &rest[..next.len_utf8()])
        };
        out.push_str(shown);
        before = shown.chars().next_back().unwrap_or(' ');
        rest = &rest[taken..];
    }
    out.trim().to_owned()
}

/// Quotation marks hold a name in standard SQL, and a text in MySQL's: behind a
/// comparison or within a list it is taken for a text, which may mask a name.
fn is_value_before(out: &str) -> bool {
    let out = out.trim_end();
    out.ends_with(['=', '<', '>', '(', ',']) || {
        let word = out
            .rsplit(|c: char| !c.is_alphabetic())
            .next()
            .unwrap_or("");
        ["like", "in", "values", "set"]
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w))
    }
}

/// Bytes of a quoted part, to the end if nothing closes it. A doubled mark and one
/// behind a backslash are within.
fn quoted(text: &str, mark: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == mark {
            match chars.peek() {
                Some((_, next)) if *next == mark => {
                    chars.next();
                }
                _ => return at + c.len_utf8(),
            }
        }
    }
    text.len()
}

fn number(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// The name of the command; what it is given goes.
fn command(text: &str) -> String {
    let shortened = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        match words.next() {
            Some(_) => name + " ?",
            None => name,
        }
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(shortened).collect::<Vec<_>>().join("\n")
}

/// Keys stay; every value is a question mark.
fn json(text: &str) -> String {
    fn emptied(value: Value) -> Value {
        match value {
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(key, value)| (key, emptied(value)))
                    .collect(),
            ),
            Value::Array(items) => Value::Array(items.into_iter().map(emptied).collect()),
            _ => Value::String("?".to_owned()),
        }
    }
    // Several documents may stand one after another, as in a bulk request.
    let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let clean: Result<Vec<String>, _> = documents
        .map(|document| document.map(|document| emptied(document).to_string()))
        .collect();
    clean.map_or_else(|_| "?".to_owned(), |documents| documents.join("\n"))
}

/// Parts of the path that name one of many become `*`; what follows `?` or `#` goes.
pub(super) fn url(text: &str) -> String {
    let path_end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..path_end];
    let host_end = match text.find("://") {
        Some(scheme) => text[scheme + 3..]
            .find('/')
            .map_or(text.len(), |at| scheme + 3 + at),
        // `GET /users/42`: what stands before the path stays.
        None => text.find('/').unwrap_or(text.len()),
    };
    let (host, path) = text.split_at(host_end);
    // Neither is a user's name or password anybody's to see.
    let host = match (host.find("://"), host.rfind('@')) {
        (Some(scheme), Some(at)) => format!("{}{}", &host[..scheme + 3], &host[at + 1..]),
        _ => host.to_owned(),
    };
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if names_one(part) { "*" } else { part })
        .collect();
    host + &parts.join("/")
}

/// Does a part of a path name one thing of many? Words do not, nor versions.
fn names_one(part: &str) -> bool {
    let is_version = |part: &str| {
        let number = part.strip_prefix('v').unwrap_or("x");
        !number.is_empty() && number.len() < 4 && number.bytes().all(|b| b.is_ascii_digit())
    };
    if part.is_empty() || is_version(part) {
        return false;
    }
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_word = part
        .bytes()
        .all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'.' | b'{' | b'}' | b':'));
    !is_word && (digits > 0 || !part.is_ascii() || part.contains(['@', '%', '=']))
        || part.len() > 40
}
