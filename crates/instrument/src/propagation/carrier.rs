//! Where headers are kept: what propagators read from and write to.
//!
//! It exists so that any header collection will do: an HTTP request, a message,
//! a map. Names match without regard to case. It must never fail: a name or
//! value that the carrier cannot hold is left out.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

/// Headers that can be read.
pub trait Extract {
    /// The value of header `name` (in lower case), or the first of several.
    /// A value that is not UTF-8 counts as absent.
    fn get(&self, name: &str) -> Option<&str>;

    /// Calls `each` with every value of header `name`, in order.
    fn get_all(&self, name: &str, each: &mut dyn FnMut(&str));

    /// Calls `each` with the rest of the name, and the value, of every header
    /// whose name begins with `prefix` (in lower case).
    fn with_prefix(&self, prefix: &str, each: &mut dyn FnMut(&str, &str));
}

/// Headers that can be written.
pub trait Inject {
    /// Sets header `name`, in place of what it had.
    fn set(&mut self, name: &str, value: &str);
}

/// The rest of `name` after `prefix`, without regard to case.
fn strip_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let head = name.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) {
        name.get(prefix.len()..)
    } else {
        None
    }
}

/// Reads any list of pairs; maps go through it too, because their keys may be
/// written in any case.
macro_rules! extract_from_pairs {
    () => {
        fn get(&self, name: &str) -> Option<&str> {
            self.iter()
                .find(|(key, _)| key.as_ref().eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_ref())
        }

        fn get_all(&self, name: &str, each: &mut dyn FnMut(&str)) {
            for (key, value) in self.iter() {
                if key.as_ref().eq_ignore_ascii_case(name) {
                    each(value.as_ref());
                }
            }
        }

        fn with_prefix(&self, prefix: &str, each: &mut dyn FnMut(&str, &str)) {
            for (key, value) in self.iter() {
                if let Some(rest) = strip_prefix(key.as_ref(), prefix) {
                    each(rest, value.as_ref());
                }
            }
        }
    };
}

impl<K: AsRef<str>, V: AsRef<str>, S: BuildHasher> Extract for HashMap<K, V, S> {
    extract_from_pairs!();
}

impl<K: AsRef<str>, V: AsRef<str>> Extract for BTreeMap<K, V> {
    extract_from_pairs!();
}

impl<K: AsRef<str>, V: AsRef<str>> Extract for Vec<(K, V)> {
    extract_from_pairs!();
}

impl<K: AsRef<str>, V: AsRef<str>> Extract for &[(K, V)] {
    extract_from_pairs!();
}

impl<S: BuildHasher> Inject for HashMap<String, String, S> {
    fn set(&mut self, name: &str, value: &str) {
        self.retain(|key, _| !key.eq_ignore_ascii_case(name));
        self.insert(name.to_owned(), value.to_owned());
    }
}

impl Inject for BTreeMap<String, String> {
    fn set(&mut self, name: &str, value: &str) {
        self.retain(|key, _| !key.eq_ignore_ascii_case(name));
        self.insert(name.to_owned(), value.to_owned());
    }
}

impl<K, V> Inject for Vec<(K, V)>
where
    K: AsRef<str> + for<'a> From<&'a str>,
    V: for<'a> From<&'a str>,
{
    fn set(&mut self, name: &str, value: &str) {
        self.retain(|(key, _)| !key.as_ref().eq_ignore_ascii_case(name));
        self.push((K::from(name), V::from(value)));
    }
}

impl Extract for http::HeaderMap {
    fn get(&self, name: &str) -> Option<&str> {
        http::HeaderMap::get(self, name)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    }

    fn get_all(&self, name: &str, each: &mut dyn FnMut(&str)) {
        for value in http::HeaderMap::get_all(self, name) {
            if let Ok(value) = std::str::from_utf8(value.as_bytes()) {
                each(value);
            }
        }
    }

    fn with_prefix(&self, prefix: &str, each: &mut dyn FnMut(&str, &str)) {
        for (name, value) in self {
            let value = std::str::from_utf8(value.as_bytes());
            if let (Some(rest), Ok(value)) = (strip_prefix(name.as_str(), prefix), value) {
                each(rest, value);
            }
        }
    }
}

impl Inject for http::HeaderMap {
    fn set(&mut self, name: &str, value: &str) {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(value)) {
            self.insert(name, value);
        }
    }
}
