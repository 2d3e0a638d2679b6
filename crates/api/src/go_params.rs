//! Query parameters as servers written in Go read them: Jaeger and Tempo.
//!
//! **What cannot be read is dropped without a word**, as there; what a value
//! means, and whether it may be that, each API says itself.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;

/// The parameters in the order sent; a name may come several times, and names
/// nobody asks for are ignored.
pub(crate) struct Params(Vec<(String, String)>);

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
    pub(crate) fn get(&self, name: &str) -> &str {
        let named = self.0.iter().find(|(key, _)| key == name);
        named.map_or("", |(_, value)| value)
    }

    /// All values of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The value under the first of these names that has one, with that name;
    /// without any, the last name.
    pub(crate) fn first<'a>(&'a self, names: &[&'static str]) -> (&'a str, &'static str) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_names_the_first_with_a_value_counts() {
        let pairs = [("a", ""), ("b", "1"), ("c", "2")];
        let params = Params(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec());
        assert_eq!(params.first(&["a", "b", "c"]), ("1", "b"));
        assert_eq!(params.first(&["x", "y"]), ("", "y"));
    }
}
