//! What stands in the place of a value that nobody may see.

use ring::{digest, hmac};

use crate::processors::actions::hash::hexadecimal;

/// As long for every value: its length would tell something.
const MASK: &str = "****";

/// See the module's text.
#[derive(Debug, Clone)]
pub(super) enum Mask {
    /// Asterisks.
    Asterisks,
    /// SHA-1, so that equal values stay equal.
    Sha1,
    /// An HMAC: nobody without the key can try values out.
    Hmac(hmac::Key),
}

impl Mask {
    pub(super) fn of(&self, text: &str) -> String {
        match self {
            Self::Asterisks => MASK.to_owned(),
            Self::Sha1 => {
                let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
                hexadecimal(digest.as_ref())
            }
            Self::Hmac(key) => hexadecimal(hmac::sign(key, text.as_bytes()).as_ref()),
        }
    }
}
