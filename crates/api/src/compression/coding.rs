//! Which coding a client wants: RFC 9110, 12.5.3.
//!
//! **What a client refuses is never sent**, but for the plain form, without
//! which there would be no answer.

use http::{HeaderMap, header};

/// A content coding (RFC 9110, 8.4) that we can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

/// Of those that a client likes as much, the first: quickest for what it saves.
const BY_PREFERENCE: [(Coding, &str); 3] = [
    (Coding::Zstd, "zstd"),
    (Coding::Brotli, "br"),
    (Coding::Gzip, "gzip"),
];

impl Coding {
    /// The coding that `Accept-Encoding` gives the most weight; the plain form
    /// only where it is wanted more than every other.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let mut best = (Self::Identity, 0.0);
        for (coding, name) in BY_PREFERENCE {
            let weight = weight(headers, name).unwrap_or(0.0);
            if weight > best.1 {
                best = (coding, weight);
            }
        }
        match named(headers, "identity") {
            Some(plain) if plain > best.1 => Self::Identity,
            _ => best.0,
        }
    }

    /// Whether `Accept-Encoding` allows the coding of this name.
    pub(crate) fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
        weight(headers, wanted).is_some_and(|weight| weight > 0.0)
    }

    /// Its name in `Content-Encoding`; none for the plain form.
    pub(crate) fn name(self) -> Option<&'static str> {
        let found = BY_PREFERENCE.iter().find(|(coding, _)| *coding == self);
        found.map(|(_, name)| *name)
    }
}

/// The weight of a coding, by its name or by `*`.
fn weight(headers: &HeaderMap, wanted: &str) -> Option<f32> {
    named(headers, wanted).or_else(|| named(headers, "*"))
}

/// The weight of an item; of several mentions the first counts.
fn named(headers: &HeaderMap, wanted: &str) -> Option<f32> {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(name_and_weight)
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, weight)| weight)
}

/// One item of `Accept-Encoding`; a weight that is none counts as 0.
fn name_and_weight(item: &str) -> (&str, f32) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let weight = weight.map_or(Ok(1.0), str::parse).unwrap_or(0.0);
    (
        name,
        if (0.0..=1.0).contains(&weight) {
            weight
        } else {
            0.0
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_with_the_most_weight_is_taken() {
        for (accept, want) in [
            ("", Coding::Identity),
            ("deflate", Coding::Identity),
            ("br", Coding::Brotli),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("gzip, deflate, br", Coding::Brotli),
            ("GZIP", Coding::Gzip),
            ("zstd;q=0, gzip;q=0.5", Coding::Gzip),
            ("zstd; q=nonsense,gzip;q=0.0", Coding::Identity),
            ("zstd;q=7, gzip;Q=0.1", Coding::Gzip),
            ("zstd;q=0.5, br ; q=0.7, gzip;q=0.6", Coding::Brotli),
            ("*", Coding::Zstd),
            ("zstd;q=0, *;q=0.3", Coding::Brotli),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("identity, gzip", Coding::Gzip),
            ("identity;q=0, gzip;q=0.1", Coding::Gzip),
            ("identity;q=0", Coding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accept.parse().unwrap());
            assert_eq!(Coding::accepted(&headers), want, "{accept}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), Coding::Identity);
    }
}
