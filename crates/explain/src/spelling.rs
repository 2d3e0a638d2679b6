//! Statements and URLs without their values, and the values that are in them.
//!
//! Rough on purpose: no grammar of any dialect, only what tells a value from a
//! name. **Two texts that differ in more than values never become one.**

/// A text is looked at up to here.
const MAX_BYTES: usize = 4_096;

/// A statement with `?` for each value, and whether it shows its values: one
/// that was prepared or masked does not.
pub(crate) fn statement(text: &str) -> (String, bool) {
    let text = cut(text, MAX_BYTES);
    let mut out = String::with_capacity(text.len());
    let mut shows_values = true;
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '@');
        match c {
            '\'' => {
                while let Some(inner) = chars.next() {
                    // A doubled quote is part of the text.
                    if inner == '\'' && chars.next_if_eq(&'\'').is_none() {
                        break;
                    }
                }
                out.push('?');
            }
            '0'..='9' if !is_word(before) => {
                while chars
                    .next_if(|c| c.is_alphanumeric() || *c == '.')
                    .is_some()
                {}
                out.push('?');
            }
            '?' => {
                shows_values = false;
                out.push('?');
            }
            '$' | ':'
                if chars.peek().is_some_and(char::is_ascii_alphanumeric)
                    && !is_word(before)
                    && before != ':' =>
            {
                shows_values = false;
                while chars
                    .next_if(|c| c.is_alphanumeric() || *c == '_')
                    .is_some()
                {}
                out.push('?');
            }
            '%' if chars.peek() == Some(&'s') => {
                shows_values = false;
                chars.next();
                out.push('?');
            }
            c if c.is_whitespace() => {
                if !out.ends_with(' ') && !out.is_empty() {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
        before = c;
    }
    (without_lists(out.trim_end()), shows_values)
}

/// `IN (?, ?, ?)` is `IN (?)`, however many there are.
fn without_lists(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("(?") {
        let (before, list) = rest.split_at(at);
        out.push_str(before);
        let inner = list[1..].trim_start_matches(['?', ',', ' ']);
        if inner.starts_with(')') {
            out.push_str("(?");
            rest = inner;
        } else {
            out.push('(');
            rest = &list[1..];
        }
    }
    out.push_str(rest);
    out
}

/// The path of a URL, or of what a request line names, with `{}` for what
/// looks like an id.
pub(crate) fn path(url: &str) -> String {
    let path = path_of(cut(url, MAX_BYTES));
    let parts = path
        .split('/')
        .map(|part| if is_id(part) { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The host of a URL, with its port.
pub(crate) fn host(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return "";
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// What in a URL looks like an id, or is a value of its query.
pub(crate) fn values(url: &str) -> impl Iterator<Item = &str> {
    let url = cut(url, MAX_BYTES);
    let url = url.split('#').next().unwrap_or(url);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let in_path = path_of(url).split('/').filter(|part| is_id(part));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    in_path.chain(pairs.map(|(_, value)| value).filter(|value| is_id(value)))
}

fn path_of(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => url,
    }
}

/// Numbers, and words long enough with a digit in them: `42`, `9f3ac07b`,
/// `order-2231`. `v1` and `oauth2` are names.
fn is_id(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    digits > 0 && (digits == part.len() || (part.len() >= 8 && digits >= 2) || digits >= 4)
}

/// The beginning of a text, whole characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = text.len().min(bytes);
    let end = (0..=end).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// A text of a span as a sentence quotes it.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 120;
    let short = cut(text, MOST);
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("“{short}{more}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_lose_their_values() {
        for (text, without, shows) in [
            ("SELECT 1", "SELECT ?", true),
            (
                "select *\n  from t2 where a='it''s' and b = 1.5e3",
                "select * from t2 where a=? and b = ?",
                true,
            ),
            (
                "SELECT a FROM t WHERE id = $1",
                "SELECT a FROM t WHERE id = ?",
                false,
            ),
            (
                "SELECT a::text FROM t WHERE id = :id",
                "SELECT a::text FROM t WHERE id = ?",
                false,
            ),
            (
                "SELECT a FROM t WHERE id = %s",
                "SELECT a FROM t WHERE id = ?",
                false,
            ),
            (
                "SELECT a FROM t WHERE id IN (1, 2,3)",
                "SELECT a FROM t WHERE id IN (?)",
                true,
            ),
            (
                "INSERT INTO t VALUES (?, now(), ?)",
                "INSERT INTO t VALUES (?, now(), ?)",
                false,
            ),
            ("GET user:42", "GET user:?", true),
            ("'open", "?", true),
            ("", "", true),
        ] {
            assert_eq!(statement(text), (without.to_owned(), shows), "{text}");
        }
    }

    #[test]
    fn urls_lose_their_ids() {
        for (url, without) in [
            ("http://shop:8080/api/v1/orders/42?x=1", "/api/v1/orders/{}"),
            ("/users/9f3ac07b-11/oauth2", "/users/{}/oauth2"),
            ("http://shop", "/"),
            ("https://a/b#c", "/b"),
            ("", ""),
        ] {
            assert_eq!(path(url), without, "{url}");
        }
        assert_eq!(host("http://me:pw@shop:80/x"), "shop:80");
        assert_eq!(host("/x"), "");
        let found: Vec<_> = values("http://a/o/42/x?id=12345&page=a").collect();
        assert_eq!(found, ["42", "12345"]);
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("größe", 3), "gr");
        assert_eq!(quoted("a"), "“a”");
    }
}
