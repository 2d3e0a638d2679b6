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
}

/// What a statement can begin with to be SQL and nothing else.
const SQL_WORDS: [&str; 18] = [
    "alter", "begin", "call", "commit", "create", "delete", "drop", "exec", "execute", "explain",
    "grant", "insert", "merge", "replace", "select", "truncate", "update", "with",
];

/// A statement in one of these languages, without what is in it: the same attribute
/// carries statements of several databases.
pub(super) fn statement(text: &str, languages: &[Language]) -> String {
    let text = text.trim_start();
    let word = text
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or("");
    let is_sql = SQL_WORDS.iter().any(|sql| word.eq_ignore_ascii_case(sql));
    let has = |language| languages.contains(&language);
    if text.starts_with(['{', '[']) && has(Language::Json) {
        json(text)
    } else if has(Language::Sql) && (is_sql || !has(Language::Command)) {
        sql(text)
    } else if has(Language::Command) {
        command(text)
    } else {
        "?".to_owned()
    }
}

/// Literals become question marks, comments go.
fn sql(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(next) = rest.chars().next() {
        let is_word = before.is_alphanumeric() || matches!(before, '_' | '$' | '@' | ':');
        let (taken, shown) = if next == '\'' {
            (quoted(rest, next), "?")
        } else if let Some(taken) = dollar_quoted(rest).filter(|_| !is_word) {
            (taken, "?")
        } else if next == '"' || next == '`' {
            let taken = quoted(rest, next);
            let is_name = next == '`' || is_name_after(&out);
            (taken, if is_name { &rest[..taken] } else { "?" })
        } else if rest.starts_with("--") || (next == '#' && !is_word) {
            (rest.find('\n').unwrap_or(rest.len()), "")
        } else if rest.starts_with("/*") {
            (comment(rest), "")
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

/// Quotation marks hold a name in standard SQL, and a text in MySQL's. It is taken for
/// a name only where nothing else can stand.
fn is_name_after(out: &str) -> bool {
    let out = out.trim_end();
    let word = out
        .rsplit(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or("");
    out.ends_with('.')
        || ["from", "into", "join", "table", "update"]
            .iter()
            .any(|before| word.eq_ignore_ascii_case(before))
}

/// Bytes of a comment, with those within it; to the end if nothing closes it.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let step = match rest {
            _ if rest.starts_with("/*") => {
                depth += 1;
                2
            }
            _ if rest.starts_with("*/") => {
                depth -= 1;
                2
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Bytes of `$tag$ … $tag$`, as PostgreSQL writes texts; to the end if nothing closes it.
fn dollar_quoted(text: &str) -> Option<usize> {
    let behind = text.strip_prefix('$')?;
    let end = behind.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    let is_tag =
        behind[end..].starts_with('$') && !behind.starts_with(|c: char| c.is_ascii_digit());
    let tag = is_tag.then(|| &text[..end + 2])?;
    let closing = text[tag.len()..].find(tag);
    Some(closing.map_or(text.len(), |at| tag.len() + at + tag.len()))
}

/// Bytes of a quoted part, to the end if nothing closes it. A doubled mark is within.
/// Whether one behind a backslash is, depends on the database: then the rest is, too.
fn quoted(text: &str, mark: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            match chars.next() {
                Some((_, escaped)) if escaped == mark => return text.len(),
                _ => {}
            }
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

/// The name of the command; what it is given goes, and every line behind the first: it
/// may be a part of a value.
fn command(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let mut words = first.split_whitespace();
    let name = words.next().unwrap_or_default();
    let is_name = name.len() <= 20
        && name
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'_'));
    let name = if is_name { name } else { "?" };
    let rest = if words.next().is_some() { " ?" } else { "" };
    let more = if lines.next().is_some() { "\n?" } else { "" };
    format!("{name}{rest}{more}")
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
    // `GET /users/42`: what stands before the path stays, but for who asks.
    let scheme = text.find("://").map_or(0, |at| at + 3);
    let authority = text[scheme..]
        .find('/')
        .map_or(text.len(), |at| scheme + at);
    let host = match text[scheme..authority].rfind('@') {
        Some(at) => format!("{}{}", &text[..scheme], &text[scheme + at + 1..authority]),
        None => text[..authority].to_owned(),
    };
    let host_end = host.find(['?', '#']).unwrap_or(host.len());
    let is_cut = host_end < host.len();
    let host = host[..host_end].to_owned();
    let path = if is_cut { "" } else { &text[authority..] };
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
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
