//! Query parameters of a request, and the ids in them.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use tracewell_model::TraceId;

use crate::base64;

/// The parameters in the order sent; a name may come several times, and names
/// nobody asks for are ignored.
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        // Go drops what it cannot read, and so do we.
        let pairs = Query::try_from_uri(&parts.uri).map(|query| query.0);
        Ok(Self(pairs.unwrap_or_default()))
    }
}

impl Params {
    /// The first value of that name; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let named = self.0.iter().find(|(key, _)| key == name);
        named.map_or("", |(_, value)| value)
    }

    /// All values of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The value under the first of these names that has one, with that name;
    /// without any, the last name.
    pub(super) fn first<'a>(&'a self, names: &[&'static str]) -> (&'a str, &'static str) {
        let mut found = ("", "");
        for name in names {
            found = (self.get(name), *name);
            if !found.0.is_empty() {
                break;
            }
        }
        found
    }
}

/// A trace id as Jaeger takes it: up to 32 hexadecimal digits, or (from
/// Jaeger 2.20 on) the 16 bytes in base64, of the usual or the URL alphabet,
/// padded or not. An id of zeros is read, there is just no such trace.
pub(super) fn trace_id(text: &str) -> Result<TraceId, String> {
    let is_hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && text.len() <= 32 {
        return Ok(TraceId::parse_hex(text).unwrap_or_default());
    }
    if let Some(Ok(bytes)) = base64::decode(text).map(TryInto::try_into) {
        return Ok(TraceId(bytes));
    }
    if text.len() > 32 {
        return Err(format!(
            "TraceID cannot be longer than 32 hex characters: {text}"
        ));
    }
    Err(format!(
        "strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_come_as_hex_or_base64() {
        let id = TraceId::parse_hex("0af7651916cd43dd8448eb211c80319c").unwrap();
        let table = [
            ("0af7651916cd43dd8448eb211c80319c", Some(id)),
            ("AF7651916CD43DD8448EB211C80319C", Some(id)),
            ("CvdlGRbNQ92ESOshHIAxnA==", Some(id)),
            ("CvdlGRbNQ92ESOshHIAxnA", Some(id)),
            ("1f", TraceId::parse_hex("1f").ok()),
            ("0", Some(TraceId::default())),
            ("", None),
            ("xyz", None),
            ("0af7651916cd43dd8448eb211c80319c0", None),
        ];
        for (text, expected) in table {
            assert_eq!(trace_id(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn of_several_names_the_first_with_a_value_counts() {
        let pairs = [("a", ""), ("b", "1"), ("c", "2")];
        let params = Params(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec());
        assert_eq!(params.first(&["a", "b", "c"]), ("1", "b"));
        assert_eq!(params.first(&["x", "y"]), ("", "y"));
    }
}
