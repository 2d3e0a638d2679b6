//! Which process counted: sums of two that send the same series to one peer must not be
//! taken for one.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// An id of this process, by chance, in the form of a UUID.
pub(super) fn instance_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let (high, low) = (chance(), chance());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    })
}

/// The keys of a hasher come from the system.
fn chance() -> u64 {
    RandomState::new().hash_one(0_u8)
}
