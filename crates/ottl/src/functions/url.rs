//! The parts of a URL, under the names of the semantic conventions.

use tracewell_model::AnyValue;

use super::{Answer, Signature, function, map, needs, plain, text_in};
use crate::value::{Map, Value};

pub(super) const FUNCTIONS: &[Signature] =
    &[function("URL", &[needs("url_string")], plain!(parts))];

fn parts(arguments: &[&Value<'_>]) -> Answer {
    let original = text_in(arguments[0])?;
    if original.chars().any(char::is_control) {
        return Err("a URL has no control characters".into());
    }
    let mut pairs: Map = Vec::new();
    let mut put = |key: &str, value: &str| {
        pairs.push((format!("url.{key}"), AnyValue::String(value.to_owned())));
    };
    put("original", original);
    let (rest, fragment) = split(original, '#');
    let (rest, query) = split(rest, '?');
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", rest),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (user_info, host) = match authority.rsplit_once('@') {
        Some((user_info, host)) => (Some(user_info), host),
        None => (None, authority),
    };
    let (domain, port) = match host.rsplit_once(':') {
        Some((domain, port)) if !port.contains(']') => (domain, Some(port)),
        _ => (host, None),
    };
    put("scheme", &scheme.to_ascii_lowercase());
    put(
        "domain",
        domain.trim_start_matches('[').trim_end_matches(']'),
    );
    put("path", path);
    if let Some(fragment) = fragment.filter(|text| !text.is_empty()) {
        put("fragment", fragment);
    }
    if let Some(query) = query.filter(|text| !text.is_empty()) {
        put("query", query);
    }
    let file = path.rsplit('/').next().unwrap_or_default();
    if let Some((_, extension)) = file.rsplit_once('.').filter(|(_, text)| !text.is_empty()) {
        put("extension", extension);
    }
    if let Some(user_info) = user_info {
        put("user_info", user_info);
        let (name, password) = split(user_info, ':');
        put("username", name);
        if let Some(password) = password {
            put("password", password);
        }
    }
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        let number: u16 = port.parse().map_err(|_| format!("{port:?} is no port"))?;
        pairs.push(("url.port".to_owned(), AnyValue::Int(i64::from(number))));
    }
    Ok(map(pairs))
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}
