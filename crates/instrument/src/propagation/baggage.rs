//! Baggage: what an application sends along with its requests.
//!
//! ```text
//! baggage: tenant.id=acme,user.tier=gold;since=2024
//!          key       value         value  metadata
//! ```
//!
//! It exists so that a value known at the edge is known in every service behind
//! it. It must never carry more than its limits, nor be put on spans unasked.

use super::{Extract, Inject, Propagated, Propagator, percent};
use std::sync::Arc;

const BAGGAGE: &str = "baggage";

/// The members that are read or written (W3C Baggage, section 3.3.2).
pub const MAX_BAGGAGE_MEMBERS: usize = 64;

/// The bytes of header that are read or written (W3C Baggage, section 3.3.2).
pub const MAX_BAGGAGE_BYTES: usize = 8192;

/// One member of baggage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaggageEntry {
    /// Its key: an HTTP token. Others are kept in the process but not sent.
    pub key: String,
    /// Its value: any text.
    pub value: String,
    /// What follows the value, as written, without the first `;`.
    pub metadata: Option<String>,
}

/// A set of keys and values. Cloning is one counter; changing makes a copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baggage(Option<Arc<Vec<BaggageEntry>>>);

impl Baggage {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Baggage {
        Baggage(None)
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.value.as_str())
    }

    /// All entries, in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = &BaggageEntry> {
        self.0.iter().flat_map(|entries| entries.iter())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |entries| entries.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// This set with `key` set to `value`.
    #[must_use]
    pub fn with(&self, key: impl Into<String>, value: impl Into<String>) -> Baggage {
        self.with_entry(BaggageEntry {
            key: key.into(),
            value: value.into(),
            metadata: None,
        })
    }

    /// This set with `entry`, in place of one of the same key.
    #[must_use]
    pub fn with_entry(&self, entry: BaggageEntry) -> Baggage {
        let mut baggage = self.clone();
        baggage.set(entry);
        baggage
    }

    /// This set without `key`.
    #[must_use]
    pub fn without(&self, key: &str) -> Baggage {
        self.iter()
            .filter(|entry| entry.key != key)
            .cloned()
            .collect()
    }

    /// The entries that a header can hold.
    pub(crate) fn sendable(&self) -> impl Iterator<Item = &BaggageEntry> {
        self.iter().filter(|entry| is_token(&entry.key))
    }

    pub(super) fn set(&mut self, entry: BaggageEntry) {
        let entries = Arc::make_mut(self.0.get_or_insert_default());
        match entries.iter_mut().find(|other| other.key == entry.key) {
            Some(other) => *other = entry,
            None => entries.push(entry),
        }
    }
}

impl FromIterator<BaggageEntry> for Baggage {
    fn from_iter<I: IntoIterator<Item = BaggageEntry>>(entries: I) -> Baggage {
        let mut baggage = Baggage::new();
        for entry in entries {
            baggage.set(entry);
        }
        baggage
    }
}

/// Reads and writes the `baggage` header (W3C Baggage).
#[derive(Debug, Clone, Copy, Default)]
pub struct W3cBaggage;

impl Propagator for W3cBaggage {
    fn fields(&self) -> &'static [&'static str] {
        &[BAGGAGE]
    }

    fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject) {
        let mut header = String::new();
        for (count, entry) in propagated.baggage.sendable().enumerate() {
            let len_before = header.len();
            if !header.is_empty() {
                header.push(',');
            }
            header.push_str(&entry.key);
            header.push('=');
            percent::encode(&entry.value, &mut header);
            if let Some(metadata) = entry.metadata.as_deref().filter(|text| is_metadata(text)) {
                header.push(';');
                header.push_str(metadata);
            }
            if count >= MAX_BAGGAGE_MEMBERS || header.len() > MAX_BAGGAGE_BYTES {
                header.truncate(len_before);
                break;
            }
        }
        if !header.is_empty() {
            carrier.set(BAGGAGE, &header);
        }
    }

    fn extract(&self, carrier: &dyn Extract, propagated: &mut Propagated) {
        let mut bytes_left = MAX_BAGGAGE_BYTES;
        carrier.get_all(BAGGAGE, &mut |header| {
            for member in header.split(',') {
                // The separator counts too, and a member that is cut short
                // would be a wrong one.
                match bytes_left.checked_sub(member.len()) {
                    Some(left) => bytes_left = left.saturating_sub(1),
                    None => return,
                }
                if let Some(entry) = parse_member(member)
                    && propagated.baggage.len() < MAX_BAGGAGE_MEMBERS
                {
                    propagated.baggage.set(entry);
                }
            }
        });
    }
}

fn parse_member(member: &str) -> Option<BaggageEntry> {
    let (pair, metadata) = match member.split_once(';') {
        Some((pair, metadata)) => (pair, Some(metadata.trim_matches([' ', '\t']))),
        None => (member, None),
    };
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (
        key.trim_matches([' ', '\t']),
        value.trim_matches([' ', '\t']),
    );
    if !is_token(key) {
        return None;
    }
    let metadata = metadata.filter(|text| is_metadata(text)).map(str::to_owned);
    Some(BaggageEntry {
        key: key.to_owned(),
        value: percent::decode(value),
        metadata,
    })
}

/// Whether it is an HTTP token (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether it can follow a value as it is: printable, and no further member.
fn is_metadata(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| matches!(b, 0x20..=0x7e | b'\t') && b != b',')
}
